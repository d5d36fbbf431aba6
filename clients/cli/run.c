/* The plain way of a command: build the request from the tables, send it, show the answer. */
#include <stdio.h>
#include <string.h>

#include "clients/cli/client.h"
#include "clients/cli/out.h"

void
print_body(const struct answer *answer)
{
	const char *body = answer->http.body;

	printf("%s%s", body, body[0] != '\0' && body[strlen(body) - 1] == '\n' ? "" : "\n");
}

int
command_show(struct cli *cli, const struct answer *answer)
{
	const struct command *command = cli->command;
	const struct view *view = command->view;
	struct json_object *array = NULL, **items = &(struct json_object *){ answer->json };
	struct rows rows = { items, 1, answer->json };

	if (cli->output == OUTPUT_JSON) {
		print_body(answer);
		return 0;
	}
	if (command->done != NULL && cli->output == OUTPUT_TABLE) {
		puts(out_sentence(cli, command->done, answer->json));
		return 0;
	}
	if (view->rows != NULL) {
		array = out_at(answer->json, view->rows);
		rows.count = budget_json_length(array);
		rows.items = items = budget_arena_alloc(&cli->ctx.arena, (rows.count + 1) * sizeof *items);
		if (items == NULL)
			return cli_fail(cli, EXIT_DATA, "the list does not fit in memory.");
		for (size_t i = 0; i < rows.count; i++)
			items[i] = budget_json_at(array, i);
	}
	if (cli->output == OUTPUT_CSV)
		out_csv(cli, view, &rows, true);
	else if (view->rows != NULL)
		out_table(cli, view, &rows);
	else
		out_card(cli, view, answer->json);
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
		return code != 0 ? code : command_list(cli, path);
	}
	code = command_call(cli, &answer);
	return code != 0 ? code : command_show(cli, &answer);
}
