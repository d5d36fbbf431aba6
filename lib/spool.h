/*
 * Records on their way to a database that is away: frames in segment files under one folder, each written and synced
 * before it is answered, and taken out when the database has them. One spool per process; several processes may share a
 * folder.
 *
 * The protocol, in full. A segment is written by one process, which holds its flock: `<uuid>.open`. When it is full, or
 * is to be replayed, it is renamed to `<uuid>-<records>.ready` and closed. Whoever gets the flock of a ready segment may
 * replay it and unlinks it afterwards. A process that dies leaves its open segment without a lock: whoever gets that cuts
 * off what was not finished and makes it ready. Replaying twice is harmless, because the ids are in the frames.
 */
#ifndef BUDGET_LIB_SPOOL_H
#define BUDGET_LIB_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/spool_frame.h"

#define BUDGET_SPOOL_NAME_SIZE 80

/**
 * Opens the folder, makes it when it is missing, and makes leftover segments of dead processes ready.
 * @param max_bytes      of all segments together; beyond it budget_spool_append() refuses
 * @param segment_bytes  when a segment is full
 * @return BUDGET_EBUG spool_unusable: the folder cannot be used
 */
enum budget_status budget_spool_open(struct budget_ctx *ctx, const char *folder, size_t max_bytes, size_t segment_bytes);

/** Makes the segment being written ready, and forgets the folder. Nobody appends any more. */
void budget_spool_close(void);

/** False before budget_spool_open() and after budget_spool_close(). */
bool budget_spool_is_open(void);

/** The open folder, for what else lies in it (spool_dead.h); -1 when the spool is not open. */
int budget_spool_folder(void);

/**
 * Writes the frames behind each other and syncs file and folder: afterwards they survive anything but the disk. All or
 * none. Thread safe.
 * @return BUDGET_EBUSY spool_full, spool_failed (with the reason as internal); BUDGET_ETOOLARGE: a frame beyond its limit
 */
enum budget_status budget_spool_append(struct budget_ctx *ctx, const struct budget_spool_frame *frames, size_t count);

/** True when something waits, as far as was seen by budget_spool_stats() and written since: costs nothing. */
bool budget_spool_has_any(void);

/* A segment that is ours alone, mapped. */
struct budget_spool_segment {
	char name[BUDGET_SPOOL_NAME_SIZE];
	int fd;
	const unsigned char *bytes;
	size_t size;
	bool is_damaged; /* the reader sets it: then the file is kept as <uuid>.damaged */
};

/** The oldest segment that nobody else has, the one being written included. False: there is none. */
bool budget_spool_take(struct budget_spool_segment *ret_segment);

/** Everything in it is in the database, or in a dead letter: removes it. */
void budget_spool_finish(struct budget_spool_segment *segment);

/** Not everything is: leaves it where it was. */
void budget_spool_leave(struct budget_spool_segment *segment);

struct budget_spool_stats {
	size_t records, bytes, segments, damaged, dead_letters;
	int64_t oldest_ms; /* unix milliseconds; 0: nothing waits */
};

/** What lies in the folder, of all processes. */
void budget_spool_stats(struct budget_spool_stats *ret_stats);

#endif
