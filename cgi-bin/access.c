/* Who may do what, and who did what: API keys and the audit log. */
#include <sodium.h>
#include <string.h>

#include "cgi-bin/fcgi/auth.h"
#include "cgi-bin/fcgi/reply.h"
#include "cgi-bin/fcgi/request.h"
#include "cgi-bin/fcgi/serve.h"
#include "cgi-bin/page.h"
#include "lib/budget.h"

static const struct budget_field key_query[] = {
	{ .name = "role", .type = FIELD_ENUM, .words = budget_words_role },
	{ .name = "is_active", .type = FIELD_BOOL, .about = "neither revoked nor expired" },
	PAGE_FIELDS, { .name = NULL }
};

static const struct budget_field key_body[] = {
	{ .name = "name", .type = FIELD_STRING, .need = FIELD_REQUIRED, .min = 1, .max = 200, .about = "who or what uses it" },
	{ .name = "role", .type = FIELD_ENUM, .need = FIELD_REQUIRED, .words = budget_words_role,
	  .about = "viewer reads; service checks, allocates, records; manager sets budgets, policies, prices; admin all" },
	{ .name = "budget_id", .type = FIELD_UUID,
	  .about = "usage is charged to this budget, and only it and those below it may be named" },
	{ .name = "expires_at", .type = FIELD_TIME, .about = "the key works until then; absent: until revoked" },
	{ .name = NULL }
};

static const struct budget_field audit_query[] = {
	{ .name = "entity", .type = FIELD_STRING, .min = 1, .max = 64, .about = "kind of thing: budget, policy, key, …" },
	{ .name = "entity_id", .type = FIELD_STRING, .min = 1, .max = 256 },
	{ .name = "action", .type = FIELD_STRING, .min = 1, .max = 64, .about = "such as policy.update" },
	{ .name = "actor", .type = FIELD_STRING, .min = 1, .max = 200, .about = "name of the key used, or local" },
	RANGE_FIELDS, PAGE_FIELDS, { .name = NULL }
};

/* args of budget.key_create: the body, and of the secret only what the database may know. */
static const char *
key_args(struct request *request, const char *key, const char *public_id)
{
	struct budget_text text;

	budget_text_init(&text, &request->ctx.arena, 512);
	budget_text_add(&text, "{");
	budget_values_members(&request->values, &text);
	budget_text_member(&text, "public_id", public_id);
	budget_text_member(&text, "secret_hash", budget_key_hash_text(&request->ctx, key));
	budget_text_add(&text, "}");
	return budget_text_done(&text);
}

/* The secret is made here, shown in this answer, and nowhere else ever. */
static enum budget_status
key_create(struct request *request)
{
	char key[BUDGET_KEY_TEXT_SIZE], public_id[BUDGET_KEY_PUBLIC_SIZE];
	struct budget_reply reply = { .status = 0 };
	const char *args, *context = request_context(request), *body;

	budget_key_new(key, public_id);
	args = key_args(request, key, public_id);
	if (args == NULL || context == NULL)
		return budget_fail_memory(&request->ctx);
	BUDGET_TRY(budget_db_call(&request->ctx, STMT_KEY_CREATE, context, args, &reply));
	body = budget_arena_printf(&request->ctx.arena, "{\"key\":\"%s\",%s", key, reply.body + 1);
	sodium_memzero(key, sizeof key);
	if (body == NULL)
		return budget_fail_memory(&request->ctx);
	reply_json(request, 201, body);
	return BUDGET_OK;
}

static const struct route routes[] = {
	{ .method = "GET", .path = "/keys", .role = BUDGET_ROLE_ADMIN, .query = key_query, .statement = STMT_KEY_LIST,
	  .success = 200, .about = "Lists API keys, newest first; never their secrets." },
	{ .method = "POST", .path = "/keys", .role = BUDGET_ROLE_ADMIN, .body = key_body, .run = key_create,
	  .success = 201, .about = "Makes a key; its text is in this answer only." },
	{ .method = "DELETE", .path = "/keys/{id}", .role = BUDGET_ROLE_ADMIN, .statement = STMT_KEY_REVOKE,
	  .success = 200, .about = "Revokes a key: it stops working within 5 seconds." },
	{ .method = "GET", .path = "/audit", .role = BUDGET_ROLE_ADMIN, .query = audit_query, .statement = STMT_AUDIT_LIST,
	  .success = 200, .about = "Lists changes, newest first: who, what, before and after." },
	{ .method = NULL }
};

static const struct route *const tables[] = { routes, NULL };

/* BUDGET_ADMIN_KEY works from the first request on, also when the database was made before the setting. */
static enum budget_status
ensure_admin_key(void)
{
	const char *text = budget_setting_text("admin_key");
	struct budget_ctx ctx;

	if (text == NULL)
		return BUDGET_OK;
	budget_ctx_init(&ctx, 64 * 1024);
	if (budget_keys_ensure_admin(&ctx, text) != BUDGET_OK)
		budget_log(BUDGET_LOG_WARNING, "api", "BUDGET_ADMIN_KEY is not registered yet: %s", ctx.error.detail);
	budget_ctx_clear(&ctx);
	return BUDGET_OK;
}

int
main(int argc, char **argv)
{
	static const struct program access = { .name = "access", .about = "API keys and the audit log", .tables = tables,
		.start = ensure_admin_key };

	return fcgi_main(&access, argc, argv);
}
