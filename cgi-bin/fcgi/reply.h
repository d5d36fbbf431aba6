/* What goes back. A handler sets status and body; errors are written by the runtime from ctx.error. */
#ifndef BUDGET_FCGI_REPLY_H
#define BUDGET_FCGI_REPLY_H

#include <stddef.h>

struct request;

struct reply {
	int status;               /* 0 = the route's success status */
	const char *content_type; /* NULL = application/json */
	const char *body;
	size_t body_length;
	const char *etag;         /* without quotes */
	const char *headers[16];  /* more header lines "Name: value" without CRLF */
	int headers_count;
};

/** JSON body, kept until the reply is sent (arena or literal). */
void reply_json(struct request *request, int status, const char *body);

/** Answers ctx.error as problem+json (RFC 9457), with the headers its status asks for. */
void reply_problem(struct request *request);

/** Adds ETag, and turns a 200 to a GET into 304 when If-None-Match names this version. */
void reply_match(struct request *request);

/** Writes status line, headers and body to the web server; a HEAD gets no body. */
void reply_send(struct request *request);

/** Adds a header line; name and value are checked for CR and LF. */
void reply_header(struct request *request, const char *name, const char *value);

#endif
