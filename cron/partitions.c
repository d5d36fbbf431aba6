#include <stdlib.h>

#include "cron/job.h"
#include "lib/db.h"
#include "lib/settings.h"

static enum budget_status
run(struct budget_ctx *ctx, struct job_call *call, int64_t *ret_rows)
{
	_auto_result_ struct budget_result *row = NULL;
	const char *values[] = { budget_setting_text("partitions_months_ahead"), call->is_dry_run ? "t" : "f", call->now };

	BUDGET_TRY(budget_db_row(ctx, STMT_PARTITIONS_MAKE, values, 3, &row));
	*ret_rows = strtoll(budget_result_text(row, 0, 0), NULL, 10);
	call->detail = budget_arena_strdup(&ctx->arena, budget_result_text(row, 0, 1));
	return BUDGET_OK;
}

static const struct job partitions = {
	.name = "partitions", .about = "Makes the monthly partitions of holds and usage records ahead of time.",
	.batch_max = 1, .flags = JOB_ONCE, .run = run,
};

int
main(int argc, char **argv)
{
	return job_main(&partitions, argc, argv);
}
