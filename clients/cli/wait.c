/* Waiting for a run that goes on without us. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clients/cli/client.h"
#include "clients/cli/out.h"

#define QUEUED_MAX 90 /* looks, one a second, until we say that nobody takes it */

static const char *
text_of(struct cli *cli, const struct answer *run, const char *path)
{
	const char *text = budget_json_text(&cli->ctx, out_at(run->json, path));

	return text != NULL ? text : "";
}

int
client_wait(struct cli *cli, const struct waiting *waiting, struct answer *run)
{
	const char *id = text_of(cli, run, "run_id");
	const char *path = budget_arena_printf(&cli->ctx.arena, "%s/%s%s", waiting->runs, id, waiting->query);

	if (*id == '\0' || path == NULL)
		return cli_fail(cli, EXIT_DATA, "the service's answer names no run.");
	for (int queued = 0;;) {
		const char *state = text_of(cli, run, waiting->state);
		bool is_queued = strcmp(state, "queued") == 0;

		if (!is_queued && strcmp(state, "running") != 0)
			break;
		if (is_queued && ++queued > QUEUED_MAX)
			return cli_fail(cli, budget_status_exit(BUDGET_EBUSY), "run %s waits for the job %s, which nobody has started: is the "
			    "schedule running (budget jobs)?", id, waiting->job);
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "\r\033[K%s", out_sentence(cli, waiting->progress, run->json));
		nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
		int code = client_call(cli, "GET", path, NULL, run);
		if (code != 0)
			return code;
	}
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	return 0;
}
