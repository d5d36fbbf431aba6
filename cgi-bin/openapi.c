/*
 * GET /openapi.json: OpenAPI 3.1 made from the route tables, so that it cannot say anything else than the programs
 * do.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cgi-bin/fcgi/config.h"
#include "cgi-bin/fcgi/reply.h"
#include "cgi-bin/status.h"
#include "lib/budget.h"

enum { ROUTES_MAX = 512 };

/* All routes of all programs, flat. */
struct rows {
	struct json_object *route[ROUTES_MAX];
	const char *program[ROUTES_MAX], *path[ROUTES_MAX];
	bool is_done[ROUTES_MAX];
	int count;
};

struct out {
	struct budget_ctx *ctx;
	struct budget_text text;
};

static void add_object(struct out *out, struct json_object *fields);

static const char *
get(struct out *out, struct json_object *object, const char *name)
{
	return budget_json_text(out->ctx, budget_json_get(object, name));
}

static void
comma(struct out *out)
{
	char last = out->text.length > 0 ? out->text.data[out->text.length - 1] : '{';

	if (last != '{' && last != '[')
		budget_text_add(&out->text, ",");
}

/* "min"/"max" of a field as two schema words. */
static void
add_bounds(struct out *out, struct json_object *field, const char *min_word, const char *max_word)
{
	const char *min = get(out, field, "min"), *max = get(out, field, "max");

	if (min != NULL && strcmp(min, "0") != 0)
		budget_text_member_raw(&out->text, min_word, min);
	else if (min != NULL && strcmp(min_word, "minimum") == 0)
		budget_text_member_raw(&out->text, min_word, min);
	if (max != NULL && strcmp(max, "0") != 0)
		budget_text_member_raw(&out->text, max_word, max);
}

static void
add_enum(struct out *out, struct json_object *words)
{
	budget_text_member_raw(&out->text, "enum", budget_json_print(out->ctx, words));
}

/* The type-specific members of a schema that is open. */
static void
add_type(struct out *out, struct json_object *field, const char *type)
{
	struct budget_text *text = &out->text;
	struct json_object *fields = budget_json_get(field, "fields"), *words = budget_json_get(field, "values");

	if (strcmp(type, "string") == 0) {
		budget_text_member(text, "type", "string");
		add_bounds(out, field, "minLength", "maxLength");
	} else if (strcmp(type, "count") == 0) {
		budget_text_member(text, "type", "integer");
		add_bounds(out, field, "minimum", "maximum");
	} else if (strcmp(type, "money") == 0 || strcmp(type, "decimal") == 0 || strcmp(type, "fraction") == 0) {
		budget_text_member_raw(text, "type", "[\"number\",\"string\"]");
		budget_text_member(text, "format", "decimal");
	} else if (strcmp(type, "bool") == 0) {
		budget_text_member(text, "type", "boolean");
	} else if (strcmp(type, "enum") == 0) {
		budget_text_member(text, "type", "string");
		add_enum(out, words);
	} else if (strcmp(type, "uuid") == 0) {
		budget_text_member(text, "type", "string");
		budget_text_member(text, "format", "uuid");
	} else if (strcmp(type, "time") == 0) {
		budget_text_member(text, "type", "string");
		budget_text_member_raw(text, "examples", "[\"2026-01-31\",\"2026-01-31T12:00:00Z\"]");
	} else if (strcmp(type, "object") == 0 && fields != NULL) {
		add_object(out, fields);
	} else if (strcmp(type, "object") == 0) {
		budget_text_member(text, "type", "object");
	} else if (strcmp(type, "array") == 0) {
		budget_text_member(text, "type", "array");
		budget_text_add(text, ",\"items\":{");
		if (fields != NULL)
			add_object(out, fields);
		else
			budget_text_member(text, "type", "string");
		if (fields == NULL && words != NULL)
			add_enum(out, words);
		budget_text_add(text, "}");
		add_bounds(out, field, "minItems", "maxItems");
	}
}

static void
add_schema(struct out *out, struct json_object *field)
{
	bool is_nullable = budget_json_get(field, "nullable") != NULL;
	const char *about = get(out, field, "about"), *same_as = get(out, field, "same_as");

	budget_text_add(&out->text, is_nullable ? "{\"anyOf\":[{" : "{");
	add_type(out, field, get(out, field, "type"));
	if (is_nullable)
		budget_text_add(&out->text, "},{\"type\":\"null\"}]");
	if (same_as != NULL)
		about = budget_arena_printf(&out->ctx->arena, "Another spelling of %s.", same_as);
	if (about != NULL)
		budget_text_member(&out->text, "description", about);
	budget_text_add(&out->text, "}");
}

/* Members of an object schema that is open. */
static void
add_object(struct out *out, struct json_object *fields)
{
	struct budget_text *text = &out->text;
	bool has_required = false;

	budget_text_member(text, "type", "object");
	budget_text_add(text, ",\"properties\":{");
	for (size_t i = 0; i < budget_json_length(fields); i++) {
		struct json_object *field = budget_json_at(fields, i);

		comma(out);
		budget_text_json(text, get(out, field, "name"));
		budget_text_add(text, ":");
		add_schema(out, field);
	}
	budget_text_add(text, "}");
	for (size_t i = 0; i < budget_json_length(fields); i++) {
		struct json_object *field = budget_json_at(fields, i);

		if (budget_json_get(field, "required") == NULL)
			continue;
		budget_text_add(text, has_required ? "," : ",\"required\":[");
		budget_text_json(text, get(out, field, "name"));
		has_required = true;
	}
	budget_text_add(text, has_required ? "],\"additionalProperties\":false" : ",\"additionalProperties\":false");
}

static void
add_path_parameters(struct out *out, const char *path)
{
	for (const char *open = strchr(path, '{'); open != NULL; open = strchr(open + 1, '{')) {
		size_t length = strcspn(open + 1, "}");
		const char *name = budget_arena_strndup(&out->ctx->arena, open + 1, length);
		bool is_id = length >= 2 && strncmp(open + 1 + length - 2, "id", 2) == 0;

		if (name == NULL)
			return;
		comma(out);
		budget_text_add(&out->text, "{");
		budget_text_member(&out->text, "name", name);
		budget_text_add(&out->text, ",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"string\"");
		budget_text_add(&out->text, is_id ? ",\"format\":\"uuid\"}}" : "}}");
	}
}

static void
add_query_parameters(struct out *out, struct json_object *fields)
{
	for (size_t i = 0; i < budget_json_length(fields); i++) {
		struct json_object *field = budget_json_at(fields, i);

		comma(out);
		budget_text_add(&out->text, "{");
		budget_text_member(&out->text, "name", get(out, field, "name"));
		budget_text_add(&out->text, ",\"in\":\"query\"");
		if (budget_json_get(field, "required") != NULL)
			budget_text_add(&out->text, ",\"required\":true");
		budget_text_add(&out->text, ",\"schema\":");
		add_schema(out, field);
		budget_text_add(&out->text, "}");
	}
}

static void
add_body(struct out *out, struct json_object *route)
{
	struct json_object *body = budget_json_get(route, "body");
	bool is_raw = budget_json_get(route, "raw_body") != NULL;

	if (body == NULL && !is_raw)
		return;
	budget_text_add(&out->text, ",\"requestBody\":{");
	budget_text_member_raw(&out->text, "required", budget_json_get(route, "body_optional") != NULL ? "false" : "true");
	budget_text_add(&out->text, ",\"content\":{\"application/json\":{\"schema\":{");
	if (body != NULL)
		add_object(out, body);
	budget_text_add(&out->text, "}}}}");
}

/* getBudgetsById from GET /api/v1/budgets/{id}. */
static void
add_operation_id(struct out *out, const char *method, const char *path)
{
	char id[128];
	size_t length = 0;
	bool is_start = true;

	for (const char *c = method; *c != '\0' && length < sizeof id - 4; c++)
		id[length++] = (char)tolower((unsigned char)*c);
	for (const char *c = strncmp(path, "/api/v1", 7) == 0 ? path + 7 : path; *c != '\0' && length < sizeof id - 4; c++) {
		if (*c == '{') {
			memcpy(id + length, "By", 2);
			length += 2;
		}
		if (!isalnum((unsigned char)*c)) {
			is_start = true;
			continue;
		}
		id[length++] = (char)(is_start ? toupper((unsigned char)*c) : *c);
		is_start = false;
	}
	id[length] = '\0';
	budget_text_member(&out->text, "operationId", strncmp(path, "/api/v1", 7) == 0 ? id
	    : budget_arena_printf(&out->ctx->arena, "%sAtRoot", id));
}

static void
add_operation(struct out *out, const struct rows *rows, int i)
{
	struct json_object *route = rows->route[i];
	const char *method = get(out, route, "method"), *role = get(out, route, "role"), *success = get(out, route, "success");
	char lower[16] = "";

	for (size_t c = 0; method[c] != '\0' && c < sizeof lower - 1; c++)
		lower[c] = (char)tolower((unsigned char)method[c]);
	comma(out);
	budget_text_json(&out->text, lower);
	budget_text_add(&out->text, ":{");
	budget_text_member(&out->text, "summary", get(out, route, "about"));
	add_operation_id(out, method, rows->path[i]);
	budget_text_add(&out->text, ",\"tags\":[");
	budget_text_json(&out->text, rows->program[i]);
	budget_text_add(&out->text, "]");
	budget_text_member(&out->text, "x-role", role);
	if (budget_json_get(route, "public") != NULL)
		budget_text_add(&out->text, ",\"security\":[]");
	budget_text_add(&out->text, ",\"parameters\":[");
	add_path_parameters(out, rows->path[i]);
	add_query_parameters(out, budget_json_get(route, "query"));
	budget_text_add(&out->text, "]");
	add_body(out, route);
	budget_text_addf(&out->text, ",\"responses\":{\"%s\":{\"description\":\"Done.\",\"content\":{\"application/json\":"
	    "{}}},"
	    "\"4XX\":{\"$ref\":\"#/components/responses/Problem\"},\"5XX\":{\"$ref\":\"#/components/responses/Problem\"}}}",
	    success);
}

static void
collect(struct out *out, const struct published *published, struct rows *rows)
{
	for (int i = 0; i < published->count; i++) {
		struct json_object *routes = budget_json_get(published->programs[i], "routes");

		for (size_t j = 0; j < budget_json_length(routes) && rows->count < ROUTES_MAX; j++) {
			rows->route[rows->count] = budget_json_at(routes, j);
			rows->program[rows->count] = get(out, published->programs[i], "program");
			rows->path[rows->count] = published_path(out->ctx, rows->route[rows->count]);
			rows->count++;
		}
	}
}

/* A tag for each program. */
static void
add_tags(struct out *out, const struct published *published)
{
	budget_text_add(&out->text, "\"tags\":[");
	for (int i = 0; i < published->count; i++) {
		budget_text_add(&out->text, i > 0 ? ",{" : "{");
		budget_text_member(&out->text, "name", get(out, published->programs[i], "program"));
		budget_text_member(&out->text, "description", get(out, published->programs[i], "about"));
		budget_text_add(&out->text, "}");
	}
	budget_text_add(&out->text, "]");
}

/* Rows of the same path stand together, as OpenAPI asks. */
static void
add_paths(struct out *out, struct rows *rows)
{
	for (int i = 0; i < rows->count; i++) {
		if (rows->is_done[i])
			continue;
		comma(out);
		budget_text_json(&out->text, rows->path[i]);
		budget_text_add(&out->text, ":{");
		for (int j = i; j < rows->count; j++) {
			if (rows->is_done[j] || strcmp(rows->path[j], rows->path[i]) != 0)
				continue;
			add_operation(out, rows, j);
			rows->is_done[j] = true;
		}
		budget_text_add(&out->text, "}");
	}
}

static const char components[] =
    "\"components\":{\"securitySchemes\":{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"},"
    "\"key\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-API-Key\"}},"
    "\"responses\":{\"Problem\":{\"description\":\"What was wrong, and what to do (RFC 9457).\","
    "\"content\":{\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}}},"
    "\"schemas\":{\"Problem\":{\"type\":\"object\",\"required\":[\"type\",\"title\",\"status\",\"detail\",\"code\"],"
    "\"properties\":{\"type\":{\"type\":\"string\",\"format\":\"uri\"},\"title\":{\"type\":\"string\"},"
    "\"status\":{\"type\":\"integer\"},\"detail\":{\"type\":\"string\"},\"instance\":{\"type\":\"string\"},"
    "\"code\":{\"type\":\"string\"},\"error\":{\"type\":\"string\"},\"request_id\":{\"type\":\"string\"},"
    "\"errors\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"pointer\":{\"type\":\"string\"},"
    "\"detail\":{\"type\":\"string\"}}}}}}}}";

enum budget_status
openapi_get(struct request *request)
{
	_auto_published_ struct published published = { .count = 0 };
	struct out out = { .ctx = &request->ctx };
	struct rows *rows = budget_arena_alloc(&request->ctx.arena, sizeof *rows);
	const char *done;

	if (rows == NULL)
		return budget_fail_memory(&request->ctx);
	BUDGET_TRY(published_open(&request->ctx, &published));
	collect(&out, &published, rows);
	budget_text_init(&out.text, &request->ctx.arena, 64 * 1024);
	budget_text_add(&out.text, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Budget\"");
	budget_text_member(&out.text, "version", config.version);
	budget_text_member(&out.text, "description", "Token and cost budgets for calls to language models. Every path under"
	    " /api/v1 is served under /api too; names may be sent in snake_case or camelCase.");
	budget_text_add(&out.text, "},");
	add_tags(&out, &published);
	budget_text_add(&out.text, ",\"servers\":[{\"url\":\"/\"}],\"security\":[{\"bearer\":[]},{\"key\":[]}],\"paths\":{");
	add_paths(&out, rows);
	budget_text_add(&out.text, "},");
	budget_text_add(&out.text, components);
	budget_text_add(&out.text, "}");
	done = budget_text_done(&out.text);
	if (done == NULL)
		return budget_fail_memory(&request->ctx);
	reply_json(request, 200, done);
	return BUDGET_OK;
}
