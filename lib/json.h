/*
 * json-c behind a small door: its tree, its printing, but a reader of our own. Its parser lets pass what must not reach
 * money or the database: NaN, 'single quotes', 1., -01, control characters, "\u0000", duplicate names (the last wins),
 * and it clamps integers beyond 64 bits. json-c is included by json.c, json_read.c and field.c only.
 */
#ifndef BUDGET_LIB_JSON_H
#define BUDGET_LIB_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/decimal.h"
#include "lib/error.h"

struct json_object;

#define BUDGET_JSON_DEPTH_MAX 32
#define BUDGET_JSON_DEEP_MAX 96 /* what others wrap their own things in: telemetry */
#define BUDGET_JSON_NAME_MAX 255 /* bytes of a member's name */

/**
 * Reads one JSON value and nothing behind it but white space. Strict: RFC 8259, valid UTF-8. Numbers keep their source
 * digits (never through a double).
 * @param[out] ret_value  owned by the caller: budget_json_put(), or the _auto_json_ attribute. NULL for JSON null
 * @return BUDGET_OK; BUDGET_ESYNTAX not_json, with line and column; BUDGET_EINVALID with the JSON pointer: too_deep,
 *         duplicate_field, invalid_text (\u0000, half a surrogate pair, an endless name)
 */
enum budget_status budget_json_parse(struct budget_ctx *ctx, const char *text, size_t length,
    struct json_object **ret_value);
/**
 * The same for what others send that cannot be sent again better: nested up to BUDGET_JSON_DEEP_MAX, \u0000 and half
 * surrogate pairs read as U+FFFD, of members of one name the first is taken, NaN and Infinity are null.
 */
enum budget_status budget_json_parse_deep(struct budget_ctx *ctx, const char *text, size_t length,
    struct json_object **ret_value);
void budget_json_put(struct json_object **value);
#define _auto_json_ __attribute__((cleanup(budget_json_put)))

/* Reading, for the CLI and for jobs. All return borrowed values, NULL / false when absent or of another type. */
struct json_object *budget_json_get(struct json_object *object, const char *name);
struct json_object *budget_json_at(struct json_object *array, size_t index);
size_t budget_json_length(struct json_object *array);
bool budget_json_is_array(struct json_object *value);
bool budget_json_is_object(struct json_object *value);
bool budget_json_is_string(struct json_object *value);
/**
 * Text of a scalar as it stood in the source (a string without quotes), copied into the arena; NULL for null/absent.
 */
const char *budget_json_text(struct budget_ctx *ctx, struct json_object *value);
/** Any value as compact JSON text in the arena. */
const char *budget_json_print(struct budget_ctx *ctx, struct json_object *value);
/** Calls each member of an object in source order. */
typedef void budget_json_member_fn(void *user, const char *name, struct json_object *value);
void budget_json_each(struct json_object *object, budget_json_member_fn *call, void *user);

#endif
