/*
 * The supervisor of one home. It starts the services of a table, holds their listening sockets, restarts what dies and
 * stops everything in order. Because it holds the sockets, a connection made while a service restarts waits in the
 * backlog instead of being refused. Services die with it (PR_SET_PDEATHSIG), so nothing is left behind by a kill -9.
 *
 * Table (run/services), one service a line, columns separated by tabs:
 *   stage  name  stop-signal  sockets  program  argument…
 *   stage        services stop in falling order of stage, one stage after the other
 *   stop-signal  TERM, INT or QUIT: the program's own word for "finish what runs, then exit"
 *   sockets      "-", or a comma-separated list of unix socket paths (the first becomes the program's fd 0, as FastCGI
 *                wants it) or of tcp:ADDRESS:PORT (passed from fd 3 with LISTEN_FDS, as systemd does)
 * SIGHUP reads the table again; SIGTERM and SIGINT stop everything.
 */
#ifndef BUDGET_CRON_SUPERVISE_H
#define BUDGET_CRON_SUPERVISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	SERVICE_WORDS_MAX = 48,
	SERVICE_SOCKETS_MAX = 4,
	SERVICES_MAX = 64,
	RESTART_FIRST_MS = 50,      /* pause before the first restart; doubles */
	RESTART_LAST_MS = 5000,
	HEALTHY_MS = 10000,         /* who lived this long starts again without a pause */
	STOP_MS = 35000,            /* then SIGQUIT, then after QUIT_MS SIGKILL */
	QUIT_MS = 5000,
	LOG_MAX_BYTES = 64 << 20    /* a bigger log is moved to NAME.log.1 when its service starts */
};

struct service {
	char *line;                 /* the table's line, to see a change; owns the words of argv */
	char *text;
	int stage, stop_signal;
	const char *name, *sockets;
	char *argv[SERVICE_WORDS_MAX + 1];
	int listen_fds[SERVICE_SOCKETS_MAX], listen_count;
	bool is_tcp, is_wanted;
	pid_t pid;                  /* 0 = not running */
	int64_t started_ms, due_ms; /* due_ms: when it may start (again) */
	int pause_ms, restarts;
};

struct services {
	struct service items[SERVICES_MAX];
	int count;
};

/** Reads the table. Services whose line is unchanged keep running; vanished or changed ones become unwanted. */
bool services_read(struct services *services, const char *path);

/** Opens the sockets of a service, once; they stay open over its restarts. False: said on stderr. */
bool service_listen(struct service *service);

/** Starts the program with its sockets, its log file and our death as its stop signal. */
void service_start(struct service *service, const char *log_dir);

/** Books the end of a process and sets when it may start again. */
void service_ended(struct service *service, int wait_status);

/** Frees a service that is gone from the table and no longer runs. */
void service_clear(struct service *service);

/** Milliseconds of the monotonic clock. */
int64_t now_ms(void);

/** One line of the supervisor's log. */
void say(const char *level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
