/*
 * Checks and allocations while the database is away, for budgets whose fail_mode is `open`: allowed, `degraded: true`, and
 * nothing is written. The ids of such allocations carry a mark, by which records that settle them are told apart later.
 */
#ifndef BUDGET_CGI_DEGRADED_H
#define BUDGET_CGI_DEGRADED_H

#include "cgi-bin/fcgi/request.h"

/** True when this error of the request means that the database is away, and its budget stays open meanwhile. */
bool degraded_is_allowed(const struct request *request);

/** Answers POST /check, and POST /allocations. */
enum budget_status degraded_check(struct request *request);
enum budget_status degraded_allocation(struct request *request);

/** True for the id of an allocation that was granted so; releasing it frees nothing, with the database there or not. */
bool degraded_is_id(const char *allocation_id);
enum budget_status degraded_release(struct request *request, const char *allocation_id);

#endif
