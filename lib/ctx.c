#include "lib/ctx.h"

#include <stddef.h>
#include <string.h>

#include "lib/db.h"

static const char *const role_names[] = {
	[BUDGET_ROLE_NONE] = "none", [BUDGET_ROLE_VIEWER] = "viewer", [BUDGET_ROLE_SERVICE] = "service",
	[BUDGET_ROLE_MANAGER] = "manager", [BUDGET_ROLE_ADMIN] = "admin",
};

void
budget_ctx_init(struct budget_ctx *ctx, size_t cap_bytes)
{
	*ctx = (struct budget_ctx){ .role = BUDGET_ROLE_NONE };
	budget_arena_init(&ctx->arena, cap_bytes);
}

void
budget_ctx_reset(struct budget_ctx *ctx)
{
	struct budget_arena arena;

	budget_db_release(ctx);
	budget_arena_reset(&ctx->arena);
	arena = ctx->arena;
	*ctx = (struct budget_ctx){ .arena = arena };
}

void
budget_ctx_clear(struct budget_ctx *ctx)
{
	budget_ctx_reset(ctx);
	budget_arena_clear(&ctx->arena);
}

enum budget_role
budget_role_parse(const char *name)
{
	for (int role = BUDGET_ROLE_VIEWER; name != NULL && role <= BUDGET_ROLE_ADMIN; role++)
		if (strcmp(name, role_names[role]) == 0)
			return (enum budget_role)role;
	return BUDGET_ROLE_NONE;
}

const char *
budget_role_name(enum budget_role role)
{
	return role_names[role];
}
