#include "cron/sweep.h"

static enum budget_status
run(struct budget_ctx *ctx, struct job_call *call, int64_t *ret_rows)
{
	return sweep(ctx, STMT_HOLDS_EXPIRE, call, ret_rows);
}

static const struct job holds_expire = {
	.name = "holds-expire", .about = "Ends holds whose time is over and frees what they held.",
	.batch_max = 500, .flags = JOB_NOW_DRY, .run = run,
};

int
main(int argc, char **argv)
{
	return job_main(&holds_expire, argc, argv);
}
