/*
 * Counters of a program in a small file beside its socket: its threads add without locks, program status reads the
 * files of all programs for /metrics. A counter begins anew when its program does, as Prometheus expects.
 */
#ifndef BUDGET_FCGI_METER_H
#define BUDGET_FCGI_METER_H

#include <stdbool.h>
#include <stdint.h>

#define METER_ROUTE_SIZE 88
#define METER_SLOTS 240
#define METER_BUCKETS 12

/* Numbers that a program may show besides, as of its last look; metrics.c names them. */
enum meter_gauge {
	METER_SPOOL_RECORDS, METER_SPOOL_BYTES, METER_SPOOL_OLDEST_AT /* unix seconds, 0: nothing waits */, METER_DEAD_LETTERS,
	METER_DAMAGED_SEGMENTS, METER_SPOOLED, METER_REPLAYED, METER_IS_AWAY, METER_GROUPS, METER_GROUPED, METER_QUEUED,
	METER_RETRIES, METER_DEADLOCKS, METER_GAUGES
};

struct meter_slot {
	_Atomic uint64_t count;
	_Atomic uint32_t state; /* 0 free, 1 being written, 2 in use */
	uint32_t status;
	char route[METER_ROUTE_SIZE]; /* "GET /budgets/{id}" */
};

struct meter_file {
	char magic[8];
	uint64_t started_at; /* unix seconds */
	uint64_t pid;
	_Atomic uint64_t in_flight, duration_us;
	_Atomic uint64_t pool_open, pool_busy, pool_failures; /* as of the last request */
	_Atomic uint64_t gauges[METER_GAUGES];
	_Atomic uint64_t buckets[METER_BUCKETS + 1]; /* by duration; the last: longer than all */
	struct meter_slot slots[METER_SLOTS];
};

/** Upper bounds of the buckets in microseconds. */
extern const int64_t meter_bounds_us[METER_BUCKETS];

/** Makes a fresh <run_dir>/<program>.meter; without it the counters are kept, but nobody sees them. */
void meter_open(const char *run_dir, const char *program);

/** A request begins, ends. route: "GET /budgets/{id}", or "" for paths that no row has. */
void meter_begin(void);
void meter_end(const char *method, const char *route, int status, int64_t duration_us);

/** How the program's database connections are: open, in use, and how often the server could not be reached. */
void meter_pool(int open, int busy, long failures);

/** Shows a number; the last one shown stands. */
void meter_gauge(enum meter_gauge gauge, uint64_t value);

/** Reads another program's file. false: absent or not ours. */
bool meter_read(const char *run_dir, const char *program, struct meter_file *ret_file);

#endif
