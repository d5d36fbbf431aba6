#include "cron/job.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/db.h"
#include "lib/log.h"
#include "lib/settings.h"
#include "lib/when.h"

#define ARENA_MAX_BYTES (64 << 20)
#define BATCH_MAX 100000
#define CONNECT_WAIT_MS 5000
#define OPTIONS_COMMON 4
#define OPTIONS_MAX 16

static volatile sig_atomic_t is_stopping;

struct running {
	const struct job *job;
	struct job_call call;
	char run_id[64];
	int64_t rows;
	const char *detail; /* literal, or in `keep` */
	char keep[512];
	char options[4096];
	bool takes_wishes; /* of the API: started without arguments */
	bool is_terminal;
};

static void
stop(int number)
{
	(void)number;
	is_stopping = 1;
}

bool
job_is_stopping(void)
{
	return is_stopping;
}

static void
print_help(const struct job *job, FILE *out)
{
	fprintf(out, "usage: %s%s [--dry-run] [--now=TIME] [--batch=N]\n\n%s\n\n", job->name,
	    job->options ? " [OPTION]…" : "", job->about);
	for (const struct job_option *option = job->options; option && option->name; option++)
		fprintf(out, "  --%s%s%-*s  %s\n", option->name, option->value ? "=" : "",
		    (int)(24 - strlen(option->name) - (option->value != NULL)), option->value ? option->value : "", option->about);
	fprintf(out,
	    "  --dry-run   say what would be done, change nothing\n"
	    "  --now=TIME  as if it were that time (2026-01-01T00:00Z)%s\n"
	    "  --batch=N   rows of one transaction at most (default %d)\n\n"
	    "Exit status: 0 done, or another copy runs; 64 wrong arguments; 69 nobody outside answers; 70 a fault of ours;\n"
	    "75 database away, try again; 78 a setting is wrong.\n",
	    job->flags & JOB_NOW_DRY ? "; only with --dry-run" : "", job->batch_max);
}

/* EX_OK to go on, -1 after --help. */
static int
parse_options(struct running *running, int argc, char **argv)
{
	struct option longs[OPTIONS_MAX + 1] = {
		{ "dry-run", no_argument, NULL, 'd' }, { "now", required_argument, NULL, 'n' },
		{ "batch", required_argument, NULL, 'b' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	const struct job *job = running->job;
	struct job_call *call = &running->call;
	int letter, index, count = OPTIONS_COMMON;
	char *end;

	for (const struct job_option *option = job->options; option && option->name && count < OPTIONS_MAX; option++)
		longs[count++] = (struct option){ option->name, option->value ? required_argument : no_argument, NULL, 'o' };
	call->batch_max = job->batch_max;
	while ((letter = getopt_long(argc, argv, "", longs, &index)) != -1) {
		switch (letter) {
		case 'd': call->is_dry_run = true; break;
		case 'n': call->now = optarg; break;
		case 'b':
			call->batch_max = (int)strtol(optarg, &end, 10);
			if (*end != '\0' || call->batch_max < 1 || call->batch_max > BATCH_MAX)
				return EX_USAGE;
			break;
		case 'o':
			if (!job->option(longs[index].name, optarg))
				return EX_USAGE;
			break;
		case 'h': print_help(job, stdout); return -1;
		default: return EX_USAGE;
		}
	}
	if (optind != argc || (call->now && !call->is_dry_run && job->flags & JOB_NOW_DRY))
		return EX_USAGE;
	return EX_OK;
}

/* How often the private schedule starts us, when it is the one who does. */
static const char *
every_seconds(void)
{
	const char *every = getenv("BUDGET_JOB_EVERY");

	return every && *every && strspn(every, "0123456789") == strlen(every) && strlen(every) < 9 ? every : NULL;
}

/* The run that began may be one somebody asked for: then it is done as asked. */
static enum budget_status
take_wish(struct budget_ctx *ctx, struct running *running)
{
	_auto_result_ struct budget_result *row = NULL;
	const char *values[] = { running->run_id };

	BUDGET_TRY(budget_db_row(ctx, STMT_JOB_WISH, values, 1, &row));
	const char *options = budget_result_text(row, 0, 0), *is_dry = budget_result_text(row, 0, 1);
	if (options == NULL || strlen(options) >= sizeof running->options)
		return BUDGET_OK;
	snprintf(running->options, sizeof running->options, "%s", options);
	running->call.options = running->options;
	running->call.is_dry_run = is_dry != NULL && *is_dry == 't';
	return BUDGET_OK;
}

static enum budget_status
begin(struct budget_ctx *ctx, struct running *running, bool *ret_is_alone)
{
	_auto_result_ struct budget_result *row = NULL;
	const char *values[] = { running->job->name, running->job->about, every_seconds(),
	    running->call.is_dry_run ? "t" : "f", running->takes_wishes ? "t" : "f" };

	BUDGET_TRY(budget_db_row(ctx, STMT_JOB_BEGIN, values, 5, &row));
	const char *run_id = budget_result_text(row, 0, 0);
	*ret_is_alone = run_id != NULL;
	snprintf(running->run_id, sizeof running->run_id, "%s", run_id ? run_id : "");
	running->call.run_id = running->run_id;
	return run_id && running->takes_wishes ? take_wish(ctx, running) : BUDGET_OK;
}

static const char *
count_text(char text[24], int64_t count)
{
	snprintf(text, 24, "%" PRId64, count);
	return text;
}

static enum budget_status
step(struct budget_ctx *ctx, struct running *running)
{
	_auto_result_ struct budget_result *row = NULL;
	char rows[24];
	const char *values[] = { running->run_id, running->job->name, count_text(rows, running->rows) };

	BUDGET_TRY(budget_db_row(ctx, STMT_JOB_STEP, values, 3, &row));
	if (budget_result_text(row, 0, 0)[0] == 't')
		return BUDGET_OK;
	return budget_fail(ctx, BUDGET_EBUSY, "job_lock_lost", NULL,
	    "The connection was lost, and the lock of this job with it.");
}

static enum budget_status
batches(struct budget_ctx *ctx, struct running *running)
{
	int64_t rows;

	do {
		budget_arena_reset(&ctx->arena); /* not the whole context: the lock belongs to the connection it holds */
		rows = 0;
		running->call.detail = NULL;
		running->call.has_more = false;
		BUDGET_TRY(running->job->run(ctx, &running->call, &rows));
		running->rows += rows;
		if (running->call.detail)
			running->detail = strncpy(running->keep, running->call.detail, sizeof running->keep - 1);
		if (running->is_terminal && rows > 0 && !(running->job->flags & JOB_SPEAKS))
			fprintf(stderr, "\r%s: %" PRId64 " rows", running->job->name, running->rows);
		BUDGET_TRY(step(ctx, running));
	} while ((rows > 0 || running->call.has_more) && !is_stopping && !(running->job->flags & JOB_ONCE)
	    && (!running->call.is_dry_run || running->job->flags & JOB_DRY_STEPS));
	if (running->is_terminal && running->rows > 0 && !(running->job->flags & JOB_SPEAKS))
		fputc('\n', stderr);
	return BUDGET_OK;
}

static enum budget_status
end(struct budget_ctx *ctx, const struct running *running, const char *status, const char *detail)
{
	_auto_result_ struct budget_result *row = NULL;
	char rows[24];
	const char *values[] = { running->run_id, running->job->name, status, count_text(rows, running->rows), detail };

	return budget_db_run(ctx, STMT_JOB_END, values, 5, &row);
}

static int
complain(const struct running *running, const struct budget_error *error)
{
	bool is_outside = error->status == BUDGET_EUPSTREAM;

	budget_log(is_outside ? BUDGET_LOG_WARNING : BUDGET_LOG_ERROR, "job", "%s: %s%s%s", running->job->name, error->detail ? error->detail : "failed",
	    error->internal ? ": " : "", error->internal ? error->internal : "");
	if (error->status == BUDGET_ENOTFOUND || error->status == BUDGET_EINVALID)
		return EX_USAGE; /* what was named is not there */
	return error->status == BUDGET_EBUSY ? EX_TEMPFAIL : is_outside ? EX_UNAVAILABLE : EX_SOFTWARE;
}

static int
run(struct budget_ctx *ctx, struct running *running)
{
	bool is_alone;

	if (begin(ctx, running, &is_alone) != BUDGET_OK)
		return complain(running, &ctx->error);
	if (!is_alone) {
		budget_log(BUDGET_LOG_INFO, "job", "%s: another copy runs, nothing to do", running->job->name);
		return EX_OK;
	}
	if (batches(ctx, running) != BUDGET_OK) {
		const int code = complain(running, &ctx->error);
		char why[sizeof running->keep];
		snprintf(why, sizeof why, "%s", ctx->error.detail ? ctx->error.detail : "failed");
		end(ctx, running, "failed", why);
		return code;
	}
	if (end(ctx, running, "ok", running->detail) != BUDGET_OK)
		return complain(running, &ctx->error);
	budget_log(running->rows > 0 || running->is_terminal ? BUDGET_LOG_INFO : BUDGET_LOG_DEBUG, "job",
	    "%s: %s%" PRId64 " rows%s%s%s",
	    running->job->name, running->call.is_dry_run ? "would be " : "", running->rows, running->detail ? ": " : "",
	    running->detail ? running->detail : "", is_stopping ? " (stopped, the rest waits for the next start)" : "");
	return EX_OK;
}

/* Settings, log, pool: EX_OK, or the exit status after saying why. */
static int
prepare(struct budget_ctx *ctx, struct running *running)
{
	if (budget_settings_start(ctx) != BUDGET_OK) {
		fprintf(stderr, "%s: %s\n", running->job->name, ctx->error.detail);
		return EX_CONFIG;
	}
	int level = budget_setting_is("debug") ? BUDGET_LOG_DEBUG : budget_log_level_parse(budget_setting_text("log_level"));
	budget_log_init(level < 0 ? BUDGET_LOG_INFO : (enum budget_log_level)level, running->job->name);
	const char *url = budget_setting_text("database_url");
	if (!url) {
		fprintf(stderr, "%s: which database? Set BUDGET_DATABASE_URL.\n", running->job->name);
		return EX_CONFIG;
	}
	if (budget_pool_open(url, 1, CONNECT_WAIT_MS) != BUDGET_OK || budget_settings_start_database(ctx) != BUDGET_OK)
		return complain(running, &ctx->error);
	return EX_OK;
}

int
job_main(const struct job *job, int argc, char **argv)
{
	struct running running = { .job = job, .takes_wishes = argc == 1, .is_terminal = isatty(STDERR_FILENO) };
	const struct sigaction stopping = { .sa_handler = stop };
	struct budget_ctx ctx;
	int code = parse_options(&running, argc, argv);

	if (code != EX_OK) {
		if (code > 0)
			print_help(job, stderr);
		return code < 0 ? EX_OK : code;
	}
	sigaction(SIGTERM, &stopping, NULL);
	sigaction(SIGINT, &stopping, NULL);
	budget_ctx_init(&ctx, ARENA_MAX_BYTES);
	code = prepare(&ctx, &running);
	if (code == EX_OK)
		code = run(&ctx, &running);
	budget_ctx_clear(&ctx);
	budget_pool_close();
	return code;
}
