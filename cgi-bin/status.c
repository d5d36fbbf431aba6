/* How the service is: /health, /ready, /livez, /metrics; what it is: /status, /discovery; and paths nobody serves. */
#include "cgi-bin/status.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

#include "cgi-bin/fcgi/config.h"
#include "cgi-bin/fcgi/reply.h"
#include "cgi-bin/fcgi/serve.h"
#include "lib/budget.h"

enum { PROBE_TIMEOUT_MS = 800, JOB_GRACE_SECONDS = 90, DISK_LOW_MIB = 512, DISK_OUT_MIB = 64 };

/* The worst check decides: nothing works without the database, the rest works without the rest. */
enum health { HEALTH_OK, HEALTH_DEGRADED, HEALTH_FAILED };

struct health_report {
	struct budget_ctx *ctx;
	struct budget_text checks;
	enum health worst;
	bool is_detailed; /* details and names of parts are for the people of the house */
};

static const char *const health_words[] = { "ok", "degraded", "failed" };
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

/* One finding. latency_us < 0: none. */
static void
add_check(struct health_report *report, const char *name, enum health health, int64_t latency_us, const char *detail)
{
	struct budget_text *text = &report->checks;

	if (health > report->worst)
		report->worst = health;
	if (text->length > 1)
		budget_text_add(text, ",");
	budget_text_json(text, name);
	budget_text_add(text, ":{");
	budget_text_member(text, "status", health_words[health]);
	if (report->is_detailed && latency_us >= 0)
		budget_text_addf(text, ",\"latency_ms\":%.1f", (double)latency_us / 1000.0);
	if (report->is_detailed && detail != NULL)
		budget_text_member(text, "detail", detail);
	budget_text_add(text, "}");
}

static bool
has_text(struct budget_ctx *ctx, struct json_object *array, const char *wanted)
{
	for (size_t i = 0; i < budget_json_length(array); i++)
		if (strcmp(budget_json_text(ctx, budget_json_at(array, i)), wanted) == 0)
			return true;
	return false;
}

/* The files of this release against what the database says was applied. */
static void
check_migrations(struct health_report *report, struct json_object *applied)
{
	const char *path = budget_arena_printf(&report->ctx->arena, "%s/sql/migrations", budget_data_dir());
	DIR *folder = path != NULL ? opendir(path) : NULL;
	int known = 0, missing = 0;

	if (folder == NULL) {
		add_check(report, "migrations", HEALTH_DEGRADED, -1, "the folder sql/migrations of this release cannot be read");
		return;
	}
	for (struct dirent *file = readdir(folder); file != NULL; file = readdir(folder)) {
		const char *end = strstr(file->d_name, ".sql");
		const char *version = end == NULL ? NULL : budget_arena_strndup(&report->ctx->arena, file->d_name,
		    (size_t)(end - file->d_name));

		if (version == NULL)
			continue;
		if (has_text(report->ctx, applied, version))
			known++;
		else
			missing++;
	}
	closedir(folder);
	if (missing > 0)
		add_check(report, "migrations", HEALTH_FAILED, -1, budget_arena_printf(&report->ctx->arena,
		    "%d not applied: run `budget db migrate`", missing));
	else if (known < (int)budget_json_length(applied))
		add_check(report, "migrations", HEALTH_DEGRADED, -1, "the database belongs to a newer release");
	else
		add_check(report, "migrations", HEALTH_OK, -1, budget_arena_printf(&report->ctx->arena, "%d applied", known));
}

static long
member_seconds(struct budget_ctx *ctx, struct json_object *job, const char *name)
{
	const char *text = budget_json_text(ctx, budget_json_get(job, name));

	return text != NULL ? atol(text) : -1;
}

/* What is wrong with one job, or NULL. */
static const char *
job_fault(struct budget_ctx *ctx, struct json_object *job)
{
	const char *name = budget_json_text(ctx, budget_json_get(job, "job"));
	const char *status = budget_json_text(ctx, budget_json_get(job, "last_status"));
	long every = member_seconds(ctx, job, "every_seconds"), age = member_seconds(ctx, job, "ok_age_seconds");

	if (age < 0)
		age = member_seconds(ctx, job, "known_seconds");
	if (status != NULL && strcmp(status, "failed") == 0)
		return budget_arena_printf(&ctx->arena, "%s failed last time", name);
	if (every > 0 && age > 2 * every + JOB_GRACE_SECONDS)
		return budget_arena_printf(&ctx->arena, "%s ran well %ld s ago, due every %ld s", name, age, every);
	return NULL;
}

static void
check_jobs(struct health_report *report, struct json_object *jobs)
{
	struct budget_text faults;
	size_t count = budget_json_length(jobs);

	budget_text_init(&faults, &report->ctx->arena, 128);
	for (size_t i = 0; i < count; i++) {
		const char *fault = job_fault(report->ctx, budget_json_at(jobs, i));

		if (fault != NULL)
			budget_text_addf(&faults, "%s%s", faults.length > 0 ? "; " : "", fault);
	}
	if (count == 0 && time(NULL) - started_at > JOB_GRACE_SECONDS)
		add_check(report, "jobs", HEALTH_DEGRADED, -1, "none has run yet: the schedule does not");
	else if (faults.length > 0)
		add_check(report, "jobs", HEALTH_DEGRADED, -1, budget_text_done(&faults));
	else
		add_check(report, "jobs", HEALTH_OK, -1, count > 0 ? "on time" : "none has run yet");
}

static void
check_database(struct health_report *report)
{
	_auto_result_ struct budget_result *row = NULL;
	_auto_json_ struct json_object *facts = NULL;
	int64_t asked_us = request_now_us();
	const char *text, *version, *is_writable;

	if (budget_db_row(report->ctx, STMT_HEALTH_FACTS, NULL, 0, &row) != BUDGET_OK) {
		bool is_schema = strcmp(report->ctx->error.code, "database_not_ready") == 0;

		add_check(report, "database", is_schema ? HEALTH_OK : HEALTH_FAILED, -1, is_schema ? "answers"
		    : report->ctx->error.detail);
		if (is_schema)
			add_check(report, "migrations", HEALTH_FAILED, -1, report->ctx->error.detail);
		return;
	}
	text = budget_result_text(row, 0, 0);
	if (budget_json_parse(report->ctx, text, strlen(text), &facts) != BUDGET_OK)
		return;
	version = budget_json_text(report->ctx, budget_json_get(facts, "server_version"));
	is_writable = budget_json_text(report->ctx, budget_json_get(facts, "is_writable"));
	if (is_writable != NULL && strcmp(is_writable, "true") == 0)
		add_check(report, "database", HEALTH_OK, request_now_us() - asked_us,
		    budget_arena_printf(&report->ctx->arena, "PostgreSQL %s", version));
	else
		add_check(report, "database", HEALTH_FAILED, request_now_us() - asked_us, "takes no changes: it is a read-only replica");
	check_migrations(report, budget_json_get(facts, "migrations"));
	check_jobs(report, budget_json_get(facts, "jobs"));
}

static void
check_programs(struct health_report *report)
{
	struct probe probes[PROGRAMS_MAX];
	int count = probe_list(probes);

	if (count == 0)
		add_check(report, "programs", HEALTH_DEGRADED, -1, "etc/routes.tsv cannot be read");
	probe_run(probes, count, PROBE_TIMEOUT_MS);
	for (int i = 0; i < count; i++)
		add_check(report, probes[i].name, probes[i].answers ? HEALTH_OK : HEALTH_DEGRADED,
		    probes[i].answers && !probes[i].is_self ? probes[i].latency_us : -1, probes[i].detail);
}

static void
check_disk(struct health_report *report)
{
	const char *home = budget_setting_text("home");
	struct statvfs disk;
	unsigned long long free_mib;
	enum health health;

	if (home == NULL || statvfs(home, &disk) != 0) {
		add_check(report, "disk", HEALTH_DEGRADED, -1, "the home folder cannot be looked at");
		return;
	}
	free_mib = (unsigned long long)disk.f_bavail * disk.f_frsize / (1024 * 1024);
	health = free_mib < DISK_OUT_MIB ? HEALTH_FAILED : free_mib < DISK_LOW_MIB ? HEALTH_DEGRADED : HEALTH_OK;
	add_check(report, "disk", health, -1, budget_arena_printf(&report->ctx->arena, "%llu MiB free in the home folder", free_mib));
}

static void
begin_report(struct request *request, struct health_report *report)
{
	*report = (struct health_report){ .ctx = &request->ctx, .is_detailed = config.is_development
	    || request->ctx.role >= BUDGET_ROLE_VIEWER };
	budget_text_init(&report->checks, &request->ctx.arena, 2048);
	budget_text_add(&report->checks, "{");
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
	static const char *const words[] = { "healthy", "degraded", "unhealthy" };
	struct health_report report;
	struct budget_text text;

	begin_report(request, &report);
	check_database(&report);
	check_programs(&report);
	check_disk(&report);
	budget_text_add(&report.checks, "}");
	budget_text_init(&text, &request->ctx.arena, 4096);
	budget_text_add(&text, "{");
	budget_text_member(&text, "status", words[report.worst]);
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
	struct health_report report;
	struct budget_text text;
	bool is_ready;

	begin_report(request, &report);
	check_database(&report);
	is_ready = report.worst != HEALTH_FAILED;
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
	struct health_report report;
	struct budget_text text;

	begin_report(request, &report);
	check_database(&report);
	check_programs(&report);
	check_disk(&report);
	budget_text_add(&report.checks, "}");
	budget_text_init(&text, &request->ctx.arena, 4096);
	budget_text_add(&text, "{");
	budget_text_member(&text, "status", report.worst == HEALTH_OK ? "healthy" : report.worst == HEALTH_DEGRADED ? "degraded"
	    : "unhealthy");
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
	const char *dest = budget_values_get(&request->values, "dest");
	const char *purpose = budget_values_get(&request->values, "purpose");
	struct budget_text text;

	if (budget_word_find((const struct budget_word[]){ { "budget", "budget" }, { "penia", "budget" }, { NULL, NULL } }, dest) == NULL)
		return budget_fail(&request->ctx, BUDGET_EINVALID, "unknown_value", "/dest",
		    "This is component budget: send dest 'budget' or 'penia'.");
	budget_text_init(&text, &request->ctx.arena, 256);
	budget_text_add(&text, "{\"status\":\"success\",\"component\":\"budget\"");
	budget_text_member(&text, "purpose", purpose);
	budget_text_add(&text, ",\"work_available\":false,\"work_count\":0,\"work_items\":[],\"message\":\"No work waits here.\"}");
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

static const struct route routes[] = {
	{ .method = "GET", .path = "/health", .run = health_get, .flags = AT_ROOT,
	  .about = "Checks every part and says which is ill; 503 when nothing can work." },
	{ .method = "GET", .path = "/ready", .run = ready_get, .flags = AT_ROOT, .about = "May traffic come: database and schema." },
	{ .method = "GET", .path = "/livez", .run = livez_get, .flags = AT_ROOT, .about = "The process answers." },
	{ .method = "GET", .path = "/metrics", .role = BUDGET_ROLE_VIEWER, .run = metrics_get, .flags = ROUTE_ROOT,
	  .about = "Prometheus text." },
	{ .method = "GET", .path = "/openapi.json", .run = openapi_get, .flags = AT_ROOT, .about = "OpenAPI 3.1 of what runs here." },
	{ .method = "GET", .path = "/health", .run = health_get, .flags = ROUTE_PUBLIC, .about = "The same as /health at the root." },
	{ .method = "GET", .path = "/ready", .run = ready_get, .flags = ROUTE_PUBLIC, .about = "The same as /ready at the root." },
	{ .method = "GET", .path = "/livez", .run = livez_get, .flags = ROUTE_PUBLIC, .about = "The same as /livez at the root." },
	{ .method = "GET", .path = "/metrics", .role = BUDGET_ROLE_VIEWER, .run = metrics_get, .about = "The same as /metrics." },
	{ .method = "GET", .path = "/openapi.json", .run = openapi_get, .flags = ROUTE_PUBLIC, .about = "The same as /openapi.json." },
	{ .method = "GET", .path = "/status", .role = BUDGET_ROLE_VIEWER, .run = status_get,
	  .about = "What this installation is, who asks, and how every part is." },
	{ .method = "GET", .path = "/discovery", .run = discovery_get, .flags = ROUTE_PUBLIC,
	  .about = "Component, capabilities and every endpoint, as Tekton asks." },
	{ .method = "POST", .path = "/workflow", .role = BUDGET_ROLE_VIEWER, .body = workflow_body, .run = workflow_post,
	  .flags = ROUTE_ROOT, .about = "Tekton's hook: is there work to do? There never is." },
	{ .method = "GET", .path = "/ws", .run = events_get, .flags = AT_ROOT, .about = "Not served by this release: 503." },
	{ .method = "GET", .path = "/ws/{topic...}", .run = events_get, .flags = AT_ROOT, .about = "Not served by this release: 503." },
	{ .method = "GET", .path = "/events", .run = events_get, .flags = AT_ROOT, .about = "Not served by this release: 503." },
	{ .method = "GET", .path = "/events/{topic...}", .run = events_get, .flags = AT_ROOT, .about = "Not served by this release: 503." },
	{ .method = NULL }
};

static const struct route *const tables[] = { routes, NULL };

int
main(int argc, char **argv)
{
	static const struct program status = { .name = "status", .about = "health, metrics, discovery, and paths nobody serves",
		.tables = tables };

	started_at = (int64_t)time(NULL);
	return fcgi_main(&status, argc, argv);
}
