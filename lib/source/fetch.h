/*
 * Getting a feed: over HTTP with every limit there is, or from a file below one folder; and keeping the last good one.
 * Used by the job only, never by request handlers.
 */
#ifndef BUDGET_LIB_SOURCE_FETCH_H
#define BUDGET_LIB_SOURCE_FETCH_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

struct budget_ctx;

#define BUDGET_SOURCE_REDIRECTS 5

struct budget_source_origin {
	const char *url;            /* https://…, or a path below `folder` when is_file */
	const char *etag, *last_modified; /* of what was imported last; NULL = none */
	const char *bearer;         /* Authorization: Bearer …, sent to the first host only; NULL = none */
	const char *proxy;          /* NULL = as the environment says (https_proxy, all_proxy) */
	const char *folder;         /* of files; NULL = none may be read */
	size_t max_bytes;           /* of the body, decompressed */
	long timeout_ms;            /* for all of it, redirects included */
	bool is_file;
	bool allow_private;         /* plain http and addresses that are not public */
};

struct budget_source_fetched {
	bool is_not_modified;
	const char *body;
	size_t length;
	const char *etag, *last_modified; /* NULL = not sent; of a file: made of its time and size */
	const char *as_of;          /* Last-Modified as RFC 3339; NULL = not known */
};

/**
 * Asks for a feed, once: what fails now is tried by the next run.
 * @return BUDGET_OK, also when nothing is newer (is_not_modified); BUDGET_EINVALID bad_url; BUDGET_EUPSTREAM
 *         unreachable, timeout, tls_failed, address_refused, too_many_redirects, http_status (any answer but 200 and
 *         304); BUDGET_ETOOLARGE answer_too_large; BUDGET_ENOTFOUND no_file
 */
enum budget_status budget_source_fetch(struct budget_ctx *ctx, const struct budget_source_origin *origin,
    struct budget_source_fetched *ret_fetched);

/** Reads a file of at most max_bytes into the arena. BUDGET_ENOTFOUND no_file, BUDGET_ETOOLARGE answer_too_large. */
enum budget_status budget_source_read(struct budget_ctx *ctx, const char *path, size_t max_bytes, const char **ret_body,
    size_t *ret_length);

/** Keeps the last good body of a source as <folder>/<source>.body, replaced in one step; the folder is made. */
enum budget_status budget_source_keep(struct budget_ctx *ctx, const char *folder, const char *source, const char *body,
    size_t length);

#endif
