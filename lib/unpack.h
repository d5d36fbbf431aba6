/* Bodies that come packed: gzip, deflate, base64. Bounded, so that a small body cannot become a large one unseen. */
#ifndef BUDGET_LIB_UNPACK_H
#define BUDGET_LIB_UNPACK_H

#include "lib/error.h"

#include <stddef.h>

/**
 * What was packed by gzip or zlib, told by its head.
 * @param max_bytes    largest result
 * @param[out] ret_text  in the arena, with a NUL behind it
 * @return BUDGET_OK; BUDGET_ESYNTAX bad_encoding; BUDGET_ETOOLARGE body_too_large
 */
enum budget_status budget_unpack_gzip(struct budget_ctx *ctx, const char *packed, size_t length, size_t max_bytes,
    const char **ret_text, size_t *ret_length);

/** Base64 (RFC 4648, padded or not), white space passed over. BUDGET_EINVALID bad_encoding with the pointer. */
enum budget_status budget_unpack_base64(struct budget_ctx *ctx, const char *text, const char *pointer,
    const char **ret_text, size_t *ret_length);

#endif
