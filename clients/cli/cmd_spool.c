/* budget spool: the dead letters of a home, and what waits there. Works on the folder itself, so it needs no running service. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "clients/cli/cmd_db.h"
#include "clients/cli/home.h"
#include "lib/ctx.h"
#include "lib/json.h"
#include "lib/spool.h"
#include "lib/spool_dead.h"
#include "lib/uuid.h"

#define ARENA_MAX_BYTES ((size_t)256 << 20)
#define SEGMENT_BYTES ((size_t)16 << 20)

static const char spool_help[] =
    "Usage: budget spool status | list [--format json] | retry ID…|--all | drop ID…|--all   [--home FOLDER]\n"
    "Records that were accepted while the database was away and that it refuses for good: dead letters. They lie in\n"
    "FOLDER/spool/dead until a person decides.\n"
    "  status   what waits to be recorded, and how many dead letters there are\n"
    "  list     the dead letters, each with the reason\n"
    "  retry    puts them into the spool again, when the reason is gone; the service records them within seconds\n"
    "  drop     forgets them: this usage is never recorded\n"
    "Exit status: 0 done, 1 no such letter, 64 wrong words, 66 no home, 74 the folder cannot be used.\n";

struct spool_command {
	struct budget_ctx ctx;
	const char *home;
	bool is_json, is_all;
	int failures;
	const char *verb;
};

static int
complain(const struct budget_ctx *ctx, int code)
{
	fprintf(stderr, "budget spool: %s\n", ctx->error.detail != NULL ? ctx->error.detail : "unknown");
	return code;
}

static int
open_folder(struct spool_command *command)
{
	const char *home = command->home != NULL ? command->home : home_find(&command->ctx, false);
	const char *folder = home != NULL ? budget_arena_printf(&command->ctx.arena, "%s/spool", home) : NULL;
	struct stat found;

	if (folder == NULL || stat(folder, &found) != 0) {
		fprintf(stderr, "budget spool: which home? Give --home FOLDER or set BUDGET_HOME.\n");
		return EX_NOINPUT;
	}
	return budget_spool_open(&command->ctx, folder, SIZE_MAX, SEGMENT_BYTES) == BUDGET_OK ? EX_OK : complain(&command->ctx, EX_IOERR);
}

static void
print_letter(void *user, const char *id, const char *text)
{
	struct spool_command *command = user;
	struct budget_ctx *ctx = &command->ctx;
	_auto_json_ struct json_object *letter = NULL;

	if (command->is_json) {
		printf("%s%.*s", command->failures++ == 0 ? "" : ",\n", (int)strcspn(text, "\n"), text);
		return;
	}
	if (budget_json_parse(ctx, text, strlen(text), &letter) != BUDGET_OK)
		return;
	printf("%s  %s  %s  %s\n", id, budget_json_text(ctx, budget_json_get(letter, "received_at")),
	    budget_json_text(ctx, budget_json_get(letter, "code")), budget_json_text(ctx, budget_json_get(letter, "detail")));
}

static int
list(struct spool_command *command)
{
	enum budget_status status;

	if (command->is_json)
		fputs("[", stdout);
	status = budget_spool_dead_each(&command->ctx, budget_spool_folder(), print_letter, command);
	if (command->is_json)
		puts("]");
	else if (status == BUDGET_OK && budget_spool_dead_count(budget_spool_folder()) == 0)
		puts("No dead letters.");
	return status == BUDGET_OK ? EX_OK : complain(&command->ctx, EX_IOERR);
}

static int
show_status(struct spool_command *command)
{
	struct budget_spool_stats stats;

	budget_spool_stats(&stats);
	if (command->is_json)
		printf("{\"records\":%zu,\"bytes\":%zu,\"segments\":%zu,\"dead_letters\":%zu,\"damaged_segments\":%zu,\"oldest_ms\":%lld}\n",
		    stats.records, stats.bytes, stats.segments, stats.dead_letters, stats.damaged, (long long)stats.oldest_ms);
	else
		printf("Records that wait   %zu, %zu bytes\nDead letters        %zu\nDamaged files       %zu\n", stats.records, stats.bytes,
		    stats.dead_letters, stats.damaged);
	return EX_OK;
}

/* Into the spool first, then away: a letter that is in both is recorded once. */
static void
decide(void *user, const char *id, const char *text)
{
	struct spool_command *command = user;
	struct budget_ctx *ctx = &command->ctx;
	struct budget_spool_frame frame;
	enum budget_status status = BUDGET_OK;

	(void)text;
	if (strcmp(command->verb, "retry") == 0) {
		status = budget_spool_dead_read(ctx, budget_spool_folder(), id, &frame);
		if (status == BUDGET_OK)
			status = budget_spool_append(ctx, &frame, 1);
	}
	if (status == BUDGET_OK)
		status = budget_spool_dead_drop(ctx, budget_spool_folder(), id);
	if (status == BUDGET_OK) {
		printf("%s %s\n", id, strcmp(command->verb, "retry") == 0 ? "goes to the database again" : "dropped");
		return;
	}
	command->failures++;
	complain(ctx, 0);
}

static int
decide_all(struct spool_command *command, char **ids, int count)
{
	char id[UUID_TEXT_SIZE];

	if (command->is_all == (count > 0))
		return fputs(spool_help, stderr) < 0 ? EX_IOERR : EX_USAGE;
	if (command->is_all && budget_spool_dead_each(&command->ctx, budget_spool_folder(), decide, command) != BUDGET_OK)
		return complain(&command->ctx, EX_IOERR);
	for (int i = 0; i < count; i++) {
		if (budget_uuid_parse(ids[i], id)) {
			decide(command, id, NULL);
		} else {
			fprintf(stderr, "budget spool: %s is no id\n", ids[i]);
			command->failures++;
		}
	}
	return command->failures > 0 ? EXIT_FAILURE : EX_OK;
}

static int
parse(struct spool_command *command, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "home", required_argument, NULL, 'd' }, { "format", required_argument, NULL, 'f' }, { "all", no_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	int letter;

	optind = 0; /* the caller may have used getopt already */
	while ((letter = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (letter) {
		case 'd': command->home = optarg; break;
		case 'f': command->is_json = strcmp(optarg, "json") == 0; break;
		case 'a': command->is_all = true; break;
		case 'h': return -1;
		default: return EX_USAGE;
		}
	}
	return EX_OK;
}

static int
run(struct spool_command *command, int argc, char **argv)
{
	int code = open_folder(command);

	if (code != EX_OK)
		return code;
	if (strcmp(command->verb, "list") == 0)
		code = list(command);
	else if (strcmp(command->verb, "status") == 0)
		code = show_status(command);
	else
		code = decide_all(command, argv + optind, argc - optind);
	budget_spool_close();
	return code;
}

int
cmd_spool(int argc, char **argv)
{
	static const char *const verbs[] = { "status", "list", "retry", "drop" };
	struct spool_command command = { .verb = argc > 1 ? argv[1] : "" };
	bool is_known = false;
	int code;

	if (strcmp(command.verb, "--help") == 0 || strcmp(command.verb, "help") == 0)
		return fputs(spool_help, stdout) < 0 ? EX_IOERR : EX_OK;
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		is_known = is_known || strcmp(command.verb, verbs[i]) == 0;
	code = is_known ? parse(&command, argc - 1, argv + 1) : EX_USAGE;
	if (code != EX_OK)
		return fputs(spool_help, code < 0 ? stdout : stderr) < 0 || code > 0 ? EX_USAGE : EX_OK;
	budget_ctx_init(&command.ctx, ARENA_MAX_BYTES);
	code = run(&command, argc - 1, argv + 1);
	budget_ctx_clear(&command.ctx);
	return code;
}
