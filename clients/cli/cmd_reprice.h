/* Commands of the noun `prices` that stand in cmd_reprice.c. */
#ifndef BUDGET_CLIENTS_CLI_CMD_REPRICE_H
#define BUDGET_CLIENTS_CLI_CMD_REPRICE_H

#include "clients/cli/cli.h"

extern const struct option reprice_options[];
extern const struct view reprice_view;

/** budget prices reprice [undo RUN | list | show RUN] */
int reprice_command(struct cli *cli);

#endif
