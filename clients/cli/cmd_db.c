/*
 * budget db …: the only part of the command that speaks SQL itself, because it must work before any server runs.
 *   budget db migrate [--url URL] [--sql-dir DIR] [--quiet]
 *   budget db check   [--url URL] [--sql-dir DIR] [--format text|json]
 * and budget settings: what this machine's environment and files say, before any server runs (run_budget.sh asks it).
 */
#include "clients/cli/cmd_db.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/ctx.h"
#include "lib/migrate.h"
#include "lib/settings.h"
#include "lib/text.h"
#include "lib/version.h"

#define ARENA_MAX_BYTES (256 << 20)

static const char db_help[] =
    "usage: budget db migrate [--url URL] [--sql-dir DIR] [--quiet]\n"
    "       budget db check   [--url URL] [--sql-dir DIR] [--format text|json]\n"
    "\n"
    "  migrate   bring a PostgreSQL database (15 or newer) to the schema of this version: roles where the login may make\n"
    "            them, migrations, functions, privileges, price catalogue, budget Default. Safe to repeat.\n"
    "  check     compare a database with this version: migrations, functions, privileges, row-level security, partitions.\n"
    "\n"
    "  --url URL      connection string, like postgresql://user@host/name; default: BUDGET_DATABASE_URL\n"
    "  --sql-dir DIR  the folder sql/ of the source tree or the installed one\n"
    "\n"
    "Exit status: 0 done or nothing wrong; 1 check found something; 64 wrong arguments; 65 an applied migration has changed;\n"
    "69 no database; 70 a migration failed; 78 a setting is wrong.\n";

struct db_options {
	const char *url, *sql_dir;
	bool is_quiet, is_json;
};

static void
print_progress(void *user, const char *line)
{
	(void)user;
	puts(line);
	fflush(stdout);
}

static int
complain(const struct budget_ctx *ctx, int exit_code)
{
	const char *detail = ctx->error.detail ? ctx->error.detail : "unknown";

	fprintf(stderr, "budget db: %s%s", detail, detail[strlen(detail) - 1] == '\n' ? "" : "\n");
	return exit_code ? exit_code : budget_status_exit(ctx->error.status);
}

static int
migrate(struct budget_ctx *ctx, const struct db_options *options)
{
	const struct budget_migrate what = {
		.url = options->url, .sql_dir = options->sql_dir,
		.settings = budget_settings_copy(ctx),
		.progress = options->is_quiet ? NULL : print_progress,
	};
	enum budget_status status = budget_migrate(ctx, &what);

	if (status == BUDGET_OK)
		return EX_OK;
	return complain(ctx, status == BUDGET_EBUSY ? EX_UNAVAILABLE : status == BUDGET_ECONFLICT ? EX_DATAERR : EX_SOFTWARE);
}

static void
print_findings(struct budget_ctx *ctx, const struct budget_migrate_finding *findings, int count, bool is_json)
{
	struct budget_text text;

	budget_text_init(&text, &ctx->arena, 1024);
	budget_text_add(&text, is_json ? "[" : "");
	for (int i = 0; i < count; i++) {
		if (!is_json) {
			budget_text_addf(&text, "%-14s %-5s %s\n", findings[i].subject, findings[i].is_good ? "ok" : "BAD",
			    findings[i].detail);
			continue;
		}
		budget_text_add(&text, i ? ",{" : "{");
		budget_text_member(&text, "subject", findings[i].subject);
		budget_text_member_raw(&text, "ok", findings[i].is_good ? "true" : "false");
		budget_text_member(&text, "detail", findings[i].detail);
		budget_text_add(&text, "}");
	}
	budget_text_add(&text, is_json ? "]\n" : "");
	const char *done = budget_text_done(&text);
	fputs(done ? done : "", stdout);
}

static int
check(struct budget_ctx *ctx, const struct db_options *options)
{
	const struct budget_migrate what = { .url = options->url, .sql_dir = options->sql_dir };
	struct budget_migrate_finding findings[BUDGET_MIGRATE_FINDINGS_MAX];
	int count, bad = 0;

	if (budget_migrate_check(ctx, &what, findings, &count) != BUDGET_OK)
		return complain(ctx, EX_UNAVAILABLE);
	print_findings(ctx, findings, count, options->is_json);
	for (int i = 0; i < count; i++)
		bad += !findings[i].is_good;
	return bad ? EXIT_FAILURE : EX_OK;
}

/* sql/ of the installation this program stands in (bin/../share/budget/sql), wherever that was moved; NULL: of none. */
static const char *
installed_sql_dir(struct budget_ctx *ctx)
{
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
	char *slash;

	for (int up = 0; up < 2; up++) {
		self[length > 0 ? length : 0] = '\0';
		if ((slash = strrchr(self, '/')) == NULL)
			return NULL;
		length = slash - self;
	}
	const char *path = budget_arena_printf(&ctx->arena, "%.*s/share/budget/sql", (int)length, self);
	return path && access(path, R_OK | X_OK) == 0 ? path : NULL;
}

/* The folder sql/ when nobody names one. */
static const char *
default_sql_dir(struct budget_ctx *ctx)
{
	const char *named = getenv("BUDGET_SQL_DIR"), *data = getenv("BUDGET_DATA_DIR"),
	    *installed = installed_sql_dir(ctx);

	if (named && *named)
		return named;
	return installed && (!data || !*data) ? installed : budget_arena_printf(&ctx->arena, "%s/sql", budget_data_dir());
}

static int
parse_options(int argc, char **argv, struct db_options *options)
{
	static const struct option longs[] = {
		{ "url", required_argument, NULL, 'u' }, { "sql-dir", required_argument, NULL, 's' },
		{ "quiet", no_argument, NULL, 'q' }, { "format", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	int letter;

	optind = 0; /* the caller may have used getopt already */
	while ((letter = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (letter) {
		case 'u': options->url = optarg; break;
		case 's': options->sql_dir = optarg; break;
		case 'q': options->is_quiet = true; break;
		case 'f':
			options->is_json = strcmp(optarg, "json") == 0;
			if (!options->is_json && strcmp(optarg, "text") != 0 && strcmp(optarg, "table") != 0)
				return EX_USAGE;
			break;
		case 'h': return -1;
		default: return EX_USAGE;
		}
	}
	return optind == argc ? EX_OK : EX_USAGE;
}

static int
run_verb(struct budget_ctx *ctx, const char *verb, struct db_options *options)
{
	if (budget_settings_start(ctx) != BUDGET_OK)
		return complain(ctx, EX_CONFIG);
	for (int i = 0; i < budget_settings_current()->warnings_count; i++)
		fprintf(stderr, "budget db: warning: %s\n", budget_settings_current()->warnings[i]);
	if (!options->url)
		options->url = budget_setting_text("database_url");
	if (!options->sql_dir)
		options->sql_dir = default_sql_dir(ctx);
	if (!options->url) {
		fprintf(stderr, "budget db: which database? Give --url or set BUDGET_DATABASE_URL.\n");
		return EX_USAGE;
	}
	return strcmp(verb, "migrate") == 0 ? migrate(ctx, options) : check(ctx, options);
}

int
cmd_db(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	struct db_options options = { 0 };
	struct budget_ctx ctx;

	if (strcmp(verb, "--help") == 0 || strcmp(verb, "help") == 0)
		return fputs(db_help, stdout) < 0 ? EX_IOERR : EX_OK;
	if (strcmp(verb, "migrate") != 0 && strcmp(verb, "check") != 0)
		return fputs(db_help, stderr) < 0 ? EX_IOERR : EX_USAGE;
	int parsed = parse_options(argc - 1, argv + 1, &options);
	if (parsed != EX_OK)
		return fputs(db_help, parsed < 0 ? stdout : stderr) < 0 || parsed > 0 ? EX_USAGE : EX_OK;
	budget_ctx_init(&ctx, ARENA_MAX_BYTES);
	int code = run_verb(&ctx, verb, &options);
	budget_ctx_clear(&ctx);
	return code;
}
