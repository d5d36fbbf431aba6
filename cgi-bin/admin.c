/* Settings and jobs, for admins: GET, PUT /settings and GET /jobs; admin_verify.c has the rest. */
#include <string.h>

#include "cgi-bin/admin.h"
#include "cgi-bin/fcgi/reply.h"
#include "cgi-bin/fcgi/request.h"
#include "cgi-bin/fcgi/serve.h"
#include "cgi-bin/page.h"
#include "lib/settings.h"

static const struct budget_field jobs_query[] = { PAGE_FIELDS, { .name = NULL } };

/*
 * Body of PUT /settings, made from the table of settings by main(). Those that only a start can take are fields as
 * well, so that the answer is where to set them.
 */
static struct budget_field settings_fields[FIELDS_MAX + 1];

static enum budget_field_type
field_type(enum budget_setting_type type)
{
	switch (type) {
	case SETTING_COUNT: return FIELD_COUNT;
	case SETTING_MONEY: return FIELD_MONEY;
	case SETTING_BOOL: return FIELD_BOOL;
	case SETTING_WORD: return FIELD_ENUM;
	default: return FIELD_JSON; /* 900 or "15m": budget_setting_parse() judges */
	}
}

static void
make_fields(void)
{
	int count = 0;

	for (const struct budget_setting *setting = budget_setting_table; setting->name && count < FIELDS_MAX; setting++) {
		settings_fields[count++] = (struct budget_field){ .name = setting->name, .type = field_type(setting->type),
			.need = FIELD_OPTIONAL | FIELD_NULLABLE, .min = setting->min, .words = setting->words,
			    .about = setting->about,
			.max = setting->type == SETTING_COUNT ? setting->max : 4096 };
	}
}

/* What counts now: the start's environment and files, with the database layer as it stands at this moment. */
static enum budget_status
read_settings(struct budget_ctx *ctx, struct budget_settings **ret_settings)
{
	_auto_result_ struct budget_result *rows = NULL;
	struct budget_settings *settings = budget_settings_copy(ctx);

	if (!settings)
		return budget_fail(ctx, BUDGET_ETOOLARGE, "out_of_memory", NULL, "Not enough memory for the settings.");
	for (int i = 0; i < settings->count; i++)
		if (settings->values[i].layer == LAYER_DATABASE) {
			settings->values[i].text = settings->values[i].setting->fallback;
			settings->values[i].layer = LAYER_DEFAULT;
		}
	BUDGET_TRY(budget_db_run(ctx, STMT_SETTING_STORED, NULL, 0, &rows));
	for (int i = 0; i < budget_result_rows(rows); i++)
		budget_settings_stored(ctx, settings, budget_result_text(rows, i, 0), budget_result_text(rows, i, 1));
	*ret_settings = settings;
	return BUDGET_OK;
}

static enum budget_status
reply_settings(struct request *request, const struct budget_settings *settings)
{
	struct budget_text text;

	budget_text_init(&text, &request->ctx.arena, 16384);
	budget_text_add(&text, "{\"items\":[");
	for (int i = 0; i < settings->count; i++) {
		budget_text_add(&text, i ? "," : "");
		budget_setting_describe(&settings->values[i], &text);
	}
	budget_text_addf(&text, "],\"total\":%d,\"page\":1,\"limit\":%d,\"next_cursor\":null}", settings->count,
	    settings->count);
	const char *body = budget_text_done(&text);
	if (!body)
		return budget_fail(&request->ctx, BUDGET_ETOOLARGE, "out_of_memory", NULL,
		    "Not enough memory for the settings.");
	reply_json(request, 0, body);
	return BUDGET_OK;
}

static enum budget_status
settings_get(struct request *request)
{
	struct budget_settings *settings;

	BUDGET_TRY(read_settings(&request->ctx, &settings));
	return reply_settings(request, settings);
}

/* "15m" of a FIELD_JSON without its quotes; other texts as they are. */
static const char *
plain(struct budget_ctx *ctx, const char *text)
{
	size_t length = strlen(text);

	return *text == '"' && length >= 2 ? budget_arena_strndup(&ctx->arena, text + 1, length - 2) : text;
}

/* One wanted value into the members of `set` and into the settings; refused when a layer above the database has it. */
static enum budget_status
want(struct request *request, struct budget_settings *settings, int index, struct budget_text *set)
{
	const char *name = request->values.fields[index].name, *text = request->values.text[index], *canonical = NULL;
	struct budget_setting_value *value = &settings->values[budget_settings_find(settings, name) - settings->values];
	const char *pointer = budget_arena_printf(&request->ctx.arena, "/%s", name);

	if (!text && !request->values.is_null[index])
		return BUDGET_OK;
	if (!(value->setting->flags & SETTING_LIVE))
		return budget_fail(&request->ctx, BUDGET_ECONFLICT, "setting_not_stored", pointer,
		    "%s is read at the start only: set %s in the environment or in .env.budget, or %s in config.yaml.", name,
		    value->setting->env, value->setting->yaml);
	if (value->layer > LAYER_DATABASE)
		return budget_fail(&request->ctx, BUDGET_ECONFLICT, "setting_overridden", pointer,
		    "%s is set by %s (%s), which wins over what is stored here: change it there.", name,
		        budget_layer_name(value->layer),
		    value->origin);
	if (text && (text = plain(&request->ctx, text)) != NULL
	    && budget_setting_parse(&request->ctx, value->setting, name, text, &canonical) != BUDGET_OK)
		return budget_fail(&request->ctx, BUDGET_EINVALID, "invalid_value", pointer, "%s", request->ctx.error.detail);
	budget_text_member(set, name, canonical);
	value->text = canonical ? canonical : value->setting->fallback;
	value->layer = canonical ? LAYER_DATABASE : LAYER_DEFAULT;
	return BUDGET_OK;
}

/* Stores what is named (null: back to the default) and publishes what counts then, in one transaction. */
static enum budget_status
settings_put(struct request *request)
{
	struct budget_ctx *ctx = &request->ctx;
	struct budget_settings *settings;
	struct budget_reply answer = { 0 };
	struct budget_text set, args;

	BUDGET_TRY(read_settings(ctx, &settings));
	budget_text_init(&set, &ctx->arena, 512);
	budget_text_add(&set, "{");
	for (int i = 0; settings_fields[i].name; i++)
		BUDGET_TRY(want(request, settings, i, &set));
	budget_text_add(&set, "}");
	budget_text_init(&args, &ctx->arena, 8192);
	budget_text_add(&args, "{");
	budget_text_member_raw(&args, "set", budget_text_done(&set));
	budget_text_member_raw(&args, "effective", budget_settings_publication(ctx, settings));
	budget_text_add(&args, "}");
	const char *context = request_context(request), *text = budget_text_done(&args);
	if (!context || !text)
		return budget_fail(ctx, BUDGET_ETOOLARGE, "out_of_memory", NULL, "Not enough memory for the settings.");
	BUDGET_TRY(budget_db_call(ctx, STMT_SETTING_UPDATE, context, text, &answer));
	return settings_get(request);
}

static const struct route routes[] = {
	{ .method = "GET", .path = "/settings", .role = BUDGET_ROLE_ADMIN, .run = settings_get, .success = 200,
	  .about = "Every setting with its value and the layer that decided; secrets are masked." },
	{ .method = "PUT", .path = "/settings", .role = BUDGET_ROLE_ADMIN, .body = settings_fields, .run = settings_put,
	    .success = 200,
	  .about = "Stores the settings named, null gives one up; 409 when environment or a file decides." },
	{ .method = "GET", .path = "/jobs", .role = BUDGET_ROLE_ADMIN, .query = jobs_query, .statement = STMT_JOB_LIST,
	    .success = 200,
	  .about = "The jobs, how often they run and how their last runs went." },
	{ .method = NULL }
};

static const struct route *const tables[] = { routes, admin_verify_routes, NULL };

static const struct program program = { .name = "admin", .about = "settings, jobs, proofs of the ledger", .tables = tables };

int
main(int argc, char **argv)
{
	make_fields();
	return fcgi_main(&program, argc, argv);
}
