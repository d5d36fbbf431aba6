/* GET /discovery: what component this is and every endpoint of the programs that run here. */
#include <stdio.h>
#include <string.h>

#include "cgi-bin/fcgi/config.h"
#include "cgi-bin/fcgi/reply.h"
#include "cgi-bin/status.h"
#include "lib/budget.h"

enum { TABLE_MAX_BYTES = 512 * 1024 };

static enum budget_status
read_table(struct budget_ctx *ctx, const char *program, struct json_object **ret_table)
{
	const char *path = budget_arena_printf(&ctx->arena, "%s/%s.routes", config.run_dir, program);
	FILE *file = path != NULL ? fopen(path, "re") : NULL;
	char *text = budget_arena_alloc(&ctx->arena, TABLE_MAX_BYTES);
	size_t length = 0;

	if (file != NULL && text != NULL)
		length = fread(text, 1, TABLE_MAX_BYTES, file);
	if (file != NULL)
		fclose(file);
	if (text == NULL)
		return budget_fail_memory(ctx);
	if (length == 0 || length == TABLE_MAX_BYTES)
		return BUDGET_OK;
	return budget_json_parse(ctx, text, length, ret_table);
}

enum budget_status
published_open(struct budget_ctx *ctx, struct published *ret_published)
{
	struct probe probes[PROGRAMS_MAX];
	int count = probe_list(probes);

	*ret_published = (struct published){ .count = 0 };
	for (int i = 0; i < count; i++) {
		struct json_object *table = NULL;

		BUDGET_TRY(read_table(ctx, probes[i].name, &table));
		if (table != NULL)
			ret_published->programs[ret_published->count++] = table;
	}
	return BUDGET_OK;
}

void
published_close(struct published *published)
{
	for (int i = 0; i < published->count; i++)
		budget_json_put(&published->programs[i]);
	published->count = 0;
}

const char *
published_path(struct budget_ctx *ctx, struct json_object *route)
{
	const char *pattern = budget_json_text(ctx, budget_json_get(route, "path"));
	const char *dots = pattern != NULL ? strstr(pattern, "...}") : NULL;
	const char *prefix = budget_json_get(route, "root") != NULL ? "" : "/api/v1";

	if (pattern == NULL)
		return NULL;
	return budget_arena_printf(&ctx->arena, "%s%.*s%s", prefix,
	    dots != NULL ? (int)(dots - pattern) : (int)strlen(pattern), pattern, dots != NULL ? "}" : "");
}

static void
add_endpoint(struct budget_ctx *ctx, struct budget_text *text, const char *program, struct json_object *route)
{
	if (text->data[text->length - 1] != '[')
		budget_text_add(text, ",");
	budget_text_add(text, "{");
	budget_text_member(text, "path", published_path(ctx, route));
	budget_text_member(text, "method", budget_json_text(ctx, budget_json_get(route, "method")));
	budget_text_member(text, "description", budget_json_text(ctx, budget_json_get(route, "about")));
	budget_text_add(text, ",\"tags\":[");
	budget_text_json(text, program);
	budget_text_add(text, "]}");
}

enum budget_status
discovery_get(struct request *request)
{
	struct budget_ctx *ctx = &request->ctx;
	_auto_published_ struct published published = { .count = 0 };
	const char *hermes = budget_setting_text("hermes_url"), *done;
	struct budget_text text;

	BUDGET_TRY(published_open(ctx, &published));
	budget_text_init(&text, &ctx->arena, 32 * 1024);
	budget_text_add(&text, "{");
	budget_text_member(&text, "component", "budget");
	budget_text_member(&text, "version", config.version);
	budget_text_member(&text, "description",
	    "Token and cost budgets for calls to language models: asks before, records after.");
	budget_text_add(&text, ",\"endpoints\":[");
	for (int i = 0; i < published.count; i++) {
		struct json_object *routes = budget_json_get(published.programs[i], "routes");
		const char *program = budget_json_text(ctx, budget_json_get(published.programs[i], "program"));

		for (size_t j = 0; j < budget_json_length(routes); j++)
			add_endpoint(ctx, &text, program, budget_json_at(routes, j));
	}
	budget_text_add(&text, "],\"capabilities\":[\"budget_management\",\"allocation\",\"usage_tracking\",\"pricing\","
	    "\"reporting\",\"budget_allocation\",\"cost_tracking\",\"usage_monitoring\"],\"dependencies\":{");
	budget_text_member(&text, "hermes", hermes);
	budget_text_add(&text, "},\"metadata\":{");
	budget_text_member(&text, "api", "/api/v1");
	budget_text_member(&text, "openapi", "/openapi.json");
	budget_text_member(&text, "health", "/health");
	budget_text_add(&text, "}}");
	done = budget_text_done(&text);
	if (done == NULL)
		return budget_fail_memory(ctx);
	reply_json(request, 200, done);
	return BUDGET_OK;
}
