#include "lib/spool_dead.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/ctx.h"
#include "lib/json.h"
#include "lib/text.h"

enum { LETTER_MAX_BYTES = 2 * BUDGET_SPOOL_FRAME_MAX_BYTES, PATH_SIZE = 64 };

bool
budget_spool_record_id(const struct budget_spool_frame *frame, char ret_id[UUID_TEXT_SIZE])
{
	static const char name[] = "\"id\":\"";
	const char *found = strstr(frame->members, name);
	char id[UUID_TEXT_SIZE];

	if (found == NULL)
		return false;
	snprintf(id, sizeof id, "%s", found + sizeof name - 1);
	return budget_uuid_parse(id, ret_id);
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
#define _auto_fd_ __attribute__((cleanup(close_fd)))

static enum budget_status
not_written(struct budget_ctx *ctx)
{
	const char *reason = strerror(errno);

	budget_fail(ctx, BUDGET_EBUSY, "spool_failed", NULL, "The dead letter could not be written.");
	ctx->error.internal = budget_arena_printf(&ctx->arena, "spool/dead: %s", reason);
	return BUDGET_EBUSY;
}

static const char *
letter_of(struct budget_ctx *ctx, const char *id, const struct budget_spool_frame *frame, const struct budget_spool_refusal *why)
{
	struct budget_text text;
	char status[16];

	snprintf(status, sizeof status, "%d", why->status);
	budget_text_init(&text, &ctx->arena, strlen(frame->members) + strlen(frame->shape) + 512);
	budget_text_add(&text, "{");
	budget_text_member(&text, "record_id", id);
	budget_text_member(&text, "tenant_id", frame->tenant_id);
	budget_text_member(&text, "received_at", frame->received_at);
	budget_text_member_raw(&text, "status", status);
	budget_text_member(&text, "code", why->code);
	budget_text_member(&text, "pointer", why->pointer);
	budget_text_member(&text, "detail", why->detail);
	budget_text_addf(&text, ",\"shape\":{%s},\"item\":{%s}}\n", frame->shape, frame->members);
	return budget_text_done(&text);
}

enum budget_status
budget_spool_bury(struct budget_ctx *ctx, int folder, const struct budget_spool_frame *frame, const struct budget_spool_refusal *why)
{
	char id[UUID_TEXT_SIZE], path[PATH_SIZE], made[PATH_SIZE];
	_auto_fd_ int fd = -1, dead = -1;
	const char *letter;
	size_t length;

	if (!budget_spool_record_id(frame, id))
		budget_uuid_new(id);
	letter = letter_of(ctx, id, frame, why);
	if (letter == NULL)
		return budget_fail_memory(ctx);
	snprintf(path, sizeof path, "dead/%s.json", id);
	snprintf(made, sizeof made, "dead/%s.new", id);
	if (mkdirat(folder, "dead", 0700) == 0)
		fsync(folder);
	dead = openat(folder, "dead", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(folder, made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	length = strlen(letter);
	if (dead < 0 || fd < 0 || write(fd, letter, length) != (ssize_t)length || fsync(fd) != 0
	    || renameat(folder, made, folder, path) != 0 || fsync(dead) != 0)
		return not_written(ctx);
	return BUDGET_OK;
}

static bool
is_letter(const char *name, char ret_id[UUID_TEXT_SIZE])
{
	char id[UUID_TEXT_SIZE];

	snprintf(id, sizeof id, "%s", name);
	return strlen(name) == UUID_TEXT_SIZE - 1 + strlen(".json") && strcmp(name + UUID_TEXT_SIZE - 1, ".json") == 0
	    && budget_uuid_parse(id, ret_id);
}

static DIR *
open_dead(int folder)
{
	int fd = openat(folder, "dead", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dead = fd >= 0 ? fdopendir(fd) : NULL;

	if (dead == NULL && fd >= 0)
		close(fd);
	return dead;
}

size_t
budget_spool_dead_count(int folder)
{
	DIR *dead = open_dead(folder);
	char id[UUID_TEXT_SIZE];
	size_t count = 0;

	if (dead == NULL)
		return 0;
	for (struct dirent *file = readdir(dead); file != NULL; file = readdir(dead))
		count += is_letter(file->d_name, id);
	closedir(dead);
	return count;
}

static enum budget_status
read_letter(struct budget_ctx *ctx, int folder, const char *id, const char **ret_text)
{
	char path[PATH_SIZE], *text;
	struct stat file;
	_auto_fd_ int fd = -1;

	snprintf(path, sizeof path, "dead/%.36s.json", id);
	fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &file) != 0)
		return budget_fail(ctx, BUDGET_ENOTFOUND, "dead_letter_not_found", NULL, "There is no dead letter %.36s.", id);
	text = file.st_size <= (off_t)LETTER_MAX_BYTES ? budget_arena_alloc(&ctx->arena, (size_t)file.st_size + 1) : NULL;
	if (text == NULL)
		return budget_fail_memory(ctx);
	if (read(fd, text, (size_t)file.st_size) != file.st_size)
		return budget_fail(ctx, BUDGET_EINVALID, "dead_letter_unreadable", NULL, "The dead letter %.36s cannot be read.", id);
	*ret_text = text;
	return BUDGET_OK;
}

static int
by_text(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

enum budget_status
budget_spool_dead_each(struct budget_ctx *ctx, int folder, budget_spool_dead_fn *call, void *user)
{
	size_t count = budget_spool_dead_count(folder), filled = 0;
	const char **ids = budget_arena_alloc(&ctx->arena, (count + 1) * sizeof *ids), *text;
	DIR *dead = open_dead(folder);
	char id[UUID_TEXT_SIZE];

	if (dead == NULL)
		return BUDGET_OK;
	for (struct dirent *file = readdir(dead); ids != NULL && file != NULL && filled < count; file = readdir(dead))
		if (is_letter(file->d_name, id))
			ids[filled++] = budget_arena_strdup(&ctx->arena, id);
	closedir(dead);
	if (ids == NULL || (filled > 0 && ids[filled - 1] == NULL))
		return budget_fail_memory(ctx);
	qsort(ids, filled, sizeof *ids, by_text);
	for (size_t i = 0; i < filled; i++) {
		BUDGET_TRY(read_letter(ctx, folder, ids[i], &text));
		call(user, ids[i], text);
	}
	return BUDGET_OK;
}

/* A member's object as text without its braces; NULL when it is none. */
static const char *
inside(struct budget_ctx *ctx, struct json_object *letter, const char *name)
{
	struct json_object *object = budget_json_get(letter, name);
	const char *text = budget_json_is_object(object) ? budget_json_print(ctx, object) : NULL;

	return text == NULL ? NULL : budget_arena_strndup(&ctx->arena, text + 1, strlen(text) - 2);
}

enum budget_status
budget_spool_dead_read(struct budget_ctx *ctx, int folder, const char *id, struct budget_spool_frame *ret_frame)
{
	_auto_json_ struct json_object *letter = NULL;
	struct budget_spool_frame frame = { 0 };
	const char *text;

	BUDGET_TRY(read_letter(ctx, folder, id, &text));
	BUDGET_TRY(budget_json_parse(ctx, text, strlen(text), &letter));
	frame.tenant_id = budget_json_text(ctx, budget_json_get(letter, "tenant_id"));
	frame.received_at = budget_json_text(ctx, budget_json_get(letter, "received_at"));
	frame.shape = inside(ctx, letter, "shape");
	frame.members = inside(ctx, letter, "item");
	if (frame.tenant_id == NULL || frame.received_at == NULL || frame.shape == NULL || frame.members == NULL)
		return budget_fail(ctx, BUDGET_EINVALID, "dead_letter_unreadable", NULL, "The dead letter %.36s is not complete.", id);
	*ret_frame = frame;
	return BUDGET_OK;
}

enum budget_status
budget_spool_dead_drop(struct budget_ctx *ctx, int folder, const char *id)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof path, "dead/%.36s.json", id);
	if (unlinkat(folder, path, 0) != 0)
		return budget_fail(ctx, BUDGET_ENOTFOUND, "dead_letter_not_found", NULL, "There is no dead letter %.36s.", id);
	return BUDGET_OK;
}
