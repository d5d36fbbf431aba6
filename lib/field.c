/* Values and tables. Scalars of JSON and of queries go through one function each: text in, canonical text out. */
#include "lib/field.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ctx.h"
#include "lib/decimal.h"
#include "lib/json.h"
#include "lib/text.h"
#include "lib/uuid.h"
#include "lib/when.h"
#include "lib/words.h"

enum { COUNT_DIGITS = 18, FRACTION_DIGITS = 12, ITEMS_MAX = 1000 };

static const char *const type_names[] = {
	[FIELD_STRING] = "string", [FIELD_COUNT] = "integer", [FIELD_MONEY] = "decimal not below 0",
	[FIELD_DECIMAL] = "decimal", [FIELD_FRACTION] = "fraction", [FIELD_BOOL] = "true or false", [FIELD_ENUM] = "word",
	[FIELD_UUID] = "uuid",
	[FIELD_TIME] = "time", [FIELD_OBJECT] = "object", [FIELD_ARRAY] = "array", [FIELD_JSON] = "any value",
};

const char *
budget_field_type_name(enum budget_field_type type)
{
	return type_names[type];
}

static enum budget_status
wrong_type(struct budget_ctx *ctx, const struct budget_field *field, const char *pointer)
{
	return budget_fail(ctx, BUDGET_EINVALID, "wrong_type", pointer, "'%s' must be a%s %s.", field->name,
	    strchr("aio", type_names[field->type][0]) != NULL ? "n" : "", type_names[field->type]);
}

static enum budget_status
read_string(struct budget_ctx *ctx, const struct budget_field *field, const char *pointer, const char *text,
    const char **ret_text)
{
	int64_t length = (int64_t)strlen(text), max = field->max > 0 ? field->max : FIELD_STRING_MAX;

	if (length == 0 && field->min > 0)
		return budget_fail(ctx, BUDGET_EINVALID, "out_of_range", pointer, "'%s' must not be empty.", field->name);
	if (length < field->min || length > max)
		return budget_fail(ctx, BUDGET_EINVALID, "out_of_range", pointer,
		    "'%s' must have between %" PRId64 " and %" PRId64 " bytes, not %" PRId64 ".", field->name, field->min, max,
		    length);
	*ret_text = text;
	return BUDGET_OK;
}

static enum budget_status
read_count(struct budget_ctx *ctx, const struct budget_field *field, const char *pointer, const char *text,
    const char **ret_text)
{
	const char *plain = NULL;
	enum budget_decimal outcome = budget_decimal_read(ctx, text, COUNT_DIGITS, &plain);
	int64_t value;

	if (outcome == BUDGET_DECIMAL_NONE)
		return wrong_type(ctx, field, pointer);
	if (outcome == BUDGET_DECIMAL_OK && strchr(plain, '.') != NULL)
		return budget_fail(ctx, BUDGET_EINVALID, "wrong_type", pointer, "'%s' must be a whole number.", field->name);
	value = outcome == BUDGET_DECIMAL_OK ? strtoll(plain, NULL, 10) : INT64_MIN;
	if (value < field->min || value > field->max)
		return budget_fail(ctx, BUDGET_EINVALID, "out_of_range", pointer,
		    "'%s' must lie between %" PRId64 " and %" PRId64 ".", field->name, field->min, field->max);
	*ret_text = plain;
	return BUDGET_OK;
}

static enum budget_status
read_decimal(struct budget_ctx *ctx, const struct budget_field *field, const char *pointer, const char *text,
    const char **ret_text)
{
	const char *plain = NULL;
	enum budget_decimal outcome = budget_decimal_read(ctx, text, FRACTION_DIGITS, &plain);

	if (outcome == BUDGET_DECIMAL_NONE)
		return wrong_type(ctx, field, pointer);
	if (outcome == BUDGET_DECIMAL_RANGE)
		return budget_fail(ctx, BUDGET_EINVALID, "out_of_range", pointer,
		    "'%s' must lie below 10^12 and have at most 30 digits behind the point.", field->name);
	if (field->type == FIELD_MONEY && plain[0] == '-')
		return budget_fail(ctx, BUDGET_EINVALID, "out_of_range", pointer, "'%s' must not be negative.", field->name);
	if (field->type == FIELD_FRACTION
	    && (budget_decimal_compare(plain, "0") <= 0 || budget_decimal_compare(plain, "10") > 0))
		return budget_fail(ctx, BUDGET_EINVALID, "out_of_range", pointer,
		    "'%s' is a fraction above 0 and up to 10 (1 = the limit, 0.8 = 80 %%).", field->name);
	*ret_text = plain;
	return BUDGET_OK;
}

/* "a, b, c": the canonical words, each once. */
static const char *
list_words(struct budget_ctx *ctx, const struct budget_word *words)
{
	struct budget_text text;

	budget_text_init(&text, &ctx->arena, 128);
	for (const struct budget_word *word = words; word->word != NULL; word++) {
		if (strcmp(word->word, word->canonical) != 0)
			continue;
		budget_text_add(&text, text.length > 0 ? ", " : "");
		budget_text_add(&text, word->canonical);
	}
	return budget_text_done(&text);
}

static enum budget_status
read_word(struct budget_ctx *ctx, const struct budget_field *field, const char *pointer, const char *text,
    const char **ret_text)
{
	const char *canonical = budget_word_find(field->words, text), *list;

	if (canonical == NULL) {
		list = list_words(ctx, field->words);
		return budget_fail(ctx, BUDGET_EINVALID, "unknown_value", pointer, "'%s' is no %s: use one of %s.",
		    strlen(text) <= 64 ? text : "This", field->name, list != NULL ? list : "those documented");
	}
	*ret_text = canonical;
	return BUDGET_OK;
}

static enum budget_status
read_bool(struct budget_ctx *ctx, const struct budget_field *field, const char *pointer, const char *text,
    const char **ret_text)
{
	static const struct budget_word words[] = {
		{ "true", "true" }, { "false", "false" }, { "1", "true" }, { "0", "false" }, { "yes", "true" }, { "no", "false" },
		{ NULL, NULL }
	};
	const char *canonical = budget_word_find(words, text);

	if (canonical == NULL)
		return wrong_type(ctx, field, pointer);
	*ret_text = canonical;
	return BUDGET_OK;
}

static enum budget_status
read_uuid(struct budget_ctx *ctx, const struct budget_field *field, const char *pointer, const char *text,
    const char **ret_text)
{
	char *canonical = budget_arena_alloc(&ctx->arena, UUID_TEXT_SIZE);

	if (canonical == NULL)
		return budget_fail_memory(ctx);
	if (!budget_uuid_parse(text, canonical))
		return budget_fail(ctx, BUDGET_EINVALID, "invalid_id", pointer,
		    "'%s' must be a uuid such as 0190f0e4-7b2a-7c31-8a55-3d2f0c9b1e77.", field->name);
	*ret_text = canonical;
	return BUDGET_OK;
}

static enum budget_status
read_time(struct budget_ctx *ctx, const struct budget_field *field, const char *pointer, const char *text,
    const char **ret_text)
{
	if (!budget_time_valid(text))
		return budget_fail(ctx, BUDGET_EINVALID, "invalid_time", pointer,
		    "'%s' must be an RFC 3339 time (2026-01-31T12:00:00Z) or a date (2026-01-31) that exists.", field->name);
	*ret_text = text;
	return BUDGET_OK;
}

enum budget_status
budget_field_read(struct budget_ctx *ctx, const struct budget_field *field, const char *pointer, const char *text,
    const char **ret_text)
{
	switch (field->type) {
	case FIELD_STRING:
		return read_string(ctx, field, pointer, text, ret_text);
	case FIELD_COUNT:
		return read_count(ctx, field, pointer, text, ret_text);
	case FIELD_MONEY: case FIELD_DECIMAL: case FIELD_FRACTION:
		return read_decimal(ctx, field, pointer, text, ret_text);
	case FIELD_BOOL:
		return read_bool(ctx, field, pointer, text, ret_text);
	case FIELD_ENUM:
		return read_word(ctx, field, pointer, text, ret_text);
	case FIELD_UUID:
		return read_uuid(ctx, field, pointer, text, ret_text);
	case FIELD_TIME:
		return read_time(ctx, field, pointer, text, ret_text);
	case FIELD_OBJECT: case FIELD_ARRAY: case FIELD_JSON:
		break;
	}
	return wrong_type(ctx, field, pointer);
}

/* A JSON scalar whose JSON type suits the field. Numbers may come as strings; nothing else may. */
static enum budget_status
decode_scalar(struct budget_ctx *ctx, const struct budget_field *field, const char *pointer, struct json_object *value,
    const char **ret_text)
{
	bool is_text = json_object_is_type(value, json_type_string);
	bool is_number = json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_double);
	const char *text = json_object_get_string(value);

	switch (field->type) {
	case FIELD_BOOL:
		if (!json_object_is_type(value, json_type_boolean))
			return wrong_type(ctx, field, pointer);
		break;
	case FIELD_COUNT: case FIELD_MONEY: case FIELD_DECIMAL: case FIELD_FRACTION:
		if (!is_number && !is_text)
			return wrong_type(ctx, field, pointer);
		break;
	default:
		if (!is_text)
			return wrong_type(ctx, field, pointer);
	}
	return budget_field_read(ctx, field, pointer, text, ret_text); /* text lives as long as the parsed body */
}

static enum budget_status
decode_any(struct budget_ctx *ctx, const struct budget_field *field, const char *pointer, struct json_object *value,
    const char **ret_text)
{
	const char *text = budget_json_print(ctx, value);
	int64_t max = field->max > 0 ? field->max : FIELD_TEXT_MAX;

	if (text == NULL)
		return budget_fail_memory(ctx);
	if ((int64_t)strlen(text) > max)
		return budget_fail(ctx, BUDGET_EINVALID, "out_of_range", pointer, "'%s' may have at most %" PRId64
		    " bytes of JSON.", field->name, max);
	*ret_text = text;
	return BUDGET_OK;
}

static enum budget_status
decode_table(struct budget_ctx *ctx, const struct budget_field *fields, struct json_object *object, const char *pointer,
    struct budget_text *text)
{
	struct budget_values *values = budget_arena_alloc(&ctx->arena, sizeof *values);

	if (values == NULL)
		return budget_fail_memory(ctx);
	BUDGET_TRY(budget_fields_decode(ctx, fields, object, pointer, values));
	budget_text_add(text, "{");
	budget_values_members(values, text);
	budget_text_add(text, "}");
	return BUDGET_OK;
}

/* One item of an array: an object by the field's table, else a word or a string. */
static enum budget_status
decode_item(struct budget_ctx *ctx, const struct budget_field *field, const char *pointer, struct json_object *item,
    struct budget_text *text)
{
	const char *word = NULL;

	if (field->fields != NULL)
		return decode_table(ctx, field->fields, item, pointer, text);
	if (!json_object_is_type(item, json_type_string))
		return budget_fail(ctx, BUDGET_EINVALID, "wrong_type", pointer, "Items of '%s' must be strings.", field->name);
	word = json_object_get_string(item);
	if (field->words != NULL)
		BUDGET_TRY(read_word(ctx, field, pointer, word, &word));
	else if (strlen(word) > FIELD_STRING_MAX)
		return budget_fail(ctx, BUDGET_EINVALID, "out_of_range", pointer, "Items of '%s' may have at most %d bytes.",
		    field->name, FIELD_STRING_MAX);
	budget_text_json(text, word);
	return BUDGET_OK;
}

static enum budget_status
decode_array(struct budget_ctx *ctx, const struct budget_field *field, const char *pointer, struct json_object *value,
    const char **ret_text)
{
	int64_t count = (int64_t)budget_json_length(value), max = field->max > 0 ? field->max : ITEMS_MAX;
	struct budget_text text;
	const char *item_pointer, *done;

	if (!budget_json_is_array(value))
		return wrong_type(ctx, field, pointer);
	if (count < field->min || count > max)
		return budget_fail(ctx, BUDGET_EINVALID, "out_of_range", pointer, "'%s' must have between %" PRId64 " and %" PRId64
		    " items, not %" PRId64 ".", field->name, field->min, max, count);
	budget_text_init(&text, &ctx->arena, 256);
	budget_text_add(&text, "[");
	for (int64_t i = 0; i < count; i++) {
		item_pointer = budget_arena_printf(&ctx->arena, "%s/%" PRId64, pointer, i);
		if (item_pointer == NULL)
			return budget_fail_memory(ctx);
		budget_text_add(&text, i > 0 ? "," : "");
		BUDGET_TRY(decode_item(ctx, field, item_pointer, budget_json_at(value, (size_t)i), &text));
	}
	budget_text_add(&text, "]");
	done = budget_text_done(&text);
	if (done == NULL)
		return budget_fail_memory(ctx);
	*ret_text = done;
	return BUDGET_OK;
}

static enum budget_status
decode_object(struct budget_ctx *ctx, const struct budget_field *field, const char *pointer, struct json_object *value,
    const char **ret_text)
{
	struct budget_text text;
	const char *done;

	if (!budget_json_is_object(value))
		return wrong_type(ctx, field, pointer);
	if (field->fields == NULL)
		return decode_any(ctx, field, pointer, value, ret_text);
	budget_text_init(&text, &ctx->arena, 256);
	BUDGET_TRY(decode_table(ctx, field->fields, value, pointer, &text));
	done = budget_text_done(&text);
	if (done == NULL)
		return budget_fail_memory(ctx);
	*ret_text = done;
	return BUDGET_OK;
}

enum budget_status
budget_field_decode(struct budget_ctx *ctx, const struct budget_field *field, const char *pointer,
    struct json_object *value, const char **ret_text)
{
	switch (field->type) {
	case FIELD_OBJECT:
		return decode_object(ctx, field, pointer, value, ret_text);
	case FIELD_ARRAY:
		return decode_array(ctx, field, pointer, value, ret_text);
	case FIELD_JSON:
		return decode_any(ctx, field, pointer, value, ret_text);
	default:
		return decode_scalar(ctx, field, pointer, value, ret_text);
	}
}

/* cost_limit is costLimit, cache_write_5m_tokens is cacheWrite5mTokens (or 5M). */
bool
budget_field_named(const struct budget_field *field, const char *name)
{
	const char *snake = field->name;
	bool is_word_start = false;

	if (strcmp(snake, name) == 0)
		return true;
	for (; *snake != '\0'; snake++) {
		if (*snake == '_') {
			is_word_start = true;
			continue;
		}
		if (is_word_start && isdigit((unsigned char)*snake)) {
			if (*name++ != *snake)
				return false;
			continue; /* the letter behind the digit may be of either case */
		}
		if (is_word_start ? *name != toupper((unsigned char)*snake)
		    && !(isdigit((unsigned char)snake[-1]) && *name == *snake) : *name != *snake)
			return false;
		is_word_start = false;
		name++;
	}
	return *name == '\0';
}
