/* One usage record on its way to the ledger, whoever sent it in whatever form. */
#ifndef BUDGET_CGI_USAGE_ITEM_H
#define BUDGET_CGI_USAGE_ITEM_H

#include "cgi-bin/ledger.h"
#include "lib/normalise/normalise.h"

#define USAGE_RAW_MAX 16384 /* bytes of a provider's usage object, sent or kept */

struct usage_origin {
	const char *key;               /* Idempotency-Key, or a key derived from an event; NULL = none */
	int part;                      /* position in a batch that shares the key, -1 otherwise */
	const char *pointer;           /* JSON pointer of the record inside the body, "" when it is the body */
	struct json_object *usage, *response; /* what the provider said, to be normalised; both NULL: the values hold counts */
	bool is_bare;                  /* the answer stands at the pointer itself, not in a member */
	unsigned flags;                /* enum budget_usage_flag, of counts that were normalised before */
	const char *identity;          /* what "the same body" means; NULL: every value that was sent */
};

/**
 * The ledger item for one record of usage_record_fields.
 * @return BUDGET_OK; BUDGET_EINVALID: no counts, counts beside usage or response, no provider or model, what
 *         budget_usage_normalise() refuses; BUDGET_ETOOLARGE
 */
enum budget_status usage_item(struct budget_ctx *ctx, const struct budget_values *values, const struct usage_origin *origin,
    struct budget_ledger_item *ret_item);

/** Sets a field of decoded values; text must be canonical and live as long as they. NULL unsets. */
void usage_set(struct budget_values *values, const char *name, const char *text);

/**
 * Sets a field from text that somebody else wrote: checked by its row of the table.
 * @return BUDGET_OK, also for text NULL (nothing is set); BUDGET_EINVALID with pointer
 */
enum budget_status usage_read(struct budget_ctx *ctx, struct budget_values *values, const char *name, const char *pointer,
    const char *text);

/** The counts of a normalised usage as values, as far as they are not 0 (input_tokens always); tier and cost unless set. */
enum budget_status usage_set_found(struct budget_ctx *ctx, struct budget_values *values, const struct budget_usage_found *found);

#endif
