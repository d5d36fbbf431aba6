/* Jobs whose batch is one SQL function (batch, dry_run, now) -> rows. */
#ifndef BUDGET_CRON_SWEEP_H
#define BUDGET_CRON_SWEEP_H

#include <stdio.h>
#include <stdlib.h>

#include "cron/job.h"
#include "lib/db.h"
#include "lib/rest.h"
#include "lib/when.h"

static inline enum budget_status
sweep(struct budget_ctx *ctx, enum budget_statement statement, const struct job_call *call, int64_t *ret_rows)
{
	_auto_result_ struct budget_result *row = NULL;
	char batch[16];
	const char *values[] = { batch, call->is_dry_run ? "t" : "f", call->now };
	const int64_t began_us = budget_now_us();

	snprintf(batch, sizeof batch, "%d", call->batch_max);
	BUDGET_TRY(budget_db_row(ctx, statement, values, 3, &row));
	*ret_rows = strtoll(budget_result_text(row, 0, 0), NULL, 10);
	if (*ret_rows >= call->batch_max && !call->is_dry_run) /* else it was the last */
		budget_rest(began_us, INT64_MAX);
	return BUDGET_OK;
}

#endif
