/* One parser for every command: it reads only the tables. */
#include <stdio.h>
#include <string.h>

#include "clients/cli/cli.h"
#include "lib/decimal.h"

const struct option global_options[] = {
	{ "format", OPT_TEXT, 0, LOCAL, NULL, "table|json|csv",
	  "table for people; json: the service's answer untouched; csv: RFC 4180, every digit" },
	{ "api-url", OPT_TEXT, 0, LOCAL, NULL, "URL",
	  "the service; also BUDGET_URL, else this machine's, by BUDGET_PORT, .env.budget or BUDGET_HOME" },
	{ "api-key", OPT_TEXT, 0, LOCAL, NULL, "KEY", "also BUDGET_API_KEY; other users may see it in ps: prefer a file" },
	{ "api-key-file", OPT_TEXT, 0, LOCAL, NULL, "FILE", "first line of FILE is the key; also BUDGET_API_KEY_FILE" },
	{ "ca-file", OPT_TEXT, 0, LOCAL, NULL, "FILE", "certificate to trust for https; also BUDGET_CA_FILE" },
	{ "timeout", OPT_NUMBER, 0, LOCAL, NULL, "SECONDS", "longest wait for an answer (60)" },
	{ "debug", OPT_FLAG, 0, LOCAL, NULL, NULL, "show requests and answers on stderr, keys hidden" },
	{ "help", OPT_FLAG, 0, LOCAL, NULL, NULL, "explain the command" },
	{ "version", OPT_FLAG, 0, LOCAL, NULL, NULL, "version of this program" },
	{ NULL, OPT_TEXT, 0, LOCAL, NULL, NULL, NULL }
};

const struct option paging_options[] = {
	{ "limit", OPT_COUNT, 0, LOCAL, NULL, "N", "rows to show (50); more than a page is fetched page by page" },
	{ "all", OPT_FLAG, 0, LOCAL, NULL, NULL, "every row" },
	{ "cursor", OPT_TEXT, 0, LOCAL, NULL, "CURSOR", "go on where next_cursor of an earlier answer points" },
	{ NULL, OPT_TEXT, 0, LOCAL, NULL, NULL, NULL }
};

/* Underscores pass for dashes everywhere: get_usage, --context_id. */
static void
with_dashes(const char *word, size_t length, char *ret_name, size_t size)
{
	size_t n = length < size - 1 ? length : size - 1;

	for (size_t i = 0; i < n; i++)
		ret_name[i] = word[i] == '_' ? '-' : word[i];
	ret_name[n] = '\0';
}

const struct noun *
noun_find(const char *name)
{
	char dashed[40];

	with_dashes(name, strlen(name), dashed, sizeof dashed);
	for (const struct noun *noun = nouns; noun->name != NULL; noun++)
		if (strcmp(noun->name, dashed) == 0)
			return noun;
	return NULL;
}

const struct command *
command_find(const struct noun *noun, const char *name)
{
	char dashed[40];

	if (noun->commands == NULL)
		return NULL;
	if (name != NULL)
		with_dashes(name, strlen(name), dashed, sizeof dashed);
	for (const struct command *command = noun->commands; command->about != NULL; command++)
		if (command->name == NULL ? name == NULL : name != NULL && strcmp(command->name, dashed) == 0)
			return command;
	return NULL;
}

/* ---- options ---- */

static const struct option *
find_in(const struct option *options, const char *name)
{
	for (; options != NULL && options->name != NULL; options++)
		if (strcmp(options->name, name) == 0)
			return options;
	return NULL;
}

static const struct option *
find_option(const struct cli *cli, const char *name)
{
	const struct command *command = cli->command;
	const struct option *option = command != NULL ? find_in(command->options, name) : NULL;

	if (option == NULL && command != NULL && (command->flags & PAGED))
		option = find_in(paging_options, name);
	return option != NULL ? option : find_in(global_options, name);
}

static int
unknown_option(const struct cli *cli, const char *name)
{
	const char *names[GIVEN_MAX * 2], *near;
	size_t count = 0;
	const struct option *tables[] = {
		cli->command != NULL ? cli->command->options : NULL,
		cli->command != NULL && (cli->command->flags & PAGED) ? paging_options : NULL,
		global_options
	};

	for (size_t i = 0; i < 3; i++)
		for (const struct option *o = tables[i]; o != NULL && o->name != NULL && count < GIVEN_MAX * 2; o++)
			names[count++] = o->name;
	near = suggest(name, names, count);
	if (near != NULL)
		return cli_fail(cli, EXIT_USAGE, "there is no option --%s. Did you mean --%s?", name, near);
	return cli_fail(cli, EXIT_USAGE, "there is no option --%s.", name);
}

static const struct given *
find_given(const struct cli *cli, const struct option *option)
{
	for (size_t i = 0; i < cli->given_count; i++)
		if (cli->given[i].option == option)
			return &cli->given[i];
	return NULL;
}

/* Only what could not be written into a request is refused here; what a value may be is the service's to say. */
static int
check_value(struct cli *cli, const struct option *option, const char *text)
{
	const char *plain = NULL;

	if ((option->type == OPT_COUNT || option->type == OPT_NUMBER || option->type == OPT_RATE)
	    && budget_decimal_read(&cli->ctx, text, 30, &plain) != BUDGET_DECIMAL_OK)
		return cli_fail(cli, EXIT_USAGE, "%s%s takes a number such as %s, not '%s'.",
		    option->flags & OPERAND ? "" : "--", option->flags & OPERAND ? option->value : option->name,
		    option->type == OPT_COUNT ? "1000" : "0.015", text);
	if (option->type == OPT_JSON) {
		_auto_json_ struct json_object *value = NULL;

		if (budget_json_parse(&cli->ctx, text, strlen(text), &value) != BUDGET_OK)
			return cli_fail(cli, EXIT_USAGE, "--%s takes JSON: %s", option->name, cli->ctx.error.detail);
	}
	return 0;
}

static int
give(struct cli *cli, const struct option *option, const char *text)
{
	int code = check_value(cli, option, text);

	if (code != 0)
		return code;
	if (find_given(cli, option) != NULL)
		return cli_fail(cli, EXIT_USAGE, "%s%s is given twice.", option->flags & OPERAND ? "" : "--", option->name);
	if (cli->given_count == GIVEN_MAX)
		return cli_fail(cli, EXIT_USAGE, "too many options.");
	cli->given[cli->given_count++] = (struct given){ option, text };
	return 0;
}

/* --name VALUE, --name=VALUE, --flag, --no-flag. */
static int
take_option(struct cli *cli, int argc, char **argv, int *at)
{
	const char *word = argv[*at] + 2, *equals = strchr(word, '=');
	const struct option *option;
	char name[40];

	with_dashes(word, equals != NULL ? (size_t)(equals - word) : strlen(word), name, sizeof name);
	option = find_option(cli, name);
	if (option == NULL && strncmp(name, "no-", 3) == 0) {
		option = find_option(cli, name + 3);
		if (option != NULL && option->type == OPT_FLAG && equals == NULL)
			return give(cli, option, "false");
		option = NULL;
	}
	if (option == NULL)
		return unknown_option(cli, name);
	if (option->type == OPT_FLAG) {
		if (equals != NULL)
			return cli_fail(cli, EXIT_USAGE, "--%s takes no value; --no-%s is its opposite.", name, name);
		return give(cli, option, "true");
	}
	if (equals != NULL)
		return give(cli, option, argv[*at] + 2 + (equals - word) + 1);
	if (*at + 1 >= argc)
		return cli_fail(cli, EXIT_USAGE, "--%s needs a value: --%s %s", name, name, option->value);
	return give(cli, option, argv[++*at]);
}

static int
take_operand(struct cli *cli, const char *word)
{
	for (const struct option *o = cli->command->options; o != NULL && o->name != NULL; o++)
		if ((o->flags & OPERAND) && find_given(cli, o) == NULL)
			return give(cli, o, word);
	return cli_fail(cli, EXIT_USAGE, "'%s' is one word too many.", word);
}

/* ---- words ---- */

static int
unknown_noun(struct cli *cli, const char *word)
{
	const char *names[GIVEN_MAX], *near;
	size_t count = 0;

	for (const struct noun *noun = nouns; noun->name != NULL && count < GIVEN_MAX; noun++)
		names[count++] = noun->name;
	near = suggest(word, names, count);
	if (near != NULL)
		return cli_fail(cli, EXIT_USAGE, "there is no command '%s'. Did you mean 'budget %s'?", word, near);
	return cli_fail(cli, EXIT_USAGE, "there is no command '%s'. 'budget --help' lists them.", word);
}

static int
unknown_command(struct cli *cli, const char *word)
{
	const char *names[GIVEN_MAX], *near;
	size_t count = 0;

	for (const struct command *c = cli->noun->commands; c->about != NULL && count < GIVEN_MAX; c++)
		if (c->name != NULL)
			names[count++] = c->name;
	near = suggest(word, names, count);
	if (near != NULL)
		return cli_fail(cli, EXIT_USAGE, "there is no command '%s'. Did you mean 'budget %s %s'?", word,
		    cli->noun->name, near);
	return cli_fail(cli, EXIT_USAGE, "there is no command '%s'. 'budget %s --help' lists them.", word, cli->noun->name);
}

static int
take_word(struct cli *cli, const char *word)
{
	if (cli->noun == NULL && strcmp(word, "help") == 0 && !cli->wants_help) {
		cli->wants_help = true;
		return 0;
	}
	if (cli->noun == NULL) {
		cli->noun = noun_find(word);
		if (cli->noun == NULL)
			return unknown_noun(cli, word);
		cli->command = command_find(cli->noun, NULL);
		return 0;
	}
	if (cli->command == NULL) {
		cli->command = command_find(cli->noun, word);
		return cli->command != NULL ? 0 : unknown_command(cli, word);
	}
	return take_operand(cli, word);
}

static int
check_required(struct cli *cli)
{
	if (cli->command == NULL || cli->wants_help)
		return 0;
	for (const struct option *o = cli->command->options; o != NULL && o->name != NULL; o++) {
		if (!(o->flags & REQUIRED) || find_given(cli, o) != NULL)
			continue;
		if (o->flags & OPERAND)
			return cli_fail(cli, EXIT_USAGE, "%s is missing: %s.", o->value, o->about);
		return cli_fail(cli, EXIT_USAGE, "--%s %s is missing: %s.", o->name, o->value, o->about);
	}
	return 0;
}

int
cli_parse(struct cli *cli, int argc, char **argv)
{
	bool only_words = false;

	for (int at = 1; at < argc; at++) {
		const char *word = argv[at];
		int code;

		if (cli->noun != NULL && cli->noun->pass != NULL && !cli->wants_help)
			return 0; /* the rest of the line is that command's own */
		if (!only_words && strcmp(word, "--") == 0) {
			only_words = true;
			continue;
		}
		if (!only_words && (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)) {
			cli->wants_help = true;
			continue;
		}
		code = !only_words && strncmp(word, "--", 2) == 0 ? take_option(cli, argc, argv, &at) : take_word(cli, word);
		if (code != 0)
			return code;
	}
	cli->wants_version = cli_flag(cli, "version");
	return cli->wants_help || cli->wants_version ? 0 : check_required(cli);
}
