/*
 * What run_budget.sh asks before a database is there: the settings of environment, .env.budget and config.yaml as the
 * programs will see them, one `NAME<tab>value` a line under the names of the environment. Secrets are among them: the
 * caller is whoever may read the files. A bad value ends with code 78 and one line that says where it stands.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "lib/ctx.h"
#include "lib/settings.h"

#define ARENA_MAX_BYTES (4 << 20)

int
main(void)
{
	struct budget_ctx ctx;
	const struct budget_settings *settings;

	budget_ctx_init(&ctx, ARENA_MAX_BYTES);
	if (budget_settings_start(&ctx) != BUDGET_OK) {
		fprintf(stderr, "%s\n", ctx.error.detail);
		budget_ctx_clear(&ctx);
		return EX_CONFIG;
	}
	settings = budget_settings_current();
	for (int i = 0; i < settings->warnings_count; i++)
		fprintf(stderr, "%s\n", settings->warnings[i]);
	for (int i = 0; i < settings->count; i++) {
		const struct budget_setting_value *value = &settings->values[i];

		if (value->setting->env != NULL && value->text != NULL && strpbrk(value->text, "\n\t") == NULL)
			printf("%s\t%s\n", value->setting->env, value->text);
	}
	budget_ctx_clear(&ctx);
	return EX_OK;
}
