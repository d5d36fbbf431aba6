/*
 * Brings a database to the schema of this tree: roles, migrations, functions, grants, install, catalogue; and looks
 * whether one is there. Speaks libpq itself, because it works before anything that lib/db.c relies on exists.
 * Forward only: an applied file that has changed since is an error, and there is no way down.
 */
#ifndef BUDGET_LIB_MIGRATE_H
#define BUDGET_LIB_MIGRATE_H

#include <stdbool.h>

#include "lib/error.h"

struct budget_ctx;
struct budget_settings;

/** One line of progress for a person, without newline; the text is gone after the call. */
typedef void budget_migrate_progress_fn(void *user, const char *line);

struct budget_migrate {
	const char *url;      /* libpq connection string of a role that may own the schema */
	const char *sql_dir;  /* the tree's sql/ folder: roles.sql, migrations/, functions/, grants.sql, catalogue/ */
	/* for budget.install(); the database layer is added on the way; NULL = defaults */
	struct budget_settings *settings;
	budget_migrate_progress_fn *progress; /* NULL = silent */
	void *user;
};

/**
 * Runs everything that is missing. One runner at a time per database (advisory lock; the second waits and then finds
 * nothing to do); each migration is one transaction whose first statement is its version row; functions and grants are
 * replaced in one transaction, so callers see the old set or the new one.
 * @return BUDGET_OK; BUDGET_EBUSY: no connection, or too old a server; BUDGET_ENOTFOUND: no sql_dir;
 *         BUDGET_ECONFLICT (migration_changed): an applied file differs; BUDGET_EBUG: SQL failed, detail names file and
 * line
 */
enum budget_status budget_migrate(struct budget_ctx *ctx, const struct budget_migrate *what);

/** One finding of budget_migrate_check(), for a table of three columns. */
struct budget_migrate_finding {
	const char *subject; /* "migrations", "row-level security", … */
	bool is_good;
	const char *detail;  /* what was found, and when it is bad, what to do */
};

#define BUDGET_MIGRATE_FINDINGS_MAX 16

/**
 * Looks only: versions and checksums against sql_dir, functions that the statement catalogue needs, privileges of
 * budget_app, row-level security, partitions ahead, settings.
 * @param[out] ret_count findings written, all texts in the arena
 * @return BUDGET_OK whatever was found; BUDGET_EBUSY: no connection
 */
enum budget_status budget_migrate_check(struct budget_ctx *ctx, const struct budget_migrate *what,
    struct budget_migrate_finding findings[BUDGET_MIGRATE_FINDINGS_MAX], int *ret_count);

#endif
