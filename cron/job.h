/*
 * The runtime of every job: options, settings, one copy at a time, a run record, batches, an exit code.
 * A job is a const struct and a function that does one batch in one transaction, and rests behind it where it is long
 * (lib/rest.h). It does not retry: what fails now is tried by the next start. Start it by hand, by cron or by the private schedule
 * (schedule.c).
 */
#ifndef BUDGET_CRON_JOB_H
#define BUDGET_CRON_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/ctx.h"

/* What one batch is told, and what it says about itself. */
struct job_call {
	int batch_max;
	bool is_dry_run;     /* count or name what would be done, change nothing; called once */
	const char *options; /* JSON object: how the run was asked for by the API; NULL = nobody asked, it is just time */
	const char *run_id;  /* of this run: GET /jobs lists it */
	const char *now;     /* RFC 3339 of --now, or NULL: the database's clock */
	bool has_more;       /* out: another batch follows although this one did no row */
	const char *detail;  /* out, may stay NULL: one line for the run record, in ctx's arena or a literal */
};

/**
 * One batch in one transaction.
 * @param[out] ret_rows  rows done; 0 ends the job
 */
typedef enum budget_status job_fn(struct budget_ctx *ctx, struct job_call *call, int64_t *ret_rows);

enum {
	JOB_NOW_DRY = 1,  /* --now only together with --dry-run: the clock of the ledger is the database's */
	JOB_ONCE = 2,     /* one batch does everything */
	JOB_DRY_STEPS = 4, /* a dry run goes through all batches */
	JOB_SPEAKS = 8    /* it says by itself how far it is */
};

/* An option of one job, beside those all have. */
struct job_option {
	const char *name;  /* "source" */
	const char *value; /* what --help calls it: "NAME"; NULL = takes none */
	const char *about;
};

struct job {
	const char *name;    /* "holds-expire": the program's name, the lock, the run record */
	const char *about;   /* one sentence for --help and GET /jobs */
	int batch_max;
	int flags;
	job_fn *run;
	const struct job_option *options;                      /* ends with a NULL name; NULL = none */
	bool (*option)(const char *name, const char *value);   /* takes one; false = it is wrong */
};

/**
 * main() of a job: `JOB [--dry-run] [--now=TIME] [--batch=N] [--help]`.
 * Exit: 0 done, or another copy runs; 64 wrong arguments; 69 nobody outside answers (prices); 75 database away, try again; 70 our fault; 78 a setting is
 * wrong.
 * Without arguments it takes the oldest run that was asked for by the API (job_run 'queued'), with its options.
 * SIGTERM: the batch that runs is finished, then the job ends as `ok` with the rest left for the next start.
 */
int job_main(const struct job *job, int argc, char **argv);

/** True after SIGTERM: a batch that rests on its way does so no more. */
bool job_is_stopping(void);

#endif
