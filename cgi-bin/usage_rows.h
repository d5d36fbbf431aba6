/* Many records of one request: a batch, events, spans. */
#ifndef BUDGET_CGI_USAGE_ROWS_H
#define BUDGET_CGI_USAGE_ROWS_H

#include "cgi-bin/usage_item.h"

enum { USAGE_BATCH_MAX = 10000, USAGE_IGNORED = 204 /* status of a row that is no usage */,
	USAGE_SPOOLED = 202 /* of one that is kept on disk, because the database is away */ };

struct usage_row {
	const char *identity;                 /* what two rows of one request are the same by: a client's id, a derived key; or NULL */
	struct budget_ledger_item item;       /* without members when the door refused it, or nothing is to be recorded */
	const char *body;                     /* canonical text, to tell a repeat from a mix-up */
	size_t first;                         /* index of the earlier row with the same identity; its own when there is none */
};

struct usage_batch;

/** Makes row `index` of an object, by usage_batch_add(), _close() or _ignore(). */
typedef enum budget_status usage_row_fn(struct usage_batch *batch, struct json_object *object, size_t index);

struct usage_batch {
	struct request *request;
	struct usage_row *rows;
	size_t count;
	const char *identity_member;          /* where in a row its identity stands: "/record_id" */
	usage_row_fn *decode;
	bool may_be_single, is_single;        /* a body may be, is one object: a fault of it fails the request */
	bool is_deep;                         /* others' objects: nested deeper than ours */
};

/** The rows of a body: a JSON array, {"items": […]}, one object where that may be, or one object a line (NDJSON). */
enum budget_status usage_batch_decode(struct usage_batch *batch, const char *text, size_t length);

/** Room for count rows. BUDGET_EINVALID empty_batch, BUDGET_ETOOLARGE batch_too_large. */
enum budget_status usage_batch_alloc(struct usage_batch *batch, size_t count);

/** Makes the row of an index; a fault of the row becomes its answer. BUDGET_ETOOLARGE fails the whole request. */
enum budget_status usage_batch_add(struct usage_batch *batch, size_t index, const struct budget_values *values,
    const struct usage_origin *origin, const char *identity);

/** Gives a row the request's error as its answer, when there is one, and clears it. BUDGET_ETOOLARGE is given back. */
enum budget_status usage_batch_close(struct usage_batch *batch, size_t index, enum budget_status status);

/** A row in which there is nothing to record. */
void usage_batch_ignore(struct usage_batch *batch, size_t index);

/**
 * Everything the door let in, in chunks of one transaction each; every row has its answer then.
 * @return BUDGET_EBUSY only when not a single row was stored
 */
enum budget_status usage_batch_run(struct usage_batch *batch);

/** Runs it, and answers {accepted, duplicates, rejected, items}; `ignored` and `spooled` as well when there are such. */
enum budget_status usage_batch_reply(struct usage_batch *batch);

#endif
