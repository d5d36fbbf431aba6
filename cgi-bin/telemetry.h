/* Usage that others tell of in their own formats: CloudEvents, OpenTelemetry, LiteLLM. */
#ifndef BUDGET_CGI_TELEMETRY_H
#define BUDGET_CGI_TELEMETRY_H

#include "cgi-bin/usage_rows.h"

/**
 * The body, unpacked when it came with Content-Encoding gzip or deflate.
 * @return BUDGET_ETOOLARGE, BUDGET_EMEDIA for another encoding
 */
enum budget_status telemetry_body(struct request *request, const char **ret_text, size_t *ret_length);

/** A key that no header can carry, so that it meets no client's Idempotency-Key. NULL: arena full. */
const char *telemetry_key(struct budget_ctx *ctx, const char *kind, const char *first, const char *second);

/** A field that only describes: what does not fit is left out instead of losing the record. */
void telemetry_describe(struct budget_ctx *ctx, struct budget_values *values, const char *name, const char *text);

enum budget_status telemetry_events(struct request *request);
enum budget_status telemetry_litellm(struct request *request);
enum budget_status telemetry_traces(struct request *request);
enum budget_status telemetry_logs(struct request *request);

extern const struct route telemetry_routes[];

#endif
