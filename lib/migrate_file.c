#include "lib/migrate_file.h"

#include <errno.h>
#include <fts.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/ctx.h"

#define FILES_MAX 2000
#define FILE_MAX_BYTES (16 << 20)

static void fts_end(FTS **tree) { if (*tree) fts_close(*tree); }
static void file_end(FILE **file) { if (*file) fclose(*file); }

static bool is_base(const char *path) { return strstr(path, "/base/") != NULL; }

static int
compare(const void *a, const void *b)
{
	const char *left = *(const char *const *)a, *right = *(const char *const *)b;

	if (is_base(left) != is_base(right))
		return is_base(left) ? -1 : 1;
	return strcmp(left, right);
}

static bool
is_sql(const FTSENT *entry)
{
	return entry->fts_info == FTS_F && entry->fts_name[0] != '.' && entry->fts_namelen > 4
	    && strcmp(entry->fts_name + entry->fts_namelen - 4, ".sql") == 0;
}

enum budget_status
budget_migrate_list(struct budget_ctx *ctx, const char *folder, struct budget_migrate_files *ret_files)
{
	char *copy = budget_arena_strdup(&ctx->arena, folder);
	char *roots[] = { copy, NULL };
	const char **paths = budget_arena_alloc(&ctx->arena, FILES_MAX * sizeof *paths);
	struct stat about;
	size_t count = 0;

	if (!copy || !paths)
		return budget_fail(ctx, BUDGET_ETOOLARGE, "out_of_memory", NULL, "Too many SQL files.");
	if (stat(folder, &about) != 0 || !S_ISDIR(about.st_mode))
		return budget_fail(ctx, BUDGET_ENOTFOUND, "sql_dir_missing", NULL,
		    "There is no folder %s: name the tree's sql folder with --sql-dir.", folder);
	__attribute__((cleanup(fts_end))) FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	for (FTSENT *entry; tree && (entry = fts_read(tree)) != NULL;) {
		if (!is_sql(entry))
			continue;
		if (count == FILES_MAX || !(paths[count] = budget_arena_strdup(&ctx->arena, entry->fts_path)))
			return budget_fail(ctx, BUDGET_ETOOLARGE, "out_of_memory", NULL, "Too many SQL files in %s.", folder);
		count++;
	}
	qsort(paths, count, sizeof *paths, compare);
	*ret_files = (struct budget_migrate_files){ paths, count };
	return BUDGET_OK;
}

enum budget_status
budget_migrate_read(struct budget_ctx *ctx, const char *path, const char **ret_text)
{
	__attribute__((cleanup(file_end))) FILE *file = fopen(path, "re");
	struct stat about;

	if (!file || fstat(fileno(file), &about) != 0)
		return budget_fail(ctx, BUDGET_ENOTFOUND, "file_unreadable", NULL, "%s: %s", path, strerror(errno));
	size_t size = (size_t)about.st_size;
	char *text = size <= FILE_MAX_BYTES ? budget_arena_alloc(&ctx->arena, size + 1) : NULL;
	if (!text)
		return budget_fail(ctx, BUDGET_ETOOLARGE, "file_too_large", NULL, "%s has %zu bytes: too large.", path, size);
	if (fread(text, 1, size, file) != size || memchr(text, '\0', size))
		return budget_fail(ctx, BUDGET_EINVALID, "file_unreadable", NULL, "%s is not a text file.", path);
	*ret_text = text;
	return BUDGET_OK;
}

void
budget_migrate_checksum(const char *text, char ret_hex[MIGRATE_CHECKSUM_SIZE])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, (const unsigned char *)text, strlen(text));
	sodium_bin2hex(ret_hex, MIGRATE_CHECKSUM_SIZE, hash, sizeof hash);
}

const char *
budget_migrate_version(struct budget_ctx *ctx, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	return budget_arena_strndup(&ctx->arena, name, strlen(name) - strlen(".sql"));
}
