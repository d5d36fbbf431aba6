#include "lib/fail_mode.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/ctx.h"
#include "lib/db.h"
#include "lib/text.h"

enum { MODES_MAX_BYTES = 16 << 20 };

static const char file_name[] = "fail_open", file_made[] = "fail_open.new";

/*
 * One line a budget, `tenant budget t|f path`, t: it is the tenant's Default; in the order of the database. Looked at only
 * while the database is away, so a walk will do. Two arenas: the lines in force, and those being read.
 */
static struct {
	pthread_mutex_t lock;
	struct budget_arena arenas[2];
	int current;
	const char *lines;
} modes = { .lock = PTHREAD_MUTEX_INITIALIZER, .lines = "" };

/* The arena nobody reads; only one thread loads and refreshes. */
static struct budget_arena *
spare_arena(void)
{
	struct budget_arena *spare = &modes.arenas[1 - modes.current];

	budget_arena_clear(spare);
	budget_arena_init(spare, MODES_MAX_BYTES);
	return spare;
}

static void
put_in_force(const char *lines)
{
	pthread_mutex_lock(&modes.lock);
	modes.current = 1 - modes.current;
	modes.lines = lines;
	pthread_mutex_unlock(&modes.lock);
}

void
budget_fail_modes_load(int folder)
{
	struct budget_arena *arena = spare_arena();
	int fd = openat(folder, file_name, O_RDONLY | O_CLOEXEC);
	struct stat file;
	char *lines;

	if (fd < 0)
		return;
	lines = fstat(fd, &file) == 0 && file.st_size < MODES_MAX_BYTES / 2 ? budget_arena_alloc(arena, (size_t)file.st_size + 1) : NULL;
	if (lines != NULL && read(fd, lines, (size_t)file.st_size) == file.st_size)
		put_in_force(lines);
	close(fd);
}

/* Whole or not at all. A failure costs only a restart that happens while the database is away. */
static void
save(int folder, const char *lines)
{
	int fd = openat(folder, file_made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t length = strlen(lines);
	bool is_written = fd >= 0 && write(fd, lines, length) == (ssize_t)length && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	if (!is_written || renameat(folder, file_made, folder, file_name) != 0)
		unlinkat(folder, file_made, 0);
}

enum budget_status
budget_fail_modes_refresh(struct budget_ctx *ctx, int folder)
{
	_auto_result_ struct budget_result *rows = NULL;
	struct budget_text text;
	const char *lines;

	BUDGET_TRY(budget_db_run(ctx, STMT_FAIL_OPEN_LIST, NULL, 0, &rows));
	budget_text_init(&text, spare_arena(), 256);
	for (int i = 0; i < budget_result_rows(rows); i++)
		budget_text_addf(&text, "%s %s %s %s\n", budget_result_text(rows, i, 0), budget_result_text(rows, i, 1),
		    budget_result_text(rows, i, 2), budget_result_text(rows, i, 3));
	budget_text_addn(&text, "", 0);
	lines = text.length > 0 ? budget_text_done(&text) : "";
	if (lines == NULL)
		return budget_fail_memory(ctx);
	if (strcmp(lines, modes.lines) == 0)
		return BUDGET_OK;
	put_in_force(lines);
	save(folder, lines);
	return BUDGET_OK;
}

/* Is this line the budget meant, and does the key reach it? */
static bool
is_meant(const char *line, int length, const struct budget_ctx *ctx, const char *budget_id)
{
	char copy[512], tenant[40], budget[40], is_default, path[400];

	snprintf(copy, sizeof copy, "%.*s", length, line); /* sscanf would read on in the next one */
	if (sscanf(copy, "%39s %39s %c %399s", tenant, budget, &is_default, path) != 4 || strcmp(tenant, ctx->tenant_id) != 0)
		return false;
	if (budget_id == NULL ? is_default != 't' : strcmp(budget, budget_id) != 0)
		return false;
	return ctx->key_budget_id == NULL || strstr(path, ctx->key_budget_id) != NULL;
}

bool
budget_fail_mode_is_open(const struct budget_ctx *ctx, const char *budget_id)
{
	const char *wanted = budget_id != NULL ? budget_id : ctx->key_budget_id, *end;
	bool is_open = false;

	pthread_mutex_lock(&modes.lock);
	for (const char *line = modes.lines; !is_open && (end = strchr(line, '\n')) != NULL; line = end + 1)
		is_open = is_meant(line, (int)(end - line), ctx, wanted);
	pthread_mutex_unlock(&modes.lock);
	return is_open;
}

bool
budget_is_database_away(const struct budget_error *error)
{
	return error->status == BUDGET_EBUSY && error->code != NULL
	    && (strcmp(error->code, "database_away") == 0 || strcmp(error->code, "too_many_connections") == 0);
}
