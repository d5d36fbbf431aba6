/*
 * The private schedule: starts the jobs of etc/schedule.tsv, never two of one kind, each one once after however many
 * ticks were missed (suspend, a long run). A job that takes longer than its limit is told to end, then killed. Jobs die
 * with us. SIGHUP reads the table again, SIGTERM lets running batches end. The database is asked for intervals at the
 * start, and every two seconds whether somebody asked for a job by the API; jobs speak to it, each for itself.
 */
#include "cron/schedule.h"

#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "lib/ctx.h"
#include "lib/db.h"
#include "lib/log.h"
#include "lib/settings.h"
#include "lib/version.h"

#define STOP_MS 15000    /* a batch that runs may end */
#define KILL_AFTER_MS 10000
#define ARENA_MAX_BYTES (1 << 20)
#define WISH_MS 2000       /* between looks for jobs that were asked for */
#define WISH_AWAY_MS 30000 /* the same while the database is away */

static const char help[] =
    "usage: schedule [--table FILE] [--programs DIR] [--once]\n\n"
    "Starts the jobs of a table, each at its interval, and stays. Needs no root.\n\n"
    "  --table FILE    default: etc/schedule.tsv of the data folder\n"
    "  --programs DIR  where the jobs are; default: beside this program\n"
    "  --once          start every job once, one after the other, and end (exit 70 when one failed)\n";

struct options {
	const char *table, *programs;
	bool is_once;
};

static struct schedule schedule;
static char folder[PATH_MAX]; /* of the job programs: our own */

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now); /* counts on while the machine sleeps */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
child(const struct entry *entry, const sigset_t *mask)
{
	char path[PATH_MAX + SCHEDULE_NAME_MAX], every[24];

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigprocmask(SIG_UNBLOCK, mask, NULL);
	snprintf(path, sizeof path, "%s/%s", folder, entry->name);
	snprintf(every, sizeof every, "%lld", (long long)(entry->every_ms / 1000));
	setenv("BUDGET_JOB_EVERY", every, 1);
	execv(path, entry->argv);
	_exit(errno == ENOENT ? 127 : 126);
}

static void
start(struct entry *entry, const sigset_t *mask)
{
	int64_t now = now_ms();
	pid_t pid = fork();

	if (pid == 0)
		child(entry, mask);
	entry->due_ms = schedule_next(entry, now);
	if (pid < 0) {
		budget_log(BUDGET_LOG_ERROR, "job", "%s: cannot be started: %s", entry->name, strerror(errno));
		return;
	}
	entry->pid = pid;
	entry->started_ms = now;
	entry->is_told = false;
}

static int
ended(struct entry *entry, int status)
{
	int64_t took_ms = now_ms() - entry->started_ms;

	entry->pid = 0;
	if (WIFSIGNALED(status)) {
		budget_log(BUDGET_LOG_ERROR, "job", "%s: ended by signal %d after %lld ms", entry->name, WTERMSIG(status),
		    (long long)took_ms);
		return EX_SOFTWARE;
	}
	int code = WEXITSTATUS(status);
	if (code == 127)
		budget_log(BUDGET_LOG_ERROR, "job", "%s: there is no program %s/%s", entry->name, folder, entry->name);
	else if (code == EX_UNAVAILABLE) /* nobody outside answers: the job's warning is enough */
		budget_log(BUDGET_LOG_DEBUG, "job", "%s: exit status %d", entry->name, code);
	else if (code != 0) /* the job itself has said why */
		budget_log(BUDGET_LOG_WARNING, "job", "%s: exit status %d after %lld ms; next try in %lld s", entry->name, code,
		    (long long)took_ms, (long long)((entry->due_ms - now_ms()) / 1000));
	else
		budget_log(BUDGET_LOG_DEBUG, "job", "%s: done in %lld ms", entry->name, (long long)took_ms);
	return code;
}

static int
reap(void)
{
	int status, worst = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < schedule.count; i++)
			if (schedule.entries[i].pid == pid) {
				int code = ended(&schedule.entries[i], status);
				worst = code > worst ? code : worst;
			}
	return worst;
}

static int
count_running(int signal_number)
{
	int count = 0;

	for (int i = 0; i < schedule.count; i++)
		if (schedule.entries[i].pid > 0) {
			count++;
			if (signal_number)
				kill(schedule.entries[i].pid, signal_number);
		}
	return count;
}

static void
stop_slow(int64_t now)
{
	for (int i = 0; i < schedule.count; i++) {
		struct entry *entry = &schedule.entries[i];
		int64_t over_ms = entry->pid ? now - entry->started_ms - entry->limit_ms : -1;
		if (over_ms < 0)
			continue;
		if (!entry->is_told)
			budget_log(BUDGET_LOG_WARNING, "job", "%s: runs longer than %lld s and is stopped", entry->name,
			    (long long)(entry->limit_ms / 1000));
		if (!entry->is_told || over_ms > KILL_AFTER_MS)
			kill(entry->pid, over_ms > KILL_AFTER_MS ? SIGKILL : SIGTERM);
		entry->is_told = true;
	}
}

/* Keeps what runs and when it is due next, where the name is still there. */
static bool
read_table(const char *path)
{
	struct schedule fresh;
	const char *error;

	if (!schedule_read(&fresh, path, &error)) {
		budget_log(BUDGET_LOG_ERROR, "job", "schedule: %s", error);
		return false;
	}
	for (int i = 0; i < fresh.count; i++) {
		struct entry *entry = &fresh.entries[i];
		entry->due_ms = now_ms() + entry->delay_ms; /* a new entry runs at once, but for prices */
		for (int k = 0; k < schedule.count; k++)
			if (strcmp(schedule.entries[k].name, entry->name) == 0) {
				entry->pid = schedule.entries[k].pid;
				entry->started_ms = schedule.entries[k].started_ms;
				entry->due_ms = schedule.entries[k].due_ms < entry->due_ms + entry->every_ms ? schedule.entries[k].due_ms
				    : entry->due_ms + entry->every_ms;
			}
	}
	schedule = fresh;
	for (int i = 0; i < schedule.count; i++) { /* argv points into the copy */
		struct entry *entry = &schedule.entries[i];
		for (int word = 0; entry->argv[word]; word++)
			entry->argv[word] = (char *)entry + (entry->argv[word] - (char *)&fresh.entries[i]);
	}
	budget_log(BUDGET_LOG_INFO, "job", "schedule: %d jobs", schedule.count);
	return true;
}

static int
stop_all(const sigset_t *mask)
{
	int64_t until = now_ms() + STOP_MS;
	const struct timespec step = { .tv_nsec = 100 * 1000000 };

	for (int number = SIGTERM; count_running(number) > 0 && now_ms() < until; number = 0) {
		sigtimedwait(mask, NULL, &step);
		reap();
	}
	if (count_running(SIGKILL) > 0)
		budget_log(BUDGET_LOG_WARNING, "job", "schedule: jobs that did not end were killed");
	return EX_OK;
}

/* Makes due what somebody asked for by the API. Has a context of its own: the loop's keeps what lives to the end. */
static void
hear_wishes(int64_t now)
{
	static struct budget_ctx ctx;
	static int64_t next_ms;
	_auto_result_ struct budget_result *rows = NULL;

	if (now < next_ms || !budget_setting_text("database_url"))
		return;
	if (next_ms == 0)
		budget_ctx_init(&ctx, ARENA_MAX_BYTES);
	bool is_heard = budget_db_run(&ctx, STMT_JOBS_REQUESTED, NULL, 0, &rows) == BUDGET_OK;
	for (int i = 0; is_heard && i < budget_result_rows(rows); i++)
		for (int k = 0; k < schedule.count; k++)
			if (strcmp(schedule.entries[k].name, budget_result_text(rows, i, 0)) == 0)
				schedule.entries[k].due_ms = schedule.entries[k].due_ms < now ? schedule.entries[k].due_ms : now;
	next_ms = now + (is_heard ? WISH_MS : WISH_AWAY_MS);
	budget_ctx_reset(&ctx);
}

static int
loop(const sigset_t *mask, const char *table)
{
	for (;;) {
		struct entry *entry;
		hear_wishes(now_ms());
		while ((entry = schedule_due(&schedule, now_ms())) != NULL)
			start(entry, mask);
		stop_slow(now_ms());
		int wait_ms = schedule_wait_ms(&schedule, now_ms());
		if (wait_ms > WISH_MS)
			wait_ms = WISH_MS;
		if (count_running(0) > 0 && wait_ms > 1000)
			wait_ms = 1000; /* a slow job is looked at each second */
		const struct timespec wait = { .tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000L };
		int number = sigtimedwait(mask, NULL, &wait);
		if (number == SIGTERM || number == SIGINT)
			return stop_all(mask);
		if (number == SIGHUP)
			read_table(table);
		reap();
	}
}

/* --once: for people and tests. */
static int
once(const sigset_t *mask)
{
	int worst = EX_OK;

	for (int i = 0; i < schedule.count; i++) {
		struct entry *entry = &schedule.entries[i];
		int status;
		if (entry->delay_ms >= entry->every_ms) /* not at a start, says its setting */
			continue;
		start(entry, mask);
		if (entry->pid > 0 && waitpid(entry->pid, &status, 0) == entry->pid && ended(entry, status) != EX_OK)
			worst = EX_SOFTWARE;
	}
	return worst;
}

/* Intervals may come from PUT /settings. Without a database now, the other layers do. */
static void
read_stored_settings(struct budget_ctx *ctx)
{
	const char *url = budget_setting_text("database_url");

	if (url && budget_pool_open(url, 1, 1000) == BUDGET_OK && budget_settings_start_database(ctx) != BUDGET_OK)
		budget_log(BUDGET_LOG_WARNING, "job", "schedule: intervals set by PUT /settings are not known now: %s",
		    ctx->error.detail);
	budget_db_release(ctx); /* the pool stays, for hear_wishes(); jobs have connections of their own */
}

static bool
find_folder(const char *named)
{
	char self[PATH_MAX];

	if (named)
		return snprintf(folder, sizeof folder, "%s", named) < (int)sizeof folder;
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

	if (length < 1)
		return false;
	self[length] = '\0';
	char *parent = dirname(self);
	char *libs = strstr(parent, "/.libs"); /* run from a build tree, where libtool keeps programs a folder deeper */
	if (libs && libs[6] == '\0')
		*libs = '\0';
	snprintf(folder, sizeof folder, "%s", parent);
	return true;
}

/* EX_OK to go on, -1 after --help. */
static int
parse_options(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{ "table", required_argument, NULL, 't' }, { "programs", required_argument, NULL, 'p' },
		{ "once", no_argument, NULL, 'o' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	int letter;

	while ((letter = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (letter) {
		case 't': options->table = optarg; break;
		case 'p': options->programs = optarg; break;
		case 'o': options->is_once = true; break;
		case 'h': return fputs(help, stdout) < 0 ? EX_IOERR : -1;
		default: return fputs(help, stderr) < 0 ? EX_IOERR : EX_USAGE;
		}
	}
	return optind == argc ? EX_OK : EX_USAGE;
}

/* Blocks what the loop waits for by sigtimedwait(). */
static void
block_signals(sigset_t *mask)
{
	sigemptyset(mask);
	for (const int *number = (const int[]){ SIGTERM, SIGINT, SIGHUP, SIGCHLD, 0 }; *number; number++)
		sigaddset(mask, *number);
	sigprocmask(SIG_BLOCK, mask, NULL);
}

int
main(int argc, char **argv)
{
	struct options options = { 0 };
	struct budget_ctx ctx;
	sigset_t mask;
	int code = parse_options(argc, argv, &options);

	if (code != EX_OK)
		return code < 0 ? EX_OK : code;
	budget_ctx_init(&ctx, ARENA_MAX_BYTES);
	if (budget_settings_start(&ctx) != BUDGET_OK) {
		fprintf(stderr, "schedule: %s\n", ctx.error.detail);
		return EX_CONFIG;
	}
	budget_log_init(budget_setting_is("debug") ? BUDGET_LOG_DEBUG : BUDGET_LOG_INFO, "schedule");
	read_stored_settings(&ctx);
	if (!options.table)
		options.table = budget_arena_printf(&ctx.arena, "%s/etc/schedule.tsv", budget_data_dir());
	block_signals(&mask);
	if (!options.table || !find_folder(options.programs) || !read_table(options.table))
		return EX_CONFIG;
	code = options.is_once ? once(&mask) : loop(&mask, options.table);
	budget_ctx_clear(&ctx);
	return code;
}
