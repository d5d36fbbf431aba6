/* Browsers: which page may talk to us, and what must hold before a request without a key counts as the local admin. */
#ifndef BUDGET_FCGI_GUARD_H
#define BUDGET_FCGI_GUARD_H

#include "lib/error.h"

struct request;

/**
 * Adds the CORS headers for an allowed Origin. A foreign Origin on anything but GET is BUDGET_EFORBIDDEN
 * (origin_not_allowed): a page of another site must not act with the rights of whoever sits at this machine.
 */
enum budget_status guard_origin(struct request *request);

/** Before a request without a key becomes the local admin: Host must name this machine (DNS rebinding), else 403. */
enum budget_status guard_local(struct request *request);

/** Answers OPTIONS: 204 with Allow and, for an allowed Origin, what a preflight asks. */
void guard_preflight(struct request *request);

#endif
