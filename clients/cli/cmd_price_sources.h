/* Commands of the noun `prices` that stand in cmd_price_sources.c and cmd_price_update.c. */
#ifndef BUDGET_CLIENTS_CLI_CMD_PRICE_SOURCES_H
#define BUDGET_CLIENTS_CLI_CMD_PRICE_SOURCES_H

#include "clients/cli/cli.h"

extern const struct option price_source_options[], price_conflict_options[], price_approve_options[],
    price_reject_options[], price_rate_options[], price_update_options[];
extern const struct view price_sources_view, price_conflicts_view, price_conflict_view, price_rates_view,
    price_update_view;

/** budget prices sources [set NAME …] */
int price_sources_command(struct cli *cli);

/** budget prices conflicts [ID]: candidates side by side */
int price_conflicts_command(struct cli *cli);

/** budget prices approve ID --source NAME | --input … --output … */
int price_approve_command(struct cli *cli);

/** budget prices rates [set CURRENCY RATE] */
int price_rates_command(struct cli *cli);

/** budget prices update: asks for a run, waits for its end, shows what it changed */
int price_update_command(struct cli *cli);

#endif
