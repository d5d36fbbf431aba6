/* GET /docs: the API for people, made from the same tables as /openapi.json. Plain HTML: no script, no foreign file. */
#include <stdio.h>
#include <string.h>

#include "cgi-bin/fcgi/config.h"
#include "cgi-bin/fcgi/reply.h"
#include "cgi-bin/status.h"
#include "lib/budget.h"

struct page {
	struct budget_ctx *ctx;
	struct budget_text text;
};

static const char *
get(struct page *page, struct json_object *object, const char *name)
{
	return budget_json_text(page->ctx, budget_json_get(object, name));
}

/* Text as HTML shows it; NULL is nothing. */
static void
add_text(struct page *page, const char *text)
{
	for (; text != NULL && *text != '\0'; text++) {
		const char *entity = *text == '&' ? "&amp;" : *text == '<' ? "&lt;" : *text == '>' ? "&gt;"
		    : *text == '"' ? "&quot;" : NULL;

		if (entity != NULL)
			budget_text_add(&page->text, entity);
		else
			budget_text_addn(&page->text, text, 1);
	}
}

static void
add_element(struct page *page, const char *open, const char *text, const char *close)
{
	budget_text_add(&page->text, open);
	add_text(page, text);
	budget_text_add(&page->text, close);
}

/* "word: a, b, c" for vocabularies, "integer 0 … 100" for counts, the type's name else. */
static void
add_type(struct page *page, struct json_object *field)
{
	struct json_object *words = budget_json_get(field, "values");
	const char *type = get(page, field, "type"), *min = get(page, field, "min"), *max = get(page, field, "max");

	if (words == NULL)
		add_text(page, type);
	for (size_t i = 0; i < budget_json_length(words); i++)
		add_element(page, i > 0 ? ", <code>" : "<code>", budget_json_text(page->ctx, budget_json_at(words, i)), "</code>");
	if (words == NULL && max != NULL && strcmp(max, "0") != 0)
		budget_text_addf(&page->text, " %s … %s", min, max);
	if (budget_json_get(field, "nullable") != NULL)
		budget_text_add(&page->text, " or null");
}

static void
add_fields(struct page *page, const char *prefix, struct json_object *fields)
{
	for (size_t i = 0; i < budget_json_length(fields); i++) {
		struct json_object *field = budget_json_at(fields, i), *inner = budget_json_get(field, "fields");
		const char *name = get(page, field, "name"), *same_as = get(page, field, "same_as");

		add_element(page, "<tr><th scope=\"row\"><code>", prefix, "");
		add_element(page, "", name, "</code></th><td>");
		add_type(page, field);
		budget_text_add(&page->text, budget_json_get(field, "required") != NULL ? "</td><td>required" : "</td><td>");
		if (same_as != NULL)
			add_element(page, "the same as <code>", same_as, "</code>");
		add_element(page, "</td><td>", get(page, field, "about"), "</td></tr>\n");
		if (inner != NULL)
			add_fields(page, budget_arena_printf(&page->ctx->arena, "%s%s.", prefix, name), inner);
	}
}

static void
add_table(struct page *page, const char *caption, struct json_object *fields)
{
	if (budget_json_length(fields) == 0)
		return;
	add_element(page, "<h4>", caption, "</h4><div class=\"budget__table-wrap\"><table class=\"budget__table\"><thead><tr>"
	    "<th scope=\"col\">Name</th><th scope=\"col\">Type</th><th scope=\"col\">Needed</th>"
	    "<th scope=\"col\">Meaning</th></tr></thead><tbody>\n");
	add_fields(page, "", fields);
	budget_text_add(&page->text, "</tbody></table></div>");
}

static void
add_route(struct page *page, struct json_object *route)
{
	add_element(page, "<details><summary><code>", get(page, route, "method"), " ");
	add_element(page, "", published_path(page->ctx, route), "</code> ");
	add_element(page, "", get(page, route, "about"), "</summary>");
	if (budget_json_get(route, "public") != NULL)
		budget_text_add(&page->text, "<p>Needs no key. ");
	else
		add_element(page, "<p>Role: ", get(page, route, "role"), ". ");
	add_element(page, "Success: ", get(page, route, "success"), ".</p>");
	add_table(page, "Query", budget_json_get(route, "query"));
	add_table(page, "Body", budget_json_get(route, "body"));
	budget_text_add(&page->text, "</details>\n");
}

static void
add_program(struct page *page, struct json_object *program)
{
	struct json_object *routes = budget_json_get(program, "routes");

	add_element(page, "<section class=\"budget__section\"><h2 class=\"budget__section-title\">",
	    get(page, program, "program"), "</h2><p>");
	add_element(page, "", get(page, program, "about"), "</p>\n");
	for (size_t i = 0; i < budget_json_length(routes); i++)
		add_route(page, budget_json_at(routes, i));
	budget_text_add(&page->text, "</section>\n");
}

static const char page_head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Budget API</title>"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
    "<meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"favicon.svg\" type=\"image/svg+xml\">"
    "<link rel=\"stylesheet\" href=\"css/budget.css\"></head>\n<body><div class=\"budget\">"
    "<header class=\"budget__header\"><div><h1 class=\"budget__title\">Budget API</h1><p class=\"budget__subtitle\">";

static const char page_intro[] =
    " · <a href=\"openapi.json\">OpenAPI 3.1</a> · <a href=\"./\">Dashboard</a></p></div></header>\n"
    "<main class=\"budget__content\"><section class=\"budget__section\"><p>Every path under <code>/api/v1</code> is"
    " served under <code>/api</code> too. Names go in as <code>snake_case</code> or <code>camelCase</code> and come"
    " out as <code>snake_case</code>; numbers may be sent as strings. Keys: <code>Authorization: Bearer KEY</code> or"
    " <code>X-API-Key: KEY</code>. Errors are <code>application/problem+json</code> with a stable <code>code</code>"
    " and, where one field is at fault, its JSON pointer.</p></section>\n";

enum budget_status
docs_get(struct request *request)
{
	_auto_published_ struct published published = { .count = 0 };
	struct page page = { .ctx = &request->ctx };
	const char *done;

	BUDGET_TRY(published_open(&request->ctx, &published));
	budget_text_init(&page.text, &request->ctx.arena, 64 * 1024);
	budget_text_add(&page.text, page_head);
	add_element(&page, "Version ", config.version, page_intro);
	for (int i = 0; i < published.count; i++)
		add_program(&page, published.programs[i]);
	budget_text_add(&page.text, "</main></div></body></html>\n");
	done = budget_text_done(&page.text);
	if (done == NULL)
		return budget_fail_memory(&request->ctx);
	reply_json(request, 200, done);
	request->reply->content_type = "text/html; charset=utf-8";
	return BUDGET_OK;
}
