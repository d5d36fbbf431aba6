/*
 * UTF-8 as Unicode defines it: shortest form, no surrogates, nothing above U+10FFFF. PostgreSQL refuses the rest too.
 */
#ifndef BUDGET_LIB_UTF8_H
#define BUDGET_LIB_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/** Bytes of the character that begins at text (1-4), or 0 when no valid one of at most n bytes does. n >= 1. */
size_t budget_utf8_char(const char *text, size_t n);

/** True when all n bytes are valid. @param[out] ret_offset  first bad byte when false; may be NULL */
bool budget_utf8_valid(const char *text, size_t n, size_t *ret_offset);

/** Writes a code point (not a surrogate, at most U+10FFFF) as 1-4 bytes, without a NUL, and returns how many. */
size_t budget_utf8_encode(unsigned long code, char *out);

#endif
