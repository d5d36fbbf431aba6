/* The command of the noun `prices` that stands in cmd_optimize.c. */
#ifndef BUDGET_CLIENTS_CLI_CMD_OPTIMIZE_H
#define BUDGET_CLIENTS_CLI_CMD_OPTIMIZE_H

#include "clients/cli/cli.h"

extern const struct option recommend_options[];
extern const struct view recommend_view;

#endif
