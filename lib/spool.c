#include "lib/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/ctx.h"
#include "lib/spool_dead.h"
#include "lib/spool_files.h"
#include "lib/uuid.h"

static struct {
	pthread_mutex_t lock;
	int folder;                        /* -1: not open */
	size_t max_bytes, segment_bytes;
	size_t total_bytes;                /* of all segments, as of the last look at the folder and what was written since */
	int fd;                            /* of the segment being written, -1: none */
	char name[BUDGET_SPOOL_NAME_SIZE];
	size_t bytes, records;
} spool = { .lock = PTHREAD_MUTEX_INITIALIZER, .folder = -1, .fd = -1 };

static void
adopt_all(void)
{
	_auto_folder_ DIR *folder = spool_list(spool.folder);

	for (struct dirent *file = folder != NULL ? readdir(folder) : NULL; file != NULL; file = readdir(folder))
		if (spool_is_segment(file->d_name) && spool_ends_with(file->d_name, ".open") && strcmp(file->d_name, spool.name) != 0)
			spool_adopt(spool.folder, file->d_name);
}

enum budget_status
budget_spool_open(struct budget_ctx *ctx, const char *folder, size_t max_bytes, size_t segment_bytes)
{
	struct budget_spool_stats stats;

	if (mkdir(folder, 0700) == 0 || errno == EEXIST)
		spool.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (spool.folder < 0 || faccessat(spool.folder, ".", R_OK | W_OK | X_OK, 0) != 0) {
		budget_fail(ctx, BUDGET_EBUG, "spool_unusable", NULL, "The spool folder %s cannot be used: %s.", folder, strerror(errno));
		budget_spool_close();
		return BUDGET_EBUG;
	}
	spool.max_bytes = max_bytes;
	spool.segment_bytes = segment_bytes;
	adopt_all();
	budget_spool_stats(&stats);
	return BUDGET_OK;
}

bool
budget_spool_is_open(void)
{
	return spool.folder >= 0;
}

int
budget_spool_folder(void)
{
	return spool.folder;
}

/* Ends the segment being written, under the lock. A rename that fails leaves it open: without a lock it is adopted. */
static void
rotate(void)
{
	char ready[BUDGET_SPOOL_NAME_SIZE];

	if (spool.fd < 0)
		return;
	if (spool.records == 0)
		unlinkat(spool.folder, spool.name, 0);
	else
		spool_make_ready(spool.folder, spool.name, spool.records, ready);
	close(spool.fd);
	spool.fd = -1;
	spool.name[0] = '\0';
	spool.bytes = spool.records = 0;
}

void
budget_spool_close(void)
{
	pthread_mutex_lock(&spool.lock);
	rotate();
	if (spool.folder >= 0)
		close(spool.folder);
	spool.folder = -1;
	pthread_mutex_unlock(&spool.lock);
}

/* True when the file belongs to whom the folder belongs to: root may write for the service (budget spool retry). */
static bool
is_given_away(int fd)
{
	struct stat folder;

	return geteuid() != 0 || (fstat(spool.folder, &folder) == 0 && fchown(fd, folder.st_uid, folder.st_gid) == 0);
}

/* Locked before it has its name, so that nobody takes it for a dead process's. */
static bool
begin_segment(void)
{
	char id[UUID_TEXT_SIZE], made[BUDGET_SPOOL_NAME_SIZE];
	int fd;

	budget_uuid_new(id);
	snprintf(made, sizeof made, "%s.new", id);
	snprintf(spool.name, sizeof spool.name, "%s.open", id);
	fd = openat(spool.folder, made, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0 && is_given_away(fd) && flock(fd, LOCK_EX | LOCK_NB) == 0 && renameat(spool.folder, made, spool.folder, spool.name) == 0
	    && fsync(spool.folder) == 0) {
		spool.fd = fd;
		return true;
	}
	if (fd >= 0) {
		unlinkat(spool.folder, made, 0);
		unlinkat(spool.folder, spool.name, 0);
		close(fd);
	}
	spool.name[0] = '\0';
	return false;
}

static bool
write_all(const unsigned char *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = pwrite(spool.fd, bytes + done, size - done, (off_t)(spool.bytes + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? ENOSPC : errno;
			return false;
		}
		done += (size_t)n;
	}
	return fdatasync(spool.fd) == 0;
}

/* Under the lock. A write that failed is cut off again; where that fails too, nothing more is written behind it. */
static bool
append(const unsigned char *bytes, size_t size, size_t records)
{
	int reason;

	if (spool.bytes > 0 && spool.bytes + size > spool.segment_bytes)
		rotate();
	if (spool.fd < 0 && !begin_segment())
		return false;
	if (write_all(bytes, size)) {
		spool.bytes += size;
		spool.total_bytes += size;
		spool.records += records;
		return true;
	}
	reason = errno;
	if (ftruncate(spool.fd, (off_t)spool.bytes) != 0 || fdatasync(spool.fd) != 0 || spool.records == 0)
		rotate();
	errno = reason;
	return false;
}

enum budget_status
budget_spool_append(struct budget_ctx *ctx, const struct budget_spool_frame *frames, size_t count)
{
	size_t size = 0, at = 0;
	unsigned char *bytes;
	bool is_full, is_done = false;
	int reason = 0;

	for (size_t i = 0; i < count; i++) {
		size_t frame_bytes = budget_spool_frame_size(&frames[i]);

		if (frame_bytes == 0)
			return budget_fail(ctx, BUDGET_ETOOLARGE, "request_too_large", NULL, "A record is too large to be kept for later.");
		size += frame_bytes;
	}
	bytes = budget_arena_alloc(&ctx->arena, size);
	if (bytes == NULL)
		return budget_fail_memory(ctx);
	for (size_t i = 0; i < count; at += budget_spool_frame_size(&frames[i++]))
		budget_spool_frame_write(&frames[i], bytes + at);
	pthread_mutex_lock(&spool.lock);
	is_full = spool.total_bytes + size > spool.max_bytes;
	if (spool.folder >= 0 && !is_full) {
		is_done = append(bytes, size, count);
		reason = errno;
	}
	pthread_mutex_unlock(&spool.lock);
	if (is_done)
		return BUDGET_OK;
	if (is_full)
		return budget_fail(ctx, BUDGET_EBUSY, "spool_full", NULL, "The database is away, and what may be kept for it meanwhile is"
		    " used up: try again later with the same id.");
	budget_fail(ctx, BUDGET_EBUSY, "spool_failed", NULL, "The database is away, and the record could not be kept for it: try again"
	    " with the same id.");
	ctx->error.internal = budget_arena_printf(&ctx->arena, "spool: %s", strerror(reason));
	return BUDGET_EBUSY;
}

bool
budget_spool_has_any(void)
{
	bool has_any;

	pthread_mutex_lock(&spool.lock);
	has_any = spool.total_bytes > 0;
	pthread_mutex_unlock(&spool.lock);
	return has_any;
}

bool
budget_spool_take(struct budget_spool_segment *ret_segment)
{
	char name[BUDGET_SPOOL_NAME_SIZE] = "", next[BUDGET_SPOOL_NAME_SIZE];

	pthread_mutex_lock(&spool.lock);
	rotate();
	adopt_all();
	pthread_mutex_unlock(&spool.lock);
	while (spool_next_ready(spool.folder, name, next)) {
		if (spool_lock(spool.folder, next, ret_segment)) {
			if (spool_map(ret_segment))
				return true;
			spool_unmap(ret_segment);
		}
		memcpy(name, next, sizeof name);
	}
	return false;
}

void
budget_spool_finish(struct budget_spool_segment *segment)
{
	char id[UUID_TEXT_SIZE], kept[BUDGET_SPOOL_NAME_SIZE];

	if (segment->is_damaged && spool_id_of(segment->name, id)) {
		snprintf(kept, sizeof kept, "%s.damaged", id);
		renameat(spool.folder, segment->name, spool.folder, kept);
	} else {
		unlinkat(spool.folder, segment->name, 0);
	}
	fsync(spool.folder);
	pthread_mutex_lock(&spool.lock);
	spool.total_bytes -= segment->size < spool.total_bytes ? segment->size : spool.total_bytes;
	pthread_mutex_unlock(&spool.lock);
	spool_unmap(segment);
}

void
budget_spool_leave(struct budget_spool_segment *segment)
{
	spool_unmap(segment);
}

static void
count_file(const char *name, struct budget_spool_stats *stats)
{
	char id[UUID_TEXT_SIZE];
	struct stat file;
	int64_t made_ms;

	stats->damaged += spool_ends_with(name, ".damaged");
	if (!spool_is_segment(name) || fstatat(spool.folder, name, &file, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	stats->bytes += (size_t)file.st_size;
	stats->segments++;
	if (strcmp(name, spool.name) == 0)
		stats->records += spool.records;
	else if (spool_ends_with(name, ".ready"))
		stats->records += strtoul(name + UUID_TEXT_SIZE, NULL, 10);
	spool_id_of(name, id);
	made_ms = budget_uuid_time_ms(id);
	if (file.st_size > 0 && (stats->oldest_ms == 0 || made_ms < stats->oldest_ms))
		stats->oldest_ms = made_ms;
}

void
budget_spool_stats(struct budget_spool_stats *ret_stats)
{
	*ret_stats = (struct budget_spool_stats){ 0 };
	pthread_mutex_lock(&spool.lock);
	if (spool.folder >= 0) {
		_auto_folder_ DIR *folder = spool_list(spool.folder);

		for (struct dirent *file = folder != NULL ? readdir(folder) : NULL; file != NULL; file = readdir(folder))
			count_file(file->d_name, ret_stats);
		spool.total_bytes = ret_stats->bytes;
		ret_stats->dead_letters = budget_spool_dead_count(spool.folder);
	}
	pthread_mutex_unlock(&spool.lock);
}
