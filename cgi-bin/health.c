/* How every part is: database, migrations, jobs, programs, disk. One report, for /health, /ready and /status. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

#include "cgi-bin/fcgi/config.h"
#include "cgi-bin/fcgi/meter.h"
#include "cgi-bin/fcgi/serve.h"
#include "cgi-bin/status.h"
#include "lib/budget.h"
#include "lib/when.h"

enum { PROBE_TIMEOUT_MS = 800, JOB_GRACE_SECONDS = 90, DISK_LOW_MIB = 512, DISK_OUT_MIB = 64,
	SNAPSHOT_OLD_SECONDS = 10 };

static const char *const health_words[] = { "ok", "degraded", "failed" };
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
	if (count == 0 && time(NULL) - status_started_at() > JOB_GRACE_SECONDS)
		add_check(report, "jobs", HEALTH_DEGRADED, -1, "none has run yet: the schedule does not");
	else if (faults.length > 0)
		add_check(report, "jobs", HEALTH_DEGRADED, -1, budget_text_done(&faults));
	else
		add_check(report, "jobs", HEALTH_OK, -1, count > 0 ? "on time" : "none has run yet");
}

/* A transaction that stays open keeps dead rows: the ledger's hot rows get slow within half a minute. */
static void
check_snapshot(struct health_report *report, struct json_object *facts)
{
	const char *text = budget_json_text(report->ctx, budget_json_get(facts, "oldest_snapshot_seconds"));
	long age = text != NULL ? atol(text) : 0;

	add_check(report, "oldest_snapshot", age < SNAPSHOT_OLD_SECONDS ? HEALTH_OK : HEALTH_DEGRADED, -1,
	    budget_arena_printf(&report->ctx->arena, age < SNAPSHOT_OLD_SECONDS ? "%ld s"
	    : "a transaction is open since %ld s: records get slower while it is", age));
}

static void
check_database(struct health_report *report)
{
	_auto_result_ struct budget_result *row = NULL;
	_auto_json_ struct json_object *facts = NULL;
	int64_t asked_us = budget_now_us();
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
		add_check(report, "database", HEALTH_OK, budget_now_us() - asked_us,
		    budget_arena_printf(&report->ctx->arena, "PostgreSQL %s", version));
	else
		add_check(report, "database", HEALTH_FAILED, budget_now_us() - asked_us,
		    "takes no changes: it is a read-only replica");
	check_snapshot(report, facts);
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

/* What waits on disk for the database, by what the ledger program last said. */
static void
check_spool(struct health_report *report)
{
	struct budget_arena *arena = &report->ctx->arena;
	struct meter_file *meter = budget_arena_alloc(arena, sizeof *meter);
	unsigned long long records, dead, damaged;
	long long age;

	if (meter == NULL || !meter_read(config.run_dir, "ledger", meter))
		return; /* the programs' check says that it does not run */
	records = meter->gauges[METER_SPOOL_RECORDS];
	dead = meter->gauges[METER_DEAD_LETTERS];
	damaged = meter->gauges[METER_DAMAGED_SEGMENTS];
	age = records > 0 ? (long long)time(NULL) - (long long)meter->gauges[METER_SPOOL_OLDEST_AT] : 0;
	if (records == 0 && dead == 0 && damaged == 0)
		add_check(report, "spool", HEALTH_OK, -1, "empty");
	else
		add_check(report, "spool", HEALTH_DEGRADED, -1, budget_arena_printf(arena, "%llu records, %llu bytes wait, the oldest"
		    " for %lld s; %llu dead letters; %llu damaged files%s", records,
		    (unsigned long long)meter->gauges[METER_SPOOL_BYTES], age, dead, damaged, dead > 0 ? ": budget spool list" : ""));
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
	add_check(report, "disk", health, -1, budget_arena_printf(&report->ctx->arena,
	    "%llu MiB free in the home folder", free_mib));
}

static struct health_report
begin_report(struct request *request)
{
	struct health_report report = { .ctx = &request->ctx, .is_detailed = config.is_development
	    || request->ctx.role >= BUDGET_ROLE_VIEWER };

	budget_text_init(&report.checks, &request->ctx.arena, 2048);
	budget_text_add(&report.checks, "{");
	return report;
}

struct health_report
health_report_make(struct request *request, bool is_database_only)
{
	struct health_report report = begin_report(request);

	check_database(&report);
	if (!is_database_only) {
		check_programs(&report);
		check_spool(&report);
		check_disk(&report);
	}
	budget_text_add(&report.checks, "}");
	return report;
}
