/* The files of a spool folder: their names, their locks, what is in them. Internal to spool.c, which has the protocol. */
#ifndef BUDGET_LIB_SPOOL_FILES_H
#define BUDGET_LIB_SPOOL_FILES_H

#include <dirent.h>

#include "lib/spool.h"
#include "lib/uuid.h"

/** Names. An id is what a name begins with; a segment is open or ready. */
bool spool_ends_with(const char *name, const char *end);
bool spool_id_of(const char *name, char ret_id[UUID_TEXT_SIZE]);
bool spool_is_segment(const char *name);

/** The folder's entries; NULL: it cannot be read now. */
DIR *spool_list(int folder_fd);
void spool_list_close(DIR **folder);
#define _auto_folder_ __attribute__((cleanup(spool_list_close)))

/** Opens a segment and gets its lock. False: it is another's, or was gone before we had it. */
bool spool_lock(int folder_fd, const char *name, struct budget_spool_segment *ret_segment);

/** Maps it; an empty one has no bytes. False: it cannot be read now, which says nothing of what is in it. */
bool spool_map(struct budget_spool_segment *segment);

/** Gives back mapping, file and lock. */
void spool_unmap(struct budget_spool_segment *segment);

/** Renames a segment whose lock we hold to its ready name, which counts what is in it. */
bool spool_make_ready(int folder_fd, const char *name, size_t records, char ret_name[BUDGET_SPOOL_NAME_SIZE]);

/** A dead process's open segment: what it did not finish is cut off, what it did is ready. */
void spool_adopt(int folder_fd, const char *name);

/** Name of the oldest ready segment after another name; ids rise with time. */
bool spool_next_ready(int folder_fd, const char *after, char ret_name[BUDGET_SPOOL_NAME_SIZE]);

#endif
