#include "cgi-bin/fcgi/guard.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cgi-bin/fcgi/config.h"
#include "cgi-bin/fcgi/reply.h"
#include "cgi-bin/fcgi/request.h"
#include "cgi-bin/fcgi/serve.h"

/* Length of the host in "host:port" or "[v6]:port". */
static size_t
host_length(const char *text)
{
	const char *bracket = text[0] == '[' ? strchr(text, ']') : NULL;

	return bracket != NULL ? (size_t)(bracket - text) + 1 : strcspn(text, ":/");
}

static bool
is_host(const char *text, size_t length, const char *host)
{
	return strlen(host) == length && strncasecmp(text, host, length) == 0;
}

static bool
is_local_host(const char *text)
{
	size_t length = host_length(text);

	return is_host(text, length, "localhost") || is_host(text, length, "127.0.0.1") || is_host(text, length, "[::1]")
	    || is_host(text, length, config.host) || (length > 10 && strncasecmp(text + length - 10, ".localhost", 10) == 0);
}

static bool
is_listed(const char *list, const char *origin)
{
	size_t length = strlen(origin);

	while (*list != '\0') {
		size_t n = strcspn(list, ", "), without_slash = n > 0 && list[n - 1] == '/' ? n - 1 : n;

		if (without_slash == length && strncasecmp(list, origin, length) == 0)
			return true;
		list += n;
		list += strspn(list, ", ");
	}
	return false;
}

/* Our own pages come from the same host and port as the request itself names. */
static bool
is_own(const struct request *request, const char *origin)
{
	const char *host = request_header(request, "HTTP_HOST"), *authority = strstr(origin, "://");

	return host != NULL && authority != NULL && strcasecmp(authority + 3, host) == 0
	    && (!config.is_development || is_local_host(host));
}

static bool
is_allowed(const struct request *request, const char *origin)
{
	return is_own(request, origin) || is_listed(config.allowed_origins, origin)
	    || (config.is_development && strcasecmp(origin, "http://localhost:8080") == 0);
}

enum budget_status
guard_origin(struct request *request)
{
	const char *origin = request_header(request, "HTTP_ORIGIN");

	reply_header(request, "Vary", "Origin");
	if (origin == NULL || origin[0] == '\0')
		return BUDGET_OK;
	if (is_allowed(request, origin)) {
		reply_header(request, "Access-Control-Allow-Origin", origin);
		reply_header(request, "Access-Control-Expose-Headers", "ETag, Idempotency-Replayed, Retry-After, X-Request-Id");
		return BUDGET_OK;
	}
	if (strcmp(request->method, "GET") == 0 || strcmp(request->method, "OPTIONS") == 0)
		return BUDGET_OK; /* the browser keeps the answer from the page */
	return budget_fail(&request->ctx, BUDGET_EFORBIDDEN, "origin_not_allowed", NULL,
	    "Pages of this origin may not change anything here: add it to BUDGET_ALLOWED_ORIGINS.");
}

enum budget_status
guard_local(struct request *request)
{
	const char *host = request_header(request, "HTTP_HOST"), *site = request_header(request, "HTTP_SEC_FETCH_SITE");

	if (host == NULL || !is_local_host(host))
		return budget_fail(&request->ctx, BUDGET_EFORBIDDEN, "host_not_allowed", NULL,
		    "Without a key this server answers to localhost only, not to the name the request used: send a key, or set"
		    " BUDGET_HOST.");
	/* a foreign page's <img> or link sends no Origin, but browsers say where it came from */
	if (site != NULL && strcmp(site, "cross-site") == 0 && request_header(request, "HTTP_ORIGIN") == NULL
	    && strcmp(request->method, "GET") != 0)
		return budget_fail(&request->ctx, BUDGET_EFORBIDDEN, "origin_not_allowed", NULL,
		    "Pages of other sites may not change anything here.");
	return BUDGET_OK;
}

void
guard_preflight(struct request *request)
{
	const char *origin = request_header(request, "HTTP_ORIGIN");
	const char *allow = route_allow(request->program->tables, request);

	reply_json(request, 204, NULL);
	reply_header(request, "Allow", allow);
	if (origin == NULL || !is_allowed(request, origin))
		return;
	reply_header(request, "Access-Control-Allow-Methods", allow);
	reply_header(request, "Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, If-Match,"
	    " If-None-Match, X-API-Key, X-Request-Id");
	reply_header(request, "Access-Control-Max-Age", "600");
}
