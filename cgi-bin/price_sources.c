/* Where prices come from, what sources disagree about, and asking for an update: sql/functions/price_*. */
#include "cgi-bin/price_sources.h"

#include "cgi-bin/fcgi/serve.h"
#include "cgi-bin/page.h"
#include "lib/words.h"

#define NAME_MAX_BYTES 300
#define SOURCES_MAX 32

static const struct budget_word conflict_states[] = {
	{ "open", "open" }, { "approved", "approved" }, { "rejected", "rejected" }, { "settled", "settled" },
	{ "any", "any" }, { NULL, NULL }
};

static const struct budget_word conflict_kinds[] = {
	{ "change", "change" }, { "disagreement", "disagreement" }, { "outlier", "outlier" }, { "units", "units" },
	{ "untrusted", "untrusted" }, { "approved", "approved" }, { NULL, NULL }
};

const struct budget_field price_context_rate_fields[] = {
	{ .name = "above_input_tokens", .type = FIELD_COUNT, .need = FIELD_REQUIRED, .min = 1, .max = TOKENS_MAX,
	  .about = "with more input than this, cached or not, these rates hold for the whole request" },
	RATE_FIELDS, { .name = NULL }
};

static const struct budget_field page_query[] = { PAGE_FIELDS, { .name = NULL } };

static const struct budget_field source_fields[] = {
	{ .name = "url", .type = FIELD_STRING, .need = FIELD_OPTIONAL | FIELD_NULLABLE, .min = 1, .max = 2048,
	  .about = "of its feed; of kind file a path below prices/ of the home" },
	{ .name = "trust", .type = FIELD_MONEY, .about = "0 to 1: how much its word weighs" },
	{ .name = "enabled", .type = FIELD_BOOL, .about = "false: neither fetched nor heard" },
	{ .name = "interval", .type = FIELD_COUNT, .min = 60, .max = 2678400, .about = "seconds between fetches" },
	{ .name = "allow_private", .type = FIELD_BOOL, .about = "plain http and addresses of private networks too" },
	{ .name = "max_bytes", .type = FIELD_COUNT, .min = 1024, .max = 1 << 30, .about = "largest feed" },
	{ .name = "timeout", .type = FIELD_COUNT, .min = 1, .max = 600, .about = "seconds a fetch may take" },
	{ .name = NULL }
};

static const struct budget_field conflict_query[] = {
	{ .name = "state", .type = FIELD_ENUM, .words = conflict_states, .about = "open unless told" },
	{ .name = "kind", .type = FIELD_ENUM, .words = conflict_kinds },
	{ .name = "provider", .type = FIELD_STRING, .min = 1, .max = NAME_MAX_BYTES, .about = "any of its names" },
	{ .name = "model", .type = FIELD_STRING, .min = 1, .max = NAME_MAX_BYTES, .about = "any of its names" },
	{ .name = "source", .type = FIELD_STRING, .min = 1, .max = 64, .about = "one of the candidates" },
	PAGE_FIELDS, { .name = NULL }
};

static const struct budget_field own_rates[] = { ALL_RATE_FIELDS, { .name = NULL } };

static const struct budget_field approve_fields[] = {
	{ .name = "source", .type = FIELD_STRING, .min = 1, .max = 64, .about = "the candidate whose price it shall be" },
	{ .name = "prices", .type = FIELD_OBJECT, .fields = own_rates, .about = "or figures of one's own, per token" },
	{ .name = "note", .type = FIELD_STRING, .max = 2000, .about = "kept with the price" },
	{ .name = NULL }
};

static const struct budget_field reject_fields[] = {
	{ .name = "note", .type = FIELD_STRING, .max = 2000 }, { .name = NULL }
};

static const struct budget_field update_fields[] = {
	{ .name = "sources", .type = FIELD_ARRAY, .min = 1, .max = SOURCES_MAX, .about = "names; absent: all that are enabled" },
	{ .name = "all", .type = FIELD_BOOL, .about = "those not due yet too; true unless told" },
	{ .name = "dry_run", .type = FIELD_BOOL, .about = "true: says what would change and changes nothing" },
	{ .name = NULL }
};

static const struct budget_field update_query[] = {
	{ .name = "limit", .type = FIELD_COUNT, .min = 0, .max = 10000, .about = "differences at most, 1000 unless told" },
	{ .name = NULL }
};

static const struct budget_field rate_query[] = {
	{ .name = "currency", .type = FIELD_STRING, .min = 3, .max = 3 }, PAGE_FIELDS, { .name = NULL }
};

static const struct budget_field rate_fields[] = {
	{ .name = "currency", .type = FIELD_STRING, .need = FIELD_REQUIRED, .min = 3, .max = 3 },
	{ .name = "base", .type = FIELD_STRING, .min = 3, .max = 3, .about = "the catalogue's currency unless told" },
	{ .name = "rate", .type = FIELD_MONEY, .need = FIELD_REQUIRED, .about = "1 currency = rate base" },
	{ .name = "date", .type = FIELD_TIME, .about = "from this day on; today unless told" },
	{ .name = "source", .type = FIELD_STRING, .min = 1, .max = 200, .about = "where it can be read" },
	{ .name = NULL }
};

const struct route price_source_routes[] = {
	{ .method = "GET", .path = "/prices/sources", .role = BUDGET_ROLE_VIEWER, .query = page_query,
	  .statement = STMT_PRICE_SOURCE_LIST, .success = 200,
	  .about = "Where prices come from: trust, interval, how the last fetch went." },
	{ .method = "PATCH", .path = "/prices/sources/{source}", .role = BUDGET_ROLE_ADMIN, .body = source_fields,
	  .statement = STMT_PRICE_SOURCE_PATCH, .success = 200,
	  .about = "Changes what is named; 409 for what config.yaml decides." },
	{ .method = "GET", .path = "/prices/conflicts", .role = BUDGET_ROLE_VIEWER, .query = conflict_query,
	  .statement = STMT_PRICE_CONFLICT_LIST, .success = 200,
	  .about = "What sources say and rules do not let them change, with all candidates side by side." },
	{ .method = "GET", .path = "/prices/conflicts/{id}", .role = BUDGET_ROLE_VIEWER,
	  .statement = STMT_PRICE_CONFLICT_GET, .success = 200, .about = "One conflict." },
	{ .method = "POST", .path = "/prices/conflicts/{id}/approve", .role = BUDGET_ROLE_MANAGER, .body = approve_fields,
	  .statement = STMT_PRICE_CONFLICT_APPROVE, .success = 200,
	  .about = "Puts a candidate's price, or figures of one's own, into force; no feed replaces it then." },
	{ .method = "POST", .path = "/prices/conflicts/{id}/reject", .role = BUDGET_ROLE_MANAGER, .body = reject_fields,
	  .statement = STMT_PRICE_CONFLICT_REJECT, .success = 200, .flags = ROUTE_BODY_OPTIONAL,
	  .about = "Leaves what is in force until the sources say something else." },
	{ .method = "POST", .path = "/prices/update", .role = BUDGET_ROLE_MANAGER, .body = update_fields,
	  .statement = STMT_PRICE_UPDATE_START, .success = 202, .flags = ROUTE_BODY_OPTIONAL,
	  .about = "Asks for a run of price-update: it begins within seconds; GET /prices/updates/{id} tells how it goes." },
	{ .method = "GET", .path = "/prices/updates/{id}", .role = BUDGET_ROLE_VIEWER, .query = update_query,
	  .statement = STMT_PRICE_UPDATE_GET, .success = 200,
	  .about = "A run of price-update: how far it is, counts by source, what it decided or would decide." },
	{ .method = "GET", .path = "/prices/rates", .role = BUDGET_ROLE_VIEWER, .query = rate_query,
	  .statement = STMT_FX_RATE_LIST, .success = 200, .about = "Stored rates of exchange, newest day first." },
	{ .method = "POST", .path = "/prices/rates", .role = BUDGET_ROLE_MANAGER, .body = rate_fields,
	  .statement = STMT_FX_RATE_SET, .success = 200,
	  .about = "Stores the rate of a day; quotes in that currency are converted by it from then on." },
	{ .method = NULL }
};
