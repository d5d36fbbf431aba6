/* The reader of budget_json_parse(): recursive descent, bounded in depth. */
#include <ctype.h>
#include <json-c/json.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ctx.h"
#include "lib/json.h"
#include "lib/text.h"
#include "lib/utf8.h"

/*
 * Where we are: one step per open container, a member's name or an index; printed as the pointer when something
 * fails.
 */
struct step {
	char name[BUDGET_JSON_NAME_MAX + 1];
	size_t index;
	bool is_array;
};

struct reader {
	struct budget_ctx *ctx;
	const char *begin, *at, *end;
	struct step *steps; /* depth_max of them */
	int depth, depth_max;
	bool is_lenient;
};

static enum budget_status read_value(struct reader *reader, struct json_object **ret_value);

static const char *
pointer_of(const struct reader *reader)
{
	struct budget_text pointer;

	budget_text_init(&pointer, &reader->ctx->arena, 64);
	for (int i = 0; i < reader->depth; i++) {
		if (reader->steps[i].is_array)
			budget_text_addf(&pointer, "/%zu", reader->steps[i].index);
		else
			budget_text_pointer(&pointer, reader->steps[i].name);
	}
	return budget_text_done(&pointer);
}

static enum budget_status
not_json(struct reader *reader, const char *expected)
{
	size_t line = 1, column = 1;

	for (const char *at = reader->begin; at < reader->at; at++) {
		line += *at == '\n';
		column = *at == '\n' ? 1 : column + 1;
	}
	return budget_fail(reader->ctx, BUDGET_ESYNTAX, "not_json", NULL,
	    "The body is not JSON: expected %s at line %zu, column %zu.", expected, line, column);
}

static void
skip_space(struct reader *reader)
{
	while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n' || *reader->at == '\t'
	    || *reader->at == '\r'))
		reader->at++;
}

static bool
accept(struct reader *reader, char wanted)
{
	skip_space(reader);
	if (reader->at == reader->end || *reader->at != wanted)
		return false;
	reader->at++;
	return true;
}

/* Four hex digits at `at`, or -1. */
static long
hex4(const struct reader *reader, const char *at)
{
	char digits[5];

	if (reader->end - at < 4)
		return -1;
	memcpy(digits, at, 4);
	digits[4] = '\0';
	for (int i = 0; i < 4; i++)
		if (!isxdigit((unsigned char)digits[i]))
			return -1;
	return strtol(digits, NULL, 16);
}

/* Behind "\u": one character, two escapes when it lies outside the basic plane. */
static enum budget_status
read_unicode_escape(struct reader *reader, char *out, size_t *ret_length)
{
	long code = hex4(reader, reader->at), low = -1;

	if (code < 0)
		return not_json(reader, "four hex digits");
	reader->at += 4;
	if (code >= 0xd800 && code <= 0xdbff && reader->end - reader->at >= 6 && reader->at[0] == '\\'
	    && reader->at[1] == 'u')
		low = hex4(reader, reader->at + 2);
	if (low >= 0xdc00 && low <= 0xdfff) {
		reader->at += 6;
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	}
	if (reader->is_lenient && (code == 0 || (code >= 0xd800 && code <= 0xdfff)))
		code = 0xfffd;
	if (code == 0)
		return budget_fail(reader->ctx, BUDGET_EINVALID, "invalid_text", pointer_of(reader),
		    "A text may not hold the NUL character (\\u0000): leave it out.");
	if (code >= 0xd800 && code <= 0xdfff)
		return budget_fail(reader->ctx, BUDGET_EINVALID, "invalid_text", pointer_of(reader),
		    "\\u%04lx is half of a surrogate pair: send the whole character.", (unsigned long)code);
	*ret_length = budget_utf8_encode((unsigned long)code, out);
	return BUDGET_OK;
}

/* Decodes the string whose opening quote was read; out has room for what remains of the source, or is_name's limit. */
static enum budget_status
read_string(struct reader *reader, char *out, size_t size_bytes, size_t *ret_length)
{
	static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	size_t length = 0;

	for (;;) {
		size_t n = 1;
		const char *escape;
		char decoded[4];

		if (reader->at == reader->end)
			return not_json(reader, "the closing '\"' of a string");
		if (*reader->at == '"')
			break;
		if ((unsigned char)*reader->at < 0x20)
			return not_json(reader, "no bare control character in a string");
		if (*reader->at != '\\') {
			n = budget_utf8_char(reader->at, (size_t)(reader->end - reader->at));
			if (n == 0)
				return not_json(reader, "valid UTF-8");
			memcpy(decoded, reader->at, n);
			reader->at += n;
		} else if (reader->end - reader->at >= 2 && reader->at[1] == 'u') {
			reader->at += 2;
			BUDGET_TRY(read_unicode_escape(reader, decoded, &n));
		} else {
			escape = reader->end - reader->at >= 2 && reader->at[1] != '\0' ? strchr(escapes, reader->at[1]) : NULL;
			if (escape == NULL)
				return not_json(reader, "one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
			decoded[0] = meanings[escape - escapes];
			reader->at += 2;
		}
		if (length + n >= size_bytes)
			return budget_fail(reader->ctx, BUDGET_EINVALID, "invalid_text", pointer_of(reader),
			    "A member name may have at most %d bytes.", BUDGET_JSON_NAME_MAX);
		memcpy(out + length, decoded, n);
		length += n;
	}
	reader->at++;
	out[length] = '\0';
	*ret_length = length;
	return BUDGET_OK;
}

static enum budget_status
read_text(struct reader *reader, struct json_object **ret_value)
{
	const char *from = ++reader->at, *at = from;
	size_t size_bytes, length = 0;
	char *copy;

	/* most strings are plain ASCII without escapes: no copy but json-c's own */
	while (at < reader->end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80)
		at++;
	if (at < reader->end && *at == '"') {
		reader->at = at + 1;
		*ret_value = json_object_new_string_len(from, (int)(at - from));
		return *ret_value == NULL ? budget_fail_memory(reader->ctx) : BUDGET_OK;
	}
	while (at < reader->end && *at != '"')
		at += *at == '\\' && at + 1 < reader->end ? 2 : 1;
	size_bytes = (size_t)(at - from) + 1; /* decoding never makes a string longer */
	copy = budget_arena_alloc(&reader->ctx->arena, size_bytes);
	if (copy == NULL)
		return budget_fail_memory(reader->ctx);
	BUDGET_TRY(read_string(reader, copy, size_bytes, &length));
	*ret_value = json_object_new_string_len(copy, (int)length);
	return *ret_value == NULL ? budget_fail_memory(reader->ctx) : BUDGET_OK;
}

static bool
skip_digits(struct reader *reader)
{
	const char *from = reader->at;

	while (reader->at < reader->end && isdigit((unsigned char)*reader->at))
		reader->at++;
	return reader->at > from;
}

static enum budget_status
read_number(struct reader *reader, struct json_object **ret_value)
{
	const char *from = reader->at;
	bool is_integer = true;
	char *source;

	reader->at += *reader->at == '-';
	if (reader->at < reader->end && *reader->at == '0')
		reader->at++;
	else if (!skip_digits(reader))
		return not_json(reader, "a value");
	if (reader->at < reader->end && *reader->at == '.') {
		reader->at++;
		is_integer = false;
		if (!skip_digits(reader))
			return not_json(reader, "a digit");
	}
	if (reader->at < reader->end && (*reader->at == 'e' || *reader->at == 'E')) {
		reader->at++;
		is_integer = false;
		if (reader->at < reader->end && (*reader->at == '+' || *reader->at == '-'))
			reader->at++;
		if (!skip_digits(reader))
			return not_json(reader, "a digit");
	}
	source = budget_arena_strndup(&reader->ctx->arena, from, (size_t)(reader->at - from));
	if (source == NULL)
		return budget_fail_memory(reader->ctx);
	/* json-c keeps the digits of a "double" beside it; only integers of up to 18 digits are safe as integers */
	if (is_integer && reader->at - from <= 18 && strcmp(source, "-0") != 0)
		*ret_value = json_object_new_int64(strtoll(source, NULL, 10));
	else
		*ret_value = json_object_new_double_s(strtod(source, NULL), source);
	return *ret_value == NULL ? budget_fail_memory(reader->ctx) : BUDGET_OK;
}

static enum budget_status
read_word(struct reader *reader, struct json_object **ret_value)
{
	static const char *const words[] = { "null", "false", "true", "NaN", "Infinity", "-Infinity" };

	for (int i = 0; i < (reader->is_lenient ? 6 : 3); i++) {
		size_t length = strlen(words[i]);

		if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, words[i], length) != 0)
			continue;
		reader->at += length;
		*ret_value = i == 1 || i == 2 ? json_object_new_boolean(i == 2) : NULL;
		return (i == 1 || i == 2) && *ret_value == NULL ? budget_fail_memory(reader->ctx) : BUDGET_OK;
	}
	return not_json(reader, "a value");
}

static enum budget_status
read_member(struct reader *reader, struct json_object *object, struct step *step)
{
	struct json_object *value = NULL;
	char name[BUDGET_JSON_NAME_MAX + 1];
	size_t length = 0;
	bool is_repeat;

	if (!accept(reader, '"'))
		return not_json(reader, "a member name in double quotes");
	reader->depth--; /* a bad name is reported at the object it stands in */
	BUDGET_TRY(read_string(reader, name, sizeof name, &length));
	reader->depth++;
	memcpy(step->name, name, length + 1);
	is_repeat = json_object_object_get_ex(object, name, NULL);
	if (is_repeat && !reader->is_lenient)
		return budget_fail(reader->ctx, BUDGET_EINVALID, "duplicate_field", pointer_of(reader),
		    "'%s' stands in this object twice: send it once.", name);
	if (!accept(reader, ':'))
		return not_json(reader, "':'");
	BUDGET_TRY(read_value(reader, &value));
	if (is_repeat) {
		json_object_put(value);
		return BUDGET_OK;
	}
	if (json_object_object_add_ex(object, name, value, JSON_C_OBJECT_ADD_KEY_IS_NEW) != 0) {
		json_object_put(value);
		return budget_fail_memory(reader->ctx);
	}
	return BUDGET_OK;
}

static enum budget_status
read_element(struct reader *reader, struct json_object *array)
{
	struct json_object *value = NULL;

	BUDGET_TRY(read_value(reader, &value));
	if (json_object_array_add(array, value) != 0) {
		json_object_put(value);
		return budget_fail_memory(reader->ctx);
	}
	return BUDGET_OK;
}

static enum budget_status
read_container(struct reader *reader, bool is_array, struct json_object **ret_value)
{
	_auto_json_ struct json_object *container = is_array ? json_object_new_array() : json_object_new_object();
	struct step *step;

	if (container == NULL)
		return budget_fail_memory(reader->ctx);
	if (reader->depth == reader->depth_max)
		return budget_fail(reader->ctx, BUDGET_EINVALID, "too_deep", pointer_of(reader),
		    "Values may be nested %d levels deep at most.", reader->depth_max);
	step = &reader->steps[reader->depth++];
	step->is_array = is_array;
	step->index = 0;
	step->name[0] = '\0';
	reader->at++;
	if (!accept(reader, is_array ? ']' : '}')) {
		do {
			BUDGET_TRY(is_array ? read_element(reader, container) : read_member(reader, container, step));
			step->index++;
		} while (accept(reader, ','));
		if (!accept(reader, is_array ? ']' : '}'))
			return not_json(reader, is_array ? "',' or ']'" : "',' or '}'");
	}
	reader->depth--;
	*ret_value = container;
	container = NULL;
	return BUDGET_OK;
}

static enum budget_status
read_value(struct reader *reader, struct json_object **ret_value)
{
	skip_space(reader);
	if (reader->at == reader->end)
		return not_json(reader, "a value");
	switch (*reader->at) {
	case '{':
		return read_container(reader, false, ret_value);
	case '[':
		return read_container(reader, true, ret_value);
	case '"':
		return read_text(reader, ret_value);
	case 'n': case 't': case 'f':
		return read_word(reader, ret_value);
	case 'N': case 'I':
		return reader->is_lenient ? read_word(reader, ret_value) : not_json(reader, "a value");
	case '-':
		if (reader->is_lenient && reader->end - reader->at > 1 && reader->at[1] == 'I')
			return read_word(reader, ret_value);
		return read_number(reader, ret_value);
	default:
		return read_number(reader, ret_value);
	}
}

static enum budget_status
parse(struct budget_ctx *ctx, const char *text, size_t length, bool is_lenient, struct json_object **ret_value)
{
	int depth_max = is_lenient ? BUDGET_JSON_DEEP_MAX : BUDGET_JSON_DEPTH_MAX;
	struct reader reader = { .ctx = ctx, .begin = text, .at = text, .end = text + length, .depth_max = depth_max,
		.is_lenient = is_lenient };
	_auto_json_ struct json_object *value = NULL;

	reader.steps = budget_arena_alloc(&ctx->arena, sizeof *reader.steps * (size_t)depth_max);
	if (reader.steps == NULL)
		return budget_fail_memory(ctx);
	BUDGET_TRY(read_value(&reader, &value));
	skip_space(&reader);
	if (reader.at != reader.end)
		return not_json(&reader, "the end of the body");
	*ret_value = value;
	value = NULL;
	return BUDGET_OK;
}

enum budget_status
budget_json_parse(struct budget_ctx *ctx, const char *text, size_t length, struct json_object **ret_value)
{
	return parse(ctx, text, length, false, ret_value);
}

enum budget_status
budget_json_parse_deep(struct budget_ctx *ctx, const char *text, size_t length, struct json_object **ret_value)
{
	return parse(ctx, text, length, true, ret_value);
}
