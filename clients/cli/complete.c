/* Completion for shells (etc/budget.bash): `budget __complete WORD… CURRENT` prints what CURRENT may become. */
#include <stdio.h>
#include <string.h>

#include "clients/cli/cli.h"

static void
offer(const char *candidate, const char *prefix, const char *current)
{
	size_t length = strlen(prefix);

	if (strncmp(current, prefix, length) == 0 && strncmp(current + length, candidate, strlen(current + length)) == 0)
		printf("%s%s\n", prefix, candidate);
}

static void
offer_options(const struct option *options, const char *current)
{
	for (const struct option *o = options; o != NULL && o->name != NULL; o++)
		offer(o->name, "--", current);
}

/* Values that are words: "table|json|csv". */
static bool
offer_values(const struct option *options, const char *name, const char *current)
{
	for (const struct option *o = options; o != NULL && o->name != NULL; o++) {
		const char *at = o->value;

		if (strcmp(o->name, name) != 0 || o->type == OPT_FLAG)
			continue;
		while (strchr(o->value, '|') != NULL && *at != '\0') {
			size_t length = strcspn(at, "|");
			char word[32];

			snprintf(word, sizeof word, "%.*s", (int)length, at);
			offer(word, "", current);
			at += length + (at[length] == '|');
		}
		return true;
	}
	return false;
}

int
complete(int argc, char **argv)
{
	const char *current = argc > 0 ? argv[argc - 1] : "", *before = argc > 1 ? argv[argc - 2] : "";
	const struct noun *noun = NULL;
	const struct command *command = NULL;

	for (int i = 0; i < argc - 1; i++) {
		if (argv[i][0] == '-')
			continue;
		if (noun == NULL && (noun = noun_find(argv[i])) != NULL)
			command = command_find(noun, NULL);
		else if (noun != NULL && command == NULL)
			command = command_find(noun, argv[i]);
	}
	if (strncmp(before, "--", 2) == 0 && (offer_values(global_options, before + 2, current)
	    || (command != NULL && offer_values(command->options, before + 2, current))))
		return 0;
	if (current[0] == '-') {
		offer_options(command != NULL ? command->options : NULL, current);
		offer_options(command != NULL && (command->flags & PAGED) ? paging_options : NULL, current);
		offer_options(global_options, current);
	} else if (noun == NULL) {
		for (const struct noun *n = nouns; n->name != NULL; n++)
			offer(n->name, "", current);
	} else if (command == NULL && noun->commands != NULL) {
		for (const struct command *c = noun->commands; c->about != NULL; c++)
			offer(c->name, "", current);
	}
	return 0;
}
