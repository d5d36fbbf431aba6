/*
 * Runs that correct costs (sql/functions/reprice): stepped by whoever has time for it, a request for some seconds or a
 * job to the end. A step is one transaction of at most 500 records.
 */
#ifndef BUDGET_LIB_REPRICE_H
#define BUDGET_LIB_REPRICE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/db.h"

#define BUDGET_REPRICE_BATCH 500

/**
 * One step of a run of ctx's tenant.
 * @param[out] ret_rows  records looked at
 * @param[out] ret_done  the run has ended, or somebody has ended it
 */
enum budget_status budget_reprice_step(struct budget_ctx *ctx, const char *run_id, int64_t *ret_rows, bool *ret_done);

/**
 * Steps, and rests between them (lib/rest.h), until the run has ended or the time is over. A step that met a busy database leaves the rest to the job: that
 * is no error.
 */
enum budget_status budget_reprice_for(struct budget_ctx *ctx, const char *run_id, int64_t time_us);

#endif
