/*
 * UUID version 7 (RFC 9562): 48 bits of unix milliseconds, then random; made in C so that a commit in doubt can be
 * re-sent.
 */
#ifndef BUDGET_LIB_UUID_H
#define BUDGET_LIB_UUID_H

#include <stdbool.h>
#include <stdint.h>

#define UUID_TEXT_SIZE 37 /* 36 characters and NUL */

/** New id, rising within this process even inside one millisecond. Thread safe. */
void budget_uuid_new(char ret_text[UUID_TEXT_SIZE]);

/** Canonical lower-case text of a uuid in any case; false (ret untouched) when it is none. */
bool budget_uuid_parse(const char *text, char ret_text[UUID_TEXT_SIZE]);

/** Unix milliseconds of a version 7 id; -1 for other versions. text must be canonical. */
int64_t budget_uuid_time_ms(const char *text);

#endif
