/*
 * OTLP/HTTP in JSON: the spans of resourceSpans, the log records of resourceLogs, with those of their attributes that are
 * scalars. Contents of messages are never looked at.
 */
#ifndef BUDGET_LIB_NORMALISE_OTLP_H
#define BUDGET_LIB_NORMALISE_OTLP_H

#include "lib/normalise/normalise.h"

#define BUDGET_OTLP_ATTRIBUTES_MAX 512 /* of one span and its resource; more are not looked at */

struct budget_span {
	const char *trace_id, *span_id;   /* lower-case hex, or NULL */
	const char *time;                 /* RFC 3339: when it began, when it was logged; or NULL */
	const struct budget_attribute *attributes; /* the span's, then its resource's */
	size_t attributes_count;
};

/** First attribute of that key, or NULL. */
const char *budget_span_get(const struct budget_span *span, const char *key);

/** Whether a span tells of a model call of its own: one that has tokens, and does not only sum up those below it. */
bool budget_span_is_usage(const struct budget_span *span);

typedef enum budget_status budget_otlp_fn(void *user, const struct budget_span *span);

/**
 * Calls for each span or log record that tells of usage, in order; the span lives as long as the call.
 * @return what the call returns when that is not BUDGET_OK; BUDGET_EINVALID wrong_type: not OTLP
 */
enum budget_status budget_otlp_each(struct budget_ctx *ctx, struct json_object *root, budget_otlp_fn *call, void *user);

#endif
