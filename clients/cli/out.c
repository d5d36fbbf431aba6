/* csv and confirmations. */
#include "clients/cli/out.h"

#include <stdio.h>
#include <string.h>

#include "lib/text.h"

static void
print_csv_field(const char *text)
{
	if (strpbrk(text, ",\"\r\n") == NULL) {
		fputs(text, stdout);
		return;
	}
	putchar('"');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			putchar('"');
		putchar(*text);
	}
	putchar('"');
}

void
out_csv(struct cli *cli, const struct view *view, const struct rows *rows, bool has_header)
{
	for (const struct column *column = view->columns; has_header && column->title != NULL; column++)
		printf("%s%s%s", column == view->columns ? "" : ",", column->path, column[1].title == NULL ? "\r\n" : "");
	for (size_t r = 0; r < rows->count; r++) {
		for (const struct column *column = view->columns; column->title != NULL; column++) {
			struct json_object *value = out_at(rows->items[r], column->path);
			bool is_tree = budget_json_is_array(value) || budget_json_is_object(value);
			const char *text = value == NULL ? NULL
			    : is_tree ? budget_json_print(&cli->ctx, value) : budget_json_text(&cli->ctx, value);

			if (column != view->columns)
				putchar(',');
			print_csv_field(text != NULL ? text : "");
		}
		fputs("\r\n", stdout);
	}
}

static enum cell
cell_named(const char *name, size_t length)
{
	static const struct {
		const char *name;
		enum cell cell;
	} cells[] = { { "money", CELL_MONEY }, { "count", CELL_COUNT }, { "percent", CELL_PERCENT }, { "time", CELL_TIME },
		{ "rate", CELL_RATE }, { "bool", CELL_BOOL } };

	for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
		if (strlen(cells[i].name) == length && strncmp(cells[i].name, name, length) == 0)
			return cells[i].cell;
	return CELL_TEXT;
}

/* Writes the template up to `end`; false when a value was absent. */
static bool
add_part(struct cli *cli, struct budget_text *out, const char *at, const char *end, struct json_object *object)
{
	bool is_whole = true;

	while (at < end) {
		const char *close, *colon, *text, *path;
		enum cell cell;

		if (*at != '{') {
			budget_text_addn(out, at++, 1);
			continue;
		}
		close = strchr(at, '}');
		colon = memchr(at, ':', (size_t)(close - at));
		path = budget_arena_strndup(&cli->ctx.arena, at + 1, (size_t)((colon != NULL ? colon : close) - at - 1));
		cell = colon != NULL ? cell_named(colon + 1, (size_t)(close - colon - 1)) : CELL_TEXT;
		text = out_cell(cli, cell, path, object, object);
		is_whole = is_whole && text != NULL && text[0] != '\0';
		budget_text_add(out, text != NULL ? text : "-");
		at = close + 1;
	}
	return is_whole;
}

const char *
out_sentence(struct cli *cli, const char *template, struct json_object *object)
{
	struct budget_text out, part;
	const char *at = template;

	budget_text_init(&out, &cli->ctx.arena, 256);
	while (*at != '\0') {
		size_t plain = strcspn(at, "["), inside;

		add_part(cli, &out, at, at + plain, object);
		at += plain;
		if (*at == '\0')
			break;
		inside = strcspn(at, "]");
		budget_text_init(&part, &cli->ctx.arena, 128);
		if (add_part(cli, &part, at + 1, at + inside, object))
			budget_text_add(&out, budget_text_done(&part));
		at += inside + (at[inside] == ']');
	}
	return budget_text_done(&out);
}
