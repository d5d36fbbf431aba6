#include "cgi-bin/fcgi/request.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "lib/log.h"
#include "lib/utf8.h"
#include "lib/uuid.h"

enum { REQUEST_ID_MAX = 128, IDEMPOTENCY_KEY_MAX = 255 };

const char *
request_param(const struct request *request, const char *name)
{
	for (int i = 0; i < request->params_count; i++)
		if (strcmp(request->param_names[i], name) == 0)
			return request->params[i];
	return NULL;
}

const char *
request_header(const struct request *request, const char *name)
{
	size_t length = strlen(name);

	for (char **entry = request->envp; entry != NULL && *entry != NULL; entry++)
		if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=')
			return *entry + length + 1;
	return NULL;
}

/* An id we may log and send back: short, and nothing but letters, digits and -_.:/+= */
static bool
is_request_id(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length <= REQUEST_ID_MAX && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789-_.:/+=") == length;
}

static enum budget_status
read_request_id(struct request *request)
{
	const char *given = request_header(request, "HTTP_X_REQUEST_ID");
	char *made;

	if (given != NULL && is_request_id(given)) {
		request->ctx.request_id = budget_arena_strdup(&request->ctx.arena, given); /* outlives envp: the log comes last */
		if (request->ctx.request_id == NULL)
			return budget_fail_memory(&request->ctx);
	} else {
		made = budget_arena_alloc(&request->ctx.arena, UUID_TEXT_SIZE);
		if (made == NULL)
			return budget_fail_memory(&request->ctx);
		budget_uuid_new(made);
		request->ctx.request_id = made;
	}
	budget_log_request(request->ctx.request_id);
	return BUDGET_OK;
}

/* REQUEST_URI, not PATH_INFO: web servers decode and normalise that one, and not alike. */
static enum budget_status
read_path(struct request *request)
{
	const char *uri = request_header(request, "REQUEST_URI"), *authority, *end;
	size_t prefix = 0;

	uri = uri != NULL && uri[0] != '\0' ? uri : "/";
	authority = strstr(uri, "://");
	if (uri[0] != '/' && authority != NULL) /* absolute form */
		uri = strchr(authority + 3, '/') != NULL ? strchr(authority + 3, '/') : "/";
	end = uri + strcspn(uri, "?#");
	request->query_string = *end == '?' ? end + 1 : "";
	request->uri_path = budget_arena_strndup(&request->ctx.arena, uri, (size_t)(end - uri));
	if (request->uri_path == NULL)
		return budget_fail_memory(&request->ctx);
	if (uri[0] != '/' || !budget_utf8_valid(request->uri_path, strlen(request->uri_path), NULL)) {
		request->uri_path = request->path = "/";
		return budget_fail(&request->ctx, BUDGET_ESYNTAX, "bad_encoding", NULL, "The path is not percent-encoded UTF-8.");
	}
	if (strncmp(request->uri_path, "/api", 4) == 0 && strchr("/", request->uri_path[4]) != NULL)
		prefix = strncmp(request->uri_path, "/api/v1", 7) == 0 && strchr("/", request->uri_path[7]) != NULL ? 7 : 4;
	request->is_root = prefix == 0;
	request->path = request->uri_path[prefix] != '\0' ? request->uri_path + prefix : "/";
	return BUDGET_OK;
}

/* An entity tag without W/, quotes and what a compressing web server appended. "" and absent are NULL. */
static const char *
clean_etag(struct request *request, const char *text)
{
	char *tag;
	size_t length;

	if (text == NULL)
		return NULL;
	text += strspn(text, " ");
	text += strncmp(text, "W/", 2) == 0 ? 2 : 0;
	text += *text == '"';
	length = strcspn(text, "\",");
	tag = budget_arena_strndup(&request->ctx.arena, text, length);
	if (tag == NULL || length == 0)
		return NULL;
	if (length > 3 && strcmp(tag + length - 3, "-br") == 0)
		tag[length - 3] = '\0';
	else if (length > 5 && strcmp(tag + length - 5, "-gzip") == 0)
		tag[length - 5] = '\0';
	return tag;
}

/* A bare key or a structured-field string ("…"); printable ASCII. */
static enum budget_status
read_idempotency_key(struct request *request)
{
	const char *text = request_header(request, "HTTP_IDEMPOTENCY_KEY");
	size_t length;

	if (text == NULL)
		return BUDGET_OK;
	length = strlen(text);
	if (length >= 2 && text[0] == '"' && text[length - 1] == '"') {
		text++;
		length -= 2;
	}
	for (size_t i = 0; i < length; i++)
		if (!isprint((unsigned char)text[i]))
			length = 0;
	if (length == 0 || length > IDEMPOTENCY_KEY_MAX)
		return budget_fail(&request->ctx, BUDGET_EINVALID, "invalid_idempotency_key", NULL,
		    "Idempotency-Key must have 1 to %d printable ASCII characters.", IDEMPOTENCY_KEY_MAX);
	request->idempotency_key = budget_arena_strndup(&request->ctx.arena, text, length);
	return request->idempotency_key != NULL ? BUDGET_OK : budget_fail_memory(&request->ctx);
}

enum budget_status
request_read_head(struct request *request)
{
	const char *method = request_header(request, "REQUEST_METHOD");

	request->is_head = method != NULL && strcmp(method, "HEAD") == 0;
	request->method = method == NULL || request->is_head ? "GET" : budget_arena_strdup(&request->ctx.arena, method);
	request->path = request->uri_path = "/";
	request->query_string = "";
	if (request->method == NULL) {
		request->method = "?";
		return budget_fail_memory(&request->ctx);
	}
	BUDGET_TRY(read_request_id(request));
	BUDGET_TRY(read_path(request));
	request->content_type = request_header(request, "CONTENT_TYPE");
	request->if_match = clean_etag(request, request_header(request, "HTTP_IF_MATCH"));
	request->if_none_match = request_header(request, "HTTP_IF_NONE_MATCH");
	return read_idempotency_key(request);
}

const char *
request_args(struct request *request)
{
	struct budget_text text;

	budget_text_init(&text, &request->ctx.arena, 512);
	budget_text_add(&text, "{");
	budget_values_members(&request->values, &text);
	budget_values_members(&request->query, &text);
	for (int i = 0; i < request->params_count; i++) /* last: where names meet, the path decides */
		budget_text_member(&text, request->param_names[i], request->params[i]);
	budget_text_add(&text, "}");
	return budget_text_done(&text);
}

const char *
request_context(struct request *request)
{
	const struct budget_ctx *ctx = &request->ctx;
	struct budget_text text;

	budget_text_init(&text, &request->ctx.arena, 384);
	budget_text_add(&text, "{");
	budget_text_member(&text, "role", budget_role_name(ctx->role));
	budget_text_member(&text, "actor", ctx->actor);
	if (ctx->key_id != NULL)
		budget_text_member(&text, "key_id", ctx->key_id);
	if (ctx->key_budget_id != NULL)
		budget_text_member(&text, "key_budget_id", ctx->key_budget_id);
	budget_text_member(&text, "request_id", ctx->request_id);
	if (request->if_match != NULL)
		budget_text_member(&text, "if_match", request->if_match);
	if (request->idempotency_key != NULL)
		budget_text_member(&text, "idempotency_key", request->idempotency_key);
	budget_text_add(&text, "}");
	return budget_text_done(&text);
}
