/* Many records in one request. */
#ifndef BUDGET_CGI_USAGE_BATCH_H
#define BUDGET_CGI_USAGE_BATCH_H

#include "cgi-bin/ledger.h"

/**
 * The ledger item for one record.
 * @param idempotency_key, part  see budget_ledger_begin()
 * @param pointer  JSON pointer of the record inside the body, "" when it is the body
 */
enum budget_status usage_item(struct budget_ctx *ctx, const struct budget_values *values, const char *idempotency_key, int part,
    const char *pointer, struct budget_ledger_item *ret_item);

/** Handler of POST /usage/batch. */
enum budget_status usage_batch(struct request *request);

#endif
