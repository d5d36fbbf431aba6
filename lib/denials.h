/*
 * How often policies refused: counted in memory by policy and hour, brought to the database in one call by whoever is on no
 * request's way. A storm of refusals writes nothing. Approximate: what was not brought yet is lost with the process.
 */
#ifndef BUDGET_LIB_DENIALS_H
#define BUDGET_LIB_DENIALS_H

#include <stdbool.h>

#include "lib/error.h"

/** Counts a refusal: the decision (a JSON object) names the policy that decided. One that names none counts nothing. */
void budget_denial_note(const char *tenant_id, const char *decision);

/** True when something was counted since the last budget_denials_flush(). */
bool budget_denials_wait(void);

/** Adds what was counted to table denial. BUDGET_EBUSY: the database is away, it is kept for the next time. */
enum budget_status budget_denials_flush(struct budget_ctx *ctx);

#endif
