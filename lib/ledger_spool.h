/*
 * Records while the database is away: into the spool instead of SQL, and from there into SQL later, once each. The ids,
 * key hashes and body hashes lie in the spool with the record, so a replay is the same request sent again.
 */
#ifndef BUDGET_LIB_LEDGER_SPOOL_H
#define BUDGET_LIB_LEDGER_SPOOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/ledger.h"
#include "lib/spool.h"

/* A record and the arena its answer goes into. */
struct budget_spooled {
	struct budget_ledger_item *item;
	struct budget_arena *arena;
};

/** True for a record; other verbs are never spooled. */
bool budget_ledger_is_record(const struct budget_ledger_item *item);

/**
 * Writes records of ctx->tenant_id to the spool and answers each 202 `{"record_id", "spooled": true, …}`, without a cost.
 * @return BUDGET_OK; BUDGET_EBUSY spool_full, spool_failed: nothing is kept
 */
enum budget_status budget_ledger_spool(struct budget_ctx *ctx, const struct budget_spooled *records, size_t count);

/* What became of the records of a segment. */
struct budget_replay {
	size_t recorded, repeated, buried; /* new; already there; refused for good: dead letters */
};

/**
 * Brings everything in a segment to the database, in groups, resting as long as it works while live requests wait. The
 * context is the caller's own and is reset often. What SQL refuses for good becomes a dead letter and an alert.
 * @param is_stopping  looked at between groups
 * @return BUDGET_OK: the segment may be removed; anything else: it stays, to be tried again from its beginning
 */
enum budget_status budget_ledger_replay_segment(struct budget_ctx *ctx, struct budget_spool_segment *segment,
    const _Atomic bool *is_stopping, struct budget_replay *replay);

#endif
