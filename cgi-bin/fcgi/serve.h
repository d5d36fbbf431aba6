/* The runtime of every FastCGI program: options, settings, socket, threads, drain. */
#ifndef BUDGET_FCGI_SERVE_H
#define BUDGET_FCGI_SERVE_H

#include "cgi-bin/fcgi/route.h"

/* What a program is made of. tables ends with NULL; each table ends with a row whose method is NULL. */
struct program {
	const char *name;      /* "budgets": socket file budgets.sock, log component "api" */
	const char *about;
	const struct route *const *tables;
	bool is_ledger;        /* its connections price sequential scans out: plans are cached while tables may be empty */
	enum budget_status (*start)(void); /* after settings and pool are ready, before the first request; or NULL */
	void (*stop)(void);                /* after the last request; or NULL */
};

/**
 * main() of a program: `PROGRAM --socket PATH [--threads N]`, `--routes`, `--help`, `--version`.
 * Threads accept on one unix socket, each with its own context. SIGTERM: stop accepting, finish what runs, exit 0.
 */
int fcgi_main(const struct program *program, int argc, char **argv);

/** Serves one request whose envp and program are set, errors included: afterwards request->reply is ready to send. */
void fcgi_exchange(struct request *request);

#endif
