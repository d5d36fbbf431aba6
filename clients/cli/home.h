/*
 * The home on this machine (run_budget.sh makes it), so that `budget` finds its service without being told: address,
 * certificate, first admin key, private database. All of it is optional; a client elsewhere has none of it.
 */
#ifndef BUDGET_CLIENTS_CLI_HOME_H
#define BUDGET_CLIENTS_CLI_HOME_H

#include <stdbool.h>

struct budget_ctx;

/**
 * Folder of a home: $BUDGET_HOME, else the one this program is installed in (HOME/app/bin), else /var/lib/budget.
 * The current folder's ./var counts only with is_here: an address found there could be anybody's.
 * @return path in the arena, or NULL when none of them has been started
 */
const char *home_find(struct budget_ctx *ctx, bool is_here);

/** Address that home serves ("https://host:8013"), or NULL. */
const char *home_url(struct budget_ctx *ctx, const char *home);

/** "HOME/name" when that file may be read, else NULL. */
const char *home_file(struct budget_ctx *ctx, const char *home, const char *name);

/** Connection string of the private database as its administrator, or NULL when it does not run. */
const char *home_database(struct budget_ctx *ctx, const char *home);

#endif
