#include "cron/runs.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/reprice.h"
#include "lib/rest.h"
#include "lib/uuid.h"
#include "lib/when.h"

#define RUNS_MAX 10000

static struct {
	struct one { char tenant_id[UUID_TEXT_SIZE], run_id[UUID_TEXT_SIZE]; } *runs;
	int count, at;                  /* at: the run whose turn it is */
} work = { .at = -1 };

static enum budget_status
list(struct budget_ctx *ctx, enum budget_statement statement, const char *const *values, int count)
{
	static struct budget_arena forever;
	_auto_result_ struct budget_result *rows = NULL;

	BUDGET_TRY(budget_db_run(ctx, statement, values, count, &rows));
	work.count = budget_result_rows(rows) < RUNS_MAX ? budget_result_rows(rows) : RUNS_MAX;
	budget_arena_init(&forever, (size_t)RUNS_MAX * 2 * sizeof *work.runs);
	work.runs = budget_arena_alloc(&forever, (size_t)(work.count + 1) * sizeof *work.runs);
	if (!work.runs)
		return budget_fail_memory(ctx);
	for (int i = 0; i < work.count; i++) {
		const char *run_id = budget_result_text(rows, i, 1);

		snprintf(work.runs[i].tenant_id, UUID_TEXT_SIZE, "%s", budget_result_text(rows, i, 0));
		snprintf(work.runs[i].run_id, UUID_TEXT_SIZE, "%s", run_id ? run_id : "");
	}
	work.at = 0;
	return BUDGET_OK;
}

enum budget_status
runs_step(struct budget_ctx *ctx, struct job_call *call, enum budget_statement statement, const char *const *values,
    int count, int64_t *ret_rows)
{
	bool is_done = false;

	if (work.at < 0)
		BUDGET_TRY(list(ctx, statement, values, count));
	if (call->is_dry_run) {
		*ret_rows = work.count;
		call->detail = "runs that would go on";
		return BUDGET_OK;
	}
	if (work.count > 0)
		call->detail = budget_arena_printf(&ctx->arena, "%d of %d runs ended", work.at, work.count);
	*ret_rows = 0;
	if (work.at >= work.count)
		return BUDGET_OK;
	ctx->tenant_id = work.runs[work.at].tenant_id;
	const int64_t began_us = budget_now_us();
	BUDGET_TRY(budget_reprice_step(ctx, work.runs[work.at].run_id, ret_rows, &is_done));
	if (!is_done) {
		budget_rest(began_us, INT64_MAX);
	} else {
		*ret_rows = *ret_rows > 0 ? *ret_rows : 1; /* the next run's turn, not the end */
		work.at++;
	}
	return BUDGET_OK;
}
