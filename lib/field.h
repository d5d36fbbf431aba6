/*
 * The one idiom for everything that comes in: a table of fields describes a JSON body or a query string.
 * The engine accepts snake_case or camelCase names and any case of enum words, refuses unknown, repeated, missing,
 * wrong-typed and out-of-range fields with the JSON pointer, and yields every value as canonical text:
 *   number -> plain decimal text, no exponent, all digits; enum -> the canonical word; time -> as sent (RFC 3339 checked);
 *   date/time without zone is passed on as it is, SQL reads it in the budget's zone; object -> JSON text.
 */
#ifndef BUDGET_LIB_FIELD_H
#define BUDGET_LIB_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct budget_ctx;
struct json_object;

enum budget_field_type {
	FIELD_STRING,  /* min..max bytes of UTF-8 without NUL; min >= 1 refuses the empty string */
	FIELD_COUNT,   /* whole number min..max; JSON number or digits in a string; 1.0 and 1e3 are whole */
	FIELD_MONEY,   /* decimal >= 0, below 10^12, scale <= 30; JSON number or string */
	FIELD_DECIMAL, /* any decimal, same size limits; may be negative */
	FIELD_FRACTION,/* decimal, above 0 and up to 10 (thresholds; 1 = the limit) */
	FIELD_BOOL,    /* true, false; in a query also 1, 0, yes, no */
	FIELD_ENUM,    /* one of words[] */
	FIELD_UUID,    /* canonical lower-case text out */
	FIELD_TIME,    /* RFC 3339 timestamp, zone optional; or YYYY-MM-DD */
	FIELD_OBJECT,  /* JSON object: fields != NULL is checked by that table, NULL = any (metadata), max = bytes of text */
	FIELD_ARRAY,   /* JSON array of objects described by fields; max = items */
	FIELD_JSON     /* any JSON value, max = bytes of text */
};

/* An accepted word and what it means; table ends with {NULL, NULL}. Compared without case, '-' equals '_'. */
struct budget_word {
	const char *word, *canonical;
};

enum { FIELD_OPTIONAL = 0, FIELD_REQUIRED = 1, FIELD_NULLABLE = 2 /* null is kept and means "clear" (PATCH) */ };

struct budget_field {
	const char *name; /* snake_case */
	enum budget_field_type type;
	int need;         /* FIELD_OPTIONAL, FIELD_REQUIRED, | FIELD_NULLABLE. null for a field that is not nullable = absent */
	int64_t min, max;
	const struct budget_word *words;
	const struct budget_field *fields;
	const char *same_as; /* this name is another spelling of field same_as (`limit` for `cost_limit`); both at once = 422 */
	const char *about;   /* one line for the OpenAPI document and --help */
};

#define FIELDS_MAX 64

/* Decoded values, parallel to the table: text[i] belongs to fields[i]; NULL = absent. */
struct budget_values {
	const struct budget_field *fields;
	const char *text[FIELDS_MAX];
	bool is_null[FIELDS_MAX]; /* explicit null on a FIELD_NULLABLE field */
};

/**
 * Checks a JSON object against a table.
 * @param pointer  JSON pointer of the object itself, "" at the top
 * @return BUDGET_OK; BUDGET_EINVALID with pointer and code (unknown_field, missing_field, wrong_type, out_of_range,
 *         unknown_value, duplicate_field, invalid_text, invalid_time, invalid_id …)
 */
enum budget_status budget_fields_decode(struct budget_ctx *ctx, const struct budget_field *fields,
    struct json_object *object, const char *pointer, struct budget_values *ret_values);

/** The same for a query string (percent-decoding, '+', limits on length and count; unknown and repeated keys refused). */
enum budget_status budget_fields_query(struct budget_ctx *ctx, const struct budget_field *fields,
    const char *query_string, struct budget_values *ret_values);

/** Value by field name, NULL when absent (or not in the table). */
const char *budget_values_get(const struct budget_values *values, const char *name);

/** Appends present values as members `"name":value` to an open JSON object; numbers as numbers, null as null. */
struct budget_text;
void budget_values_members(const struct budget_values *values, struct budget_text *text);

#endif
