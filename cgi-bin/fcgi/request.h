/* One HTTP request as a handler sees it: routed, authorised, decoded. */
#ifndef BUDGET_FCGI_REQUEST_H
#define BUDGET_FCGI_REQUEST_H

#include "cgi-bin/fcgi/route.h"
#include "lib/text.h"

struct json_object;

#define PATH_PARAMS_MAX 4

struct request {
	struct budget_ctx ctx;
	const struct route *route;
	const char *method, *path;       /* path without prefix and query, still percent-encoded */
	const char *param_names[PATH_PARAMS_MAX];
	const char *params[PATH_PARAMS_MAX]; /* decoded */
	int params_count;
	struct budget_values query, values; /* values = the body's fields */
	struct json_object *json;        /* parsed body, NULL when none; freed by the runtime */
	const char *body;                /* raw bytes */
	size_t body_length;
	const char *content_type, *idempotency_key, *if_match, *if_none_match;
	char **envp;                     /* FastCGI parameters, for the rare handler that needs another header */
	struct reply *reply;             /* reply.h */
};

/** Path parameter by name, or NULL. */
const char *request_param(const struct request *request, const char *name);

/** Another request header by its FastCGI name ("HTTP_ACCEPT"), or NULL. */
const char *request_header(const struct request *request, const char *name);

/** args for an API function: path, query and body values merged into one JSON object text. */
const char *request_args(struct request *request);

/** context for an API function: {"role","actor","key_id","key_budget_id","request_id","if_match","idempotency_key"}. */
const char *request_context(struct request *request);

#endif
