/*
 * libcurl behind a small door: one request, one answer, with limits on everything. Not a general purpose client: http
 * and https only (no file:, no unix sockets by URL), no cookies, no proxy for loopback addresses, redirects only when
 * asked for. Only http.c and http_url.c include curl. Used by the CLI and by jobs; never by request handlers.
 */
#ifndef BUDGET_LIB_HTTP_H
#define BUDGET_LIB_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

struct budget_ctx;

/* Limits used where a request leaves a field 0. */
#define BUDGET_HTTP_CONNECT_MS 5000
#define BUDGET_HTTP_TOTAL_MS 60000
#define BUDGET_HTTP_ANSWER_BYTES ((size_t) 64 * 1024 * 1024)
#define BUDGET_HTTP_HEADERS_MAX 32

/* Called with each line that goes out ('>'), comes in ('<') or says how it went ('*'), without its line end. */
typedef void budget_http_trace_fn(void *user, char direction, const char *line);

struct budget_http_request {
	const char *method;                /* NULL = GET */
	const char *url;                   /* http://… or https://…, no user or password in it */
	const char *const *headers;        /* "Name: value", ends with NULL; NULL = none. CR and LF are refused */
	const char *body;                  /* NULL = none */
	size_t body_length;
	const char *ca_file;               /* https: certificates to trust instead of the system's, or NULL */
	const char *user_agent;            /* NULL = "budget/<version>" */
	long connect_ms, total_ms;         /* 0 = the defaults above */
	size_t answer_max_bytes;           /* decoded body at most; 0 = the default above */
	int redirects_max;                 /* 0 = a redirect is an answer like any other */
	bool is_guarded;                   /* https only, and only to public addresses; a proxy is used only if named below */
	const char *proxy;                 /* NULL = as the environment says, "" = none */
	budget_http_trace_fn *trace;       /* NULL = silent. Values of Authorization and X-API-Key arrive masked */
	void *trace_user;
};

struct budget_http_answer {
	int status;                        /* any HTTP status: 404 is an answer, not a failure */
	const char *body;                  /* NUL behind the last byte; "" when empty; in the arena */
	size_t body_length;
	const char *content_type;          /* NULL = not sent */
	const char *headers[BUDGET_HTTP_HEADERS_MAX]; /* "name: value" of the last answer, as sent */
	size_t headers_count;
	long elapsed_ms;
};

/**
 * Sends one request and waits for the whole answer. Everything returned lives in ctx's arena.
 * Thread safe per ctx; raises no signal.
 * @return BUDGET_OK: an answer came, whatever its status;
 *         BUDGET_EINVALID: bad_url, bad_header, and nothing was sent;
 *         BUDGET_EUPSTREAM: unreachable (nobody answers there: nothing was done), tls_failed, timeout and
 *         connection_lost (the request may have been carried out), not_http, too_many_redirects, address_refused (is_guarded);
 *         BUDGET_ETOOLARGE: answer_too_large, or beyond the arena's cap
 */
enum budget_status budget_http_send(struct budget_ctx *ctx, const struct budget_http_request *request,
    struct budget_http_answer *ret_answer);

/** Value of an answer's header (name in any case), or NULL. Borrowed. */
const char *budget_http_header(const struct budget_http_answer *answer, const char *name);

/**
 * Where a Location leads, seen from the URL that answered with it; also a check that a URL can be used at all.
 * @return BUDGET_EINVALID bad_url
 */
enum budget_status budget_http_join(struct budget_ctx *ctx, const char *base, const char *location,
    const char **ret_url);

/** Host of a URL, without the brackets of an IPv6 address, in the arena; NULL when there is none. */
const char *budget_http_host(struct budget_ctx *ctx, const char *url);

/** Text percent-encoded for one path segment or query value (RFC 3986 unreserved bytes stay), in the arena. */
const char *budget_http_encode(struct budget_ctx *ctx, const char *text);

#endif
