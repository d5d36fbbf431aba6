/* One HTTP request as a handler sees it: routed, authorised, decoded. */
#ifndef BUDGET_FCGI_REQUEST_H
#define BUDGET_FCGI_REQUEST_H

#include <stdint.h>

#include "cgi-bin/fcgi/route.h"
#include "lib/text.h"

struct FCGX_Request;
struct budget_key;
struct json_object;
struct program;

#define PATH_PARAMS_MAX 4

struct request {
	struct budget_ctx ctx;
	const struct route *route;
	const char *method, *path;       /* path without prefix and query, still percent-encoded */
	const char *uri_path;            /* with the prefix: what errors call "instance" */
	const char *query_string;        /* "" when none */
	const char *param_names[PATH_PARAMS_MAX];
	const char *params[PATH_PARAMS_MAX]; /* decoded */
	int params_count;
	struct budget_values query, values; /* values = the body's fields */
	struct json_object *json;        /* parsed body, NULL when none; freed by the runtime */
	const char *body;                /* raw bytes, NUL behind them */
	size_t body_length;
	const char *content_type, *idempotency_key, *if_match, *if_none_match;
	bool is_head, is_root;           /* HEAD served as GET; path stands at the root */
	char **envp;                     /* FastCGI parameters, for the rare handler that needs another header */
	struct reply *reply;             /* reply.h */
	const struct program *program;
	const struct budget_key *key;    /* the API key used, in the arena; NULL: none */
	struct FCGX_Request *fcgx;       /* of the runtime only; NULL in unit tests */
	int64_t started_us;              /* monotonic */
};

/** Path parameter by name, or NULL. */
const char *request_param(const struct request *request, const char *name);

/** Another request header by its FastCGI name ("HTTP_ACCEPT"), or NULL. */
const char *request_header(const struct request *request, const char *name);

/** args for an API function: path, query and body values merged into one JSON object text. NULL: arena full. */
const char *request_args(struct request *request);

/**
 * context for an API function: {"role","actor","key_id","key_budget_id","request_id","if_match","idempotency_key"}.
 * NULL: arena full.
 */
const char *request_context(struct request *request);

/** Fills method, path, request id and the headers above from envp. BUDGET_ESYNTAX bad_encoding, bad_header. */
enum budget_status request_read_head(struct request *request);

#endif
