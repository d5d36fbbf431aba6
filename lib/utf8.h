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

#endif
