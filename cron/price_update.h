/* The job price-update: what its two files share. */
#ifndef BUDGET_CRON_PRICE_UPDATE_H
#define BUDGET_CRON_PRICE_UPDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "cron/job.h"
#include "lib/ctx.h"
#include "lib/source/source.h"

struct json_object;

enum { PRICE_NAMES_MAX = 32 };

/* Counts that SQL answers with; the order in which they are said. */
enum { COUNT_QUOTES, COUNT_UNRESOLVED, COUNT_VERIFIED, COUNT_FIRST, COUNT_APPLIED, COUNT_CONFLICTS,
	COUNT_OUTLIERS, COUNT_WAITING, COUNT_COUNT };

struct price_counts {
	int64_t values[COUNT_COUNT];
};

struct price_due {
	const char *source, *kind, *url, *etag, *last_modified;
	size_t max_bytes;
	long timeout_ms;
	bool allow_private;
};

struct price_work {
	/* as asked */
	const char *names[PRICE_NAMES_MAX];
	const char *files[PRICE_NAMES_MAX]; /* path of --from-file, or NULL: fetched */
	int names_count;
	bool is_all, is_print;
	/* how far we are */
	enum { PRICE_LISTING, PRICE_FETCHING, PRICE_DECIDING, PRICE_ENDED } phase;
	struct budget_arena keep;     /* lives as long as the run */
	struct budget_ctx feed;       /* one source's bytes and quotes; has no database */
	struct price_due *dues;
	int count, at;
	int fetched, not_modified, failed;
	const char *first_failure;
	struct price_counts imported, decided;
};

extern struct price_work price_work;

/** Fetches, reads and imports one source; what is wrong with it is counted and reported, not returned. */
enum budget_status price_update_source(struct budget_ctx *ctx, struct job_call *call, const struct price_due *due,
    int64_t *ret_rows);

/** Adds the members of a JSON object of counts. */
void price_counts_add(struct budget_ctx *ctx, struct price_counts *counts, struct json_object *object);

/** Sets them: what price_decide answers is the sum so far. */
void price_counts_set(struct budget_ctx *ctx, struct price_counts *counts, struct json_object *object);

/** "3 applied, 1 first"; what is 0 is left out. In the arena; "" when all are. */
const char *price_counts_text(struct budget_ctx *ctx, const struct price_counts *counts);

/** {"malformed": 2, …} */
const char *price_skipped_json(struct budget_ctx *ctx, const struct budget_source_batch *batch);

/** Says a line: on stdout when a person started us, else in the log. */
void price_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** What a feed held: "litellm: 2,984 models, 2,933 quotes; skipped 97 no_price, …". */
void price_say_feed(struct budget_ctx *ctx, const char *source, const struct budget_source_batch *batch);

/** Quotes, one a line, and nothing else. */
void price_print_quotes(const struct budget_source_batch *batch);

/** The differences price_decide answered, a line each. */
void price_say_differences(struct budget_ctx *ctx, struct json_object *differences, bool is_dry_run);

#endif
