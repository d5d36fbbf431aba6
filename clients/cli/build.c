/* From options to a request: path, query, body. Values travel as typed; nothing passes through a double. */
#include <string.h>
#include <strings.h>

#include "clients/cli/amount.h"
#include "clients/cli/cli.h"
#include "clients/cli/client.h"
#include "lib/decimal.h"
#include "lib/http.h"
#include "lib/text.h"
#include "lib/uuid.h"

#define PREFIX "/api/v1"
#define NAMES_MAX 1000

static const char *
field_of(struct cli *cli, const struct option *option)
{
	char *name;

	if (option->field != NULL)
		return option->field;
	name = budget_arena_strdup(&cli->ctx.arena, option->name);
	for (char *at = name; *at != '\0'; at++)
		*at = *at == '-' ? '_' : *at;
	return name;
}

int
per_places(const struct cli *cli)
{
	const char *per = cli_get(cli, "per");

	if (per == NULL || strcasecmp(per, "1k") == 0)
		return 3;
	if (strcasecmp(per, "token") == 0 || strcmp(per, "1") == 0)
		return 0;
	return strcasecmp(per, "1m") == 0 ? 6 : -1;
}

/* Ids that the person left to us. */
static void
make_ids(struct cli *cli)
{
	for (const struct option *o = cli->command->options; o != NULL && o->name != NULL; o++)
		if ((o->flags & MADE) && cli_get(cli, o->name) == NULL) {
			char id[UUID_TEXT_SIZE];

			budget_uuid_new(id);
			cli_give(cli, o, budget_arena_strdup(&cli->ctx.arena, id));
		}
}

/* The value as the service wants it; quoted tells whether JSON needs quotes around it. */
static int
value_of(struct cli *cli, const struct given *given, const char **ret_text, bool *ret_is_quoted)
{
	const char *plain = NULL;

	*ret_text = given->text;
	*ret_is_quoted = given->option->type == OPT_TEXT || given->option->type == OPT_BUDGET;
	switch (given->option->type) {
	case OPT_BUDGET:
		return budget_lookup(cli, given->text, ret_text);
	case OPT_OBJECT:
		return cli_read_object(cli, given->option, given->text, ret_text);
	case OPT_RATE:
		if (per_places(cli) < 0)
			return cli_fail(cli, EXIT_USAGE, "--per takes token, 1k or 1m, not '%s'.", cli_get(cli, "per"));
		budget_decimal_read(&cli->ctx, given->text, 30, &plain);
		*ret_text = amount_shift(&cli->ctx, plain, -per_places(cli));
		return 0;
	case OPT_COUNT:
	case OPT_NUMBER:
		budget_decimal_read(&cli->ctx, given->text, 30, ret_text);
		return 0;
	default:
		return 0;
	}
}

/* ---- path and query ---- */

static const struct given *
given_field(struct cli *cli, const char *name, size_t length)
{
	for (size_t i = 0; i < cli->given_count; i++) {
		const char *field = field_of(cli, cli->given[i].option);

		if (cli->given[i].option->place == IN_PATH && strlen(field) == length && strncmp(field, name, length) == 0)
			return &cli->given[i];
	}
	return NULL;
}

/* {name} is one segment; {name...} may hold slashes of its own. */
static int
add_path(struct cli *cli, struct budget_text *out)
{
	const char *at = cli->command->path;

	while (*at != '\0') {
		size_t plain = strcspn(at, "{"), length = strcspn(at + plain, "}");
		bool is_rest = length > 4 && strncmp(at + plain + length - 3, "...", 3) == 0;
		const struct given *given;
		const char *text;
		bool is_quoted;
		int code;

		budget_text_addn(out, at, plain);
		at += plain;
		if (*at == '\0')
			break;
		given = given_field(cli, at + 1, length - 1 - (is_rest ? 3 : 0));
		at += length + 1;
		if (given == NULL)
			continue;
		code = value_of(cli, given, &text, &is_quoted);
		if (code != 0)
			return code;
		if (text[0] == '\0' || strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
			return cli_fail(cli, EXIT_USAGE, "%s cannot be '%s'.", given->option->value, text);
		for (const char *slash; is_rest && (slash = strchr(text, '/')) != NULL; text = slash + 1)
			budget_text_addf(out, "%s/", budget_http_encode(&cli->ctx, budget_arena_strndup(&cli->ctx.arena, text,
			    (size_t)(slash - text))));
		budget_text_add(out, budget_http_encode(&cli->ctx, text));
	}
	return 0;
}

int
build_path(struct cli *cli, const char **ret_path)
{
	struct budget_text out;
	char separator = strchr(cli->command->path, '?') != NULL ? '&' : '?';
	int code;

	budget_text_init(&out, &cli->ctx.arena, 256);
	if (!(cli->command->flags & ROOT))
		budget_text_add(&out, PREFIX);
	code = add_path(cli, &out);
	for (size_t i = 0; code == 0 && i < cli->given_count; i++) {
		const char *text;
		bool is_quoted;

		if (cli->given[i].option->place != IN_QUERY)
			continue;
		code = value_of(cli, &cli->given[i], &text, &is_quoted);
		if (code == 0)
			budget_text_addf(&out, "%c%s=%s", separator, field_of(cli, cli->given[i].option),
			    budget_http_encode(&cli->ctx, text));
		separator = '&';
	}
	*ret_path = budget_text_done(&out);
	return code;
}

/* ---- body ---- */

/* Members of the table's order, so that "limits.daily" and "limits.weekly" become one object. */
static int
add_members(struct cli *cli, struct budget_text *out)
{
	size_t open_length = 0;
	const char *open = NULL;

	for (const struct option *o = cli->command->options; o != NULL && o->name != NULL; o++) {
		const char *field = field_of(cli, o), *dot = strchr(field, '.'), *text = NULL;
		const struct given *given = NULL;
		bool is_quoted;
		int code;

		for (size_t i = 0; i < cli->given_count; i++)
			if (cli->given[i].option == o && o->place == IN_BODY)
				given = &cli->given[i];
		if (given == NULL)
			continue;
		code = value_of(cli, given, &text, &is_quoted);
		if (code != 0)
			return code;
		if (open != NULL && (dot == NULL || strncmp(open, field, open_length + 1) != 0)) {
			budget_text_add(out, "}");
			open = NULL;
		}
		if (dot != NULL && open == NULL) {
			open = field;
			open_length = (size_t)(dot - field);
			budget_text_member_raw(out, budget_arena_strndup(&cli->ctx.arena, field, open_length), "{");
		}
		(is_quoted ? budget_text_member : budget_text_member_raw)(out, dot != NULL ? dot + 1 : field, text);
	}
	if (open != NULL)
		budget_text_add(out, "}");
	return 0;
}

int
build_body(struct cli *cli, const char **ret_body)
{
	struct budget_text out;
	int code;

	make_ids(cli);
	budget_text_init(&out, &cli->ctx.arena, 512);
	budget_text_add(&out, "{");
	code = add_members(cli, &out);
	budget_text_add(&out, "}");
	*ret_body = budget_text_done(&out);
	if (code == 0 && strcmp(*ret_body, "{}") == 0 && !(cli->command->flags & HAS_BODY))
		*ret_body = NULL;
	return code;
}

/* ---- budgets by name ---- */

/*
 * Id of the budget called so, an active one first; NULL when there is none. names: for a suggestion. ret_twin: another
 * active one of that name, or NULL.
 */
static const char *
find_by_name(struct cli *cli, struct json_object *items, const char *name, const char **names, size_t *ret_count,
    const char **ret_twin)
{
	const char *id = NULL, *active = NULL;
	size_t count = 0;

	*ret_twin = NULL;

	for (size_t i = 0; i < budget_json_length(items) && count < NAMES_MAX; i++) {
		struct json_object *item = budget_json_at(items, i);
		const char *here = budget_json_text(&cli->ctx, budget_json_get(item, "name"));
		const char *is_active = budget_json_text(&cli->ctx, budget_json_get(item, "is_active"));

		if (here == NULL)
			continue;
		names[count++] = here;
		if (strcasecmp(here, name) != 0)
			continue;
		if (id == NULL)
			id = budget_json_text(&cli->ctx, budget_json_get(item, "budget_id"));
		if (is_active != NULL && strcmp(is_active, "true") == 0) {
			*ret_twin = active;
			active = budget_json_text(&cli->ctx, budget_json_get(item, "budget_id"));
		}
	}
	*ret_count = count;
	return active != NULL ? active : id;
}

int
budget_lookup(struct cli *cli, const char *text, const char **ret_id)
{
	static const char path[] = PREFIX "/budgets?is_active=any&limit=1000";
	const char *named = budget_arena_printf(&cli->ctx.arena, "%s&name=%s", path, budget_http_encode(&cli->ctx, text));
	const char *names[NAMES_MAX], *near, *twin;
	char id[UUID_TEXT_SIZE];
	struct answer answer;
	size_t count;
	int code;

	if (budget_uuid_parse(text, id)) {
		*ret_id = budget_arena_strdup(&cli->ctx.arena, id);
		return 0;
	}
	code = client_call(cli, "GET", text[0] != '\0' ? named : path, NULL, &answer);
	if (code != 0)
		return code;
	*ret_id = find_by_name(cli, budget_json_get(answer.json, "items"), text, names, &count, &twin);
	if (twin != NULL)
		return cli_fail(cli, EXIT_DATA, "more than one budget is called '%s': say the id, such as %s or %s.", text, twin, *ret_id);
	if (*ret_id != NULL)
		return 0;
	code = client_call(cli, "GET", path, NULL, &answer);
	if (code != 0)
		return code;
	find_by_name(cli, budget_json_get(answer.json, "items"), text, names, &count, &twin);
	near = suggest(text, names, count);
	if (near != NULL)
		return cli_fail(cli, EXIT_NOT_FOUND, "there is no budget '%s'. Did you mean '%s'?", text, near);
	return cli_fail(cli, EXIT_NOT_FOUND, "there is no budget '%s'. See them: budget budgets list", text);
}
