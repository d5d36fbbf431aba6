#include "cgi-bin/fcgi/config.h"

#include <stdlib.h>
#include <string.h>

#include "lib/ctx.h"
#include "lib/db.h"
#include "lib/ledger.h"
#include "lib/log.h"
#include "lib/settings.h"
#include "lib/version.h"

struct config config;

static void
log_warnings(const struct budget_settings *settings)
{
	for (int i = 0; i < settings->warnings_count; i++)
		budget_log(BUDGET_LOG_WARNING, "settings", "%s", settings->warnings[i]);
}

static const char *
text_or(const char *name, const char *fallback)
{
	const char *text = budget_setting_text(name);

	return text != NULL && text[0] != '\0' ? text : fallback;
}

/* True when every address of the list is one of this machine only. */
static bool
is_loopback(const char *addresses)
{
	static const char *const loopback[] = { "127.", "::1", "[::1]", "localhost" };

	for (const char *at = addresses; *at != '\0';) {
		size_t length = strcspn(at, ", ");
		bool is_known = length == 0;

		for (size_t i = 0; i < sizeof loopback / sizeof loopback[0] && !is_known; i++) {
			size_t expected = strlen(loopback[i]);

			is_known = strncmp(at, loopback[i], expected) == 0 && (length == expected || loopback[i][expected - 1] == '.');
		}
		if (!is_known)
			return false;
		at += length;
		at += strspn(at, ", ");
	}
	return true;
}

enum budget_status
config_start(struct budget_ctx *ctx, const char *program, bool is_ledger, int *threads)
{
	int level, connections;

	BUDGET_TRY(budget_settings_start(ctx));
	connections = (int)budget_setting_count("pool_size");
	level = budget_setting_is("debug") ? BUDGET_LOG_DEBUG : budget_log_level_parse(budget_setting_text("log_level"));
	budget_log_init(level < 0 ? BUDGET_LOG_INFO : (enum budget_log_level)level, program);
	log_warnings(budget_settings_current());
	if (*threads == 0)
		*threads = (int)budget_setting_count(is_ledger ? "ledger_threads" : "threads");
	config.is_development = strcmp(text_or("env", "development"), "production") != 0;
	config.is_keyless = config.is_development && is_loopback(text_or("bind", "127.0.0.1"));
	config.host = text_or("host", "localhost");
	config.port = (int)budget_setting_count("port");
	config.version = text_or("version", budget_version());
	config.admin_key = text_or("admin_key", NULL);
	config.allowed_origins = text_or("allowed_origins", "");
	config.body_max_bytes = (size_t)budget_setting_count("body_max_bytes");
	config.body_large_max_bytes = (size_t)budget_setting_count("body_large_max_bytes");
	config.arena_max_bytes = (size_t)budget_setting_count("arena_max_bytes");
	config.arena_large_max_bytes = (size_t)budget_setting_count("arena_large_max_bytes");
	config.key_cache_seconds = (int)budget_setting_count("key_cache_seconds");
	config.key_cache_outage_seconds = (int)budget_setting_count("key_cache_outage_seconds");
	if (budget_setting_text("database_url") == NULL)
		return budget_fail(ctx, BUDGET_EINVALID, "bad_setting", NULL, "BUDGET_DATABASE_URL is not set: ./run_budget.sh"
		    " sets it for its private server.");
	budget_pool_ledger(is_ledger);
	if (is_ledger) /* the queues of groups keep theirs */
		connections += BUDGET_LEDGER_LANES;
	return budget_pool_open(budget_setting_text("database_url"), connections, (int)budget_setting_count("pool_wait_ms"));
}
