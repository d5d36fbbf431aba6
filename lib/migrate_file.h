/* The sql/ folder as a list: which files, in which order, with which content. Used by migrate.c and migrate_check.c. */
#ifndef BUDGET_LIB_MIGRATE_FILE_H
#define BUDGET_LIB_MIGRATE_FILE_H

#include <stddef.h>

#include "lib/error.h"

struct budget_ctx;

#define MIGRATE_CHECKSUM_SIZE 65 /* SHA-256 in hex and NUL */

struct budget_migrate_files {
	const char **paths; /* sorted by byte value of the path below the folder; in the arena */
	size_t count;
};

/**
 * Every *.sql below `folder` (deep), sorted; a part named base/ comes first. A folder that is not there is
 * BUDGET_ENOTFOUND.
 */
enum budget_status budget_migrate_list(struct budget_ctx *ctx, const char *folder,
    struct budget_migrate_files *ret_files);

/** Content of a text file, NUL-terminated, in the arena. */
enum budget_status budget_migrate_read(struct budget_ctx *ctx, const char *path, const char **ret_text);

/** Hex SHA-256 of a text. */
void budget_migrate_checksum(const char *text, char ret_hex[MIGRATE_CHECKSUM_SIZE]);

/** File name without folder and .sql: "0004_ledger"; in the arena. */
const char *budget_migrate_version(struct budget_ctx *ctx, const char *path);

#endif
