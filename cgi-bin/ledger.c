/* ledger.fcgi: the program that decides, holds and records. Its three resources stand in files of their own. */
#include <stddef.h>

#include "cgi-bin/fcgi/serve.h"
#include "cgi-bin/ledger.h"
#include "cgi-bin/ledger_outage.h"
#include "cgi-bin/telemetry.h"
#include "cgi-bin/usage_read.h"
#include "lib/denials.h"

enum budget_status
ledger_fail(struct budget_ctx *ctx, const struct budget_ledger_answer *answer)
{
	static const struct {
		int http;
		enum budget_status status;
	} known[] = {
		{ 402, BUDGET_EDENIED }, { 403, BUDGET_EFORBIDDEN }, { 404, BUDGET_ENOTFOUND }, { 409, BUDGET_ECONFLICT },
		{ 422, BUDGET_EINVALID },
	};
	enum budget_status status = BUDGET_EBUG;

	if (answer->status == 402)
		budget_denial_note(ctx->tenant_id, answer->body);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].http == answer->status)
			status = known[i].status;
	budget_fail(ctx, status, answer->code != NULL ? answer->code : "internal_error", answer->pointer, "%s",
	    answer->detail != NULL ? answer->detail : "This is our fault, not yours.");
	ctx->error.extra = answer->body;
	ctx->error.internal = answer->internal;
	return status;
}

enum budget_status
ledger_reply(struct request *request, const struct budget_ledger_answer *answer)
{
	if (answer->status >= 400)
		return ledger_fail(&request->ctx, answer);
	if (answer->is_replay)
		reply_header(request, "Idempotency-Replayed", "true");
	reply_json(request, answer->status, answer->body);
	return BUDGET_OK;
}

static const struct route *const tables[] = { check_routes, allocation_routes, usage_routes, usage_read_routes, telemetry_routes, NULL };

int
main(int argc, char **argv)
{
	static const struct program ledger = {
		.name = "ledger",
		.about = "Decides before a call, holds the money while it runs, records what it cost.",
		.tables = tables,
		.is_ledger = true,
		.start = outage_start,
		.stop = outage_stop,
	};

	return fcgi_main(&ledger, argc, argv);
}
