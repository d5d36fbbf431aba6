#include "cron/sweep.h"

static enum budget_status
run(struct budget_ctx *ctx, struct job_call *call, int64_t *ret_rows)
{
	return sweep(ctx, STMT_REQUEST_KEYS_EXPIRE, call, ret_rows);
}

static const struct job request_keys = {
	.name = "request-keys", .about = "Forgets idempotency keys that are older than the setting idempotency_days.",
	.batch_max = 5000, .run = run,
};

int
main(int argc, char **argv)
{
	return job_main(&request_keys, argc, argv);
}
