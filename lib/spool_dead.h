/*
 * Dead letters: records that were acknowledged while the database was away and that it refuses for good. Each is a file
 * `dead/<record_id>.json` of the spool folder, so burying one twice changes nothing. A person decides: budget spool.
 */
#ifndef BUDGET_LIB_SPOOL_DEAD_H
#define BUDGET_LIB_SPOOL_DEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"
#include "lib/spool_frame.h"
#include "lib/uuid.h"

struct budget_spool_refusal {
	int status; /* HTTP */
	const char *code, *pointer, *detail;
};

/** The id the record was acknowledged with; false when the frame has none. */
bool budget_spool_record_id(const struct budget_spool_frame *frame, char ret_id[UUID_TEXT_SIZE]);

/** Writes the letter and syncs it. BUDGET_EBUSY spool_failed: it is not on disk. */
enum budget_status budget_spool_bury(struct budget_ctx *ctx, int folder, const struct budget_spool_frame *frame,
    const struct budget_spool_refusal *why);

/** How many there are. */
size_t budget_spool_dead_count(int folder);

/** Calls with each letter's id, oldest first, and its text (JSON). */
typedef void budget_spool_dead_fn(void *user, const char *id, const char *text);
enum budget_status budget_spool_dead_each(struct budget_ctx *ctx, int folder, budget_spool_dead_fn *call, void *user);

/** The record of a letter, to be put into the spool again. BUDGET_ENOTFOUND; BUDGET_EINVALID: the file is no letter. */
enum budget_status budget_spool_dead_read(struct budget_ctx *ctx, int folder, const char *id,
    struct budget_spool_frame *ret_frame);

/** Removes a letter. BUDGET_ENOTFOUND. */
enum budget_status budget_spool_dead_drop(struct budget_ctx *ctx, int folder, const char *id);

#endif
