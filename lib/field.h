/*
 * The one idiom for everything that comes in: a table of fields describes a JSON body or a query string.
 * The engine accepts snake_case or camelCase names and any case of enum words, refuses unknown, repeated, missing,
 * wrong-typed and out-of-range fields with the JSON pointer, and yields every value as canonical text:
 *   number -> plain decimal text, no exponent, all digits; enum -> the canonical word;
 *   time -> as sent (RFC 3339 checked);
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
	FIELD_OBJECT,  /* JSON object: by the table `fields`, NULL = any (metadata) of max bytes, 0 = 16 KiB */
	FIELD_ARRAY,   /* JSON array, min..max items (0 = 1000): objects described by fields, else words[], else strings */
	FIELD_JSON     /* any JSON value, max = bytes of text, 0 = 16 KiB */
};

/* An accepted word and what it means; table ends with {NULL, NULL}. Compared without case, '-' equals '_'. */
struct budget_word {
	const char *word, *canonical;
};

/* FIELD_STRING with max 0 takes FIELD_STRING_MAX bytes. */
#define FIELD_STRING_MAX 256

enum { FIELD_OPTIONAL = 0, FIELD_REQUIRED = 1, FIELD_NULLABLE = 2 /* null is kept and means "clear" (PATCH) */ };

struct budget_field {
	const char *name; /* snake_case */
	enum budget_field_type type;
	int need;         /* FIELD_OPTIONAL, FIELD_REQUIRED, | FIELD_NULLABLE. null for a field not nullable = absent */
	int64_t min, max;
	const struct budget_word *words;
	const struct budget_field *fields;
	const char *same_as; /* another spelling of field same_as (`limit` for `cost_limit`); both at once = 422 */
	const char *about;   /* one line for the OpenAPI document and --help */
};

#define FIELDS_MAX 64

/* Largest number of bytes of a JSON object or value whose field names no maximum. */
#define FIELD_TEXT_MAX 16384

/* Decoded values, parallel to the table: text[i] belongs to fields[i]; NULL = absent. They live as long as the
 * parsed object and the arena. */
struct budget_values {
	const struct budget_field *fields;
	const char *text[FIELDS_MAX];
	bool is_null[FIELDS_MAX]; /* explicit null on a FIELD_NULLABLE field */
};

/** Name of a type for documents: "string", "integer", "decimal" … */
const char *budget_field_type_name(enum budget_field_type type);

/**
 * Checks a JSON object against a table.
 * @param pointer  JSON pointer of the object itself, "" at the top
 * @return BUDGET_OK; BUDGET_EINVALID with pointer and code (unknown_field, missing_field, wrong_type, out_of_range,
 *         unknown_value, duplicate_field, invalid_text, invalid_time, invalid_id …)
 */
enum budget_status budget_fields_decode(struct budget_ctx *ctx, const struct budget_field *fields,
    struct json_object *object, const char *pointer, struct budget_values *ret_values);

/**
 * One value from outside JSON (query key, path segment, option of the CLI) to canonical text.
 * @param pointer  what errors name: "?limit", "/id"
 */
enum budget_status budget_field_read(struct budget_ctx *ctx, const struct budget_field *field, const char *pointer,
    const char *text, const char **ret_text);

/** The same for a JSON value of any field type; value is not NULL. The text may live in value or in the arena. */
enum budget_status budget_field_decode(struct budget_ctx *ctx, const struct budget_field *field, const char *pointer,
    struct json_object *value, const char **ret_text);

/**
 * Percent-decodes n bytes ('+' = space in a query). out has room for n + 1 bytes.
 * @return false when an escape is broken, is %00, or the result is not UTF-8
 */
bool budget_percent_decode(const char *from, size_t n, bool is_query, char *out);

/** True when a member name is the field's: snake_case as it stands, or camelCase. */
bool budget_field_named(const struct budget_field *field, const char *name);

/**
 * The same for a query string (percent-decoding, '+', limits on length and count; unknown and repeated keys refused).
 */
enum budget_status budget_fields_query(struct budget_ctx *ctx, const struct budget_field *fields,
    const char *query_string, struct budget_values *ret_values);

/** Value by field name, NULL when absent (or not in the table). */
const char *budget_values_get(const struct budget_values *values, const char *name);

/** Appends present values as members `"name":value` to an open JSON object; numbers as numbers, null as null. */
struct budget_text;
void budget_values_members(const struct budget_values *values, struct budget_text *text);

#endif
