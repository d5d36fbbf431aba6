/*
 * budget settings: the settings of this machine's environment and files, without any server: for a person who wonders
 * which line wins, and for run_budget.sh, which needs port, home and the rest before anything runs.
 * (`budget config` asks the running service instead, database layer included.)
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "clients/cli/cmd_db.h"
#include "lib/ctx.h"
#include "lib/settings.h"
#include "lib/text.h"

#define ARENA_MAX_BYTES (16 << 20)

static const char settings_help[] =
    "usage: budget settings [NAME | --shell | --json | --markdown]\n"
    "\n"
    "Shows every setting as environment, .env.budget and config.yaml give it, and which of them decided; no server is asked.\n"
    "  NAME     print this value alone\n"
    "  --shell  print assignments BUDGET_PORT='8013' … for a script to eval (secrets included)\n"
    "  --json   print the same as GET /settings\n"
    "  --markdown  print the table of etc/README.md: names, defaults and meaning\n"
    "\n"
    "Files are looked for in $BUDGET_CONFIG_DIR, else in the current folder.\n"
    "Exit status: 0; 1 the setting is unset; 64 wrong arguments; 78 a setting is wrong.\n";

static void
print_shell(const struct budget_settings *settings)
{
	for (int i = 0; i < settings->count; i++) {
		const struct budget_setting_value *value = &settings->values[i];
		if (!value->text || !value->setting->env) /* what a file says about price sources has no name of its own */
			continue;
		printf("%s='", value->setting->env);
		for (const char *byte = value->text; *byte; byte++)
			if (*byte == '\'')
				fputs("'\\''", stdout);
			else
				putchar(*byte);
		puts("'");
	}
}

static void
print_table(const struct budget_settings *settings)
{
	for (int i = 0; i < settings->count; i++) {
		const struct budget_setting_value *value = &settings->values[i];
		bool is_hidden = value->setting->flags & SETTING_SECRET && value->text;
		printf("%-28s %-24s %s\n", value->setting->name, is_hidden ? "********" : value->text ? value->text : "-",
		    value->layer == LAYER_DEFAULT ? "default" : value->origin);
	}
}

static void
print_json(struct budget_ctx *ctx, const struct budget_settings *settings)
{
	struct budget_text text;

	budget_text_init(&text, &ctx->arena, 16384);
	budget_text_add(&text, "[");
	for (int i = 0; i < settings->count; i++) {
		budget_text_add(&text, i ? ",\n" : "");
		budget_setting_describe(&settings->values[i], &text);
	}
	budget_text_add(&text, "]\n");
	const char *done = budget_text_done(&text);
	fputs(done ? done : "", stdout);
}

/* What the defaults are and who may say otherwise; nothing of this machine. */
static void
print_markdown(void)
{
	puts("| setting | environment, `.env.budget` | `config.yaml` | default | API | meaning |\n|---|---|---|---|---|---|");
	for (const struct budget_setting *setting = budget_setting_table; setting->name; setting++) {
		const char *api = !(setting->flags & SETTING_LIVE) ? "" : setting->flags & SETTING_RESTART ? "restart" : "now";
		printf("| `%s` | `%s`", setting->name, setting->env);
		if (setting->alias)
			printf(", `%s`", setting->alias);
		printf(" | `%s` | %s%s%s | %s | %s |\n", setting->yaml, setting->fallback ? "`" : "",
		    setting->fallback ? setting->fallback : "unset",
		    setting->fallback ? "`" : "", api, setting->about);
	}
}

static int
print_one(const struct budget_settings *settings, const char *name)
{
	const struct budget_setting_value *value = budget_settings_find(settings, name);

	if (!value) {
		fprintf(stderr, "budget settings: there is no setting %s\n", name);
		return EX_USAGE;
	}
	puts(value->text ? value->text : "");
	return value->text ? EX_OK : 1;
}

int
cmd_settings(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	struct budget_ctx ctx;
	int code = EX_OK;

	if (argc > 2 || strcmp(word, "--help") == 0)
		return fputs(settings_help, argc > 2 ? stderr : stdout) < 0 || argc > 2 ? EX_USAGE : EX_OK;
	budget_ctx_init(&ctx, ARENA_MAX_BYTES);
	if (budget_settings_start(&ctx) != BUDGET_OK) {
		fprintf(stderr, "budget: %s\n", ctx.error.detail);
		budget_ctx_clear(&ctx);
		return EX_CONFIG;
	}
	const struct budget_settings *settings = budget_settings_current();
	for (int i = 0; i < settings->warnings_count; i++)
		fprintf(stderr, "budget: warning: %s\n", settings->warnings[i]);
	if (strcmp(word, "--shell") == 0)
		print_shell(settings);
	else if (strcmp(word, "--json") == 0)
		print_json(&ctx, settings);
	else if (strcmp(word, "--markdown") == 0)
		print_markdown();
	else if (*word)
		code = print_one(settings, word);
	else
		print_table(settings);
	budget_ctx_clear(&ctx);
	return code;
}
