/* GET /metrics: the counters of all programs and the numbers of the database, as Prometheus text 0.0.4. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cgi-bin/fcgi/config.h"
#include "cgi-bin/fcgi/meter.h"
#include "cgi-bin/fcgi/reply.h"
#include "cgi-bin/status.h"
#include "lib/budget.h"

enum { PROBE_TIMEOUT_MS = 800 };

/* Names that budget.metrics_facts() gives, in the order they are printed. */
static const struct {
	const char *name, *kind, *help;
} facts[] = {
	{ "budget_tenants", "gauge", "Tenants." },
	{ "budget_budgets", "gauge", "Active budgets." },
	{ "budget_policies", "gauge", "Enabled policies." },
	{ "budget_live_holds", "gauge", "Holds that are live and not expired." },
	{ "budget_held_tokens", "gauge", "Tokens that live holds hold." },
	{ "budget_open_alerts", "gauge", "Alerts nobody has acknowledged." },
	{ "budget_outbox_due", "gauge", "Messages that wait to be delivered." },
	{ "budget_refusals_total", "counter", "Requests refused by policies, as flushed by the handlers (approximate)." },
	{ "budget_usage_records_total", "counter", "Usage records written since the statistics of the server began." },
	{ "budget_database_connections", "gauge", "Connections to the database, of whomever." },
	{ "budget_database_commits_total", "counter", "Transactions committed." },
	{ "budget_database_rollbacks_total", "counter", "Transactions rolled back." },
	{ "budget_database_deadlocks_total", "counter", "Deadlocks found by the server." },
	{ "budget_database_size_bytes", "gauge", "Size of the database on disk." },
	{ "budget_oldest_snapshot_seconds", "gauge",
	  "Age of the oldest transaction that keeps dead rows from being removed." },
	{ "budget_job_last_success_timestamp_seconds", "gauge", "When a job last ended well." },
	{ "budget_job_last_failure_timestamp_seconds", "gauge", "When a job last failed." },
	{ "budget_job_interval_seconds", "gauge", "How often the schedule starts a job." },
};

static void
head(struct budget_text *text, const char *name, const char *kind, const char *help)
{
	budget_text_addf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

static void
add_facts(struct budget_ctx *ctx, struct budget_text *text)
{
	_auto_result_ struct budget_result *rows = NULL;
	bool is_up = budget_db_run(ctx, STMT_METRICS_FACTS, NULL, 0, &rows) == BUDGET_OK;

	head(text, "budget_database_up", "gauge", "1 when the database answers.");
	budget_text_addf(text, "budget_database_up %d\n", is_up);
	for (size_t i = 0; is_up && i < sizeof facts / sizeof *facts; i++) {
		bool is_first = true;

		for (int row = 0; row < budget_result_rows(rows); row++) {
			const char *labels = budget_result_text(rows, row, 1), *value = budget_result_text(rows, row, 2);

			if (strcmp(budget_result_text(rows, row, 0), facts[i].name) != 0 || value == NULL)
				continue;
			if (is_first)
				head(text, facts[i].name, facts[i].kind, facts[i].help);
			is_first = false;
			budget_text_addf(text, "%s%s%s%s %s\n", facts[i].name, labels[0] != '\0' ? "{" : "", labels,
			    labels[0] != '\0' ? "}" : "", value);
		}
	}
}

/* Nothing but quotes and backslashes of a wild method would have to be escaped in a label. */
static void
add_label(struct budget_text *text, const char *value)
{
	for (; *value != '\0'; value++)
		budget_text_addf(text, "%s%c", *value == '"' || *value == '\\' ? "\\" : "", *value);
}

static void
add_requests(struct budget_text *text, const char *program, const struct meter_file *meter)
{
	for (int i = 0; i < METER_SLOTS && meter->slots[i].state == 2; i++) {
		const struct meter_slot *slot = &meter->slots[i];
		size_t method = strcspn(slot->route, " ");

		budget_text_addf(text, "budget_http_requests_total{program=\"%s\",method=\"%.*s\",route=\"", program,
		    slot->route[0] == '-' ? 0 : (int)method, slot->route);
		add_label(text, slot->route + method + (slot->route[method] == ' '));
		budget_text_addf(text, "\",status=\"%u\"} %llu\n", slot->status, (unsigned long long)slot->count);
	}
}

static void
add_durations(struct budget_text *text, const char *program, const struct meter_file *meter)
{
	unsigned long long count = 0;

	for (int i = 0; i < METER_BUCKETS; i++) {
		count += meter->buckets[i];
		budget_text_addf(text, "budget_http_request_duration_seconds_bucket{program=\"%s\",le=\"%g\"} %llu\n", program,
		    (double)meter_bounds_us[i] / 1e6, count);
	}
	count += meter->buckets[METER_BUCKETS];
	budget_text_addf(text, "budget_http_request_duration_seconds_bucket{program=\"%s\",le=\"+Inf\"} %llu\n"
	    "budget_http_request_duration_seconds_sum{program=\"%s\"} %.6f\n"
	    "budget_http_request_duration_seconds_count{program=\"%s\"} %llu\n", program, count, program,
	    (double)meter->duration_us / 1e6, program, count);
}

/* A number of every program that has counters. */
static void
add_gauge(struct budget_text *text, const char *name, const struct probe *probes,
    const struct meter_file *const *meters, int count, size_t offset)
{
	for (int i = 0; i < count; i++)
		if (meters[i] != NULL)
			budget_text_addf(text, "%s{program=\"%s\"} %llu\n", name, probes[i].name,
			    (unsigned long long)*(const _Atomic uint64_t *)((const char *)meters[i] + offset));
}

/* What the ledger program says of its queues and its spool. */
static const struct {
	enum meter_gauge gauge;
	const char *name, *kind, *help;
} ledger_gauges[] = {
	{ METER_GROUPS, "budget_ledger_groups_total", "counter", "Groups of requests, each one call of the database." },
	{ METER_GROUPED, "budget_ledger_requests_total", "counter", "Requests that went in groups." },
	{ METER_QUEUED, "budget_ledger_queue_depth", "gauge", "Requests that wait for their group." },
	{ METER_RETRIES, "budget_ledger_retries_total", "counter", "Groups run once more: a race, a lock, a lost connection." },
	{ METER_DEADLOCKS, "budget_ledger_deadlocks_total", "counter", "Statements that ended in a deadlock (40P01); none is normal." },
	{ METER_IS_AWAY, "budget_degraded", "gauge", "1 while the database is away and records go to the spool." },
	{ METER_SPOOL_RECORDS, "budget_spool_records", "gauge", "Records that wait in the spool." },
	{ METER_SPOOL_BYTES, "budget_spool_bytes", "gauge", "Their size on disk; bounded by spool_max_bytes." },
	{ METER_SPOOLED, "budget_spooled_total", "counter", "Records written to the spool." },
	{ METER_REPLAYED, "budget_spool_replayed_total", "counter", "Records brought from the spool to the database." },
	{ METER_DEAD_LETTERS, "budget_spool_dead_letters", "gauge", "Spooled records the database refuses for good." },
	{ METER_DAMAGED_SEGMENTS, "budget_spool_damaged_segments", "gauge", "Spool files kept because part of them cannot be read." },
};

static void
add_ledger(struct budget_text *text, const struct meter_file *meter)
{
	int64_t oldest_at = (int64_t)meter->gauges[METER_SPOOL_OLDEST_AT], age = (int64_t)time(NULL) - oldest_at;

	for (size_t i = 0; i < sizeof ledger_gauges / sizeof *ledger_gauges; i++) {
		head(text, ledger_gauges[i].name, ledger_gauges[i].kind, ledger_gauges[i].help);
		budget_text_addf(text, "%s %llu\n", ledger_gauges[i].name, (unsigned long long)meter->gauges[ledger_gauges[i].gauge]);
	}
	head(text, "budget_spool_oldest_seconds", "gauge", "How long the oldest record of the spool has waited.");
	budget_text_addf(text, "budget_spool_oldest_seconds %lld\n", (long long)(oldest_at == 0 || age < 0 ? 0 : age));
}

/* One family after the other, as the format asks, over all programs that have counters. */
static void
add_programs(struct budget_text *text, const struct probe *probes, int count, const struct meter_file *const *meters)
{
	head(text, "budget_program_up", "gauge", "1 when the program answers on its socket.");
	for (int i = 0; i < count; i++)
		budget_text_addf(text, "budget_program_up{program=\"%s\"} %d\n", probes[i].name, probes[i].answers);
	head(text, "budget_program_start_time_seconds", "gauge", "When the program was started.");
	for (int i = 0; i < count; i++)
		if (meters[i] != NULL)
			budget_text_addf(text, "budget_program_start_time_seconds{program=\"%s\"} %llu\n", probes[i].name,
			    (unsigned long long)meters[i]->started_at);
	head(text, "budget_http_requests_in_flight", "gauge", "Requests being served.");
	add_gauge(text, "budget_http_requests_in_flight", probes, meters, count, offsetof(struct meter_file, in_flight));
	head(text, "budget_pool_connections", "gauge", "Database connections open, as of the last request.");
	add_gauge(text, "budget_pool_connections", probes, meters, count, offsetof(struct meter_file, pool_open));
	head(text, "budget_pool_busy", "gauge", "Database connections in use, as of the last request.");
	add_gauge(text, "budget_pool_busy", probes, meters, count, offsetof(struct meter_file, pool_busy));
	head(text, "budget_pool_failures_total", "counter", "Connects to the database that failed.");
	add_gauge(text, "budget_pool_failures_total", probes, meters, count, offsetof(struct meter_file, pool_failures));
	head(text, "budget_http_requests_total", "counter", "Requests answered, by route and status.");
	for (int i = 0; i < count; i++)
		if (meters[i] != NULL)
			add_requests(text, probes[i].name, meters[i]);
	head(text, "budget_http_request_duration_seconds", "histogram", "Time from the request's head to its answer.");
	for (int i = 0; i < count; i++)
		if (meters[i] != NULL)
			add_durations(text, probes[i].name, meters[i]);
}

enum budget_status
metrics_get(struct request *request)
{
	struct budget_arena *arena = &request->ctx.arena;
	const struct meter_file *meters[PROGRAMS_MAX] = { NULL };
	struct probe probes[PROGRAMS_MAX];
	struct budget_text text;
	int count = probe_list(probes);
	const char *done;

	probe_run(probes, count, PROBE_TIMEOUT_MS);
	for (int i = 0; i < count; i++) {
		struct meter_file *meter = budget_arena_alloc(arena, sizeof *meter);

		if (meter == NULL)
			return budget_fail_memory(&request->ctx);
		meters[i] = meter_read(config.run_dir, probes[i].name, meter) ? meter : NULL;
	}
	budget_text_init(&text, arena, 16 * 1024);
	head(&text, "budget_build_info", "gauge", "Version of this release.");
	budget_text_add(&text, "budget_build_info{version=\"");
	add_label(&text, config.version);
	budget_text_add(&text, "\"} 1\n");
	add_programs(&text, probes, count, meters);
	for (int i = 0; i < count; i++)
		if (meters[i] != NULL && strcmp(probes[i].name, "ledger") == 0)
			add_ledger(&text, meters[i]);
	add_facts(&request->ctx, &text);
	done = budget_text_done(&text);
	if (done == NULL)
		return budget_fail_memory(&request->ctx);
	reply_json(request, 200, done);
	request->reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
	return BUDGET_OK;
}
