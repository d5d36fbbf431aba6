/* Goes on with corrections that took a request too long, or that a crash left behind. */
#include "cron/runs.h"

static enum budget_status
run(struct budget_ctx *ctx, struct job_call *call, int64_t *ret_rows)
{
	return runs_step(ctx, call, STMT_REPRICE_WAITING, NULL, 0, ret_rows);
}

static const struct job reprice = {
	.name = "reprice", .about = "Goes on with corrections of costs that a request has begun.",
	.batch_max = 500, .flags = JOB_NOW_DRY, .run = run,
};

int
main(int argc, char **argv)
{
	return job_main(&reprice, argc, argv);
}
