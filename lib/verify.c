#include "lib/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/ctx.h"
#include "lib/rest.h"
#include "lib/when.h"

/* A slice is one snapshot of the database: a tenth of a second costs the hot rows nothing that can be measured. */
#define SLICE_US_MIN 100000
#define SLICE_US_MAX 300000
#define BATCH_FIRST 2000
#define BATCH_MIN 100
#define BATCH_MAX 50000

void
budget_verify_resume(struct budget_verify *verify, const char *run_id)
{
	*verify = (struct budget_verify){ .batch = BATCH_FIRST };
	snprintf(verify->run_id, sizeof verify->run_id, "%s", run_id);
}

enum budget_status
budget_verify_begin(struct budget_ctx *ctx, struct budget_verify *ret_verify)
{
	_auto_result_ struct budget_result *row = NULL;
	const char *values[] = { ctx->tenant_id };

	BUDGET_TRY(budget_db_row(ctx, STMT_VERIFY_BEGIN, values, 1, &row));
	budget_verify_resume(ret_verify, budget_result_text(row, 0, 0));
	return BUDGET_OK;
}

enum budget_status
budget_verify_slice(struct budget_ctx *ctx, struct budget_verify *verify)
{
	_auto_result_ struct budget_result *row = NULL;
	char batch[16];
	const char *values[] = { ctx->tenant_id, verify->run_id, batch };
	int64_t began_us = budget_now_us();

	snprintf(batch, sizeof batch, "%d", verify->batch);
	BUDGET_TRY(budget_db_row(ctx, STMT_VERIFY_STEP, values, 3, &row));
	verify->rows += strtoll(budget_result_text(row, 0, 0), NULL, 10);
	verify->is_done = budget_result_text(row, 0, 1)[0] == 't';
	verify->slice_us = budget_now_us() - began_us;
	if (verify->slice_us < SLICE_US_MIN && verify->batch <= BATCH_MAX / 2)
		verify->batch *= 2;
	else if (verify->slice_us > SLICE_US_MAX && verify->batch / 2 >= BATCH_MIN)
		verify->batch /= 2;
	return BUDGET_OK;
}

enum budget_status
budget_verify_for(struct budget_ctx *ctx, struct budget_verify *verify, int64_t time_us)
{
	int64_t end_us = budget_now_us() + time_us;

	while (!verify->is_done && budget_now_us() < end_us) {
		BUDGET_TRY(budget_verify_slice(ctx, verify));
		if (!verify->is_done)
			budget_rest(budget_now_us() - verify->slice_us, end_us);
	}
	return BUDGET_OK;
}
