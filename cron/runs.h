/* What the jobs that correct costs share: a list of runs, stepped one after the other. */
#ifndef BUDGET_CRON_RUNS_H
#define BUDGET_CRON_RUNS_H

#include "cron/job.h"
#include "lib/db.h"

/**
 * One step of the runs that `statement` lists (tenant_id, run_id; asked for once); call->detail says how many ended.
 * @param values, count  of the statement
 */
enum budget_status runs_step(struct budget_ctx *ctx, struct job_call *call, enum budget_statement statement,
    const char *const *values, int count, int64_t *ret_rows);

#endif
