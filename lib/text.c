#include "lib/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/arena.h"

enum { GROW_MIN_BYTES = 64 };

void
budget_text_init(struct budget_text *text, struct budget_arena *arena, size_t expected_bytes)
{
	*text = (struct budget_text){ .arena = arena };
	text->capacity = expected_bytes < GROW_MIN_BYTES ? GROW_MIN_BYTES : expected_bytes;
	text->data = budget_arena_extend(arena, NULL, 0, text->capacity);
	text->failed = text->data == NULL;
}

/* Room for n more bytes and a NUL. */
static bool
reserve(struct budget_text *text, size_t n)
{
	size_t capacity = text->capacity;
	char *data;

	if (text->failed)
		return false;
	if (capacity - text->length > n)
		return true;
	if (n > text->arena->cap_bytes) {
		text->failed = true;
		return false;
	}
	while (capacity - text->length <= n)
		capacity *= 2;
	data = budget_arena_extend(text->arena, text->data, text->capacity, capacity);
	if (data == NULL) {
		text->failed = true;
		return false;
	}
	text->data = data;
	text->capacity = capacity;
	return true;
}

void
budget_text_addn(struct budget_text *text, const char *bytes, size_t n)
{
	if (!reserve(text, n))
		return;
	memcpy(text->data + text->length, bytes, n);
	text->length += n;
}

void
budget_text_add(struct budget_text *text, const char *bytes)
{
	budget_text_addn(text, bytes, strlen(bytes));
}

void
budget_text_addf(struct budget_text *text, const char *format, ...)
{
	va_list args;
	int length;

	if (!reserve(text, 1))
		return;
	va_start(args, format);
	length = vsnprintf(text->data + text->length, text->capacity - text->length, format, args);
	va_end(args);
	if (length < 0) {
		text->failed = true;
		return;
	}
	if ((size_t)length >= text->capacity - text->length) {
		if (!reserve(text, (size_t)length))
			return;
		va_start(args, format);
		vsnprintf(text->data + text->length, text->capacity - text->length, format, args);
		va_end(args);
	}
	text->length += (size_t)length;
}

void
budget_text_json(struct budget_text *text, const char *value)
{
	const char *from = value;

	if (value == NULL) {
		budget_text_addn(text, "null", 4);
		return;
	}
	budget_text_addn(text, "\"", 1);
	for (const char *at = value; ; at++) {
		unsigned char c = (unsigned char)*at;

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
			continue;
		budget_text_addn(text, from, (size_t)(at - from));
		from = at + 1;
		if (c == '\0')
			break;
		if (c == '"' || c == '\\')
			budget_text_addf(text, "\\%c", c);
		else if (c == '\n')
			budget_text_addn(text, "\\n", 2);
		else if (c == '\t')
			budget_text_addn(text, "\\t", 2);
		else
			budget_text_addf(text, "\\u%04x", c);
	}
	budget_text_addn(text, "\"", 1);
}

static void
add_name(struct budget_text *text, const char *name)
{
	char last = text->length > 0 ? text->data[text->length - 1] : '{';

	if (text->failed)
		return;
	if (last != '{' && last != '[')
		budget_text_addn(text, ",", 1);
	budget_text_json(text, name);
	budget_text_addn(text, ":", 1);
}

void
budget_text_member(struct budget_text *text, const char *name, const char *value)
{
	add_name(text, name);
	budget_text_json(text, value);
}

void
budget_text_member_raw(struct budget_text *text, const char *name, const char *value)
{
	add_name(text, name);
	budget_text_add(text, value != NULL ? value : "null");
}

void
budget_text_pointer(struct budget_text *text, const char *name)
{
	budget_text_addn(text, "/", 1);
	for (; *name != '\0'; name++) {
		if (*name == '~' || *name == '/')
			budget_text_add(text, *name == '~' ? "~0" : "~1");
		else
			budget_text_addn(text, name, 1);
	}
}

const char *
budget_text_done(struct budget_text *text)
{
	if (!reserve(text, 0))
		return NULL;
	text->data[text->length] = '\0';
	return text->data;
}
