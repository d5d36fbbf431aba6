/*
 * A resource is a table of routes; the runtime answers 404, 405, 401, 403, 413, 415, 400 and 422 before anything of the
 * resource runs. Most rows need no C at all: they name a statement of lib/statement.def, and the runtime passes
 * (tenant, context, args) to that SQL function and sends its reply. A row with `run` is served by that function
 * instead. The tables are also the source of the OpenAPI document, the README's API block and the JS client's path list
 * (`PROGRAM --routes` prints them as JSON).
 */
#ifndef BUDGET_FCGI_ROUTE_H
#define BUDGET_FCGI_ROUTE_H

#include "lib/ctx.h"
#include "lib/db.h"
#include "lib/field.h"

struct request; /* request.h */
struct program; /* serve.h */

typedef enum budget_status route_fn(struct request *request);

enum {
	ROUTE_ROOT = 1,       /* the path stands at the root (/health), not under /api/v1 and /api */
	ROUTE_LARGE = 2,      /* body up to 32 MiB (batch, imports) instead of 1 MiB */
	ROUTE_PUBLIC = 4,     /* no key needed even in production (/health, /livez) */
	ROUTE_BODY_OPTIONAL = 8, /* an absent body means {} */
	ROUTE_RAW_BODY = 16   /* the handler reads request->body itself (arrays, NDJSON) */
};

struct route {
	const char *method;           /* "GET", "POST", "PUT", "PATCH", "DELETE"; HEAD is served as GET */
	const char *path;             /* "/budgets/{id}/summary"; {name} one segment, {name...} the rest (may hold '/') */
	enum budget_role role;
	const struct budget_field *query; /* NULL = no query keys allowed */
	const struct budget_field *body;  /* NULL = no body expected (a body is 422) */
	enum budget_statement statement;  /* used when run is NULL */
	route_fn *run;
	int success;                  /* HTTP status when SQL does not name one: 200, 201 */
	int flags;
	const char *about;            /* one sentence: OpenAPI summary and README */
};

/* The row for a path, and what else the runtime needs to know to answer 404, 405 or OPTIONS. */
struct route_match {
	const struct route *route;      /* NULL: no row of this method */
	const struct route *path_route; /* a row with that path, whatever its method; NULL = 404 */
};

/**
 * Finds the row of method and request->path, and fills request->params. The most specific path wins: a literal segment
 * before {name} before {name...}. The order of rows does not matter.
 * @return BUDGET_OK also without a match; BUDGET_ESYNTAX bad_encoding
 */
enum budget_status route_find(const struct route *const *tables, struct request *request,
    struct route_match *ret_match);

/** "GET, HEAD, POST, OPTIONS" of a path, for the Allow header; in the arena. */
const char *route_allow(const struct route *const *tables, struct request *request);

/**
 * Tables as JSON text: {"program","about","routes":[{method, path, role, success, about, query, body …}]}. NULL:
 * arena full.
 */
const char *route_describe(const struct program *program, struct budget_arena *arena);

/** `PROGRAM --routes`: prints that; exit code. */
int route_print(const struct program *program);

/**
 * Leaves it in <run_dir>/<program>.routes, where program status finds what runs here. Without it only documents
 * suffer.
 */
void route_publish(const struct program *program, const char *run_dir);

/*
 * Path parameters named id or *_id are uuids: a malformed one is 404. They appear in args under their own name
 * ("id").
 */

#endif
