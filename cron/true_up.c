/* Usage that had no price, and counted at a ceiling, moves to its cost once a price has arrived. */
#include "cron/runs.h"

static enum budget_status
run(struct budget_ctx *ctx, struct job_call *call, int64_t *ret_rows)
{
	const char *values[] = { call->is_dry_run ? "t" : "f" };

	return runs_step(ctx, call, STMT_TRUE_UP_BEGIN, values, 1, ret_rows);
}

static const struct job true_up = {
	.name = "true-up", .about = "Gives usage without a price its cost once a price has arrived.",
	.batch_max = 500, .flags = JOB_NOW_DRY, .run = run,
};

int
main(int argc, char **argv)
{
	return job_main(&true_up, argc, argv);
}
