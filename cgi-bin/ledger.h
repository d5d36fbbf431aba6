/* What check, allocations and usage share: they write the same rows, so they are one program (ledger.fcgi). */
#ifndef BUDGET_CGI_LEDGER_H
#define BUDGET_CGI_LEDGER_H

#include "cgi-bin/fcgi/reply.h"
#include "cgi-bin/fcgi/request.h"
#include "lib/ledger.h"

extern const struct route check_routes[], allocation_routes[], usage_routes[];

/* Fields of one usage record on the plain form: POST /usage/record, and every item of a batch. */
extern const struct budget_field usage_record_fields[];

/**
 * Sends one answer of the ledger: its body, or the problem it names (402 with the whole decision), and the header
 * Idempotency-Replayed on a repeat.
 */
enum budget_status ledger_reply(struct request *request, const struct budget_ledger_answer *answer);

/** The problem an answer names, as an error of the request: code, pointer, detail, more members. */
enum budget_status ledger_fail(struct budget_ctx *ctx, const struct budget_ledger_answer *answer);

#endif
