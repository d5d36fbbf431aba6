/*
 * Who calls. `Authorization: Bearer KEY` or `X-API-Key: KEY`; keys are looked up by public id and kept for a few
 * seconds. While the database is away, keys seen lately stay valid (key_cache_outage_seconds): the price is that a
 * revocation made in that time is not seen. Unknown keys are 503 then, not 401: we do not know.
 */
#ifndef BUDGET_FCGI_AUTH_H
#define BUDGET_FCGI_AUTH_H

#include "lib/error.h"

struct request;

/** Fills tenant, role, key and actor of request->ctx, and compares the role with the route's. 401, 403 or 503 else. */
enum budget_status auth_check(struct request *request);

/** After the answer was sent: writes down, at most once a minute, that the key was used. Failures do not matter. */
void auth_note(struct request *request);

/** For tests: forgets all keys. */
void auth_forget(void);

#endif
