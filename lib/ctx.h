/*
 * What a call carries: memory, error, database, identity. One per request, job batch or command; never shared by
 * threads.
 */
#ifndef BUDGET_LIB_CTX_H
#define BUDGET_LIB_CTX_H

#include "lib/arena.h"
#include "lib/error.h"

struct budget_db; /* one connection slot of the pool, db.h */

enum budget_role { BUDGET_ROLE_NONE, BUDGET_ROLE_VIEWER, BUDGET_ROLE_SERVICE, BUDGET_ROLE_MANAGER, BUDGET_ROLE_ADMIN };

struct budget_ctx {
	struct budget_arena arena;
	struct budget_error error;
	struct budget_db *db;      /* NULL until the first statement */
	const char *tenant_id;     /* uuid text */
	enum budget_role role;
	const char *key_id;        /* uuid text, or NULL for the local admin of development mode */
	const char *key_budget_id; /* budget the key is bound to, or NULL */
	const char *actor;         /* who, for the audit log: the key's name or "local" */
	const char *request_id;
};

/** Empty context whose arena may grow to cap_bytes. */
void budget_ctx_init(struct budget_ctx *ctx, size_t cap_bytes);

/** Resets for the next request: arena, error and identity; gives the database slot back to its pool. */
void budget_ctx_reset(struct budget_ctx *ctx);

/** Frees everything. */
void budget_ctx_clear(struct budget_ctx *ctx);

/** Role from its name ("viewer" …), BUDGET_ROLE_NONE when unknown; and back. */
enum budget_role budget_role_parse(const char *name);
const char *budget_role_name(enum budget_role role);

#endif
