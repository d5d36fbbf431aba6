/* The table of settings, and looking things up in it. To add one: a row here, a line in README.md. */
#include "lib/settings.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/ctx.h"
#include "lib/db.h"
#include "lib/text.h"
#include "lib/words.h"

#define DAY 86400
#define MIB (INT64_C(1) << 20)

static const struct budget_word env_words[] = {
	{ "development", "development" }, { "production", "production" }, { "dev", "development" }, { "prod", "production" },
	{ NULL, NULL }
};
static const struct budget_word log_words[] = {
	{ "debug", "debug" }, { "info", "info" }, { "warning", "warning" }, { "warn", "warning" }, { "error", "error" },
	{ "critical", "error" }, { NULL, NULL }
};

#define LIVE SETTING_LIVE
#define SECRET SETTING_SECRET
#define RESTART (SETTING_LIVE | SETTING_RESTART)

/* clang-format off */
const struct budget_setting budget_setting_table[] = {
	/* where it runs */
	{ "env", SETTING_WORD, 0, "BUDGET_ENV", NULL, 0, "server.env", "development", 0, 0, env_words,
	  "development: loopback, no key needed. production: keys and TLS or a trusted proxy" },
	{ "home", SETTING_TEXT, 0, "BUDGET_HOME", NULL, 0, "server.home", "./var", 1, 4096, NULL,
	  "folder of the private database, sockets, logs and spool" },
	{ "host", SETTING_TEXT, 0, "BUDGET_HOST", NULL, 0, "server.host", "localhost", 1, 253, NULL, "name in published URLs" },
	{ "port", SETTING_COUNT, 0, "BUDGET_PORT", "PENIA_PORT", 0, "server.port", "8013", 1, 65535, NULL, "port of the API and the pages" },
	{ "ai_port", SETTING_COUNT, 0, "BUDGET_AI_PORT", NULL, 0, "server.ai_port", NULL, 1, 65535, NULL,
	  "port of the CI specialist; unset: 45000 + port - 8000" },
	{ "bind", SETTING_TEXT, 0, "BUDGET_BIND", NULL, 0, "server.bind", "127.0.0.1,::1", 1, 1024, NULL,
	  "addresses to listen on, separated by commas; another than loopback needs a key" },
	{ "tls_certificate", SETTING_TEXT, 0, "BUDGET_TLS_CERTIFICATE", NULL, 0, "server.tls_certificate", NULL, 1, 4096, NULL,
	  "file of the certificate chain; with tls_key the server speaks TLS" },
	{ "tls_key", SETTING_TEXT, 0, "BUDGET_TLS_KEY", NULL, 0, "server.tls_key", NULL, 1, 4096, NULL, "file of its private key" },
	{ "trusted_proxy", SETTING_TEXT, 0, "BUDGET_TRUSTED_PROXY", NULL, 0, "server.trusted_proxy", NULL, 1, 1024, NULL,
	  "address of a proxy that speaks TLS for us: production starts without a certificate then" },
	{ "allowed_origins", SETTING_TEXT, 0, "BUDGET_ALLOWED_ORIGINS", NULL, 0, "server.allowed_origins", NULL, 0, 4096, NULL,
	  "web origins besides our own that may call the API, separated by commas" },
	{ "version", SETTING_TEXT, 0, "BUDGET_VERSION", NULL, 0, "server.version", NULL, 1, 64, NULL, "version that is published; unset: that of the build" },
	{ "log_level", SETTING_WORD, 0, "BUDGET_LOG_LEVEL", NULL, 0, "server.log_level", "info", 0, 0, log_words, "least severe lines that are logged" },
	{ "debug", SETTING_BOOL, 0, "BUDGET_DEBUG", NULL, 0, "server.debug", "false", 0, 0, NULL, "log level debug, whatever log_level says" },
	{ "admin_key", SETTING_TEXT, SECRET, "BUDGET_ADMIN_KEY", NULL, 0, "server.admin_key", NULL, 16, 200, NULL, "first admin key; unset: one is made" },
	/* the database */
	{ "database_url", SETTING_TEXT, SECRET, "BUDGET_DATABASE_URL", NULL, 0, "database.url", NULL, 1, 4096, NULL,
	  "an existing PostgreSQL to use; unset: a private one under home" },
	{ "db_path", SETTING_TEXT, 0, "BUDGET_DB_PATH", NULL, 0, "database.import_path", NULL, 1, 4096, NULL, "a budget.db of the original to import" },
	{ "pool_size", SETTING_COUNT, 0, "BUDGET_POOL_SIZE", NULL, 0, "database.pool_size", "4", 1, 100, NULL, "connections of one program at most" },
	{ "pool_wait_ms", SETTING_COUNT, 0, "BUDGET_POOL_WAIT_MS", NULL, 0, "database.pool_wait_ms", "2000", 1, 60000, NULL,
	  "wait for a free connection before 503, in milliseconds" },
	/* handlers */
	{ "threads", SETTING_COUNT, 0, "BUDGET_THREADS", NULL, 0, "handlers.threads", "8", 1, 256, NULL, "threads of a program" },
	{ "ledger_threads", SETTING_COUNT, 0, "BUDGET_LEDGER_THREADS", NULL, 0, "handlers.ledger_threads", "128", 1, 512, NULL,
	  "threads of the ledger program: as many requests may stand in one group" },
	{ "body_max_bytes", SETTING_BYTES, 0, "BUDGET_BODY_MAX", NULL, 0, "handlers.body_max", "1048576", 1024, 64 * MIB, NULL, "largest request body" },
	{ "body_large_max_bytes", SETTING_BYTES, 0, "BUDGET_BODY_LARGE_MAX", NULL, 0, "handlers.body_large_max", "33554432", 1024, 1024 * MIB, NULL,
	  "largest body of a batch or an import" },
	{ "arena_max_bytes", SETTING_BYTES, 0, "BUDGET_ARENA_MAX", NULL, 0, "handlers.arena_max", "67108864", 1 * MIB, 4096 * MIB, NULL,
	  "memory of one request at most" },
	{ "arena_large_max_bytes", SETTING_BYTES, 0, "BUDGET_ARENA_LARGE_MAX", NULL, 0, "handlers.arena_large_max", "536870912", 1 * MIB, 8192 * MIB, NULL,
	  "memory of one batch or import at most" },
	{ "key_cache_seconds", SETTING_SECONDS, 0, "BUDGET_KEY_CACHE", NULL, 0, "handlers.key_cache", "5", 0, 3600, NULL,
	  "how long a looked-up API key is trusted: a revocation takes so long to reach every program" },
	{ "key_cache_outage_seconds", SETTING_SECONDS, 0, "BUDGET_KEY_CACHE_OUTAGE", NULL, 0, "handlers.key_cache_outage", "900", 0, DAY, NULL,
	  "the same while the database is away" },
	{ "spool_max_bytes", SETTING_BYTES, 0, "BUDGET_SPOOL_MAX", NULL, 0, "handlers.spool_max", "268435456", 1 * MIB, 65536 * MIB, NULL,
	  "usage kept on disk while the database is away; beyond it 503" },
	{ "spool_segment_bytes", SETTING_BYTES, 0, "BUDGET_SPOOL_SEGMENT", NULL, 0, "handlers.spool_segment", "16777216", 65536, 1024 * MIB, NULL,
	  "size of one spool file" },
	/* money and limits */
	{ "default_currency", SETTING_CURRENCY, 0, "BUDGET_DEFAULT_CURRENCY", NULL, 0, "budgets.default_currency", "USD", 0, 0, NULL,
	  "accounting currency of a new tenant" },
	{ "time_zone", SETTING_ZONE, 0, "BUDGET_TIME_ZONE", NULL, 0, "budgets.time_zone", NULL, 0, 0, NULL,
	  "zone of new budgets; unset: the system's, else UTC" },
	{ "enforcement_level", SETTING_WORD, LIVE, "BUDGET_ENFORCEMENT_LEVEL", NULL, 0, "budgets.enforcement_level", "warn", 0, 0,
	  budget_words_enforcement, "type of policies that name none: ignore, warn, soft_limit, hard_limit" },
	{ "daily_budget_limit", SETTING_MONEY, LIVE, "DAILY_BUDGET_LIMIT", NULL, 0, "limits.daily", "5", 0, 0, NULL, "daily cost limit of budget Default" },
	{ "weekly_budget_limit", SETTING_MONEY, LIVE, "WEEKLY_BUDGET_LIMIT", NULL, 0, "limits.weekly", "25", 0, 0, NULL, "weekly cost limit of budget Default" },
	{ "monthly_budget_limit", SETTING_MONEY, LIVE, "MONTHLY_BUDGET_LIMIT", NULL, 0, "limits.monthly", "100", 0, 0, NULL, "monthly cost limit of budget Default" },
	{ "hold_ttl_allocation_seconds", SETTING_SECONDS, LIVE, "BUDGET_HOLD_TTL", NULL, 0, "holds.ttl", "86400", 1, 31 * DAY, NULL, "life of an allocation that names none" },
	{ "hold_ttl_check_seconds", SETTING_SECONDS, LIVE, "BUDGET_CHECK_HOLD_TTL", NULL, 0, "holds.check_ttl", "900", 1, 31 * DAY, NULL,
	  "life of a hold made by check with reserve" },
	{ "unpriced_ceiling_per_token", SETTING_MONEY, LIVE, "BUDGET_UNPRICED_CEILING", NULL, 0, "prices.unpriced_ceiling", "0.0001", 0, 0, NULL,
	  "what a token of a model without price counts for against limits" },
	{ "max_output_tokens_default", SETTING_COUNT, LIVE, "BUDGET_MAX_OUTPUT_TOKENS", NULL, 0, "holds.max_output_tokens", "4096", 1, 10000000, NULL,
	  "output that is held when a request names none" },
	{ "backdate_hours", SETTING_COUNT, LIVE, "BUDGET_BACKDATE_HOURS", NULL, 0, "usage.backdate_hours", "72", 0, 8784, NULL,
	  "how far back the time of a record may lie" },
	{ "future_minutes", SETTING_COUNT, LIVE, "BUDGET_FUTURE_MINUTES", NULL, 0, "usage.future_minutes", "5", 0, 1440, NULL, "how far ahead it may lie" },
	{ "idempotency_days", SETTING_COUNT, LIVE, "BUDGET_IDEMPOTENCY_DAYS", NULL, 0, "usage.idempotency_days", "35", 35, 400, NULL,
	  "how long idempotency keys are kept" },
	/* jobs and neighbours */
	{ "update_prices_on_start", SETTING_BOOL, RESTART, "BUDGET_UPDATE_PRICES_ON_START", NULL, 0, "prices.update_on_start", "true", 0, 0, NULL,
	  "look for new prices when started, in the background" },
	{ "price_update_interval", SETTING_SECONDS, RESTART, "BUDGET_PRICE_UPDATE_INTERVAL", "PRICE_UPDATE_INTERVAL", 60, "prices.update_interval", "3600", 60, 31 * DAY,
	  NULL, "seconds between looks (PRICE_UPDATE_INTERVAL: minutes)" },
	{ "aggregation_interval", SETTING_SECONDS, RESTART, "BUDGET_AGGREGATION_INTERVAL", NULL, 0, "jobs.aggregation_interval", "60", 1, DAY, NULL, "seconds between roll-ups" },
	{ "sweep_interval_seconds", SETTING_SECONDS, RESTART, "BUDGET_SWEEP_INTERVAL", NULL, 0, "jobs.sweep_interval", "15", 1, 15, NULL, "seconds between sweeps of expired holds" },
	{ "partitions_months_ahead", SETTING_COUNT, RESTART, "BUDGET_PARTITIONS_AHEAD", NULL, 0, "jobs.partitions_ahead", "3", 1, 24, NULL, "months of partitions made ahead" },
	{ "hermes_url", SETTING_TEXT, 0, "HERMES_URL", NULL, 0, "hermes.url", NULL, 0, 2048, NULL,
	  "Hermes to register with; unset: none, or Tekton's when TEKTON_ROOT is set" },
	{ NULL, SETTING_TEXT, 0, NULL, NULL, 0, NULL, NULL, 0, 0, NULL, NULL }
};
/* clang-format on */

/* The process-wide table. Its texts live in an arena of its own that nobody resets; written before threads start. */
static struct budget_settings current;
static struct budget_ctx current_ctx;

static const char *const layer_names[] = {
	[LAYER_DEFAULT] = "default", [LAYER_DATABASE] = "database", [LAYER_YAML] = "config.yaml", [LAYER_FILE] = ".env.budget",
	[LAYER_ENVIRONMENT] = "environment",
};

const char *
budget_layer_name(enum budget_layer layer)
{
	return layer_names[layer];
}

const struct budget_setting_value *
budget_settings_find(const struct budget_settings *settings, const char *name)
{
	for (int i = 0; i < settings->count; i++)
		if (strcmp(settings->values[i].setting->name, name) == 0)
			return &settings->values[i];
	return NULL;
}

const struct budget_settings *
budget_settings_current(void)
{
	return &current;
}

struct budget_settings *
budget_settings_copy(struct budget_ctx *ctx)
{
	struct budget_settings *copy = budget_arena_alloc(&ctx->arena, sizeof *copy);

	if (copy)
		*copy = current;
	return copy;
}

const char *
budget_setting_text(const char *name)
{
	const struct budget_setting_value *value = budget_settings_find(&current, name);

	assert(value && "no such setting, or budget_settings_start() was not called");
	return value->text;
}

int64_t
budget_setting_count(const char *name)
{
	const char *text = budget_setting_text(name);

	return text ? strtoll(text, NULL, 10) : 0;
}

bool
budget_setting_is(const char *name)
{
	const char *text = budget_setting_text(name);

	return text && strcmp(text, "true") == 0;
}

enum budget_status
budget_settings_start(struct budget_ctx *ctx)
{
	const char *folder = getenv("BUDGET_CONFIG_DIR");

	if (!folder || !*folder)
		folder = ".";
	if (current.count == 0)
		budget_ctx_init(&current_ctx, 4 * MIB);
	const struct budget_settings_input input = {
		.environ = (const char *const *)environ,
		.env_file = budget_arena_printf(&current_ctx.arena, "%s/.env.budget", folder),
		.yaml_file = budget_arena_printf(&current_ctx.arena, "%s/config.yaml", folder),
	};
	enum budget_status status = budget_settings_read(&current_ctx, &input, &current);
	if (status != BUDGET_OK)
		return budget_fail(ctx, status, "bad_setting", NULL, "%s", current_ctx.error.detail);
	return BUDGET_OK;
}

enum budget_status
budget_settings_start_database(struct budget_ctx *ctx)
{
	_auto_result_ struct budget_result *rows = NULL;

	BUDGET_TRY(budget_db_run(ctx, STMT_SETTING_STORED, NULL, 0, &rows));
	for (int i = 0; i < budget_result_rows(rows); i++)
		budget_settings_stored(&current_ctx, &current, budget_result_text(rows, i, 0), budget_result_text(rows, i, 1));
	return BUDGET_OK;
}

const char *
budget_settings_publication(struct budget_ctx *ctx, const struct budget_settings *settings)
{
	struct budget_text text, item;

	budget_text_init(&text, &ctx->arena, 8192);
	budget_text_add(&text, "{");
	for (int i = 0; i < settings->count; i++) {
		const struct budget_setting_value *value = &settings->values[i];
		if (value->setting->flags & SETTING_SECRET)
			continue;
		budget_text_init(&item, &ctx->arena, 128);
		budget_text_add(&item, "{");
		budget_text_member(&item, "value", value->text);
		budget_text_member(&item, "source", budget_layer_name(value->layer));
		budget_text_add(&item, "}");
		budget_text_member_raw(&text, value->setting->name, budget_text_done(&item));
	}
	budget_text_add(&text, "}");
	return budget_text_done(&text);
}
