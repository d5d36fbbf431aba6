/* main() of the programs: options, the listening socket, the threads and their end. */
#include "cgi-bin/fcgi/serve.h"

#include <errno.h>
#include <fcgiapp.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "cgi-bin/fcgi/auth.h"
#include "cgi-bin/fcgi/body.h"
#include "cgi-bin/fcgi/config.h"
#include "cgi-bin/fcgi/meter.h"
#include "cgi-bin/fcgi/reply.h"
#include "cgi-bin/fcgi/request.h"
#include "lib/budget.h"
#include "lib/when.h"

enum { THREADS_MAX = 512, BACKLOG = 1024, DRAIN_SECONDS = 30, STACK_BYTES = 512 * 1024, SOCKET_MODE = 0660 };

struct worker {
	pthread_t thread;
	_Atomic bool is_busy, has_ended;
};

static const struct program *program;
static struct worker workers[THREADS_MAX];
static _Atomic bool is_stopping;
static int listen_fd = -1;

/* Only there to end a blocked accept() with EINTR. */
static void
wake(int number)
{
	(void)number;
}

static void
log_request(const struct request *request, int64_t duration_us)
{
	int status = request->reply->status;

	budget_log(status >= 500 ? BUDGET_LOG_INFO : BUDGET_LOG_DEBUG, "api", "%s %s %d %.1f ms", request->method,
	    request->uri_path, status, (double)duration_us / 1000.0);
}

/* A neighbour looks whether we are alive (status_probe.c): no route, no log, no counter. */
static bool
is_ping(FCGX_Request *fcgx)
{
	if (FCGX_GetParam("BUDGET_PING", fcgx->envp) == NULL)
		return false;
	FCGX_PutS("Status: 204 No Content\r\n\r\n", fcgx->out);
	FCGX_Finish_r(fcgx);
	return true;
}

static void
count(const struct request *request, int64_t duration_us)
{
	int open = 0, busy = 0;
	long failures = 0;

	meter_end(request->method, request->route != NULL ? request->route->path : "", request->reply->status, duration_us);
	budget_pool_stats(&open, &busy, &failures);
	meter_pool(open, busy, failures);
}

/*
 * FCGX_Finish_r() ends its side and waits for the web server to end the other: one more sleep of the thread for each
 * request. That is against bytes that nobody has read, which a plain close() would turn into an error over there. Where the
 * request was read to its end there are none.
 */
static void
finish(FCGX_Request *fcgx)
{
	if (fcgx->keepConnection || FCGX_HasSeenEOF(fcgx->in) == 0 || FCGX_GetError(fcgx->in) != 0) {
		FCGX_Finish_r(fcgx);
		return;
	}
	FCGX_FClose(fcgx->err);
	FCGX_FClose(fcgx->out);
	FCGX_Free(fcgx, 0);
	close(fcgx->ipcFd);
	fcgx->ipcFd = -1;
}

static void
serve_one(struct request *request, FCGX_Request *fcgx)
{
	struct budget_ctx ctx = request->ctx;
	struct reply reply = { .status = 0 };
	int64_t duration_us;

	ctx.arena.cap_bytes = config.arena_max_bytes;
	*request = (struct request){ .ctx = ctx, .reply = &reply, .program = program, .fcgx = fcgx, .envp = fcgx->envp,
		.started_us = budget_now_us() };
	meter_begin();
	fcgi_exchange(request);
	budget_db_release(&request->ctx); /* a slow client must not hold a connection */
	body_drain(request);
	reply_send(request);
	finish(fcgx);
	duration_us = budget_now_us() - request->started_us;
	count(request, duration_us);
	log_request(request, duration_us);
	auth_note(request);
	budget_json_put(&request->json);
	budget_ctx_reset(&request->ctx);
	budget_log_request(NULL);
}

static void *
work(void *argument)
{
	struct worker *worker = argument;
	struct request request = { .method = NULL };
	FCGX_Request fcgx;

	budget_ctx_init(&request.ctx, config.arena_max_bytes);
	FCGX_InitRequest(&fcgx, listen_fd, FCGI_FAIL_ACCEPT_ON_INTR);
	while (!is_stopping) {
		int status = FCGX_Accept_r(&fcgx);

		if (status == 0) {
			worker->is_busy = true;
			if (!is_ping(&fcgx))
				serve_one(&request, &fcgx);
			worker->is_busy = false;
		} else if (status != -EINTR && !is_stopping) {
			budget_log(BUDGET_LOG_ERROR, "api", "accept: %s", strerror(-status));
			nanosleep(&(struct timespec){ .tv_nsec = 100 * 1000 * 1000 }, NULL);
		}
	}
	FCGX_Free(&fcgx, 1);
	budget_ctx_clear(&request.ctx);
	worker->has_ended = true;
	return NULL;
}

/* A supervisor may hold the socket and give it to us as descriptor 0: then a restart refuses nobody. */
static bool
is_given(void)
{
	int is_listening = 0;
	socklen_t length = sizeof is_listening;

	return getsockopt(0, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &length) == 0 && is_listening != 0;
}

static int
listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	unlink(path);
	if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || chmod(path, SOCKET_MODE) != 0
	    || listen(fd, BACKLOG) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool
start_workers(int threads)
{
	pthread_attr_t attributes;
	bool is_started = true;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	for (int i = 0; i < threads && is_started; i++)
		is_started = pthread_create(&workers[i].thread, &attributes, work, &workers[i]) == 0;
	pthread_attr_destroy(&attributes);
	return is_started;
}

/*
 * Lets every thread finish its request. The socket may be the supervisor's, so it cannot be shut down to wake those
 * that wait in accept(): they get a signal, again and again, because one that comes just before accept() is lost.
 */
static bool
drain(int threads)
{
	int64_t until_us = budget_now_us() + DRAIN_SECONDS * 1000000LL;
	int running;

	is_stopping = true;
	do {
		running = 0;
		for (int i = 0; i < threads; i++) {
			if (workers[i].has_ended)
				continue;
			running++;
			if (!workers[i].is_busy)
				pthread_kill(workers[i].thread, SIGUSR1);
		}
		if (running > 0)
			nanosleep(&(struct timespec){ .tv_nsec = 5 * 1000 * 1000 }, NULL);
	} while (running > 0 && budget_now_us() < until_us);
	for (int i = 0; i < threads && running == 0; i++)
		pthread_join(workers[i].thread, NULL);
	return running == 0;
}

/* Signals are taken by sigwait() in the first thread; the others inherit the mask. */
static void
block_signals(sigset_t *ret_ends)
{
	struct sigaction action = { .sa_handler = wake };

	sigaction(SIGUSR1, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(ret_ends);
	sigaddset(ret_ends, SIGTERM);
	sigaddset(ret_ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, ret_ends, NULL);
}

static int
run(const char *socket_path, int threads, const sigset_t *ends)
{
	int number = 0;
	bool is_own = !is_given();

	listen_fd = is_own ? listen_at(socket_path) : 0;
	if (listen_fd < 0) {
		budget_log(BUDGET_LOG_ERROR, "api", "cannot listen on %s: %s", socket_path, strerror(errno));
		return EX_CANTCREAT;
	}
	FCGX_Init();
	meter_open(config.run_dir, program->name);
	route_publish(program, config.run_dir);
	if (!start_workers(threads)) {
		budget_log(BUDGET_LOG_ERROR, "api", "cannot start %d threads: %s", threads, strerror(errno));
		return EX_OSERR;
	}
	budget_log(BUDGET_LOG_INFO, "api", "%s serves on %s with %d threads", program->name, socket_path, threads);
	while (number != SIGTERM && number != SIGINT)
		sigwait(ends, &number);
	if (is_own)
		unlink(socket_path);
	if (!drain(threads)) {
		budget_log(BUDGET_LOG_WARNING, "api", "requests still ran after %d s", DRAIN_SECONDS);
		_exit(EX_OK);
	}
	if (program->stop != NULL)
		program->stop();
	budget_pool_close();
	budget_log(BUDGET_LOG_INFO, "api", "%s ends", program->name);
	return EX_OK;
}

static int
start(const char *socket_path, int threads)
{
	static struct budget_ctx settings_ctx; /* settings live in it as long as the process */
	struct budget_ctx *ctx = &settings_ctx;
	const char *slash = strrchr(socket_path, '/');
	sigset_t ends;

	block_signals(&ends);
	budget_ctx_init(ctx, 4 * 1024 * 1024);
	budget_log_init(BUDGET_LOG_INFO, program->name);
	snprintf(config.run_dir, sizeof config.run_dir, "%.*s", slash != NULL ? (int)(slash - socket_path) : 1,
	    slash != NULL ? socket_path : ".");
	if (!budget_keys_open() || config_start(ctx, program->name, program->is_ledger, &threads) != BUDGET_OK) {
		budget_log(BUDGET_LOG_ERROR, "settings", "%s", ctx->error.detail != NULL ? ctx->error.detail : "no random source");
		return EX_CONFIG;
	}
	if (threads > THREADS_MAX)
		threads = THREADS_MAX;
	if (program->start != NULL && program->start() != BUDGET_OK)
		return EX_SOFTWARE;
	return run(socket_path, threads, &ends);
}

static int
help(FILE *out)
{
	fprintf(out, "Usage: %s.fcgi --socket PATH [--threads N] | --routes | --help | --version\n%s\n"
	    "FastCGI program of Budget; a web server talks to it through the unix socket PATH. A listening socket given as\n"
	    "descriptor 0 is used instead of a new one.\n"
	    "  --socket PATH   where to listen; neighbours and counters are looked for in the same folder\n"
	    "  --threads N     requests served at once (default: setting threads)\n"
	    "  --routes        print the routes with their fields as JSON, and end\n", program->name, program->about);
	return out == stdout ? EX_OK : EX_USAGE;
}

int
fcgi_main(const struct program *served, int argc, char **argv)
{
	static const struct option options[] = { { "socket", required_argument, NULL, 's' },
		{ "threads", required_argument, NULL, 't' }, { "routes", no_argument, NULL, 'r' }, { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' }, { NULL, 0, NULL, 0 } };
	const char *socket_path = NULL;
	int option, threads = 0;

	program = served;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's':
			socket_path = optarg;
			break;
		case 't':
			threads = atoi(optarg);
			if (threads < 1)
				return help(stderr);
			break;
		case 'r':
			return route_print(program);
		case 'v':
			puts(budget_version());
			return EX_OK;
		default:
			return help(option == 'h' ? stdout : stderr);
		}
	}
	return socket_path != NULL && optind == argc ? start(socket_path, threads) : help(stderr);
}
