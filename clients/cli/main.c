/* budget: the command line of Budget. */
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clients/cli/cli.h"
#include "clients/cli/client.h"
#include "clients/cli/cmd_db.h"
#include "clients/cli/out.h"
#include "lib/version.h"

#define ARENA_MAX_BYTES ((size_t)1024 * 1024 * 1024)

const struct noun nouns[] = {
	{ "status", "is the service up, and what is left of every limit", status_commands, NULL },
	{ "get-usage", "what was used in a period, by model, provider or component", get_usage_commands, NULL },
	{ "set-limit", "set what a period may cost", set_limit_commands, NULL },
	{ "limits", "limits with what is used, held and left", limits_commands, NULL },
	{ "check", "may this request run? (exit 2: no)", check_commands, NULL },
	{ "record", "record what a request really used", record_commands, NULL },
	{ "allocate", "hold money for work to come, release it, look at holds", allocate_commands, NULL },
	{ "usage", "usage records one by one", usage_commands, NULL },
	{ "prices", "what models cost", prices_commands, NULL },
	{ "calc-cost", "what some tokens would cost (the same as prices calc)", calc_cost_commands, NULL },
	{ "optimize", "what would have cost less, by your own traffic", optimize_commands, NULL },
	{ "budgets", "budgets, their tree and their summaries", budgets_commands, NULL },
	{ "policies", "the rules behind limits: type, filters, thresholds", policies_commands, NULL },
	{ "approvals", "ask for and grant headroom beyond a soft limit", approvals_commands, NULL },
	{ "alerts", "limits approached and exceeded", alerts_commands, NULL },
	{ "keys", "API keys", keys_commands, NULL },
	{ "config", "settings of the service", config_commands, NULL },
	{ "jobs", "what the scheduled jobs did", jobs_commands, NULL },
	{ "audit", "who changed what", audit_commands, NULL },
	{ "db", "the database itself: migrate, check (needs no running service)", NULL, cmd_db },
	{ "settings", "settings of this machine's files and environment (needs no running service)", NULL, cmd_settings },
	{ "spool", "usage kept while the database was away: what waits, dead letters (needs no running service)", NULL, cmd_spool },
	{ "debug", "integrations (comes in a later release)", debug_commands, NULL },
	{ "verify", "prove that counters and holds are what the records say (exit 1: not)", verify_commands, NULL },
	{ "recalculate", "repair counters that differ from the records", recalculate_commands, NULL },
	{ "version", "version of this program and of the service", version_commands, NULL },
	{ NULL, NULL, NULL, NULL }
};

const char *
cli_get(const struct cli *cli, const char *name)
{
	for (size_t i = 0; i < cli->given_count; i++)
		if (strcmp(cli->given[i].option->name, name) == 0)
			return cli->given[i].text;
	return NULL;
}

bool
cli_flag(const struct cli *cli, const char *name)
{
	const char *text = cli_get(cli, name);

	return text != NULL && strcmp(text, "true") == 0;
}

void
cli_give(struct cli *cli, const struct option *option, const char *text)
{
	if (cli->given_count < GIVEN_MAX)
		cli->given[cli->given_count++] = (struct given){ option, text };
}

/* "budget limits list", as far as it is known. */
static void
print_name(const struct cli *cli)
{
	fputs("budget", stderr);
	if (cli->noun != NULL)
		fprintf(stderr, " %s", cli->noun->name);
	if (cli->command != NULL && cli->command->name != NULL)
		fprintf(stderr, " %s", cli->command->name);
}

int
cli_fail(const struct cli *cli, int code, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	print_name(cli);
	fputs(": ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	if (code == EXIT_USAGE) {
		fputs("  See: ", stderr);
		print_name(cli);
		fputs(" --help\n", stderr);
	}
	return code;
}

int
cli_fail_ctx(const struct cli *cli)
{
	const struct budget_error *error = &cli->ctx.error;
	int code = budget_status_exit(error->status);

	if (error->code != NULL && strcmp(error->code, "bad_url") == 0)
		code = EXIT_USAGE;
	return cli_fail(cli, code, "%s", error->detail);
}

void
cli_keep(struct cli *cli, struct json_object *value)
{
	if (cli->kept_count == cli->kept_capacity) {
		size_t capacity = cli->kept_capacity * 2 + 16;
		struct json_object **grown = budget_arena_alloc(&cli->ctx.arena, capacity * sizeof *grown);

		if (grown == NULL)
			return; /* leaks until the process ends, and the arena is full anyway */
		if (cli->kept_count > 0)
			memcpy(grown, cli->kept, cli->kept_count * sizeof *grown);
		cli->kept = grown;
		cli->kept_capacity = capacity;
	}
	cli->kept[cli->kept_count++] = value;
}

void
cli_release(struct cli *cli)
{
	for (size_t i = 0; i < cli->kept_count; i++)
		budget_json_put(&cli->kept[i]);
	budget_ctx_clear(&cli->ctx);
}

/* A key on the command line is wiped there: ps and /proc show argv. */
static void
hide_keys(struct cli *cli, int argc, char **argv)
{
	for (size_t i = 0; i < cli->given_count; i++)
		if (strcmp(cli->given[i].option->name, "api-key") == 0)
			cli->given[i].text = budget_arena_strdup(&cli->ctx.arena, cli->given[i].text);
	for (int i = 1; i < argc; i++) {
		char *key = NULL;

		if (strncmp(argv[i], "--api", 5) == 0 && strncmp(argv[i] + 5, "-key=", 5) == 0)
			key = argv[i] + 10;
		else if (strcmp(argv[i - 1], "--api-key") == 0 || strcmp(argv[i - 1], "--api_key") == 0)
			key = argv[i];
		if (key != NULL)
			memset(key, 'x', strlen(key));
	}
}

static int
take_globals(struct cli *cli)
{
	static const char *const names[] = { "table", "json", "csv" };
	const char *format = cli_get(cli, "format"), *timeout = cli_get(cli, "timeout");

	cli->is_debug = cli_flag(cli, "debug");
	cli->output = OUTPUT_TABLE;
	for (size_t i = 0; format != NULL && i < sizeof names / sizeof *names; i++)
		if (strcasecmp(format, names[i]) == 0) {
			cli->output = (enum output)i;
			format = NULL;
		}
	if (format != NULL)
		return cli_fail(cli, EXIT_USAGE, "--format takes table, json or csv, not '%s'.", format);
	if (timeout != NULL) {
		double seconds = strtod(timeout, NULL);

		if (seconds < 0.001 || seconds > 86400)
			return cli_fail(cli, EXIT_USAGE, "--timeout takes seconds from 0.001 to 86400, not '%s'.", timeout);
		cli->timeout_ms = (long)(seconds * 1000);
	}
	return 0;
}

static int
run(struct cli *cli, int argc, char **argv)
{
	int code = cli_parse(cli, argc, argv);

	hide_keys(cli, argc, argv);
	if (code != 0)
		return code;
	if (cli->noun != NULL && cli->noun->pass == cmd_db && where_database(cli) != NULL)
		setenv("BUDGET_DATABASE_URL", where_database(cli), 0);
	if (cli->noun != NULL && cli->noun->pass != NULL)
		for (int i = 1; i < argc; i++)
			if (noun_find(argv[i]) == cli->noun && argv[i][0] != '-')
				return cli->wants_help ? cli->noun->pass(2, (char *[]){ argv[i], (char[]){ "--help" }, NULL })
				    : cli->noun->pass(argc - i, argv + i);
	if (cli->wants_version) {
		printf("budget %s\n", budget_version());
		return 0;
	}
	if (cli->wants_help || cli->command == NULL) {
		help_print(cli, !cli->wants_help);
		return cli->wants_help ? 0 : EXIT_USAGE;
	}
	code = take_globals(cli);
	if (code == 0)
		code = client_setup(cli);
	if (code == 0)
		code = cli->command->run != NULL ? cli->command->run(cli) : command_run(cli);
	return code;
}

int
main(int argc, char **argv)
{
	struct cli cli = { .noun = NULL };
	int code;

	if (argc > 1 && strcmp(argv[1], "__complete") == 0)
		return complete(argc - 2, argv + 2);
	out_setup();
	budget_ctx_init(&cli.ctx, ARENA_MAX_BYTES);
	code = run(&cli, argc, argv);
	if ((fflush(stdout) != 0 || ferror(stdout)) && code == 0)
		code = cli_fail(&cli, EXIT_FILE, "the output could not be written.");
	cli_release(&cli);
	return code;
}
