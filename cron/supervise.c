/* Supervisor of one home: the loop. See supervise.h for the table and the promises. */
#include "cron/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

struct options {
	const char *table, *lock, *state, *log_dir;
	bool die_with_parent;
};

static struct services services;
static const struct options *options;

int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
say(const char *level, const char *format, ...)
{
	char message[512], stamp[32];
	time_t now = time(NULL);
	struct tm parts;
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
	for (char *c = message; *c != '\0'; c++)
		if (*c == '"' || *c == '\\' || (unsigned char) *c < ' ')
			*c = ' ';
	fprintf(stderr, "{\"time\":\"%s\",\"level\":\"%s\",\"component\":\"supervisor\",\"message\":\"%s\"}\n", stamp, level, message);
}

/* Start time of a process in clock ticks since boot: with the pid it names a process for good. "0" when it is gone. */
static void
start_time(pid_t pid, char *ret_ticks, size_t size)
{
	char path[64], text[1024], *at;
	size_t length = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int) pid);
	snprintf(ret_ticks, size, "0");
	file = fopen(path, "re");
	if (file != NULL) {
		length = fread(text, 1, sizeof(text) - 1, file);
		fclose(file);
	}
	text[length] = '\0';
	at = strrchr(text, ')'); /* the name in parentheses may hold anything */
	for (int field = 2; at != NULL && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at != NULL)
		snprintf(ret_ticks, size, "%.*s", (int) strcspn(at + 1, " "), at + 1);
}

/* Who runs, for `run_budget.sh status` and for the next start: name, pid, start time, restarts. */
static void
write_state(void)
{
	char path[PATH_MAX], ticks[32];
	FILE *file;

	snprintf(path, sizeof(path), "%s.new", options->state);
	file = fopen(path, "we");
	if (file == NULL) {
		say("ERROR", "cannot write %s: %s", path, strerror(errno));
		return;
	}
	start_time(getpid(), ticks, sizeof(ticks));
	fprintf(file, "supervisor\t%d\t%s\t0\n", (int) getpid(), ticks);
	for (int i = 0; i < services.count; i++) {
		const struct service *service = &services.items[i];

		start_time(service->pid, ticks, sizeof(ticks));
		fprintf(file, "%s\t%d\t%s\t%d\n", service->name, (int) service->pid, service->pid == 0 ? "0" : ticks, service->restarts);
	}
	if (fclose(file) != 0 || rename(path, options->state) != 0)
		say("ERROR", "cannot write %s: %s", options->state, strerror(errno));
}

/* Collects every child that ended. True when there was one. */
static bool
reap(void)
{
	bool any = false;
	int wait_status;
	pid_t pid;

	while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0)
		for (int i = 0; i < services.count; i++)
			if (services.items[i].pid == pid) {
				service_ended(&services.items[i], wait_status);
				any = true;
			}
	return any;
}

/* Starts what is due. True when something changed. */
static bool
start_due(void)
{
	bool any = false;

	for (int i = 0; i < services.count; i++) {
		struct service *service = &services.items[i];

		if (!service->is_wanted || service->pid != 0 || service->due_ms > now_ms())
			continue;
		if (service_listen(service))
			service_start(service, options->log_dir);
		else {
			service->due_ms = now_ms() + RESTART_LAST_MS;
			service->restarts++;
		}
		any = true;
	}
	return any;
}

static struct timespec
next_due(void)
{
	int64_t wait_ms = 60000, now = now_ms();

	for (int i = 0; i < services.count; i++)
		if (services.items[i].pid == 0 && services.items[i].is_wanted && services.items[i].due_ms - now < wait_ms)
			wait_ms = services.items[i].due_ms - now;
	if (wait_ms < 1)
		wait_ms = 1;
	return (struct timespec){ .tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000 };
}

static int
running(int stage)
{
	int count = 0;

	for (int i = 0; i < services.count; i++)
		count += services.items[i].pid != 0 && !services.items[i].is_wanted && services.items[i].stage == stage;
	return count;
}

/* Stops the unwanted services of one stage: asks, then QUIT, then KILL, each with its time. */
static void
stop_stage(int stage, const sigset_t *signals)
{
	static const int waits_ms[] = { STOP_MS, QUIT_MS, QUIT_MS };

	for (int step = 0; step < 3 && running(stage) > 0; step++) {
		int64_t until = now_ms() + waits_ms[step];

		for (int i = 0; i < services.count; i++) {
			const struct service *service = &services.items[i];

			if (service->pid == 0 || service->is_wanted || service->stage != stage)
				continue;
			if (step > 0)
				say("WARNING", "%s does not stop: signal %d", service->name, step == 1 ? SIGQUIT : SIGKILL);
			kill(step == 2 ? -service->pid : service->pid, step == 0 ? service->stop_signal : step == 1 ? SIGQUIT : SIGKILL);
		}
		while (running(stage) > 0 && now_ms() < until) {
			sigtimedwait(signals, NULL, &(struct timespec){ .tv_nsec = 100 * 1000000 });
			reap();
		}
	}
}

/* Stops what is no longer wanted, highest stage first, and forgets it. */
static void
stop_unwanted(const sigset_t *signals)
{
	int kept = 0;

	for (int stage = 99; stage >= 0; stage--)
		stop_stage(stage, signals);
	for (int i = 0; i < services.count; i++)
		if (services.items[i].is_wanted)
			services.items[kept++] = services.items[i];
		else
			service_clear(&services.items[i]);
	services.count = kept;
}

static void
serve(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	write_state(); /* even of an empty table: whoever started us waits for it */
	for (;;) {
		struct timespec pause;
		int got;

		if (start_due())
			write_state();
		pause = next_due();
		got = sigtimedwait(&signals, NULL, &pause);
		if (reap())
			write_state();
		if (got == SIGTERM || got == SIGINT)
			break;
		if (got == SIGHUP && services_read(&services, options->table)) {
			stop_unwanted(&signals);
			write_state();
		}
	}
	for (int i = 0; i < services.count; i++)
		services.items[i].is_wanted = false;
	stop_unwanted(&signals);
	unlink(options->state);
}

static int
usage(void)
{
	fputs("usage: supervise --table FILE --lock FILE --state FILE --logs FOLDER [--die-with-parent]\n", stderr);
	return EX_USAGE;
}

int
main(int argc, char **argv)
{
	struct options given = { .table = NULL };
	pid_t parent = getppid();
	int lock;

	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(argv[i], "--die-with-parent") == 0) {
			given.die_with_parent = true;
			continue;
		}
		if (value == NULL)
			return usage();
		if (strcmp(argv[i], "--table") == 0)
			given.table = value;
		else if (strcmp(argv[i], "--lock") == 0)
			given.lock = value;
		else if (strcmp(argv[i], "--state") == 0)
			given.state = value;
		else if (strcmp(argv[i], "--logs") == 0)
			given.log_dir = value;
		else
			return usage();
		i++;
	}
	if (given.table == NULL || given.lock == NULL || given.state == NULL || given.log_dir == NULL)
		return usage();
	if (given.die_with_parent) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			return EXIT_SUCCESS;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* backends of a killed postmaster come to us, not to an init that may not reap */
	lock = open(given.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) != 0) {
		say("ERROR", "another supervisor holds %s", given.lock);
		return EX_TEMPFAIL;
	}
	options = &given;
	if (!services_read(&services, given.table))
		return EX_NOINPUT;
	serve();
	return EXIT_SUCCESS;
}
