#include "cgi-bin/fcgi/reply.h"

#include <fcgiapp.h>
#include <stdio.h>
#include <string.h>

#include "cgi-bin/fcgi/request.h"

enum { HEADERS_MAX = sizeof ((struct reply *)0)->headers / sizeof (char *) };

static const char *
reason_of(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
		{ 200, "OK" }, { 201, "Created" }, { 202, "Accepted" }, { 204, "No Content" }, { 304, "Not Modified" },
		{ 400, "Bad Request" }, { 401, "Unauthorized" }, { 402, "Payment Required" }, { 403, "Forbidden" },
		{ 404, "Not Found" }, { 405, "Method Not Allowed" }, { 409, "Conflict" }, { 412, "Precondition Failed" },
		{ 413, "Content Too Large" }, { 415, "Unsupported Media Type" }, { 422, "Unprocessable Content" },
		{ 428, "Precondition Required" }, { 429, "Too Many Requests" }, { 500, "Internal Server Error" },
		{ 502, "Bad Gateway" }, { 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}

void
reply_json(struct request *request, int status, const char *body)
{
	request->reply->status = status;
	request->reply->content_type = NULL;
	request->reply->body = body;
	request->reply->body_length = body != NULL ? strlen(body) : 0;
}

void
reply_header(struct request *request, const char *name, const char *value)
{
	struct reply *reply = request->reply;
	const char *line;

	if (value == NULL || strpbrk(name, "\r\n") != NULL || strpbrk(value, "\r\n") != NULL)
		return;
	line = budget_arena_printf(&request->ctx.arena, "%s: %s", name, value);
	if (line != NULL && reply->headers_count < HEADERS_MAX)
		reply->headers[reply->headers_count++] = line;
}

/* Members of a problem that its cause adds: `extra` is the text of an object. */
static void
add_extra(struct budget_text *text, const char *extra)
{
	size_t length = extra != NULL ? strlen(extra) : 0;

	if (length < 3 || extra[0] != '{' || extra[length - 1] != '}')
		return;
	budget_text_add(text, ",");
	budget_text_addn(text, extra + 1, length - 2);
}

void
reply_problem(struct request *request)
{
	const struct budget_error *error = &request->ctx.error;
	const char *code = error->code != NULL ? error->code : "internal_error";
	const char *detail = error->detail != NULL ? error->detail : budget_status_title(error->status);
	int status = error->http_status != 0 ? error->http_status : budget_status_http(error->status);
	struct budget_text text;
	const char *body;
	char number[16];

	snprintf(number, sizeof number, "%d", status);
	budget_text_init(&text, &request->ctx.arena, 512);
	budget_text_add(&text, "{\"type\":\"urn:budget:error:");
	budget_text_add(&text, code);
	budget_text_add(&text, "\"");
	budget_text_member(&text, "title", error->http_status != 0 ? reason_of(status) : budget_status_title(error->status));
	budget_text_member_raw(&text, "status", number);
	budget_text_member(&text, "detail", detail);
	budget_text_member(&text, "instance", request->uri_path);
	budget_text_member(&text, "code", code);
	if (error->pointer != NULL && error->pointer[0] != '\0') {
		budget_text_add(&text, ",\"errors\":[{");
		budget_text_member(&text, "pointer", error->pointer);
		budget_text_member(&text, "detail", detail);
		budget_text_add(&text, "}]");
	}
	budget_text_member(&text, "error", detail);
	budget_text_member(&text, "request_id", request->ctx.request_id);
	add_extra(&text, error->extra);
	budget_text_add(&text, "}");
	body = budget_text_done(&text);
	if (body == NULL) /* the arena is full: what caused the problem must not hide it */
		body = "{\"type\":\"urn:budget:error:too_large\",\"title\":\"Too large\",\"status\":413,\"code\":\"too_large\","
		    "\"detail\":\"The request needs more memory than one request may take: send it in smaller parts.\"}";
	reply_json(request, status, body);
	request->reply->content_type = "application/problem+json";
	request->reply->etag = NULL;
	if (status == 401)
		reply_header(request, "WWW-Authenticate", strcmp(code, "key_required") == 0 ? "Bearer realm=\"budget\""
		    : "Bearer realm=\"budget\", error=\"invalid_token\"");
	if (status == 503)
		reply_header(request, "Retry-After", "1");
}

/* If-None-Match: "a", W/"b-br" or *; compared weakly, as RFC 9110 asks. */
static bool
is_listed(const char *list, const char *etag)
{
	size_t length = strlen(etag);

	if (strcmp(list, "*") == 0)
		return true;
	for (const char *at = strchr(list, '"'); at != NULL; at = strchr(at + 1, '"')) {
		const char *end = strchr(at + 1, '"');

		if (end == NULL)
			return false;
		if (strncmp(at + 1, etag, length) == 0 && (at[1 + length] == '"' || strncmp(at + 1 + length, "-br\"", 4) == 0
		    || strncmp(at + 1 + length, "-gzip\"", 6) == 0))
			return true;
		at = end;
	}
	return false;
}

void
reply_match(struct request *request)
{
	struct reply *reply = request->reply;

	if (reply->etag == NULL)
		return;
	reply_header(request, "ETag", budget_arena_printf(&request->ctx.arena, "\"%s\"", reply->etag));
	if (reply->status == 200 && strcmp(request->method, "GET") == 0 && request->if_none_match != NULL
	    && is_listed(request->if_none_match, reply->etag))
		reply_json(request, 304, NULL);
}

void
reply_send(struct request *request)
{
	struct reply *reply = request->reply;
	const char *type = reply->content_type != NULL ? reply->content_type : "application/json";
	struct budget_text text;
	const char *head;

	budget_text_init(&text, &request->ctx.arena, 512);
	budget_text_addf(&text, "Status: %d %s\r\n", reply->status, reason_of(reply->status));
	if (reply->status != 304 && reply->status != 204)
		budget_text_addf(&text, "Content-Type: %s\r\nContent-Length: %zu\r\n", type, reply->body_length);
	if (request->ctx.request_id != NULL)
		budget_text_addf(&text, "X-Request-Id: %s\r\n", request->ctx.request_id);
	for (int i = 0; i < reply->headers_count; i++)
		budget_text_addf(&text, "%s\r\n", reply->headers[i]);
	budget_text_add(&text, "Cache-Control: no-store\r\n\r\n");
	head = budget_text_done(&text);
	if (head == NULL) { /* beyond the arena: say so in what stands ready */
		FCGX_PutS("Status: 413 Content Too Large\r\nContent-Length: 0\r\n\r\n", request->fcgx->out);
		return;
	}
	FCGX_PutStr(head, (int)text.length, request->fcgx->out);
	if (!request->is_head && reply->body_length > 0)
		FCGX_PutStr(reply->body, (int)reply->body_length, request->fcgx->out);
}
