#include "lib/json.h"

#include <json-c/json.h>
#include <string.h>

#include "lib/ctx.h"

enum { PRINT_FLAGS = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE };

void
budget_json_put(struct json_object **value)
{
	json_object_put(*value);
	*value = NULL;
}

struct json_object *
budget_json_get(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	if (!json_object_is_type(object, json_type_object) || !json_object_object_get_ex(object, name, &value))
		return NULL;
	return value;
}

struct json_object *
budget_json_at(struct json_object *array, size_t index)
{
	return index < budget_json_length(array) ? json_object_array_get_idx(array, index) : NULL;
}

size_t
budget_json_length(struct json_object *array)
{
	return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

bool
budget_json_is_array(struct json_object *value)
{
	return json_object_is_type(value, json_type_array);
}

bool
budget_json_is_object(struct json_object *value)
{
	return json_object_is_type(value, json_type_object);
}

bool
budget_json_is_string(struct json_object *value)
{
	return json_object_is_type(value, json_type_string);
}

const char *
budget_json_text(struct budget_ctx *ctx, struct json_object *value)
{
	if (json_object_is_type(value, json_type_string))
		return budget_arena_strndup(&ctx->arena, json_object_get_string(value),
		    (size_t)json_object_get_string_len(value));
	if (value == NULL || budget_json_is_array(value) || budget_json_is_object(value))
		return NULL;
	return budget_arena_strdup(&ctx->arena, json_object_get_string(value));
}

const char *
budget_json_print(struct budget_ctx *ctx, struct json_object *value)
{
	return budget_arena_strdup(&ctx->arena, json_object_to_json_string_ext(value, PRINT_FLAGS));
}

void
budget_json_each(struct json_object *object, budget_json_member_fn *call, void *user)
{
	if (!budget_json_is_object(object))
		return;
	json_object_object_foreach(object, name, value)
		call(user, name, value);
}
