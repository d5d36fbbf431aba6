/* A table against an object or a query string: which field is meant, what is unknown, missing or there twice. */
#include <assert.h>
#include <ctype.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ctx.h"
#include "lib/field.h"
#include "lib/json.h"
#include "lib/text.h"
#include "lib/utf8.h"

enum { QUERY_BYTES_MAX = 8192, QUERY_KEYS_MAX = 64, NAME_SHOWN_MAX = 64, NAMES_LISTED_MAX = 24 };

static int
find_field(const struct budget_field *fields, const char *name)
{
	for (int i = 0; fields != NULL && fields[i].name != NULL; i++)
		if (budget_field_named(&fields[i], name))
			return i;
	return -1;
}

/* Index of the field that keeps the value: another one for a row that is only a second spelling. */
static int
home_of(const struct budget_field *fields, int index)
{
	for (int i = 0; fields[index].same_as != NULL && fields[i].name != NULL; i++)
		if (strcmp(fields[i].name, fields[index].same_as) == 0)
			return i;
	assert(fields[index].same_as == NULL);
	return index;
}

/* Edits between two short names, or a large number beyond `NAME_SHOWN_MAX` bytes. */
static int
distance(const char *left, const char *right)
{
	int row[NAME_SHOWN_MAX + 1], n = (int)strlen(right), diagonal, above;

	if (n > NAME_SHOWN_MAX || strlen(left) > NAME_SHOWN_MAX)
		return NAME_SHOWN_MAX;
	for (int j = 0; j <= n; j++)
		row[j] = j;
	for (int i = 1; left[i - 1] != '\0'; i++) {
		diagonal = row[0];
		row[0] = i;
		for (int j = 1; j <= n; j++) {
			int best = diagonal + (tolower((unsigned char)left[i - 1]) != right[j - 1]);

			above = row[j];
			best = above + 1 < best ? above + 1 : best;
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			row[j] = best;
			diagonal = above;
		}
	}
	return row[n];
}

static const char *
nearest_name(const struct budget_field *fields, const char *name)
{
	const char *nearest = NULL;
	int least = strlen(name) > 5 ? 4 : 3;

	for (; fields != NULL && fields->name != NULL; fields++) {
		int edits = distance(name, fields->name);

		if (edits < least) {
			least = edits;
			nearest = fields->name;
		}
	}
	return nearest;
}

static enum budget_status
unknown_field(struct budget_ctx *ctx, const struct budget_field *fields, const char *pointer, const char *name,
    const char *kind)
{
	const char *nearest = nearest_name(fields, name), *list;
	const char *shown = strlen(name) <= NAME_SHOWN_MAX ? name : "This";
	struct budget_text text;
	int listed = 0;

	if (fields == NULL || fields->name == NULL)
		return budget_fail(ctx, BUDGET_EINVALID, "unknown_field", pointer, "'%s' is not known here: no %s is.", shown, kind);
	if (nearest != NULL)
		return budget_fail(ctx, BUDGET_EINVALID, "unknown_field", pointer, "'%s' is no %s here: did you mean '%s'?", shown,
		    kind, nearest);
	budget_text_init(&text, &ctx->arena, 256);
	for (; fields->name != NULL && listed < NAMES_LISTED_MAX; fields++) {
		if (fields->same_as != NULL)
			continue;
		budget_text_addf(&text, "%s%s", listed++ > 0 ? ", " : "", fields->name);
	}
	if (fields->name != NULL)
		budget_text_add(&text, ", …");
	list = budget_text_done(&text);
	return budget_fail(ctx, BUDGET_EINVALID, "unknown_field", pointer, "'%s' is no %s here: use %s.", shown, kind,
	    list != NULL ? list : "those documented");
}

static enum budget_status
check_missing(struct budget_ctx *ctx, const struct budget_field *fields, const struct budget_values *values,
    const char *prefix)
{
	for (int i = 0; fields != NULL && fields[i].name != NULL; i++)
		if ((fields[i].need & FIELD_REQUIRED) != 0 && values->text[i] == NULL && !values->is_null[i])
			return budget_fail(ctx, BUDGET_EINVALID, "missing_field",
			    budget_arena_printf(&ctx->arena, "%s%s", prefix, fields[i].name), "'%s' is missing%s%s.", fields[i].name,
			    fields[i].about != NULL ? ": " : "", fields[i].about != NULL ? fields[i].about : "");
	return BUDGET_OK;
}

static enum budget_status
decode_member(struct budget_ctx *ctx, const struct budget_field *fields, const char *name, struct json_object *value,
    const char *pointer, struct budget_values *values)
{
	int index = find_field(fields, name), home;
	struct budget_text text;
	const char *at;

	budget_text_init(&text, &ctx->arena, 64);
	budget_text_add(&text, pointer);
	budget_text_pointer(&text, name);
	at = budget_text_done(&text);
	if (at == NULL)
		return budget_fail_memory(ctx);
	if (index < 0)
		return unknown_field(ctx, fields, at, name, "field");
	home = home_of(fields, index);
	if (values->text[home] != NULL || values->is_null[home])
		return budget_fail(ctx, BUDGET_EINVALID, "duplicate_field", at, "'%s' and another spelling of '%s' are both there:"
		    " send one.", name, fields[home].name);
	if (value == NULL) {
		values->is_null[home] = ((fields[index].need | fields[home].need) & FIELD_NULLABLE) != 0;
		return BUDGET_OK;
	}
	return budget_field_decode(ctx, &fields[index], at, value, &values->text[home]);
}

enum budget_status
budget_fields_decode(struct budget_ctx *ctx, const struct budget_field *fields, struct json_object *object,
    const char *pointer, struct budget_values *ret_values)
{
	*ret_values = (struct budget_values){ .fields = fields };
	if (!budget_json_is_object(object))
		return budget_fail(ctx, BUDGET_EINVALID, "wrong_type", pointer, "Send a JSON object here.");
	json_object_object_foreach(object, name, value)
		BUDGET_TRY(decode_member(ctx, fields, name, value, pointer, ret_values));
	return check_missing(ctx, fields, ret_values, budget_arena_printf(&ctx->arena, "%s/", pointer));
}

static int
hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

bool
budget_percent_decode(const char *from, size_t n, bool is_query, char *out)
{
	const char *begin = out;

	for (size_t i = 0; i < n; i++) {
		if (from[i] == '%') {
			int high = i + 2 < n ? hex_digit(from[i + 1]) : -1, low = i + 2 < n ? hex_digit(from[i + 2]) : -1;

			if (high < 0 || low < 0 || high + low == 0)
				return false;
			*out++ = (char)(high * 16 + low);
			i += 2;
		} else {
			*out++ = is_query && from[i] == '+' ? ' ' : from[i];
		}
	}
	*out = '\0';
	return budget_utf8_valid(begin, (size_t)(out - begin), NULL);
}

static enum budget_status
bad_encoding(struct budget_ctx *ctx)
{
	return budget_fail(ctx, BUDGET_ESYNTAX, "bad_encoding", NULL,
	    "The query string is not percent-encoded UTF-8: encode each key and value by itself, NUL excepted.");
}

/* A '+' of a zone that nobody encoded came in as a space. */
static void
mend_time(const struct budget_field *field, char *value)
{
	size_t length = strlen(value);

	if (field->type == FIELD_TIME && length > 20 && value[length - 6] == ' ' && value[length - 3] == ':')
		value[length - 6] = '+';
}

static enum budget_status
decode_pair(struct budget_ctx *ctx, const struct budget_field *fields, char *key, char *value,
    struct budget_values *values)
{
	int index = find_field(fields, key), home;
	const char *pointer = budget_arena_printf(&ctx->arena, "?%.*s", NAME_SHOWN_MAX, key);

	if (pointer == NULL)
		return budget_fail_memory(ctx);
	if (!budget_utf8_valid(pointer, strlen(pointer), NULL)) /* cut within a character */
		pointer = "?";
	if (index < 0)
		return unknown_field(ctx, fields, pointer, key, "query key");
	home = home_of(fields, index);
	if (values->text[home] != NULL)
		return budget_fail(ctx, BUDGET_EINVALID, "duplicate_field", pointer, "'%s' is there twice: send it once.", key);
	mend_time(&fields[index], value);
	if (value[0] == '\0' && (fields[index].type != FIELD_STRING || fields[index].min > 0))
		return budget_fail(ctx, BUDGET_EINVALID, "out_of_range", pointer, "'%s' has no value: give one or leave the key out.",
		    key);
	return budget_field_read(ctx, &fields[index], pointer, value, &values->text[home]);
}

enum budget_status
budget_fields_query(struct budget_ctx *ctx, const struct budget_field *fields, const char *query_string,
    struct budget_values *ret_values)
{
	const char *at = query_string != NULL ? query_string : "";
	int keys = 0;

	*ret_values = (struct budget_values){ .fields = fields };
	if (strlen(at) > QUERY_BYTES_MAX)
		return budget_fail(ctx, BUDGET_EINVALID, "out_of_range", "?", "The query string may have at most %d bytes.",
		    QUERY_BYTES_MAX);
	for (; *at != '\0'; at += *at == '&') {
		size_t length = strcspn(at, "&"), key_length = strcspn(at, "=&");
		char *key, *value;

		if (length > 0 && ++keys > QUERY_KEYS_MAX)
			return budget_fail(ctx, BUDGET_EINVALID, "out_of_range", "?", "At most %d query keys.", QUERY_KEYS_MAX);
		if (length > 0) {
			key = budget_arena_alloc(&ctx->arena, key_length + 1);
			value = budget_arena_alloc(&ctx->arena, length - key_length + 1);
			if (key == NULL || value == NULL)
				return budget_fail_memory(ctx);
			if (!budget_percent_decode(at, key_length, true, key) || (key_length < length
			    && !budget_percent_decode(at + key_length + 1, length - key_length - 1, true, value)))
				return bad_encoding(ctx);
			BUDGET_TRY(decode_pair(ctx, fields, key, value, ret_values));
		}
		at += length;
	}
	return check_missing(ctx, fields, ret_values, "?");
}

const char *
budget_values_get(const struct budget_values *values, const char *name)
{
	for (int i = 0; values->fields != NULL && values->fields[i].name != NULL; i++)
		if (strcmp(values->fields[i].name, name) == 0)
			return values->text[i];
	return NULL;
}

static bool
is_quoted(enum budget_field_type type)
{
	return type == FIELD_STRING || type == FIELD_ENUM || type == FIELD_UUID || type == FIELD_TIME;
}

void
budget_values_members(const struct budget_values *values, struct budget_text *text)
{
	for (int i = 0; values->fields != NULL && values->fields[i].name != NULL; i++) {
		if (values->text[i] == NULL && !values->is_null[i])
			continue;
		if (values->text[i] != NULL && is_quoted(values->fields[i].type))
			budget_text_member(text, values->fields[i].name, values->text[i]);
		else
			budget_text_member_raw(text, values->fields[i].name, values->text[i]);
	}
}
