/* Help is printed from the same tables the parser reads, so it cannot lie. */
#include <stdio.h>
#include <string.h>

#include "clients/cli/cli.h"

enum { LEFT_WIDTH = 26, LINE_WIDTH = 100 };

static const struct {
	int code;
	const char *meaning;
} exit_codes[] = {
	{ 0, "done" },
	{ 1, "verify found differences" },
	{ 2, "refused by a policy (check, allocate create): the request must not run" },
	{ 64, "the command line is wrong; nothing was sent" },
	{ 65, "the service does not accept a value" },
	{ 66, "no such thing" },
	{ 69, "the service cannot be reached, or the command comes in a later release" },
	{ 70, "a fault inside the service or this program" },
	{ 73, "conflict: it exists already, or has changed meanwhile" },
	{ 74, "a file cannot be read or the output cannot be written" },
	{ 75, "the service is busy or its database is away: try again, same ids" },
	{ 77, "the key is missing, unknown, or does not reach this far" },
};

static const char *const examples =
    "Examples:\n"
    "  budget status                                  is it up, and what is left of every limit\n"
    "  budget set-limit daily 10.0                    at most 10 a day for everything together\n"
    "  budget check --provider anthropic --model claude-sonnet-4 --estimated-tokens 1000\n"
    "  budget record --provider openai --model gpt-4o --input-tokens 812 --output-tokens 94\n"
    "  budget get-usage weekly --format csv > week.csv\n";

static const char *
or_empty(const char *text)
{
	return text != NULL ? text : "";
}

/* Words behind the left column, line by line. */
static void
print_wrapped(FILE *out, const char *text)
{
	int column = LEFT_WIDTH + 4;

	while (*text != '\0') {
		int word = (int)strcspn(text, " ");

		if (column > LEFT_WIDTH + 4 && column + 1 + word > LINE_WIDTH) {
			fprintf(out, "\n%*s", LEFT_WIDTH + 4, "");
			column = LEFT_WIDTH + 4;
		} else if (column > LEFT_WIDTH + 4) {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", word, text);
		column += word;
		text += word + (text[word] == ' ');
	}
	fputc('\n', out);
}

static void
print_options(FILE *out, const char *title, const struct option *options, bool operands)
{
	bool has_title = false;

	for (const struct option *o = options; o != NULL && o->name != NULL; o++) {
		char left[64];

		if (((o->flags & OPERAND) != 0) != operands)
			continue;
		if (!has_title)
			fprintf(out, "\n%s:\n", title);
		has_title = true;
		if (operands)
			snprintf(left, sizeof left, "%s", o->value);
		else
			snprintf(left, sizeof left, "--%s%s%s", o->name, o->value != NULL ? " " : "", or_empty(o->value));
		if (strlen(left) > LEFT_WIDTH)
			fprintf(out, "  %s\n%*s", left, LEFT_WIDTH + 4, "");
		else
			fprintf(out, "  %-*s  ", LEFT_WIDTH, left);
		print_wrapped(out, o->about);
	}
}

static void
print_usage_line(FILE *out, const struct noun *noun, const struct command *command)
{
	fprintf(out, "Usage: budget %s%s%s", noun->name, command->name != NULL ? " " : "", or_empty(command->name));
	for (const struct option *o = command->options; o != NULL && o->name != NULL; o++)
		if (o->flags & OPERAND)
			fprintf(out, o->flags & REQUIRED ? " %s" : " [%s]", o->value);
		else if (o->flags & REQUIRED)
			fprintf(out, " --%s %s", o->name, o->value);
	fputs(" [OPTIONS]\n", out);
}

static void
print_example(FILE *out, const char *example)
{
	if (example == NULL)
		return;
	fputs("\nExample:\n", out);
	while (*example != '\0') {
		size_t length = strcspn(example, "\n");

		fprintf(out, "  %.*s\n", (int)length, example);
		example += length + (example[length] == '\n');
	}
}

static void
print_command(FILE *out, const struct noun *noun, const struct command *command)
{
	fprintf(out, "budget %s%s%s: %s\n\n", noun->name, command->name != NULL ? " " : "", or_empty(command->name),
	    command->about);
	print_usage_line(out, noun, command);
	print_options(out, "What to give", command->options, true);
	print_options(out, "Options", command->options, false);
	if (command->flags & PAGED)
		print_options(out, "How much of the list", paging_options, false);
	print_options(out, "Options of every command", global_options, false);
	print_example(out, command->example);
}

static void
print_noun(FILE *out, const struct noun *noun)
{
	fprintf(out, "budget %s: %s\n\nUsage: budget %s COMMAND [OPTIONS]\n\nCommands:\n", noun->name, noun->about,
	    noun->name);
	for (const struct command *c = noun->commands; c->about != NULL; c++)
		fprintf(out, "  %-14s%s\n", c->name, c->about);
	for (const struct command *c = noun->commands; c->about != NULL; c++)
		if (c->example != NULL) {
			print_example(out, c->example);
			break;
		}
	fprintf(out, "\n'budget %s COMMAND --help' explains one command.\n", noun->name);
}

static void
print_all(FILE *out)
{
	fputs("budget: what LLM calls may cost, what they hold and what they did cost\n\n"
	    "Usage: budget COMMAND [OPTIONS]\n\nCommands:\n", out);
	for (const struct noun *noun = nouns; noun->name != NULL; noun++)
		fprintf(out, "  %-14s%s\n", noun->name, noun->about);
	print_options(out, "Options of every command", global_options, false);
	fputs("\nExit codes:\n", out);
	for (size_t i = 0; i < sizeof exit_codes / sizeof *exit_codes; i++)
		fprintf(out, "  %3d  %s\n", exit_codes[i].code, exit_codes[i].meaning);
	fprintf(out, "\n%s\n'budget COMMAND --help' explains one command. Underscores pass for dashes (get_usage).\n",
	    examples);
}

void
help_print(const struct cli *cli, bool is_error)
{
	FILE *out = is_error ? stderr : stdout;

	if (cli->command != NULL)
		print_command(out, cli->noun, cli->command);
	else if (cli->noun != NULL && cli->noun->commands != NULL)
		print_noun(out, cli->noun);
	else
		print_all(out);
}
