#include "lib/error.h"

#include <stdarg.h>
#include <stddef.h>

#include "lib/ctx.h"

/*
 * What a status means outside: HTTP, the exit code of the CLI and of jobs (sysexits; 2 = refused by a policy), a
 * title.
 */
static const struct {
	int http, exit;
	const char *title;
} statuses[] = {
	[-BUDGET_OK] = { 200, 0, "OK" },
	[-BUDGET_ESYNTAX] = { 400, 65, "Bad request" },
	[-BUDGET_EINVALID] = { 422, 65, "Not valid" },
	[-BUDGET_EAUTH] = { 401, 77, "Key required" },
	[-BUDGET_EFORBIDDEN] = { 403, 77, "Not allowed" },
	[-BUDGET_ENOTFOUND] = { 404, 66, "Not found" },
	[-BUDGET_EMETHOD] = { 405, 64, "Method not allowed" },
	[-BUDGET_ECONFLICT] = { 409, 73, "Conflict" },
	[-BUDGET_EPRECONDITION] = { 412, 73, "Precondition failed" },
	[-BUDGET_ETOOLARGE] = { 413, 65, "Too large" },
	[-BUDGET_EMEDIA] = { 415, 65, "Unsupported media type" },
	[-BUDGET_EDENIED] = { 402, 2, "Refused by policy" },
	[-BUDGET_EBUSY] = { 503, 75, "Unavailable" },
	[-BUDGET_EUPSTREAM] = { 502, 69, "Upstream failed" },
	[-BUDGET_EBUG] = { 500, 70, "Internal error" },
};

enum budget_status
budget_fail(struct budget_ctx *ctx, enum budget_status status, const char *code, const char *pointer,
    const char *format, ...)
{
	va_list args;
	const char *detail;

	va_start(args, format);
	detail = budget_arena_vprintf(&ctx->arena, format, args);
	va_end(args);
	if (pointer != NULL && pointer[0] != '\0')
		pointer = budget_arena_strdup(&ctx->arena, pointer);
	ctx->error = (struct budget_error){
		.status = status,
		.code = code,
		.pointer = pointer != NULL ? pointer : "",
		.detail = detail != NULL ? detail : "The request needs more memory than one request may take.",
	};
	return status;
}

enum budget_status
budget_fail_memory(struct budget_ctx *ctx)
{
	return budget_fail(ctx, BUDGET_ETOOLARGE, "too_large", NULL,
	    "The request needs more memory than one request may take: send it in smaller parts.");
}

static int
row_of(enum budget_status status)
{
	int row = -(int)status;

	return row >= 0 && row < (int)(sizeof statuses / sizeof *statuses) ? row : -BUDGET_EBUG;
}

int
budget_status_http(enum budget_status status)
{
	return statuses[row_of(status)].http;
}

int
budget_status_exit(enum budget_status status)
{
	return statuses[row_of(status)].exit;
}

const char *
budget_status_title(enum budget_status status)
{
	return statuses[row_of(status)].title;
}

enum budget_status
budget_status_of_http(int http_status)
{
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		if (statuses[i].http == http_status)
			return (enum budget_status)(-(int)i);
	return http_status >= 500 ? BUDGET_EBUG : BUDGET_EINVALID;
}
