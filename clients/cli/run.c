/* The plain way of a command: build the request from the tables, send it, follow pages, show the answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/client.h"
#include "clients/cli/out.h"
#include "lib/http.h"
#include "lib/text.h"

#define PAGE_MAX 1000
#define ROWS_DEFAULT 50
#define ROWS_MAX ((size_t)10 * 1000 * 1000)

struct list {
	struct json_object **items;
	size_t count, capacity, pages;
	struct answer first, last;
};

static bool
add_rows(struct cli *cli, struct list *list, struct json_object *array)
{
	size_t n = budget_json_length(array);

	if (list->count + n > list->capacity) {
		size_t capacity = (list->count + n) * 2;
		struct json_object **grown = budget_arena_alloc(&cli->ctx.arena, capacity * sizeof *grown);

		if (grown == NULL)
			return false;
		if (list->count > 0)
			memcpy(grown, list->items, list->count * sizeof *grown);
		list->items = grown;
		list->capacity = capacity;
	}
	for (size_t i = 0; i < n; i++)
		list->items[list->count++] = budget_json_at(array, i);
	return true;
}

/* How many rows the person wants. */
static int
rows_wanted(struct cli *cli, size_t *ret_rows)
{
	const char *limit = cli_get(cli, "limit");
	char *end = NULL;

	*ret_rows = cli_flag(cli, "all") ? ROWS_MAX : ROWS_DEFAULT;
	if (limit == NULL)
		return 0;
	if (cli_flag(cli, "all"))
		return cli_fail(cli, EXIT_USAGE, "give --limit or --all, not both.");
	*ret_rows = strtoul(limit, &end, 10);
	if (*end != '\0' || limit[0] == '-' || *ret_rows == 0 || *ret_rows > ROWS_MAX)
		return cli_fail(cli, EXIT_USAGE, "--limit takes a whole number from 1, not '%s'.", limit);
	return 0;
}

static int
fetch_pages(struct cli *cli, const char *path, struct list *list)
{
	const char *cursor = cli_get(cli, "cursor");
	size_t wanted = 0, before;
	int code = rows_wanted(cli, &wanted);

	while (code == 0) {
		size_t left = wanted - list->count;
		const char *page = budget_arena_printf(&cli->ctx.arena, "%s%climit=%zu%s%s", path,
		    strchr(path, '?') != NULL ? '&' : '?', left < PAGE_MAX ? left : PAGE_MAX, cursor != NULL ? "&cursor=" : "",
		    cursor != NULL ? budget_http_encode(&cli->ctx, cursor) : "");

		code = client_call(cli, cli->command->method, page, NULL, &list->last);
		if (code != 0)
			break;
		if (list->pages++ == 0)
			list->first = list->last;
		before = list->count;
		if (!add_rows(cli, list, out_at(list->last.json, cli->command->view->rows)))
			return cli_fail(cli, EXIT_DATA, "the list does not fit in memory: use --limit and --cursor.");
		cursor = budget_json_text(&cli->ctx, budget_json_get(list->last.json, "next_cursor"));
		if (cursor == NULL || list->count >= wanted)
			break;
		if (list->count == before)
			return cli_fail(cli, EXIT_FAULT, "the service sent an empty page and says there are more: it is faulty.");
	}
	return code;
}

/* One page goes out as it came; several become one list of the same shape. */
static void
print_json(struct cli *cli, const struct list *list)
{
	const char *body = list->first.http.body, *total, *cursor;

	if (list->pages <= 1) {
		printf("%s%s", body, body[0] != '\0' && body[strlen(body) - 1] == '\n' ? "" : "\n");
		return;
	}
	total = budget_json_text(&cli->ctx, budget_json_get(list->first.json, "total"));
	cursor = budget_json_print(&cli->ctx, budget_json_get(list->last.json, "next_cursor"));
	fputs("{\"items\":[", stdout);
	for (size_t i = 0; i < list->count; i++)
		printf("%s%s", i > 0 ? "," : "", budget_json_print(&cli->ctx, list->items[i]));
	printf("],\"total\":%s,\"page\":1,\"limit\":%zu,\"next_cursor\":%s}\n", total != NULL ? total : "null", list->count,
	    cursor != NULL ? cursor : "null");
}

static void
say_more(struct cli *cli, const struct list *list)
{
	const char *total = budget_json_text(&cli->ctx, budget_json_get(list->first.json, "total"));

	if (budget_json_text(&cli->ctx, budget_json_get(list->last.json, "next_cursor")) == NULL
	    || (total != NULL && cli_get(cli, "cursor") == NULL && strtoul(total, NULL, 10) <= list->count))
		return;
	fflush(stdout);
	fprintf(stderr, "(%zu%s%s shown, there are more: --all, or --limit N)\n", list->count, total != NULL ? " of " : "",
	    total != NULL ? total : "");
}

int
command_show(struct cli *cli, const struct answer *answer)
{
	const struct command *command = cli->command;
	struct list list = { .pages = 1, .first = *answer, .last = *answer };
	struct json_object *one = answer->json;
	struct rows rows = { &one, 1, answer->json };

	if (cli->output == OUTPUT_JSON) {
		print_json(cli, &list);
		return 0;
	}
	if (command->done != NULL && cli->output == OUTPUT_TABLE) {
		puts(out_sentence(cli, command->done, answer->json));
		return 0;
	}
	if (command->view == NULL)
		return 0;
	if (command->view->rows != NULL) {
		if (!add_rows(cli, &list, out_at(answer->json, command->view->rows)))
			return cli_fail_ctx(cli);
		rows.items = list.items;
		rows.count = list.count;
	}
	if (cli->output == OUTPUT_CSV)
		out_csv(cli, command->view, &rows);
	else if (command->view->rows != NULL)
		out_table(cli, command->view, &rows);
	else
		out_card(cli, command->view, answer->json);
	return 0;
}

static int
run_list(struct cli *cli, const char *path)
{
	struct list list = { .count = 0 };
	struct rows rows;
	int code = fetch_pages(cli, path, &list);

	if (code != 0)
		return code;
	rows = (struct rows){ list.items, list.count, list.first.json };
	if (cli->output == OUTPUT_JSON)
		print_json(cli, &list);
	else if (cli->output == OUTPUT_CSV)
		out_csv(cli, cli->command->view, &rows);
	else
		out_table(cli, cli->command->view, &rows);
	if (cli->output != OUTPUT_JSON)
		say_more(cli, &list);
	return 0;
}

/* After a lost or busy answer: with the same id a repeat is safe. */
static void
say_made_ids(const struct cli *cli)
{
	for (const struct option *o = cli->command->options; o != NULL && o->name != NULL; o++)
		if (o->flags & MADE)
			fprintf(stderr, "  Repeat safely by adding: --%s %s\n", o->name, cli_get(cli, o->name));
}

int
command_call(struct cli *cli, struct answer *ret_answer)
{
	const char *path = NULL, *body = NULL;
	int code = build_path(cli, &path);

	if (code == 0)
		code = build_body(cli, &body);
	if (code != 0)
		return code;
	code = client_call(cli, cli->command->method, path, body, ret_answer);
	if (code == budget_status_exit(BUDGET_EBUSY) || code == budget_status_exit(BUDGET_EUPSTREAM))
		say_made_ids(cli);
	return code;
}

int
command_run(struct cli *cli)
{
	struct answer answer;
	const char *path = NULL;
	int code;

	if (cli->command->flags & PAGED) {
		code = build_path(cli, &path);
		return code != 0 ? code : run_list(cli, path);
	}
	code = command_call(cli, &answer);
	return code != 0 ? code : command_show(cli, &answer);
}
