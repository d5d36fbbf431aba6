/* The body of a request: read within its limit, of a type we know, parsed, checked against the route's table. */
#ifndef BUDGET_FCGI_BODY_H
#define BUDGET_FCGI_BODY_H

#include <stdbool.h>

#include "lib/error.h"

struct request;

/**
 * Reads and decodes what the route expects. Sets request->body always, request->json and request->values when the route
 * has a table (a ROUTE_RAW_BODY row: only body).
 * @return BUDGET_ETOOLARGE naming the limit, BUDGET_EMEDIA naming the header to send, BUDGET_ESYNTAX, BUDGET_EINVALID
 */
enum budget_status body_read(struct request *request);

/** application/json or application/<something>+json, with or without parameters: what a ROUTE_RAW_BODY handler asks itself. */
bool body_is_json_type(const char *type);

/** Reads away what a request that failed early left unread, so that the web server does not drop our answer. */
void body_drain(struct request *request);

#endif
