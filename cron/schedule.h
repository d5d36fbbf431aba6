/*
 * The private schedule: a small crond of one home, without root. schedule_table.c reads its table, schedule.c runs it.
 */
#ifndef BUDGET_CRON_SCHEDULE_H
#define BUDGET_CRON_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { SCHEDULE_MAX = 64, SCHEDULE_WORDS_MAX = 16, SCHEDULE_NAME_MAX = 64 };

struct entry {
	char name[SCHEDULE_NAME_MAX];       /* the program beside us */
	char words[512];                    /* what argv points into */
	char *argv[SCHEDULE_WORDS_MAX + 1]; /* argv[0] = name */
	int64_t every_ms, limit_ms;
	int64_t delay_ms;                   /* before the first start */
	int64_t due_ms;                     /* monotonic; counts on through suspend */
	int64_t started_ms;
	pid_t pid;                          /* 0 = not running */
	bool is_told;                       /* stopped for taking too long */
};

struct schedule {
	struct entry entries[SCHEDULE_MAX];
	int count;
};

/**
 * Reads the table (see etc/schedule.tsv for its form); "@name" is the value of that setting, in seconds.
 * @param[out] ret_error  "file:line: what is wrong" in a static buffer
 */
bool schedule_read(struct schedule *schedule, const char *path, const char **ret_error);

/** First entry due at `now_ms` that does not run, or NULL. */
struct entry *schedule_due(struct schedule *schedule, int64_t now_ms);

/** Next time an entry is due after a start at now_ms: on its grid, so missed ticks are one start, not many. */
int64_t schedule_next(const struct entry *entry, int64_t now_ms);

/** Milliseconds until something has to be done; at most 60,000. */
int schedule_wait_ms(const struct schedule *schedule, int64_t now_ms);

#endif
