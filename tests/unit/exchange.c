#include "tests/unit/exchange.h"

#include <stdio.h>
#include <string.h>

#include "cgi-bin/fcgi/config.h"
#include "cgi-bin/fcgi/serve.h"

struct request request;
struct reply reply;
static char *envp[32];

static enum budget_status
echo(struct request *served)
{
	const char *args = request_args(served);

	if (args == NULL)
		return budget_fail_memory(&served->ctx);
	reply_json(served, 0, args);
	served->reply->etag = "7";
	return BUDGET_OK;
}

static enum budget_status
context(struct request *served)
{
	reply_json(served, 200, request_context(served));
	return BUDGET_OK;
}

static enum budget_status
refuse(struct request *served)
{
	budget_fail(&served->ctx, BUDGET_EDENIED, "insufficient_budget", "/cost", "Too \"dear\".");
	served->ctx.error.extra = "{\"decision\":\"block\",\"remaining\":0.10}";
	return BUDGET_EDENIED;
}

static enum budget_status
gone_busy(struct request *served)
{
	return budget_fail(&served->ctx, BUDGET_EBUSY, "database_away", NULL, "Away.");
}

static enum budget_status
precondition(struct request *served)
{
	budget_fail(&served->ctx, BUDGET_EINVALID, "version_required", NULL, "Send If-Match.");
	served->ctx.error.http_status = 428;
	return BUDGET_EINVALID;
}

static const struct budget_field query[] = { { .name = "limit", .type = FIELD_COUNT, .min = 1, .max = 9 }, { .name = NULL } };

static const struct route routes[] = {
	{ .method = "GET", .path = "/things", .role = BUDGET_ROLE_VIEWER, .query = query, .run = echo },
	{ .method = "POST", .path = "/things", .role = BUDGET_ROLE_MANAGER, .run = echo, .success = 201 },
	{ .method = "GET", .path = "/things/{id}", .role = BUDGET_ROLE_VIEWER, .run = echo },
	{ .method = "DELETE", .path = "/things/{id}", .role = BUDGET_ROLE_ADMIN, .run = echo },
	{ .method = "GET", .path = "/things/{period}/sum", .role = BUDGET_ROLE_VIEWER, .run = echo },
	{ .method = "GET", .path = "/things/special", .role = BUDGET_ROLE_VIEWER, .run = context },
	{ .method = "GET", .path = "/history/{provider}/{model...}", .role = BUDGET_ROLE_VIEWER, .run = echo },
	{ .method = "GET", .path = "/refuse", .role = BUDGET_ROLE_VIEWER, .run = refuse },
	{ .method = "GET", .path = "/busy", .role = BUDGET_ROLE_VIEWER, .run = gone_busy },
	{ .method = "GET", .path = "/428", .role = BUDGET_ROLE_VIEWER, .run = precondition },
	{ .method = "GET", .path = "/health", .run = echo, .flags = ROUTE_ROOT | ROUTE_PUBLIC },
	{ .method = NULL }
};
static const struct route *const tables[] = { routes, NULL };
const size_t exchange_routes_count = sizeof routes / sizeof *routes - 1;
const struct program exchange_program = { .name = "test", .about = "test", .tables = tables };

void
exchange_setup(void)
{
	config = (struct config){ .is_development = true, .is_keyless = true, .host = "budget.example", .port = 8013, .version = "1", .allowed_origins =
	    "https://app.example, https://two.example/", .body_max_bytes = 1024, .body_large_max_bytes = 4096,
	    .arena_max_bytes = 1024 * 1024, .arena_large_max_bytes = 1024 * 1024 };
	budget_ctx_init(&request.ctx, config.arena_max_bytes);
}

void
exchange_teardown(void)
{
	budget_ctx_clear(&request.ctx);
}

int
serve(const char *method, const char *uri, const char *const *more)
{
	static char method_entry[64], uri_entry[2048], host_entry[] = "HTTP_HOST=localhost:8013";
	struct budget_ctx ctx;
	int n = 0;

	snprintf(method_entry, sizeof method_entry, "REQUEST_METHOD=%s", method);
	snprintf(uri_entry, sizeof uri_entry, "REQUEST_URI=%s", uri);
	envp[n++] = method_entry;
	envp[n++] = uri_entry;
	for (; more != NULL && *more != NULL; more++)
		envp[n++] = (char *)(uintptr_t)*more;
	envp[n++] = host_entry; /* the first of a name is found */
	envp[n] = NULL;
	budget_ctx_reset(&request.ctx);
	ctx = request.ctx;
	ctx.arena.cap_bytes = config.arena_max_bytes;
	reply = (struct reply){ .status = 0 };
	request = (struct request){ .ctx = ctx, .reply = &reply, .program = &exchange_program, .envp = envp };
	fcgi_exchange(&request);
	return reply.status;
}

const char *
header(const char *name)
{
	size_t length = strlen(name);

	for (int i = 0; i < reply.headers_count; i++)
		if (strncmp(reply.headers[i], name, length) == 0 && reply.headers[i][length] == ':')
			return reply.headers[i] + length + 2;
	return NULL;
}

bool
says(const char *part)
{
	return reply.body != NULL && strstr(reply.body, part) != NULL;
}
