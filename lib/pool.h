/* The connections of this process: taken by a context for a request, given back at its end. db.c is the only user. */
#ifndef BUDGET_LIB_POOL_H
#define BUDGET_LIB_POOL_H

#include <stdbool.h>

#include <libpq-fe.h>

#include "lib/db.h"

struct budget_db {
	PGconn *connection; /* NULL until connected, and after a loss */
	bool is_prepared[STMT_COUNT + 1];
	struct budget_db *next_free;
};

/** A slot for ctx->db, perhaps not connected. BUDGET_EBUSY pool_exhausted after the wait, database_not_configured. */
enum budget_status budget_pool_take(struct budget_ctx *ctx);

/**
 * Connects the slot when it is not. BUDGET_EBUSY database_away, too_many_connections: at once for a moment after a failed try,
 * and while another thread is finding out whether that is still so.
 */
enum budget_status budget_pool_connect(struct budget_ctx *ctx, struct budget_db *db);

/** Closes the slot's connection. */
void budget_pool_drop(struct budget_db *db);

#endif
