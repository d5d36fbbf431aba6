/* json-c behind a small door: bounded parsing, digits kept. The only file that includes json-c is json.c (and field.c). */
#ifndef BUDGET_LIB_JSON_H
#define BUDGET_LIB_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

struct json_object;

/**
 * Parses one JSON value and nothing behind it but white space. Strict: valid UTF-8, no NUL, no comments, no NaN, no
 * duplicate keys, depth <= 32. Numbers keep their source digits (never through a double).
 * @param[out] ret_value  owned by the caller: budget_json_put(), or the _auto_json_ attribute
 * @return BUDGET_OK; BUDGET_ESYNTAX (not_json, with the offset; too_deep is BUDGET_EINVALID)
 */
enum budget_status budget_json_parse(struct budget_ctx *ctx, const char *text, size_t length, struct json_object **ret_value);
void budget_json_put(struct json_object **value);
#define _auto_json_ __attribute__((cleanup(budget_json_put)))

/* Reading, for the CLI and for jobs. All return borrowed values, NULL / false when absent or of another type. */
struct json_object *budget_json_get(struct json_object *object, const char *name);
struct json_object *budget_json_at(struct json_object *array, size_t index);
size_t budget_json_length(struct json_object *array);
bool budget_json_is_array(struct json_object *value);
bool budget_json_is_object(struct json_object *value);
/** Text of a scalar as it stood in the source (a string without quotes), copied into the arena; NULL for null/absent. */
const char *budget_json_text(struct budget_ctx *ctx, struct json_object *value);
/** Any value as compact JSON text in the arena. */
const char *budget_json_print(struct budget_ctx *ctx, struct json_object *value);
/** Calls each member of an object in source order. */
typedef void budget_json_member_fn(void *user, const char *name, struct json_object *value);
void budget_json_each(struct json_object *object, budget_json_member_fn *call, void *user);

/**
 * Canonical plain decimal text of a JSON number or numeric string: no exponent, no leading '+', no leading zeros,
 * no trailing zeros behind the point. "1.50e-6" -> "0.0000015", "-0" -> "0".
 * Limits: |value| < 10^12, scale <= 30, source exponent within +-40.
 * @return canonical text in the arena, or NULL when it is no decimal or beyond the limits
 */
const char *budget_decimal_parse(struct budget_ctx *ctx, const char *text);

#endif
