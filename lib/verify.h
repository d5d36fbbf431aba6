/*
 * A proof of the ledger (sql/functions/verify): counters = openings + records + corrections, held = live holds, nothing
 * names what is not there. It goes in slices, so that no snapshot of the database is held for long: old ones slow the hot
 * rows down.
 */
#ifndef BUDGET_LIB_VERIFY_H
#define BUDGET_LIB_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/db.h"
#include "lib/uuid.h"

struct budget_verify {
	char run_id[UUID_TEXT_SIZE];
	int batch;         /* rows of the next slice, by how long the last one took */
	int64_t rows;      /* looked at so far */
	int64_t slice_us;  /* how long the last slice took */
	bool is_done;
};

/** Begins a proof of ctx's tenant as of now. */
enum budget_status budget_verify_begin(struct budget_ctx *ctx, struct budget_verify *ret_verify);

/** Goes on with a run begun before, perhaps by another process. Whether it exists, the first slice tells. */
void budget_verify_resume(struct budget_verify *verify, const char *run_id);

/** One slice, of a few tenths of a second. BUDGET_ENOTFOUND verify_run_not_found when the run is gone. */
enum budget_status budget_verify_slice(struct budget_ctx *ctx, struct budget_verify *verify);

/** Slices until the proof is done or the time is over. */
enum budget_status budget_verify_for(struct budget_ctx *ctx, struct budget_verify *verify, int64_t time_us);

#endif
