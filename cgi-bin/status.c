/* How the service is: /health, /ready, /livez, /metrics; what it is: /status, /discovery; and paths nobody serves. */
#include "cgi-bin/status.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cgi-bin/fcgi/config.h"
#include "cgi-bin/fcgi/reply.h"
#include "cgi-bin/fcgi/serve.h"
#include "lib/budget.h"

static const char *const health_words[] = { "healthy", "degraded", "unhealthy" };
static int64_t started_at;

int64_t
status_started_at(void)
{
	return started_at;
}

static const char *
utc_text(struct budget_ctx *ctx, int64_t seconds)
{
	char text[32];
	time_t time = (time_t)seconds;
	struct tm utc;

	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&time, &utc));
	return budget_arena_strdup(&ctx->arena, text);
}

/* Members that people and Tekton's own programs look for. */
static void
add_identity(struct request *request, struct budget_text *text)
{
	budget_text_member(text, "component", "budget");
	budget_text_member(text, "version", config.version);
	budget_text_addf(text, ",\"port\":%d", config.port);
	budget_text_member(text, "timestamp", utc_text(&request->ctx, (int64_t)time(NULL)));
	budget_text_addf(text, ",\"uptime\":%lld", (long long)((int64_t)time(NULL) - started_at));
}

static enum budget_status
reply_text(struct request *request, int status, struct budget_text *text)
{
	const char *done = budget_text_done(text);

	if (done == NULL)
		return budget_fail_memory(&request->ctx);
	reply_json(request, status, done);
	return BUDGET_OK;
}

static enum budget_status
health_get(struct request *request)
{
	struct health_report report = health_report_make(request, false);
	struct budget_text text;

	budget_text_init(&text, &request->ctx.arena, 4096);
	budget_text_add(&text, "{");
	budget_text_member(&text, "status", health_words[report.worst]);
	add_identity(request, &text);
	budget_text_member_raw(&text, "checks", budget_text_done(&report.checks));
	budget_text_add(&text, ",\"registered_with_hermes\":false,\"dependencies\":[],\"details\":{\"services\":"
	    "[\"budget_allocation\",\"cost_tracking\",\"usage_monitoring\"]}}");
	return reply_text(request, report.worst == HEALTH_FAILED ? 503 : 200, &text);
}

/* May traffic come: database there, schema right. */
static enum budget_status
ready_get(struct request *request)
{
	bool is_ready = health_report_make(request, true).worst != HEALTH_FAILED;
	struct budget_text text;

	budget_text_init(&text, &request->ctx.arena, 512);
	budget_text_add(&text, "{");
	budget_text_member_raw(&text, "ready", is_ready ? "true" : "false");
	add_identity(request, &text);
	budget_text_member(&text, "initialization_time", utc_text(&request->ctx, started_at));
	if (!is_ready)
		budget_text_member(&text, "error", "Component not ready");
	budget_text_add(&text, "}");
	return reply_text(request, is_ready ? 200 : 503, &text);
}

/* The process answers: nothing else is asked. */
static enum budget_status
livez_get(struct request *request)
{
	reply_json(request, 200, "{\"status\":\"alive\",\"component\":\"budget\"}");
	return BUDGET_OK;
}

/* The same findings, for who has a key, with what this installation is. */
static enum budget_status
status_get(struct request *request)
{
	struct health_report report = health_report_make(request, false);
	struct budget_text text;

	budget_text_init(&text, &request->ctx.arena, 4096);
	budget_text_add(&text, "{");
	budget_text_member(&text, "status", health_words[report.worst]);
	add_identity(request, &text);
	budget_text_member(&text, "environment", config.is_development ? "development" : "production");
	budget_text_member(&text, "url", budget_arena_printf(&request->ctx.arena, "http%s://%s:%d",
	    config.is_development ? "" : "s", config.host, config.port));
	budget_text_member(&text, "started_at", utc_text(&request->ctx, started_at));
	budget_text_member(&text, "tenant_id", request->ctx.tenant_id);
	budget_text_member(&text, "actor", request->ctx.actor);
	budget_text_member(&text, "role", budget_role_name(request->ctx.role));
	budget_text_member_raw(&text, "checks", budget_text_done(&report.checks));
	budget_text_add(&text, "}");
	return reply_text(request, 200, &text);
}

/* The platform's hook: other components ask whether work waits here. It never does: we act on requests alone. */
static enum budget_status
workflow_post(struct request *request)
{
	static const struct budget_word our_names[] = { { "budget", "budget" }, { "penia", "budget" }, { NULL, NULL } };
	const char *dest = budget_values_get(&request->values, "dest");
	const char *purpose = budget_values_get(&request->values, "purpose");
	struct budget_text text;

	if (budget_word_find(our_names, dest) == NULL)
		return budget_fail(&request->ctx, BUDGET_EINVALID, "unknown_value", "/dest",
		    "This is component budget: send dest 'budget' or 'penia'.");
	budget_text_init(&text, &request->ctx.arena, 256);
	budget_text_add(&text, "{\"status\":\"success\",\"component\":\"budget\"");
	budget_text_member(&text, "purpose", purpose);
	budget_text_add(&text, ",\"work_available\":false,\"work_count\":0,\"work_items\":[],"
	    "\"message\":\"No work waits here.\"}");
	return reply_text(request, 200, &text);
}

static enum budget_status
events_get(struct request *request)
{
	return budget_fail(&request->ctx, BUDGET_EBUSY, "events_not_available", NULL,
	    "Events and WebSockets are not served by this release: ask the API again when you need news.");
}

static const struct budget_field workflow_body[] = {
	{ .name = "purpose", .type = FIELD_STRING, .need = FIELD_REQUIRED, .min = 1, .max = 200 },
	{ .name = "dest", .type = FIELD_STRING, .need = FIELD_REQUIRED, .min = 1, .max = 200 },
	{ .name = "payload", .type = FIELD_OBJECT, .need = FIELD_REQUIRED },
	{ .name = NULL }
};

#define AT_ROOT (ROUTE_ROOT | ROUTE_PUBLIC)

static const char not_here[] = "Not served by this release: 503.";

static const struct route routes[] = {
	{ .method = "GET", .path = "/health", .run = health_get, .flags = AT_ROOT,
	  .about = "Checks every part and says which is ill; 503 when nothing can work." },
	{ .method = "GET", .path = "/ready", .run = ready_get, .flags = AT_ROOT,
	  .about = "May traffic come: database and schema." },
	{ .method = "GET", .path = "/livez", .run = livez_get, .flags = AT_ROOT, .about = "The process answers." },
	{ .method = "GET", .path = "/metrics", .role = BUDGET_ROLE_VIEWER, .run = metrics_get, .flags = ROUTE_ROOT,
	  .about = "Prometheus text." },
	{ .method = "GET", .path = "/openapi.json", .run = openapi_get, .flags = AT_ROOT,
	  .about = "OpenAPI 3.1 of what runs here." },
	{ .method = "GET", .path = "/docs", .run = docs_get, .flags = AT_ROOT, .about = "The same for people." },
	{ .method = "GET", .path = "/health", .run = health_get, .flags = ROUTE_PUBLIC, .about = "As /health at the root." },
	{ .method = "GET", .path = "/ready", .run = ready_get, .flags = ROUTE_PUBLIC, .about = "As /ready at the root." },
	{ .method = "GET", .path = "/livez", .run = livez_get, .flags = ROUTE_PUBLIC, .about = "As /livez at the root." },
	{ .method = "GET", .path = "/metrics", .role = BUDGET_ROLE_VIEWER, .run = metrics_get,
	  .about = "As /metrics at the root." },
	{ .method = "GET", .path = "/openapi.json", .run = openapi_get, .flags = ROUTE_PUBLIC,
	  .about = "As /openapi.json at the root." },
	{ .method = "GET", .path = "/status", .role = BUDGET_ROLE_VIEWER, .run = status_get,
	  .about = "What this installation is, who asks, and how every part is." },
	{ .method = "GET", .path = "/discovery", .run = discovery_get, .flags = ROUTE_PUBLIC,
	  .about = "Component, capabilities and every endpoint, as Tekton asks." },
	{ .method = "POST", .path = "/workflow", .role = BUDGET_ROLE_VIEWER, .body = workflow_body, .run = workflow_post,
	  .flags = ROUTE_ROOT, .about = "Tekton's hook: is there work to do? There never is." },
	{ .method = "GET", .path = "/ws", .run = events_get, .flags = AT_ROOT, .about = not_here },
	{ .method = "GET", .path = "/ws/{topic...}", .run = events_get, .flags = AT_ROOT, .about = not_here },
	{ .method = "GET", .path = "/events", .run = events_get, .flags = AT_ROOT, .about = not_here },
	{ .method = "GET", .path = "/events/{topic...}", .run = events_get, .flags = AT_ROOT, .about = not_here },
	{ .method = NULL }
};

static const struct route *const tables[] = { routes, NULL };

/* Who asks for health wants to hear of a server that hangs, not to hang with it. */
enum { PATIENCE_MS = 2000 };

int
main(int argc, char **argv)
{
	static const struct program status = { .name = "status",
		.about = "health, metrics, discovery, and paths nobody serves", .tables = tables };

	started_at = (int64_t)time(NULL);
	budget_db_patience(PATIENCE_MS);
	return fcgi_main(&status, argc, argv);
}
