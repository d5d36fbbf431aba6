#include "lib/http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>
#include <pthread.h>
#include <sys/socket.h>

#include "lib/address.h"
#include "lib/ctx.h"
#include "lib/version.h"

#define LINE_MAX_BYTES 8192 /* of a header line kept or traced */

struct transfer {
	struct budget_ctx *ctx;
	const struct budget_http_request *request;
	struct budget_http_answer answer;
	char *body; /* grows by doubling inside the arena; the former halves stay until the context is reset */
	size_t capacity, max_bytes;
	enum budget_status fault;
	bool has_refused; /* an address that is not public */
	char reason[CURL_ERROR_SIZE];
};

static void
curl_clear(CURL **curl)
{
	curl_easy_cleanup(*curl);
}

static void
list_clear(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

#define _auto_curl_ __attribute__((cleanup(curl_clear)))
#define _auto_list_ __attribute__((cleanup(list_clear)))

static void
start_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t
take_body(char *bytes, size_t size, size_t count, void *user)
{
	struct transfer *transfer = user;
	struct budget_http_answer *answer = &transfer->answer;
	size_t n = size * count;

	if (n > transfer->max_bytes - answer->body_length) {
		transfer->fault = budget_fail(transfer->ctx, BUDGET_ETOOLARGE, "answer_too_large", NULL,
		    "The answer of %s is larger than %zu bytes.", transfer->request->url, transfer->max_bytes);
		return 0;
	}
	if (answer->body_length + n >= transfer->capacity) {
		size_t wanted = (answer->body_length + n + 1) * 2;
		char *grown = budget_arena_alloc(&transfer->ctx->arena, wanted);

		if (!grown) {
			transfer->fault = budget_fail(transfer->ctx, BUDGET_ETOOLARGE, "answer_too_large", NULL,
			    "The answer of %s does not fit in memory.", transfer->request->url);
			return 0;
		}
		if (answer->body_length > 0)
			memcpy(grown, transfer->body, answer->body_length);
		transfer->body = grown;
		transfer->capacity = wanted;
	}
	memcpy(transfer->body + answer->body_length, bytes, n);
	answer->body_length += n;
	transfer->body[answer->body_length] = '\0';
	return n;
}

static size_t
take_header(char *bytes, size_t size, size_t count, void *user)
{
	struct transfer *transfer = user;
	struct budget_http_answer *answer = &transfer->answer;
	size_t n = size * count, length = n;

	while (length > 0 && (bytes[length - 1] == '\r' || bytes[length - 1] == '\n'))
		length--;
	if (length >= 5 && strncmp(bytes, "HTTP/", 5) == 0) {
		answer->headers_count = 0; /* a new answer begins: after 100 Continue, after a redirect */
		return n;
	}
	if (length > 0 && length < LINE_MAX_BYTES && answer->headers_count < BUDGET_HTTP_HEADERS_MAX) {
		const char *line = budget_arena_strndup(&transfer->ctx->arena, bytes, length);

		if (line)
			answer->headers[answer->headers_count++] = line;
	}
	return n;
}

/* A secret shows what kind it is and nothing else. */
static void
trace_line(struct transfer *transfer, char direction, const char *bytes, size_t length)
{
	static const char *const secrets[] = { "authorization:", "x-api-key:", "cookie:", "set-cookie:" };
	char line[LINE_MAX_BYTES];

	while (length > 0 && (bytes[length - 1] == '\r' || bytes[length - 1] == '\n'))
		length--;
	if (length >= sizeof(line))
		length = sizeof(line) - 1;
	memcpy(line, bytes, length);
	line[length] = '\0';
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		size_t name = strlen(secrets[i]);

		if (strncasecmp(line, secrets[i], name) == 0)
			snprintf(line + name, sizeof(line) - name, " (hidden)");
	}
	transfer->request->trace(transfer->request->trace_user, direction, line);
}

static int
take_trace(CURL *curl, curl_infotype type, char *bytes, size_t size, void *user)
{
	struct transfer *transfer = user;
	char direction = type == CURLINFO_HEADER_OUT ? '>' : type == CURLINFO_HEADER_IN ? '<' : '*';

	(void)curl;
	if (type != CURLINFO_HEADER_OUT && type != CURLINFO_HEADER_IN && type != CURLINFO_TEXT)
		return 0;
	while (size > 0) { /* outgoing headers come as one block */
		char *end = memchr(bytes, '\n', size);
		size_t length = end ? (size_t)(end - bytes) + 1 : size;

		if (length > 2 || type == CURLINFO_TEXT)
			trace_line(transfer, direction, bytes, length);
		bytes += length;
		size -= length;
	}
	return 0;
}

/* What curl's code means for the caller: whether the request may have been carried out decides about retries. */
static enum budget_status
explain(struct transfer *transfer, CURLcode code)
{
	struct budget_ctx *ctx = transfer->ctx;
	const char *url = transfer->request->url;
	const char *reason = transfer->reason[0] ? transfer->reason : curl_easy_strerror(code);

	switch (code) {
	case CURLE_URL_MALFORMAT:
		return budget_fail(ctx, BUDGET_EINVALID, "bad_url", NULL,
		    "'%s' is no URL to use here: give http://HOST:PORT or https://HOST:PORT.", url);
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
		if (transfer->has_refused)
			return budget_fail(ctx, BUDGET_EUPSTREAM, "address_refused", NULL,
			    "%s leads to an address that is not public, and only such are asked here.", url);
		return budget_fail(ctx, BUDGET_EUPSTREAM, "unreachable", NULL, "Cannot reach %s: %s.", url, reason);
	case CURLE_OPERATION_TIMEDOUT:
		return budget_fail(ctx, BUDGET_EUPSTREAM, "timeout", NULL, "No answer from %s in time: %s.", url, reason);
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
		return budget_fail(ctx, BUDGET_EUPSTREAM, "tls_failed", NULL, "No safe connection to %s: %s.", url, reason);
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL: /* our URLs were checked: it spoke HTTP/0.9, or redirects elsewhere */
		return budget_fail(ctx, BUDGET_EUPSTREAM, "not_http", NULL, "What answers at %s does not speak HTTP: %s.", url,
		    reason);
	case CURLE_TOO_MANY_REDIRECTS:
		return budget_fail(ctx, BUDGET_EUPSTREAM, "too_many_redirects", NULL, "%s redirects again and again.", url);
	case CURLE_OUT_OF_MEMORY:
		return budget_fail(ctx, BUDGET_ETOOLARGE, "out_of_memory", NULL, "Out of memory while asking %s.", url);
	default:
		return budget_fail(ctx, BUDGET_EUPSTREAM, "connection_lost", NULL, "The exchange with %s broke: %s.", url,
		    reason);
	}
}

/* Credentials belong in a header, where nothing logs them. */
static enum budget_status
check_url(struct budget_ctx *ctx, const char *url)
{
	const char *host = strncmp(url, "http://", 7) == 0 ? url + 7 : strncmp(url, "https://", 8) == 0 ? url + 8 : NULL;

	if (host == NULL || host[strcspn(host, "/?#@")] == '@')
		return budget_fail(ctx, BUDGET_EINVALID, "bad_url", NULL,
		    "Give http://HOST:PORT or https://HOST:PORT, without user and password.");
	return BUDGET_OK;
}

static enum budget_status
check_guarded(struct budget_ctx *ctx, const char *url)
{
	const char *host = budget_http_host(ctx, url);

	if (strncmp(url, "https://", 8) != 0)
		return budget_fail(ctx, BUDGET_EINVALID, "bad_url", NULL, "%s is not https, and only https is asked here.", url);
	if (host == NULL || !budget_address_host_is_public(host))
		return budget_fail(ctx, BUDGET_EUPSTREAM, "address_refused", NULL,
		    "%s leads to an address that is not public, and only such are asked here.", url);
	return BUDGET_OK;
}

static enum budget_status
add_headers(struct budget_ctx *ctx, const struct budget_http_request *request, struct curl_slist **list)
{
	/* "Expect:" empty: no 100-continue round trip before a body. */
	struct curl_slist *grown = curl_slist_append(*list, "Expect:");

	for (const char *const *line = request->headers; grown && line && *line; line++) {
		*list = grown;
		if (strpbrk(*line, "\r\n") || !strchr(*line, ':'))
			return budget_fail(ctx, BUDGET_EINVALID, "bad_header", NULL, "A header holds a line break or no colon.");
		grown = curl_slist_append(*list, *line);
	}
	if (!grown)
		return budget_fail(ctx, BUDGET_ETOOLARGE, "out_of_memory", NULL, "Out of memory.");
	*list = grown;
	return BUDGET_OK;
}

/* Looks at the address that is really connected to: a name cannot change its mind behind a check. */
static curl_socket_t
open_public(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *transfer = user;

	(void)purpose;
	if (!budget_address_is_public(&address->addr)) {
		transfer->has_refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void
set_guard(CURL *curl, struct transfer *transfer)
{
	const struct budget_http_request *request = transfer->request;

	if (request->proxy != NULL || request->is_guarded)
		curl_easy_setopt(curl, CURLOPT_PROXY, request->proxy != NULL ? request->proxy : "");
	if (!request->is_guarded)
		return;
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "");
	if (request->proxy != NULL && *request->proxy != '\0')
		return; /* the proxy looks names up, and may stand inside */
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_public);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, transfer);
}

static void
set_limits(CURL *curl, const struct budget_http_request *request)
{
	long connect_ms = request->connect_ms > 0 ? request->connect_ms : BUDGET_HTTP_CONNECT_MS;
	long total_ms = request->total_ms > 0 ? request->total_ms : BUDGET_HTTP_TOTAL_MS;

	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, request->redirects_max > 0 ? 1L : 0L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)request->redirects_max);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, total_ms);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
	curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(curl, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
}

static void
set_request(CURL *curl, struct transfer *transfer, struct curl_slist *headers)
{
	const struct budget_http_request *request = transfer->request;
	const char *method = request->method ? request->method : "GET";

	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, request->user_agent);
	if (request->ca_file != NULL)
		curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file);
	if (request->body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
	}
	if (strcmp(method, "HEAD") == 0)
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	else
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->reason);
	if (request->trace) {
		curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, take_trace);
		curl_easy_setopt(curl, CURLOPT_DEBUGDATA, transfer);
		curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
	}
}

static void
take_facts(CURL *curl, struct transfer *transfer)
{
	const char *content_type = NULL;
	curl_off_t elapsed_us = 0;
	long status = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &content_type);
	curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME_T, &elapsed_us);
	transfer->answer.status = (int)status;
	transfer->answer.content_type = budget_arena_strdup(&transfer->ctx->arena, content_type);
	transfer->answer.elapsed_ms = (long)(elapsed_us / 1000);
	transfer->answer.body = transfer->body ? transfer->body : "";
}

enum budget_status
budget_http_send(struct budget_ctx *ctx, const struct budget_http_request *request,
    struct budget_http_answer *ret_answer)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	_auto_curl_ CURL *curl = NULL;
	_auto_list_ struct curl_slist *headers = NULL;
	struct transfer transfer = { .ctx = ctx, .request = request };
	struct budget_http_request with_agent = *request;
	CURLcode code;

	pthread_once(&once, start_curl);
	BUDGET_TRY(check_url(ctx, request->url));
	if (request->is_guarded)
		BUDGET_TRY(check_guarded(ctx, request->url));
	BUDGET_TRY(add_headers(ctx, request, &headers));
	curl = curl_easy_init();
	if (!curl)
		return budget_fail(ctx, BUDGET_ETOOLARGE, "out_of_memory", NULL, "Out of memory.");
	if (!request->user_agent)
		with_agent.user_agent = budget_arena_printf(&ctx->arena, "budget/%s", budget_version());
	transfer.request = &with_agent;
	transfer.max_bytes = request->answer_max_bytes ? request->answer_max_bytes : BUDGET_HTTP_ANSWER_BYTES;
	set_limits(curl, &with_agent);
	set_request(curl, &transfer, headers);
	set_guard(curl, &transfer);
	code = curl_easy_perform(curl);
	if (transfer.fault != BUDGET_OK)
		return transfer.fault;
	if (code != CURLE_OK)
		return explain(&transfer, code);
	take_facts(curl, &transfer);
	*ret_answer = transfer.answer;
	return BUDGET_OK;
}

const char *
budget_http_header(const struct budget_http_answer *answer, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < answer->headers_count; i++)
		if (strncasecmp(answer->headers[i], name, length) == 0 && answer->headers[i][length] == ':')
			return answer->headers[i] + length + 1 + strspn(answer->headers[i] + length + 1, " \t");
	return NULL;
}
