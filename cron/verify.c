/*
 * The nightly proof: every tenant's counters, holds and references against the log; what differs raises an alert about
 * the system. A slice is a batch.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cron/job.h"
#include "lib/db.h"
#include "lib/rest.h"
#include "lib/verify.h"
#include "lib/when.h"

#define TENANTS_MAX 100000

static struct {
	char (*tenants)[UUID_TEXT_SIZE];
	int count, at;              /* at: the tenant whose turn it is */
	bool is_running;            /* its proof has begun */
	struct budget_verify proof;
	int64_t differences;
} work = { .at = -1 };

static enum budget_status
list_tenants(struct budget_ctx *ctx)
{
	static struct budget_arena forever;
	_auto_result_ struct budget_result *rows = NULL;

	BUDGET_TRY(budget_db_run(ctx, STMT_VERIFY_TENANTS, NULL, 0, &rows));
	work.count = budget_result_rows(rows) < TENANTS_MAX ? budget_result_rows(rows) : TENANTS_MAX;
	budget_arena_init(&forever, (size_t)TENANTS_MAX * 2 * UUID_TEXT_SIZE);
	work.tenants = budget_arena_alloc(&forever, (size_t)work.count * UUID_TEXT_SIZE + 1);
	if (work.tenants == NULL)
		return budget_fail(ctx, BUDGET_ETOOLARGE, "out_of_memory", NULL, "Not enough memory for the tenants.");
	for (int i = 0; i < work.count; i++)
		snprintf(work.tenants[i], UUID_TEXT_SIZE, "%s", budget_result_text(rows, i, 0));
	work.at = 0;
	return BUDGET_OK;
}

static enum budget_status
finish_tenant(struct budget_ctx *ctx)
{
	_auto_result_ struct budget_result *row = NULL;
	const char *values[] = { ctx->tenant_id, work.proof.run_id };

	BUDGET_TRY(budget_db_row(ctx, STMT_VERIFY_ALARM, values, 2, &row));
	work.differences += strtoll(budget_result_text(row, 0, 0), NULL, 10);
	work.is_running = false;
	work.at++;
	return BUDGET_OK;
}

/* Rows done is never 0 before the end: a slice of an empty part, and a beginning, count for one. */
static enum budget_status
run(struct budget_ctx *ctx, struct job_call *call, int64_t *ret_rows)
{
	if (work.at < 0)
		BUDGET_TRY(list_tenants(ctx));
	call->detail = work.differences == 0 ? "no differences"
	    : budget_arena_printf(&ctx->arena, "%" PRId64 " differences: an alert says so, budget verify shows them",
	        work.differences);
	*ret_rows = work.at < work.count;
	if (call->is_dry_run) {
		*ret_rows = work.count;
		call->detail = "tenants that would be proven";
	}
	if (work.at >= work.count || call->is_dry_run)
		return BUDGET_OK;
	ctx->tenant_id = work.tenants[work.at];
	if (!work.is_running) {
		BUDGET_TRY(budget_verify_begin(ctx, &work.proof));
		work.is_running = true;
		return BUDGET_OK;
	}
	const int64_t before = work.proof.rows;
	BUDGET_TRY(budget_verify_slice(ctx, &work.proof));
	*ret_rows = work.proof.rows > before ? work.proof.rows - before : 1;
	if (work.proof.is_done)
		return finish_tenant(ctx);
	budget_rest(budget_now_us() - work.proof.slice_us, INT64_MAX);
	return BUDGET_OK;
}

static const struct job verify = {
	.name = "verify", .about = "Proves counters, holds and references against the records; drift raises an alert.",
	.batch_max = 1, .flags = JOB_NOW_DRY, .run = run,
};

int
main(int argc, char **argv)
{
	return job_main(&verify, argc, argv);
}
