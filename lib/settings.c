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
	{ "development", "development" }, { "production", "production" }, { "dev", "development" },
	    { "prod", "production" },
	{ NULL, NULL }
};
static const struct budget_word log_words[] = {
	{ "debug", "debug" }, { "info", "info" }, { "warning", "warning" }, { "warn", "warning" }, { "error", "error" },
	{ "critical", "error" }, { NULL, NULL }
};

#define LIVE SETTING_LIVE
#define SECRET SETTING_SECRET
#define RESTART (SETTING_LIVE | SETTING_RESTART)

const struct budget_setting budget_setting_table[] = {
	/* where it runs */
	{ .name = "env", .type = SETTING_WORD, .env = "BUDGET_ENV", .yaml = "server.env", .fallback = "development",
	  .words = env_words,
	  .about = "development: loopback, no key needed. production: keys and TLS or a trusted proxy" },
	{ .name = "home", .type = SETTING_TEXT, .env = "BUDGET_HOME", .yaml = "server.home", .fallback = "./var",
	  .min = 1, .max = 4096, .about = "folder of the private database, sockets, logs and spool" },
	{ .name = "host", .type = SETTING_TEXT, .env = "BUDGET_HOST", .yaml = "server.host",
	  .fallback = "localhost", .min = 1, .max = 253, .about = "name in published URLs" },
	{ .name = "port", .type = SETTING_COUNT, .env = "BUDGET_PORT", .alias = "PENIA_PORT", .yaml = "server.port",
	  .fallback = "8013", .min = 1, .max = 65535, .about = "port of the API and the pages" },
	{ .name = "ai_port", .type = SETTING_COUNT, .env = "BUDGET_AI_PORT", .yaml = "server.ai_port", .min = 1,
	  .max = 65535, .about = "port of the CI specialist; unset: 45000 + port - 8000" },
	{ .name = "bind", .type = SETTING_TEXT, .env = "BUDGET_BIND", .yaml = "server.bind",
	  .fallback = "127.0.0.1,::1", .min = 1, .max = 1024,
	  .about = "addresses to listen on, separated by commas; another than loopback needs a key" },
	{ .name = "tls_certificate", .type = SETTING_TEXT, .env = "BUDGET_TLS_CERTIFICATE",
	  .yaml = "server.tls_certificate", .min = 1, .max = 4096,
	  .about = "file of the certificate chain; with tls_key the server speaks TLS" },
	{ .name = "tls_key", .type = SETTING_TEXT, .env = "BUDGET_TLS_KEY", .yaml = "server.tls_key", .min = 1,
	  .max = 4096, .about = "file of its private key" },
	{ .name = "trusted_proxy", .type = SETTING_TEXT, .env = "BUDGET_TRUSTED_PROXY",
	  .yaml = "server.trusted_proxy", .min = 1, .max = 1024,
	  .about = "address of a proxy that speaks TLS for us: production starts without a certificate then" },
	{ .name = "allowed_origins", .type = SETTING_TEXT, .env = "BUDGET_ALLOWED_ORIGINS",
	  .yaml = "server.allowed_origins", .max = 4096,
	  .about = "web origins besides our own that may call the API, separated by commas" },
	{ .name = "version", .type = SETTING_TEXT, .env = "BUDGET_VERSION", .yaml = "server.version", .min = 1,
	  .max = 64, .about = "version that is published; unset: that of the build" },
	{ .name = "log_level", .type = SETTING_WORD, .env = "BUDGET_LOG_LEVEL", .yaml = "server.log_level",
	  .fallback = "info", .words = log_words, .about = "least severe lines that are logged" },
	{ .name = "debug", .type = SETTING_BOOL, .env = "BUDGET_DEBUG", .yaml = "server.debug", .fallback = "false",
	  .about = "log level debug, whatever log_level says" },
	{ .name = "admin_key", .type = SETTING_TEXT, .flags = SECRET, .env = "BUDGET_ADMIN_KEY",
	  .yaml = "server.admin_key", .min = 16, .max = 200, .about = "first admin key; unset: one is made" },
	/* the database */
	{ .name = "database_url", .type = SETTING_TEXT, .flags = SECRET, .env = "BUDGET_DATABASE_URL",
	  .yaml = "database.url", .min = 1, .max = 4096,
	  .about = "an existing PostgreSQL to use; unset: a private one under home" },
	{ .name = "db_path", .type = SETTING_TEXT, .env = "BUDGET_DB_PATH", .yaml = "database.import_path",
	  .min = 1, .max = 4096, .about = "a budget.db of the original to import" },
	{ .name = "pool_size", .type = SETTING_COUNT, .env = "BUDGET_POOL_SIZE", .yaml = "database.pool_size",
	  .fallback = "4", .min = 1, .max = 100, .about = "connections of one program at most; the ledger program has four more" },
	{ .name = "pool_wait_ms", .type = SETTING_COUNT, .env = "BUDGET_POOL_WAIT_MS",
	  .yaml = "database.pool_wait_ms", .fallback = "2000", .min = 1, .max = 60000,
	  .about = "wait for a free connection before 503, in milliseconds" },
	/* handlers */
	{ .name = "threads", .type = SETTING_COUNT, .env = "BUDGET_THREADS", .yaml = "handlers.threads",
	  .fallback = "8", .min = 1, .max = 256, .about = "threads of a program" },
	{ .name = "ledger_threads", .type = SETTING_COUNT, .env = "BUDGET_LEDGER_THREADS",
	  .yaml = "handlers.ledger_threads", .fallback = "128", .min = 1, .max = 512,
	  .about = "threads of the ledger program: as many requests may stand in one group" },
	{ .name = "body_max_bytes", .type = SETTING_BYTES, .env = "BUDGET_BODY_MAX", .yaml = "handlers.body_max",
	  .fallback = "1048576", .min = 1024, .max = 64 * MIB, .about = "largest request body" },
	{ .name = "body_large_max_bytes", .type = SETTING_BYTES, .env = "BUDGET_BODY_LARGE_MAX",
	  .yaml = "handlers.body_large_max", .fallback = "33554432", .min = 1024, .max = 1024 * MIB,
	  .about = "largest body of a batch or an import" },
	{ .name = "arena_max_bytes", .type = SETTING_BYTES, .env = "BUDGET_ARENA_MAX", .yaml = "handlers.arena_max",
	  .fallback = "67108864", .min = 1 * MIB, .max = 4096 * MIB, .about = "memory of one request at most" },
	{ .name = "arena_large_max_bytes", .type = SETTING_BYTES, .env = "BUDGET_ARENA_LARGE_MAX",
	  .yaml = "handlers.arena_large_max", .fallback = "536870912", .min = 1 * MIB, .max = 8192 * MIB,
	  .about = "memory of one batch or import at most" },
	{ .name = "key_cache_seconds", .type = SETTING_SECONDS, .env = "BUDGET_KEY_CACHE",
	  .yaml = "handlers.key_cache", .fallback = "5", .max = 3600,
	  .about = "how long a looked-up API key is trusted: a revocation takes so long to reach every program" },
	{ .name = "key_cache_outage_seconds", .type = SETTING_SECONDS, .env = "BUDGET_KEY_CACHE_OUTAGE",
	  .yaml = "handlers.key_cache_outage", .fallback = "900", .max = DAY,
	  .about = "the same while the database is away" },
	{ .name = "spool_max_bytes", .type = SETTING_BYTES, .env = "BUDGET_SPOOL_MAX", .yaml = "handlers.spool_max",
	  .fallback = "268435456", .min = 1 * MIB, .max = 65536 * MIB,
	  .about = "usage kept on disk while the database is away; beyond it 503" },
	{ .name = "spool_segment_bytes", .type = SETTING_BYTES, .env = "BUDGET_SPOOL_SEGMENT",
	  .yaml = "handlers.spool_segment", .fallback = "16777216", .min = 65536, .max = 1024 * MIB,
	  .about = "size of one spool file" },
	/* money and limits */
	{ .name = "default_currency", .type = SETTING_CURRENCY, .env = "BUDGET_DEFAULT_CURRENCY",
	  .yaml = "budgets.default_currency", .fallback = "USD", .about = "accounting currency of a new tenant" },
	{ .name = "time_zone", .type = SETTING_ZONE, .env = "BUDGET_TIME_ZONE", .yaml = "budgets.time_zone",
	  .about = "zone of new budgets; unset: the system's, else UTC" },
	{ .name = "enforcement_level", .type = SETTING_WORD, .flags = LIVE, .env = "BUDGET_ENFORCEMENT_LEVEL",
	  .yaml = "budgets.enforcement_level", .fallback = "warn", .words = budget_words_enforcement,
	  .about = "type of policies that name none: ignore, warn, soft_limit, hard_limit" },
	{ .name = "daily_budget_limit", .type = SETTING_MONEY, .flags = LIVE, .env = "DAILY_BUDGET_LIMIT",
	  .yaml = "limits.daily", .fallback = "5", .about = "daily cost limit of budget Default" },
	{ .name = "weekly_budget_limit", .type = SETTING_MONEY, .flags = LIVE, .env = "WEEKLY_BUDGET_LIMIT",
	  .yaml = "limits.weekly", .fallback = "25", .about = "weekly cost limit of budget Default" },
	{ .name = "monthly_budget_limit", .type = SETTING_MONEY, .flags = LIVE, .env = "MONTHLY_BUDGET_LIMIT",
	  .yaml = "limits.monthly", .fallback = "100", .about = "monthly cost limit of budget Default" },
	{ .name = "hold_ttl_allocation_seconds", .type = SETTING_SECONDS, .flags = LIVE, .env = "BUDGET_HOLD_TTL",
	  .yaml = "holds.ttl", .fallback = "86400", .min = 1, .max = 31 * DAY,
	  .about = "life of an allocation that names none" },
	{ .name = "hold_ttl_check_seconds", .type = SETTING_SECONDS, .flags = LIVE, .env = "BUDGET_CHECK_HOLD_TTL",
	  .yaml = "holds.check_ttl", .fallback = "900", .min = 1, .max = 31 * DAY,
	  .about = "life of a hold made by check with reserve" },
	{ .name = "unpriced_ceiling_per_token", .type = SETTING_MONEY, .flags = LIVE, .env = "BUDGET_UNPRICED_CEILING",
	  .yaml = "prices.unpriced_ceiling", .fallback = "0.0001",
	  .about = "what a token of a model without price counts for against limits" },
	{ .name = "max_output_tokens_default", .type = SETTING_COUNT, .flags = LIVE, .env = "BUDGET_MAX_OUTPUT_TOKENS",
	  .yaml = "holds.max_output_tokens", .fallback = "4096", .min = 1, .max = 10000000,
	  .about = "output that is held when a request names none" },
	{ .name = "backdate_hours", .type = SETTING_COUNT, .flags = LIVE, .env = "BUDGET_BACKDATE_HOURS",
	  .yaml = "usage.backdate_hours", .fallback = "72", .max = 8784,
	  .about = "how far back the time of a record may lie" },
	{ .name = "future_minutes", .type = SETTING_COUNT, .flags = LIVE, .env = "BUDGET_FUTURE_MINUTES",
	  .yaml = "usage.future_minutes", .fallback = "5", .max = 1440, .about = "how far ahead it may lie" },
	{ .name = "idempotency_days", .type = SETTING_COUNT, .flags = LIVE, .env = "BUDGET_IDEMPOTENCY_DAYS",
	  .yaml = "usage.idempotency_days", .fallback = "35", .min = 35, .max = 400,
	  .about = "how long idempotency keys are kept" },
	/* jobs and neighbours */
	{ .name = "update_prices_on_start", .type = SETTING_BOOL, .flags = RESTART, .env = "BUDGET_UPDATE_PRICES_ON_START",
	  .yaml = "prices.update_on_start", .fallback = "true",
	  .about = "look for new prices when started, in the background" },
	{ .name = "price_update_interval", .type = SETTING_SECONDS, .flags = RESTART, .env = "BUDGET_PRICE_UPDATE_INTERVAL",
	    .alias = "PRICE_UPDATE_INTERVAL", .alias_scale = 60,
	  .yaml = "prices.update_interval", .fallback = "3600", .min = 60, .max = 31 * DAY,
	  .about = "seconds between looks (PRICE_UPDATE_INTERVAL: minutes)" },
	{ .name = "price_tolerance_percent", .type = SETTING_PERCENT, .flags = LIVE, .env = "BUDGET_PRICE_TOLERANCE",
	  .yaml = "prices.tolerance", .fallback = "10",
	  .about = "how far sources may differ and still agree, and one source may move a price, in percent" },
	{ .name = "price_agreement", .type = SETTING_FRACTION, .flags = LIVE, .env = "BUDGET_PRICE_AGREEMENT",
	  .yaml = "prices.agreement", .fallback = "0.8",
	  .about = "share of all trust that has to agree on a price before it counts as verified" },
	{ .name = "price_trust_bar", .type = SETTING_FRACTION, .flags = LIVE, .env = "BUDGET_PRICE_TRUST_BAR",
	  .yaml = "prices.trust_bar", .fallback = "0.8",
	  .about = "trust a source needs for the first price of a model on its word alone" },
	{ .name = "price_outlier_factor", .type = SETTING_COUNT, .flags = LIVE, .env = "BUDGET_PRICE_OUTLIER",
	  .yaml = "prices.outlier", .fallback = "3", .min = 2, .max = 1000,
	  .about = "a price so many times off is reviewed by a person, whoever says it" },
	{ .name = "price_notice_percent", .type = SETTING_PERCENT, .flags = LIVE, .env = "BUDGET_PRICE_NOTICE",
	  .yaml = "prices.notice", .fallback = "5", .about = "a price that changes by so much raises an alert, in percent" },
	{ .name = "price_quote_max_age_days", .type = SETTING_COUNT, .flags = LIVE, .env = "BUDGET_PRICE_QUOTE_MAX_AGE",
	  .yaml = "prices.quote_max_age", .fallback = "30", .min = 1, .max = 3660,
	  .about = "what a source said counts for so long after it could last be read, in days" },
	{ .name = "litellm_api_base", .type = SETTING_TEXT, .env = "LITELLM_API_BASE", .yaml = "prices.litellm_api_base",
	  .min = 8, .max = 2048,
	  .about = "a LiteLLM proxy whose /pricing source litellm reads; unset: LiteLLM's public file" },
	{ .name = "litellm_api_key", .type = SETTING_TEXT, .flags = SECRET, .env = "LITELLM_API_KEY",
	  .yaml = "prices.litellm_api_key", .min = 1, .max = 512, .about = "its key" },
	{ .name = "proxy_url", .type = SETTING_TEXT, .flags = SECRET, .env = "BUDGET_PROXY", .yaml = "prices.proxy",
	  .min = 1, .max = 2048, .about = "proxy for fetching prices; unset: https_proxy or all_proxy of the environment" },
	{ .name = "aggregation_interval", .type = SETTING_SECONDS, .flags = RESTART, .env = "BUDGET_AGGREGATION_INTERVAL",
	  .yaml = "jobs.aggregation_interval", .fallback = "60", .min = 1, .max = DAY,
	  .about = "seconds between roll-ups" },
	{ .name = "sweep_interval_seconds", .type = SETTING_SECONDS, .flags = RESTART, .env = "BUDGET_SWEEP_INTERVAL",
	  .yaml = "jobs.sweep_interval", .fallback = "15", .min = 1, .max = 15,
	  .about = "seconds between sweeps of expired holds" },
	{ .name = "partitions_months_ahead", .type = SETTING_COUNT, .flags = RESTART, .env = "BUDGET_PARTITIONS_AHEAD",
	  .yaml = "jobs.partitions_ahead", .fallback = "3", .min = 1, .max = 24,
	  .about = "months of partitions made ahead" },
	{ .name = "rest_factor", .type = SETTING_COUNT, .env = "BUDGET_REST_FACTOR", .yaml = "jobs.rest_factor", .fallback = "4",
	  .max = 100, .about = "on a busy machine long work rests so many times as long as it worked; 0: never" },
	{ .name = "hermes_url", .type = SETTING_TEXT, .env = "HERMES_URL", .yaml = "hermes.url", .max = 2048,
	  .about = "Hermes to register with; unset: none, or Tekton's when TEKTON_ROOT is set" },
	{ .name = NULL }
};

/* The process-wide table. Its texts live in an arena of its own that nobody resets; written before threads start. */
static struct budget_settings current;
static struct budget_ctx current_ctx;

static const char *const layer_names[] = {
	[LAYER_DEFAULT] = "default", [LAYER_DATABASE] = "database", [LAYER_YAML] = "config.yaml",
	    [LAYER_FILE] = ".env.budget",
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
