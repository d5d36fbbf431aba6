/*
 * Structured log: one JSON object a line on stderr, {"time","level","component","message","request_id",…}.
 * Programs log, library code does not. Component tags are those of the seeds: budget_engine, allocation, policy,
 * tracking, price_manager, api, database, job, … Secrets are never passed here.
 */
#ifndef BUDGET_LIB_LOG_H
#define BUDGET_LIB_LOG_H

enum budget_log_level { BUDGET_LOG_DEBUG, BUDGET_LOG_INFO, BUDGET_LOG_WARNING, BUDGET_LOG_ERROR };

/** Lowest level written, from BUDGET_LOG_LEVEL / BUDGET_DEBUG; INFO until set. Thread safe. */
void budget_log_init(enum budget_log_level lowest, const char *program);

/** Level from its name in any case (DEBUG, INFO, WARNING|WARN, ERROR), or -1. */
int budget_log_level_parse(const char *name);

/** Writes one line with a single write(2); thread safe; text is escaped, so no log injection. */
void budget_log(enum budget_log_level level, const char *component, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Names the request that this thread works on; appears as request_id in its lines. NULL = none. */
void budget_log_request(const char *request_id);

#endif
