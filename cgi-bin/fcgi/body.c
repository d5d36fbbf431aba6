#include "cgi-bin/fcgi/body.h"

#include <fcgiapp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cgi-bin/fcgi/config.h"
#include "cgi-bin/fcgi/request.h"
#include "lib/json.h"

enum { FIRST_READ_BYTES = 4096, DRAIN_MAX_BYTES = 64 * 1024 * 1024, MIB = 1024 * 1024 };

static size_t
limit_of(const struct request *request)
{
	return (request->route->flags & ROUTE_LARGE) != 0 ? config.body_large_max_bytes : config.body_max_bytes;
}

static enum budget_status
too_large(struct request *request)
{
	size_t limit = limit_of(request);

	return budget_fail(&request->ctx, BUDGET_ETOOLARGE, "body_too_large", NULL, "The body may have at most %zu %s here%s.",
	    limit % MIB == 0 ? limit / MIB : limit, limit % MIB == 0 ? "MiB" : "bytes",
	    (request->route->flags & ROUTE_LARGE) != 0 ? ": send it in several requests" : "");
}

/* All there is, at most limit bytes. CONTENT_LENGTH sizes the buffer; the stream decides. */
static enum budget_status
read_bytes(struct request *request)
{
	struct budget_arena *arena = &request->ctx.arena;
	const char *announced = request_header(request, "CONTENT_LENGTH");
	size_t limit = limit_of(request), capacity = FIRST_READ_BYTES, length = 0;
	char *body;

	if (announced != NULL && strtoull(announced, NULL, 10) > limit)
		return too_large(request);
	if (announced != NULL)
		capacity = (size_t)strtoull(announced, NULL, 10) + 2; /* one to see the end, one for a NUL */
	body = budget_arena_extend(arena, NULL, 0, capacity);
	while (body != NULL) {
		int n = request->fcgx == NULL ? 0 : FCGX_GetStr(body + length, (int)(capacity - 1 - length), request->fcgx->in);

		length += n > 0 ? (size_t)n : 0;
		if (length > limit)
			return too_large(request);
		if (n <= 0 || length < capacity - 1)
			break;
		body = budget_arena_extend(arena, body, capacity, capacity * 2);
		capacity *= 2;
	}
	if (body == NULL)
		return budget_fail_memory(&request->ctx);
	body[length] = '\0';
	request->body = body;
	request->body_length = length;
	return BUDGET_OK;
}

void
body_drain(struct request *request)
{
	char bytes[8192];
	long left = DRAIN_MAX_BYTES;
	int n;

	while (request->fcgx != NULL && left > 0 && (n = FCGX_GetStr(bytes, sizeof bytes, request->fcgx->in)) > 0)
		left -= n;
}

static bool
is_blank(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (strchr(" \t\r\n", text[i]) == NULL || text[i] == '\0')
			return false;
	return true;
}

bool
body_is_json_type(const char *type)
{
	size_t length = strcspn(type, "; \t");

	if (length == 16 && strncasecmp(type, "application/json", 16) == 0)
		return true;
	return length > 17 && strncasecmp(type, "application/", 12) == 0 && strncasecmp(type + length - 5, "+json", 5) == 0;
}

static enum budget_status
check_type(struct request *request)
{
	const char *type = request->content_type;

	if (type != NULL && body_is_json_type(type))
		return BUDGET_OK;
	if (type == NULL || type[0] == '\0')
		return budget_fail(&request->ctx, BUDGET_EMEDIA, "unsupported_media_type", NULL,
		    "Say what the body is: send the header 'Content-Type: application/json'.");
	return budget_fail(&request->ctx, BUDGET_EMEDIA, "unsupported_media_type", NULL,
	    "This path reads JSON only: send it with the header 'Content-Type: application/json'.");
}

/* A GET or DELETE with a body, and the like. An empty object does no harm. */
static enum budget_status
refuse_body(struct request *request)
{
	if (is_blank(request->body, request->body_length) || strcmp(request->body, "{}") == 0)
		return BUDGET_OK;
	return budget_fail(&request->ctx, BUDGET_EINVALID, "unexpected_body", NULL, "This request takes no body: send none.");
}

enum budget_status
body_read(struct request *request)
{
	const struct route *route = request->route;
	static const char empty_object[] = "{}";

	BUDGET_TRY(read_bytes(request));
	if ((route->flags & ROUTE_RAW_BODY) != 0)
		return BUDGET_OK;
	if (route->body == NULL)
		return refuse_body(request);
	if (is_blank(request->body, request->body_length)) {
		if ((route->flags & ROUTE_BODY_OPTIONAL) == 0)
			return budget_fail(&request->ctx, BUDGET_ESYNTAX, "not_json", NULL,
			    "The body is empty: send a JSON object with the header 'Content-Type: application/json'.");
		request->body = empty_object;
		request->body_length = 2;
	} else {
		BUDGET_TRY(check_type(request));
	}
	BUDGET_TRY(budget_json_parse(&request->ctx, request->body, request->body_length, &request->json));
	return budget_fields_decode(&request->ctx, route->body, request->json, "", &request->values);
}
