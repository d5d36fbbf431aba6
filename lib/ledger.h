/*
 * The door of the ledger: groups of requests go to SQL in one call and come back as one answer each. No rule lives here;
 * sql/functions/ledger decides. Ids are made here, so that a group whose commit is in doubt can be sent again unchanged.
 */
#ifndef BUDGET_LIB_LEDGER_H
#define BUDGET_LIB_LEDGER_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/db.h"
#include "lib/field.h"
#include "lib/text.h"

#define BUDGET_LEDGER_GROUP_MAX 500 /* items per transaction; a batch is cut into chunks of this size */
#define BUDGET_LEDGER_LANES 4       /* groups of different tenants that may be written at once, each on its own connection */

/* What became of one item. Texts live in the context's arena. */
struct budget_ledger_answer {
	int status;          /* HTTP status; 0 until answered */
	const char *code;    /* of an error, else NULL */
	const char *pointer, *detail;
	const char *id;      /* record or hold */
	const char *body;    /* JSON object: the answer, or more members of the problem document */
	const char *internal; /* of a 500: for the log only */
	bool is_replay;      /* the same id or key was answered before; this is that answer */
};

/*
 * One request, as JSON members without braces (ledger_items.sql and ledger_shapes.sql list them). The shape is what policies
 * and prices look at: requests of a group that share it send it once, and it is looked up once.
 */
struct budget_ledger_item {
	const char *shape;   /* NULL when the verb needs none (release, extend) */
	const char *members;
	const char *echo;    /* record: members of its answer that the request itself says; NULL otherwise */
	bool is_by_hold;     /* a record that names a hold or a context: what it leaves out it may learn from its hold */
	struct budget_ledger_answer answer;
};

/* An item under construction. */
struct budget_ledger_draft {
	struct budget_text shape, members;
	bool is_record, is_by_hold;
};

/**
 * Starts an item: verb, identity, caller. Identity: a client's UUIDv7 of booking time is its own key; any other client id,
 * or an Idempotency-Key, is kept as a hash beside an id made here; with neither, the id is new.
 * @param client_id  canonical uuid the client sent, or NULL
 * @param key        value of the Idempotency-Key header, or NULL; used when there is no client_id
 * @param part       position inside a batch that shares one key, -1 outside batches
 * @param body       canonical text of the request, for "same id, other body"
 */
void budget_ledger_begin(struct budget_ctx *ctx, const char *verb, const char *client_id, const char *key, int part,
    const char *body, struct budget_ledger_draft *ret_draft);

/** Adds decoded fields as members under the names the ledger knows (allocation_id -> hold_id, timestamp -> occurred_*, …). */
void budget_ledger_members(struct budget_ledger_draft *draft, const struct budget_values *values);

/**
 * Finishes an item begun above.
 * @param values  of a record: what its answer repeats; NULL for other verbs
 * @return BUDGET_OK; BUDGET_ETOOLARGE beyond the arena's cap
 */
enum budget_status budget_ledger_end(struct budget_ctx *ctx, struct budget_ledger_draft *draft, const struct budget_values *values,
    struct budget_ledger_item *ret_item);

/**
 * Runs writers (record, reserve, release, extend); count <= BUDGET_LEDGER_GROUP_MAX. What other threads bring meanwhile shares
 * the transaction (group.h). A group that lost a race, or whose commit is in doubt, is run once more; one that a poisoned item
 * spoils is run in halves, so that only that item fails. Refusals are answers, not errors.
 * With the database away, calls that bring records only are answered 202 from the spool, where one is open.
 * @return BUDGET_OK with every answer set; BUDGET_EBUSY: unknown, repeat with the same ids
 */
enum budget_status budget_ledger_run(struct budget_ctx *ctx, struct budget_ledger_item *items, size_t count);

/**
 * Runs records that lay in the spool (ledger_spool.h), apart from the queue, on the context's connection: what of them is
 * there already answers as stored.
 */
enum budget_status budget_ledger_replay(struct budget_ctx *ctx, struct budget_ledger_item *items, size_t count);

/* Since the start of the process, but for waiting. */
struct budget_ledger_stats {
	unsigned long groups, requests; /* written together, and how many */
	unsigned long retries;          /* groups that were run once more */
	unsigned long spooled;          /* records kept on disk because the database was away */
	size_t waiting;                 /* requests in the queues now */
};

/** How the queues do, for /metrics. */
void budget_ledger_stats(struct budget_ledger_stats *ret_stats);

/** Decides without effect (verb check). Same shape. */
enum budget_status budget_ledger_check(struct budget_ctx *ctx, struct budget_ledger_item *items, size_t count);

#endif
