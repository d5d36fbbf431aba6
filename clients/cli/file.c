/* Files that a command sends. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clients/cli/cli.h"
#include "lib/text.h"

#define FILE_MAX_BYTES ((size_t)32 * 1024 * 1024)

int
cli_read_file(struct cli *cli, const char *path, const char **ret_text)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	struct budget_text text;
	char block[16384];
	size_t n;

	if (file == NULL)
		return cli_fail(cli, EXIT_FILE, "cannot read %s: %s.", path, strerror(errno));
	budget_text_init(&text, &cli->ctx.arena, sizeof block);
	while ((n = fread(block, 1, sizeof block, file)) > 0 && text.length <= FILE_MAX_BYTES)
		budget_text_addn(&text, block, n);
	if (ferror(file) || text.length > FILE_MAX_BYTES) {
		int code = cli_fail(cli, EXIT_FILE, "cannot read %s: %s.", path,
		    ferror(file) ? strerror(errno) : "it is larger than 32 MiB");

		if (file != stdin)
			fclose(file);
		return code;
	}
	if (file != stdin)
		fclose(file);
	*ret_text = budget_text_done(&text);
	return 0;
}

int
cli_read_object(struct cli *cli, const struct option *option, const char *path, const char **ret_text)
{
	_auto_json_ struct json_object *value = NULL;
	int code = cli_read_file(cli, path, ret_text);

	if (code != 0)
		return code;
	if (budget_json_parse(&cli->ctx, *ret_text, strlen(*ret_text), &value) != BUDGET_OK)
		return cli_fail(cli, EXIT_DATA, "--%s: %s holds no JSON: %s", option->name, path, cli->ctx.error.detail);
	if (!budget_json_is_object(value))
		return cli_fail(cli, EXIT_DATA, "--%s: %s must hold one JSON object.", option->name, path);
	*ret_text = budget_json_print(&cli->ctx, value);
	return *ret_text != NULL ? 0 : cli_fail(cli, EXIT_FILE, "%s is too large.", path);
}
