/* Text builder on an arena. Failure is sticky: append freely, look once at the end with budget_text_done(). */
#ifndef BUDGET_LIB_TEXT_H
#define BUDGET_LIB_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct budget_arena;

struct budget_text {
	struct budget_arena *arena;
	char *data;
	size_t length, capacity;
	bool failed;
};

/** Appending: an empty builder on an arena, then text, n bytes, printf. */
void budget_text_init(struct budget_text *text, struct budget_arena *arena, size_t expected_bytes);
void budget_text_add(struct budget_text *text, const char *bytes); /* NUL-terminated */
void budget_text_addn(struct budget_text *text, const char *bytes, size_t n);
void budget_text_addf(struct budget_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Appends a JSON string with its quotes, escaped; `null` when value is NULL. Input must be valid UTF-8. */
void budget_text_json(struct budget_text *text, const char *value);

/**
 * Appends `"name":value,`-style members of a JSON object under construction. The first member after '{' or '['
 * gets no comma: the builder looks at its last byte.
 * _raw: value is already JSON text (a number, true, an object); NULL is written as null.
 */
void budget_text_member(struct budget_text *text, const char *name, const char *value);
void budget_text_member_raw(struct budget_text *text, const char *name, const char *value);

/** Appends "/name" as a step of a JSON pointer: '~' and '/' escaped (RFC 6901). */
void budget_text_pointer(struct budget_text *text, const char *name);

/** The finished, NUL-terminated text, or NULL when any append failed (beyond the arena's cap). */
const char *budget_text_done(struct budget_text *text);

#endif
