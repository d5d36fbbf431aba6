/* PROGRAM --routes: the tables as JSON, from which documents and path lists are made. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cgi-bin/fcgi/serve.h"
#include "lib/ctx.h"
#include "lib/text.h"

enum { DESCRIPTION_MAX_BYTES = 4 * 1024 * 1024 };

static void add_fields(struct budget_text *text, const struct budget_field *fields);

static void
add_words(struct budget_text *text, const struct budget_word *words)
{
	budget_text_add(text, ",\"values\":[");
	for (const struct budget_word *word = words; word->word != NULL; word++) {
		if (strcmp(word->word, word->canonical) != 0)
			continue;
		budget_text_add(text, word != words ? "," : "");
		budget_text_json(text, word->canonical);
	}
	budget_text_add(text, "]");
}

static void
add_field(struct budget_text *text, const struct budget_field *field)
{
	static const char *const types[] = {
		[FIELD_STRING] = "string", [FIELD_COUNT] = "count", [FIELD_MONEY] = "money", [FIELD_DECIMAL] = "decimal",
		[FIELD_FRACTION] = "fraction", [FIELD_BOOL] = "bool", [FIELD_ENUM] = "enum", [FIELD_UUID] = "uuid",
		[FIELD_TIME] = "time", [FIELD_OBJECT] = "object", [FIELD_ARRAY] = "array", [FIELD_JSON] = "json",
	};

	budget_text_add(text, "{");
	budget_text_member(text, "name", field->name);
	budget_text_member(text, "type", types[field->type]);
	if ((field->need & FIELD_REQUIRED) != 0)
		budget_text_member_raw(text, "required", "true");
	if ((field->need & FIELD_NULLABLE) != 0)
		budget_text_member_raw(text, "nullable", "true");
	if (field->min != 0 || field->max != 0)
		budget_text_addf(text, ",\"min\":%" PRId64 ",\"max\":%" PRId64, field->min, field->max);
	if (field->same_as != NULL)
		budget_text_member(text, "same_as", field->same_as);
	if (field->about != NULL)
		budget_text_member(text, "about", field->about);
	if (field->words != NULL)
		add_words(text, field->words);
	if (field->fields != NULL) {
		budget_text_add(text, ",\"fields\":");
		add_fields(text, field->fields);
	}
	budget_text_add(text, "}");
}

static void
add_fields(struct budget_text *text, const struct budget_field *fields)
{
	budget_text_add(text, "[");
	for (const struct budget_field *field = fields; field->name != NULL; field++) {
		budget_text_add(text, field != fields ? "," : "");
		add_field(text, field);
	}
	budget_text_add(text, "]");
}

static void
add_route(struct budget_text *text, const struct route *route)
{
	static const struct {
		int flag;
		const char *name;
	} flags[] = { { ROUTE_ROOT, "root" }, { ROUTE_LARGE, "large" }, { ROUTE_PUBLIC, "public" },
		{ ROUTE_BODY_OPTIONAL, "body_optional" }, { ROUTE_RAW_BODY, "raw_body" } };

	budget_text_add(text, "{");
	budget_text_member(text, "method", route->method);
	budget_text_member(text, "path", route->path);
	budget_text_member(text, "role", budget_role_name(route->role));
	budget_text_addf(text, ",\"success\":%d", route->success != 0 ? route->success : 200);
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if ((route->flags & flags[i].flag) != 0)
			budget_text_member_raw(text, flags[i].name, "true");
	budget_text_member(text, "about", route->about);
	if (route->query != NULL) {
		budget_text_add(text, ",\"query\":");
		add_fields(text, route->query);
	}
	if (route->body != NULL) {
		budget_text_add(text, ",\"body\":");
		add_fields(text, route->body);
	}
	budget_text_add(text, "}");
}

const char *
route_describe(const struct program *program, struct budget_arena *arena)
{
	struct budget_text text;
	bool is_first = true;

	budget_text_init(&text, arena, 4096);
	budget_text_add(&text, "{");
	budget_text_member(&text, "program", program->name);
	budget_text_member(&text, "about", program->about);
	budget_text_add(&text, ",\"routes\":[");
	for (const struct route *const *table = program->tables; *table != NULL; table++)
		for (const struct route *route = *table; route->method != NULL; route++) {
			budget_text_add(&text, is_first ? "\n" : ",\n");
			add_route(&text, route);
			is_first = false;
		}
	budget_text_add(&text, "\n]}\n");
	return budget_text_done(&text);
}

int
route_print(const struct program *program)
{
	struct budget_arena arena;
	const char *text;

	budget_arena_init(&arena, DESCRIPTION_MAX_BYTES);
	text = route_describe(program, &arena);
	if (text != NULL)
		fputs(text, stdout);
	budget_arena_clear(&arena);
	return text != NULL && fflush(stdout) == 0 ? EX_OK : EX_SOFTWARE;
}

void
route_publish(const struct program *program, const char *run_dir)
{
	char path[256], fresh[264];
	struct budget_arena arena;
	const char *text;
	FILE *file;

	snprintf(path, sizeof path, "%s/%s.routes", run_dir, program->name);
	snprintf(fresh, sizeof fresh, "%s.new", path);
	budget_arena_init(&arena, DESCRIPTION_MAX_BYTES);
	text = route_describe(program, &arena);
	file = text != NULL ? fopen(fresh, "we") : NULL;
	if (file != NULL) {
		bool is_written = fputs(text, file) >= 0;

		if (fclose(file) == 0 && is_written)
			is_written = rename(fresh, path) == 0;
		if (!is_written)
			unlink(fresh);
	}
	budget_arena_clear(&arena);
}
