/* Parts of program status. */
#ifndef BUDGET_STATUS_H
#define BUDGET_STATUS_H

#include "cgi-bin/fcgi/request.h"

#define PROGRAMS_MAX 24

/* A program of etc/routes.tsv and whether it answers. */
struct probe {
	char name[32];
	int fd;
	bool is_self, answers;
	const char *detail;    /* why not, for people; NULL when it answers */
	int64_t latency_us;
};

/** Names of all programs, from etc/routes.tsv of the data folder. @return how many; 0: the table cannot be read */
int probe_list(struct probe probes[PROGRAMS_MAX]);

/**
 * Asks every program but ourselves over its socket, all at once, with a request that the runtime answers by itself. So
 * "answers" means that a thread was free and alive, not that a socket exists.
 */
void probe_run(struct probe *probes, int count, int timeout_ms);

/* The worst check decides: nothing works without the database, the rest works without the rest. */
enum health { HEALTH_OK, HEALTH_DEGRADED, HEALTH_FAILED };

struct health_report {
	struct budget_ctx *ctx;
	struct budget_text checks;
	enum health worst;
	bool is_detailed; /* details and names of parts are for the people of the house */
};

/** Looks at every part, or at the database alone. checks is a closed JSON object. */
struct health_report health_report_make(struct request *request, bool is_database_only);

/** GET /metrics. */
enum budget_status metrics_get(struct request *request);

/* The tables that the programs leave beside their sockets. */
struct published {
	struct json_object *programs[PROGRAMS_MAX]; /* {"program","about","routes"}; closed by published_close() */
	int count;
};
#define _auto_published_ __attribute__((cleanup(published_close)))

/** Reads what is there; a program that never ran is missing. */
enum budget_status published_open(struct budget_ctx *ctx, struct published *ret_published);
void published_close(struct published *published);

/** Path of a route as clients use it: "/api/v1/prices/history/{provider}/{model}". */
const char *published_path(struct budget_ctx *ctx, struct json_object *route);

/** GET /discovery, /openapi.json and /docs, from those tables. */
enum budget_status discovery_get(struct request *request);
enum budget_status openapi_get(struct request *request);
enum budget_status docs_get(struct request *request);

/** When this process began, unix seconds. */
int64_t status_started_at(void);

#endif
