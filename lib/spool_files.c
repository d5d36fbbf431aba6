#include "lib/spool_files.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool
spool_ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), end_length = strlen(end);

	return length >= end_length && strcmp(name + length - end_length, end) == 0;
}

bool
spool_id_of(const char *name, char ret_id[UUID_TEXT_SIZE])
{
	char id[UUID_TEXT_SIZE];

	if (strlen(name) < UUID_TEXT_SIZE || strlen(name) >= BUDGET_SPOOL_NAME_SIZE)
		return false;
	snprintf(id, sizeof id, "%s", name);
	return budget_uuid_parse(id, ret_id);
}

bool
spool_is_segment(const char *name)
{
	char id[UUID_TEXT_SIZE];

	return spool_id_of(name, id) && (spool_ends_with(name, ".open") || spool_ends_with(name, ".ready"));
}

DIR *
spool_list(int folder_fd)
{
	int copy = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = copy >= 0 ? fdopendir(copy) : NULL;

	if (folder == NULL && copy >= 0)
		close(copy);
	return folder;
}

void
spool_list_close(DIR **folder)
{
	if (*folder != NULL)
		closedir(*folder);
}
bool
spool_map(struct budget_spool_segment *segment)
{
	struct stat file;
	void *map;

	segment->bytes = NULL;
	segment->size = 0;
	if (fstat(segment->fd, &file) != 0)
		return false;
	if (file.st_size == 0)
		return true;
	map = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_PRIVATE, segment->fd, 0);
	if (map == MAP_FAILED)
		return false;
	segment->bytes = map;
	segment->size = (size_t)file.st_size;
	return true;
}

void
spool_unmap(struct budget_spool_segment *segment)
{
	if (segment->bytes != NULL)
		munmap((void *)(uintptr_t)segment->bytes, segment->size);
	segment->bytes = NULL;
	if (segment->fd >= 0)
		close(segment->fd);
	segment->fd = -1;
}

bool
spool_lock(int folder_fd, const char *name, struct budget_spool_segment *ret_segment)
{
	struct budget_spool_segment segment = { .fd = openat(folder_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW) };
	struct stat file, named;

	if (segment.fd < 0)
		return false;
	snprintf(segment.name, sizeof segment.name, "%s", name);
	if (flock(segment.fd, LOCK_EX | LOCK_NB) != 0 || fstat(segment.fd, &file) != 0
	    || fstatat(folder_fd, name, &named, AT_SYMLINK_NOFOLLOW) != 0 || file.st_ino != named.st_ino) {
		close(segment.fd);
		return false;
	}
	*ret_segment = segment;
	return true;
}

bool
spool_make_ready(int folder_fd, const char *name, size_t records, char ret_name[BUDGET_SPOOL_NAME_SIZE])
{
	char id[UUID_TEXT_SIZE], ready[BUDGET_SPOOL_NAME_SIZE];

	if (!spool_id_of(name, id))
		return false;
	snprintf(ready, sizeof ready, "%s-%zu.ready", id, records);
	if (renameat(folder_fd, name, folder_fd, ready) != 0)
		return false;
	fsync(folder_fd);
	snprintf(ret_name, BUDGET_SPOOL_NAME_SIZE, "%s", ready);
	return true;
}

void
spool_adopt(int folder_fd, const char *name)
{
	struct budget_spool_segment segment;
	struct budget_spool_frame frame;
	enum budget_spool_reading reading;
	char ready[BUDGET_SPOOL_NAME_SIZE];
	size_t end = 0, records = 0;

	if (!spool_lock(folder_fd, name, &segment))
		return;
	if (!spool_map(&segment)) {
		spool_unmap(&segment);
		return;
	}
	while (segment.bytes != NULL && (reading = budget_spool_frame_read(segment.bytes, segment.size, &end, &frame)) != SPOOL_END)
		records += reading == SPOOL_FRAME;
	if (records == 0)
		unlinkat(folder_fd, name, 0);
	else if (end == segment.size || (ftruncate(segment.fd, (off_t)end) == 0 && fsync(segment.fd) == 0))
		spool_make_ready(folder_fd, name, records, ready);
	spool_unmap(&segment);
}

bool
spool_next_ready(int folder_fd, const char *after, char ret_name[BUDGET_SPOOL_NAME_SIZE])
{
	_auto_folder_ DIR *folder = spool_list(folder_fd);
	bool is_found = false;

	for (struct dirent *file = folder != NULL ? readdir(folder) : NULL; file != NULL; file = readdir(folder))
		if (spool_is_segment(file->d_name) && spool_ends_with(file->d_name, ".ready") && strcmp(file->d_name, after) > 0
		    && (!is_found || strcmp(file->d_name, ret_name) < 0)) {
			snprintf(ret_name, BUDGET_SPOOL_NAME_SIZE, "%.*s", BUDGET_SPOOL_NAME_SIZE - 1, file->d_name);
			is_found = true;
		}
	return is_found;
}
