/*
 * Lists: pages are fetched until enough rows are there. A table is measured as a whole; csv and json go out page by
 * page, each page in memory of its own, so that a list may be longer than memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/client.h"
#include "clients/cli/out.h"
#include "lib/http.h"

#define PAGE_MAX 1000
#define ROWS_DEFAULT 50
#define ROWS_MAX ((size_t)1000 * 1000 * 1000)
#define PAGE_MAX_BYTES ((size_t)256 * 1024 * 1024)

struct list {
	size_t wanted, count, pages;
	const char *cursor, *total; /* of the whole list, as the service says; NULL = no more, not known */
	struct json_object *root;   /* tables only: the first page, and the rows of all pages */
	struct json_object **items;
	size_t capacity;
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
		list->items[list->count + i] = budget_json_at(array, i);
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

/* The first page goes out as it came when it is all; else rows follow rows inside one list of the same shape. */
static void
print_json(struct cli *memory, const struct list *list, const struct answer *answer, bool is_last)
{
	struct json_object *items = out_at(answer->json, memory->command->view->rows);

	if (list->pages == 1 && is_last) {
		print_body(answer);
		return;
	}
	fputs(list->pages == 1 ? "{\"items\":[" : "", stdout);
	for (size_t i = 0; i < budget_json_length(items); i++)
		printf("%s%s", list->pages > 1 || i > 0 ? "," : "", budget_json_print(&memory->ctx, budget_json_at(items, i)));
	if (is_last)
		printf("],\"total\":%s,\"page\":1,\"limit\":%zu,\"next_cursor\":%s}\n",
		    list->total != NULL ? list->total : "null", list->count, budget_json_print(&memory->ctx, budget_json_get(answer->json, "next_cursor")));
}

static void
print_csv(struct cli *memory, const struct list *list, const struct answer *answer)
{
	struct json_object *array = out_at(answer->json, memory->command->view->rows), *items[PAGE_MAX];
	struct rows rows = { items, 0, answer->json };

	for (; rows.count < budget_json_length(array) && rows.count < PAGE_MAX; rows.count++)
		items[rows.count] = budget_json_at(array, rows.count);
	out_csv(memory, memory->command->view, &rows, list->pages == 1);
}

/* Fetches the next page into `memory`, which is cli itself when its rows must stay. */
static int
take_page(struct cli *cli, struct cli *memory, const char *path, struct list *list)
{
	size_t left = list->wanted - list->count, n;
	const char *page = budget_arena_printf(&memory->ctx.arena, "%s%climit=%zu%s%s", path,
	    strchr(path, '?') != NULL ? '&' : '?', left < PAGE_MAX ? left : PAGE_MAX,
	    list->cursor != NULL ? "&cursor=" : "", list->cursor != NULL ? budget_http_encode(&memory->ctx, list->cursor) : "");
	struct answer answer;
	struct json_object *array;
	int code = client_call(memory, cli->command->method, page, NULL, &answer);

	if (code != 0)
		return code;
	array = out_at(answer.json, cli->command->view->rows);
	n = budget_json_length(array);
	list->cursor = budget_arena_strdup(&cli->ctx.arena,
	    budget_json_text(&memory->ctx, budget_json_get(answer.json, "next_cursor")));
	if (n == 0 && list->cursor != NULL)
		return cli_fail(cli, EXIT_FAULT, "the service sent an empty page and says there are more: it is faulty.");
	if (list->pages++ == 0) {
		list->root = answer.json;
		list->total = budget_arena_strdup(&cli->ctx.arena,
		    budget_json_text(&memory->ctx, budget_json_get(answer.json, "total")));
	}
	if (cli->output == OUTPUT_TABLE && !add_rows(cli, list, array))
		return cli_fail(cli, EXIT_DATA, "the list does not fit in memory: use --limit, or --format csv.");
	list->count += n;
	if (cli->output == OUTPUT_CSV)
		print_csv(memory, list, &answer);
	if (cli->output == OUTPUT_JSON)
		print_json(memory, list, &answer, list->cursor == NULL || list->count >= list->wanted);
	return 0;
}

static void
say_more(const struct cli *cli, const struct list *list)
{
	if (list->cursor == NULL || (list->total != NULL && cli_get(cli, "cursor") == NULL
	    && strtoul(list->total, NULL, 10) <= list->count))
		return;
	fflush(stdout);
	fprintf(stderr, "(%zu%s%s shown, there are more: --all, or --limit N)\n", list->count,
	    list->total != NULL ? " of " : "", list->total != NULL ? list->total : "");
}

int
command_list(struct cli *cli, const char *path)
{
	struct list list = { .cursor = cli_get(cli, "cursor") };
	int code = rows_wanted(cli, &list.wanted);

	while (code == 0 && list.count < list.wanted && (list.pages == 0 || list.cursor != NULL)) {
		struct cli page = *cli;

		if (cli->output == OUTPUT_TABLE) {
			code = take_page(cli, cli, path, &list);
			continue;
		}
		page.kept_count = page.kept_capacity = 0;
		budget_ctx_init(&page.ctx, PAGE_MAX_BYTES);
		code = take_page(cli, &page, path, &list);
		cli_release(&page);
	}
	if (code != 0)
		return code;
	if (cli->output == OUTPUT_TABLE)
		out_table(cli, cli->command->view, &(struct rows){ list.items, list.count, list.root });
	if (cli->output != OUTPUT_JSON)
		say_more(cli, &list);
	return 0;
}
