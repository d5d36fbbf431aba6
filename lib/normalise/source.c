/* Numbers and texts at paths of an object, or among attributes. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/ctx.h"
#include "lib/normalise/dialect.h"

enum { COUNT_DIGITS = 18, STEP_MAX = 96 };

/* One step of a path: a member's name and, for `list[name=word]`, what selects the elements. */
struct step {
	char name[STEP_MAX], by[STEP_MAX], word[STEP_MAX];
	bool is_list;
	const char *rest; /* "" at the end */
};

static void
copy(char *out, const char *from, size_t length)
{
	length = length < STEP_MAX - 1 ? length : STEP_MAX - 1;
	memcpy(out, from, length);
	out[length] = '\0';
}

static void
read_step(const char *path, struct step *step)
{
	size_t length = strcspn(path, ".[");

	copy(step->name, path, length);
	step->is_list = path[length] == '[';
	path += length;
	if (step->is_list) {
		length = strcspn(++path, "=]");
		copy(step->by, path, length);
		path += length + (path[length] == '=');
		length = strcspn(path, "]");
		copy(step->word, path, length);
		path += length + (path[length] == ']');
	}
	step->rest = path + (*path == '.');
}

struct json_object *
usage_at(struct json_object *object, const char *path)
{
	struct step step;

	for (; *path != '\0' && object != NULL; path = step.rest) {
		read_step(path, &step);
		object = budget_json_get(object, step.name);
	}
	return object;
}

static const char *
attribute(const struct usage_source *source, const char *key)
{
	for (size_t i = 0; i < source->attributes_count; i++)
		if (strcmp(source->attributes[i].key, key) == 0)
			return source->attributes[i].text;
	return NULL;
}

bool
usage_has(const struct usage_source *source, const char *path)
{
	if (source->object == NULL)
		return attribute(source, path) != NULL;
	return usage_at(source->object, path) != NULL;
}

const char *
usage_text(const struct usage_source *source, const char *path)
{
	if (source->object == NULL)
		return attribute(source, path);
	return budget_json_text(source->ctx, usage_at(source->object, path));
}

/* "/usage" and "a.b" -> "/usage/a/b"; an attribute's key stays whole. */
static const char *
pointer_of(const struct usage_source *source, const char *path)
{
	char *pointer = budget_arena_printf(&source->ctx->arena, "%s/%s", source->pointer, path);

	for (char *at = pointer != NULL && source->object != NULL ? pointer + strlen(source->pointer) : NULL;
	    at != NULL && *at != '\0'; at++)
		if (*at == '.')
			*at = '/';
		else if (*at == '[')
			*at = '\0';
	return pointer;
}

static enum budget_status
read_number(const struct usage_source *source, const char *path, const char *text, int64_t *ret_value)
{
	const char *plain = NULL;
	enum budget_decimal outcome = text != NULL ? budget_decimal_read(source->ctx, text, COUNT_DIGITS, &plain)
	    : BUDGET_DECIMAL_NONE;

	if (outcome == BUDGET_DECIMAL_NONE || (outcome == BUDGET_DECIMAL_OK && strchr(plain, '.') != NULL))
		return budget_fail(source->ctx, BUDGET_EINVALID, "wrong_type", pointer_of(source, path), "A count must be a whole number.");
	if (outcome == BUDGET_DECIMAL_RANGE || llabs(strtoll(plain, NULL, 10)) > BUDGET_USAGE_COUNT_MAX)
		return budget_fail(source->ctx, BUDGET_EINVALID, "out_of_range", pointer_of(source, path),
		    "A count must lie below 10^12.");
	*ret_value = strtoll(plain, NULL, 10);
	return BUDGET_OK;
}

/* Whether word is one of those in "IMAGE|DOCUMENT"; every word when the choice is empty. */
static bool
is_chosen(const char *choice, const char *word)
{
	if (*choice == '\0')
		return true;
	while (word != NULL && *choice != '\0') {
		size_t length = strcspn(choice, "|");

		if (strlen(word) == length && strncasecmp(choice, word, length) == 0)
			return true;
		choice += length + (choice[length] == '|');
	}
	return false;
}

static enum budget_status
sum_list(const struct usage_source *source, const char *path, const struct step *step, struct json_object *list,
    int64_t *ret_value)
{
	int64_t sum = 0, value;

	for (size_t i = 0; i < budget_json_length(list); i++) {
		struct json_object *element = budget_json_at(list, i), *number = usage_at(element, step->rest);

		if (number == NULL || !is_chosen(step->word, budget_json_text(source->ctx, budget_json_get(element, step->by))))
			continue;
		BUDGET_TRY(read_number(source, path, budget_json_text(source->ctx, number), &value));
		if (sum > BUDGET_USAGE_COUNT_MAX)
			return budget_fail(source->ctx, BUDGET_EINVALID, "out_of_range", pointer_of(source, path),
			    "A count must lie below 10^12.");
		sum += value;
	}
	*ret_value = sum;
	return BUDGET_OK;
}

enum budget_status
usage_number(const struct usage_source *source, const char *path, int64_t *ret_value)
{
	struct json_object *value = source->object;
	const char *text;

	*ret_value = 0;
	if (source->object == NULL) {
		text = attribute(source, path);
		return text != NULL ? read_number(source, path, text, ret_value) : BUDGET_OK;
	}
	for (const char *at = path; *at != '\0' && value != NULL; ) {
		struct step step;

		read_step(at, &step);
		value = budget_json_get(value, step.name);
		if (step.is_list)
			return sum_list(source, path, &step, value, ret_value);
		at = step.rest;
	}
	return value != NULL ? read_number(source, path, budget_json_text(source->ctx, value), ret_value) : BUDGET_OK;
}
