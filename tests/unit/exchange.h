/* The FastCGI runtime on made-up parameters and routes, without a web server and a database. */
#ifndef BUDGET_TESTS_UNIT_EXCHANGE_H
#define BUDGET_TESTS_UNIT_EXCHANGE_H

#include "cgi-bin/fcgi/reply.h"
#include "cgi-bin/fcgi/request.h"
#include "lib/budget.h"

/* Of the last serve(). */
extern struct request request;
extern struct reply reply;

extern const struct program exchange_program;
extern const size_t exchange_routes_count;

/** A checked fixture: settings of development, an empty context. */
void exchange_setup(void);
void exchange_teardown(void);

#define WITH(...) (const char *const[]){ __VA_ARGS__, NULL }

/**
 * Serves "METHOD URI" with more parameters "NAME=value", NULL at the end. Host is localhost unless one is given.
 * @return the status
 */
int serve(const char *method, const char *uri, const char *const *more);

/** Value of a header of the reply, or NULL. */
const char *header(const char *name);

/** True when the body holds this. */
bool says(const char *part);

#endif
