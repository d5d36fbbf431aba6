#include "cron/sweep.h"

static enum budget_status
run(struct budget_ctx *ctx, struct job_call *call, int64_t *ret_rows)
{
	return sweep(ctx, STMT_SESSIONS_FORGET, call, ret_rows);
}

static const struct job sessions = {
	.name = "sessions", .about = "Forgets sessions and tasks idle for 90 days, and buckets long fallen out of rolling windows.",
	.batch_max = 1000, .run = run,
};

int
main(int argc, char **argv)
{
	return job_main(&sessions, argc, argv);
}
