/*
 * Which budgets stay open while the database is away (fail_mode: open). Asked for every few seconds while it is there, kept
 * in memory and in a file beside the spool, so that a program started meanwhile knows it too. All others are closed.
 */
#ifndef BUDGET_LIB_FAIL_MODE_H
#define BUDGET_LIB_FAIL_MODE_H

#include <stdbool.h>

#include "lib/error.h"

/** Takes what the file says; without one every budget is closed. folder: descriptor of the spool's folder. */
void budget_fail_modes_load(int folder);

/** Asks the database, and writes the file when something changed. BUDGET_EBUSY: it is away, what was known stays. */
enum budget_status budget_fail_modes_refresh(struct budget_ctx *ctx, int folder);

/**
 * True when a request that names this budget (NULL: the key's, else Default) is charged to one that stays open, and the key
 * may charge it. Thread safe.
 */
bool budget_fail_mode_is_open(const struct budget_ctx *ctx, const char *budget_id);

/** True when an error means that the database cannot be asked: then the fail mode decides, and records are spooled. */
bool budget_is_database_away(const struct budget_error *error);

#endif
