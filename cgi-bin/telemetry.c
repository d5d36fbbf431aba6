/* What the telemetry routes share, and their table. */
#include "cgi-bin/telemetry.h"

#include <string.h>
#include <strings.h>

#include "cgi-bin/fcgi/config.h"
#include "lib/unpack.h"

enum budget_status
telemetry_body(struct request *request, const char **ret_text, size_t *ret_length)
{
	const char *encoding = request_header(request, "HTTP_CONTENT_ENCODING");

	if (encoding != NULL && (strcasecmp(encoding, "gzip") == 0 || strcasecmp(encoding, "x-gzip") == 0
	    || strcasecmp(encoding, "deflate") == 0))
		return budget_unpack_gzip(&request->ctx, request->body, request->body_length, config.body_large_max_bytes, ret_text,
		    ret_length);
	if (encoding != NULL && encoding[0] != '\0' && strcasecmp(encoding, "identity") != 0)
		return budget_fail(&request->ctx, BUDGET_EMEDIA, "unsupported_media_type", NULL,
		    "Send the body as it is, or with the header 'Content-Encoding: gzip'.");
	*ret_text = request->body;
	*ret_length = request->body_length;
	return BUDGET_OK;
}

const char *
telemetry_key(struct budget_ctx *ctx, const char *kind, const char *first, const char *second)
{
	return budget_arena_printf(&ctx->arena, "\037%s\037%s\037%s", kind, first, second);
}

void
telemetry_describe(struct budget_ctx *ctx, struct budget_values *values, const char *name, const char *text)
{
	if (budget_values_get(values, name) == NULL && usage_read(ctx, values, name, "", text) != BUDGET_OK)
		ctx->error = (struct budget_error){ 0 };
}

#define TELEMETRY(path_, run_, about_)                                                                                 \
	{ "POST", path_, BUDGET_ROLE_SERVICE, NULL, NULL, .run = run_, .success = 200, .flags = ROUTE_LARGE | ROUTE_RAW_BODY,  \
	  .about = about_ }

const struct route telemetry_routes[] = {
	TELEMETRY("/usage/events", telemetry_events, "Records usage that comes as CloudEvents 1.0: structured, batch or binary mode;"
	    " (source, id) is recorded once."),
	TELEMETRY("/usage/litellm", telemetry_litellm, "Records what LiteLLM's generic API callback sends: an array, one object, or"
	    " NDJSON; each id once."),
	TELEMETRY("/otlp/v1/traces", telemetry_traces, "Records the usage of GenAI spans (OTLP/HTTP JSON, gzip too); each span once."),
	TELEMETRY("/otlp/v1/logs", telemetry_logs, "Records the usage of GenAI log records (OTLP/HTTP JSON, gzip too)."),
	{ NULL }
};
