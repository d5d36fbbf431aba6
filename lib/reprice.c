#include "lib/reprice.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/ctx.h"
#include "lib/rest.h"
#include "lib/when.h"

enum budget_status
budget_reprice_step(struct budget_ctx *ctx, const char *run_id, int64_t *ret_rows, bool *ret_done)
{
	_auto_result_ struct budget_result *row = NULL;
	char batch[16];
	const char *values[] = { ctx->tenant_id, run_id, batch };

	snprintf(batch, sizeof batch, "%d", BUDGET_REPRICE_BATCH);
	BUDGET_TRY(budget_db_row(ctx, STMT_REPRICE_STEP, values, 3, &row));
	*ret_rows = strtoll(budget_result_text(row, 0, 0), NULL, 10);
	*ret_done = budget_result_text(row, 0, 1)[0] == 't';
	return BUDGET_OK;
}

enum budget_status
budget_reprice_for(struct budget_ctx *ctx, const char *run_id, int64_t time_us)
{
	int64_t end_us = budget_now_us() + time_us, rows;
	bool is_done = false;

	while (!is_done && budget_now_us() < end_us) {
		const int64_t began_us = budget_now_us();
		enum budget_status status = budget_reprice_step(ctx, run_id, &rows, &is_done);

		if (status == BUDGET_EBUSY)
			return BUDGET_OK;
		BUDGET_TRY(status);
		if (!is_done)
			budget_rest(began_us, end_us);
	}
	return BUDGET_OK;
}
