#include "clients/cli/home.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/ctx.h"

/* First line of a file, or NULL. */
static const char *
first_line(struct budget_ctx *ctx, const char *path)
{
	char line[PATH_MAX];
	FILE *file = path != NULL ? fopen(path, "re") : NULL;
	bool is_read = file != NULL && fgets(line, sizeof line, file) != NULL;

	if (file != NULL)
		fclose(file);
	if (!is_read)
		return NULL;
	line[strcspn(line, "\r\n")] = '\0';
	return line[0] != '\0' ? budget_arena_strdup(&ctx->arena, line) : NULL;
}

/* Folder of the sockets: HOME/run, or a short private one where that path would be too long. */
static const char *
run_folder(struct budget_ctx *ctx, const char *home)
{
	const char *pointer = first_line(ctx, budget_arena_printf(&ctx->arena, "%s/run-folder", home));

	return pointer != NULL ? pointer : budget_arena_printf(&ctx->arena, "%s/run", home);
}

/* HOME/app/bin/budget -> HOME */
static const char *
installed_in(struct budget_ctx *ctx)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);

	if (length < 0)
		return NULL;
	path[length] = '\0';
	for (int i = 0; i < 3; i++) {
		char *slash = strrchr(path, '/');

		if (slash == NULL || slash == path)
			return NULL;
		*slash = '\0';
	}
	return budget_arena_strdup(&ctx->arena, path);
}

const char *
home_find(struct budget_ctx *ctx, bool is_here)
{
	const char *named = getenv("BUDGET_HOME");
	const char *candidates[] = { named, installed_in(ctx), is_here ? "./var" : NULL, "/var/lib/budget" };

	if (named != NULL && named[0] != '\0')
		return home_file(ctx, named, "") != NULL ? named : NULL;
	for (size_t i = 1; i < sizeof candidates / sizeof *candidates; i++)
		if (candidates[i] != NULL && access(run_folder(ctx, candidates[i]), X_OK) == 0
		    && home_file(ctx, run_folder(ctx, candidates[i]), "url") != NULL)
			return candidates[i];
	return NULL;
}

const char *
home_url(struct budget_ctx *ctx, const char *home)
{
	return first_line(ctx, budget_arena_printf(&ctx->arena, "%s/url", run_folder(ctx, home)));
}

const char *
home_file(struct budget_ctx *ctx, const char *home, const char *name)
{
	const char *path = budget_arena_printf(&ctx->arena, "%s/%s", home, name);

	return path != NULL && access(path, R_OK) == 0 ? path : NULL;
}

const char *
home_database(struct budget_ctx *ctx, const char *home)
{
	char absolute[PATH_MAX];

	if (realpath(run_folder(ctx, home), absolute) == NULL || strchr(absolute, '\'') != NULL
	    || access(budget_arena_printf(&ctx->arena, "%s/.s.PGSQL.5432", absolute), F_OK) != 0)
		return NULL;
	return budget_arena_printf(&ctx->arena, "host='%s' dbname=budget user=postgres", absolute);
}
