/* One REST call of the CLI: URL, key, ids, debug lines, and what a problem document says to a person. */
#ifndef BUDGET_CLIENTS_CLI_CLIENT_H
#define BUDGET_CLIENTS_CLI_CLIENT_H

#include <stdio.h>

#include "clients/cli/cli.h"
#include "lib/http.h"

struct answer {
	struct budget_http_answer http;
	struct json_object *json; /* parsed body, kept until the end; NULL when the answer is no JSON */
};

/**
 * Reads --api-url, --api-key … and the environment into cli.
 * @return 0, or an exit code after saying why
 */
int client_setup(struct cli *cli);

/** Connection string of this machine's private database when nothing names another one, else NULL. */
const char *where_database(struct cli *cli);

/**
 * Sends one request.
 * @param path  "/api/v1/limits?period=daily"
 * @param body  JSON text or NULL
 * @return 0 on a 2xx answer, and on the 503 of /health, which is an answer too; else an exit code after the problem was
 *         explained on stderr (with --format json the problem document itself also goes to stdout)
 */
int client_call(struct cli *cli, const char *method, const char *path, const char *body, struct answer *ret_answer);

/* wait.c */
/** How a run that goes on without us is looked at. */
struct waiting {
	const char *runs;      /* its path without the id: "/api/v1/prices/reprice" */
	const char *query;     /* behind the id: "?limit=10000", or "" */
	const char *state;     /* member that is "queued" or "running" until it has ended */
	const char *progress;  /* out_sentence() on the run, for a terminal */
	const char *job;       /* who takes a queued run */
};

/**
 * Looks at a run once a second until it has ended; says how far it is on a terminal.
 * @param[in,out] run  the answer that began it; the last look
 * @return 0, or an exit code after saying why: a look failed, or nobody takes the run
 */
int client_wait(struct cli *cli, const struct waiting *waiting, struct answer *run);

/* client.c */
/** What a refusal leaves to do, by its decision: how much fits, until when, how to ask for more. Lines for `out`. */
void client_advise(struct cli *cli, FILE *out, struct json_object *decision);

/* run.c */
/** Builds the request of cli's command from the tables and sends it: client_call() for commands of their own. */
int command_call(struct cli *cli, struct answer *ret_answer);

/** Writes an answer's body to stdout as it came, with a line end. */
void print_body(const struct answer *answer);

/* list.c */
/** Fetches the pages of a list, as many as wanted, and shows them with the command's view. Returns an exit code. */
int command_list(struct cli *cli, const char *path);

/** Shows an answer as cli's command and --format want it. Returns an exit code. */
int command_show(struct cli *cli, const struct answer *answer);

#endif
