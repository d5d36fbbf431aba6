/* Prices: what is in force, what was, what a request would cost, what would cost less: sql/functions/price. */
#include "cgi-bin/fcgi/serve.h"
#include "cgi-bin/page.h"
#include "cgi-bin/price_sources.h"
#include "cgi-bin/prices.h"
#include "lib/words.h"

#define NAME_MAX_BYTES 300

static const struct budget_word service_tiers[] = {
	{ "standard", "standard" }, { "default", "standard" }, { "auto", "standard" }, { "batch", "batch" },
	{ "flex", "flex" }, { "priority", "priority" }, { NULL, NULL }
};

static const struct budget_word scopes[] = { { "catalogue", "catalogue" }, { "tenant", "tenant" }, { NULL, NULL } };

#define MODEL_FIELDS                                                                                                   \
	{ .name = "provider", .type = FIELD_STRING, .min = 1, .max = NAME_MAX_BYTES, .about = "any of its names" },           \
	{ .name = "model", .type = FIELD_STRING, .need = FIELD_REQUIRED, .min = 1, .max = NAME_MAX_BYTES,                     \
	  .about = "any of its names: with date, edition or a host's prefix too" },                                           \
	{ .name = "service_tier", .type = FIELD_ENUM, .words = service_tiers }

static const struct budget_field list_query[] = {
	{ .name = "provider", .type = FIELD_STRING, .min = 1, .max = NAME_MAX_BYTES, .about = "any of its names" },
	{ .name = "model", .type = FIELD_STRING, .min = 1, .max = NAME_MAX_BYTES, .about = "any of its names" },
	{ .name = "service_tier", .type = FIELD_ENUM, .words = service_tiers },
	{ .name = "price_type", .type = FIELD_ENUM, .words = budget_words_price_type },
	{ .name = "source", .type = FIELD_STRING, .min = 1, .max = 200, .about = "catalogue, manual, or a price source" },
	{ .name = "verified", .type = FIELD_BOOL },
	{ .name = "scope", .type = FIELD_ENUM, .words = scopes, .about = "whose: the shared catalogue's or the tenant's own" },
	PAGE_FIELDS, { .name = NULL }
};

static const struct budget_field history_query[] = {
	{ .name = "service_tier", .type = FIELD_ENUM, .words = service_tiers }, PAGE_FIELDS, { .name = NULL }
};

static const struct budget_field providers_query[] = {
	{ .name = "provider", .type = FIELD_STRING, .min = 1, .max = NAME_MAX_BYTES, .about = "any of its names" },
	PAGE_FIELDS, { .name = NULL }
};

static const struct budget_field set_fields[] = {
	{ .name = "provider", .type = FIELD_STRING, .need = FIELD_REQUIRED, .min = 1, .max = NAME_MAX_BYTES },
	{ .name = "model", .type = FIELD_STRING, .need = FIELD_REQUIRED, .min = 1, .max = NAME_MAX_BYTES },
	{ .name = "service_tier", .type = FIELD_ENUM, .words = service_tiers },
	{ .name = "price_type", .type = FIELD_ENUM, .words = budget_words_price_type,
	  .about = "follows from the rates unless told" },
	{ .name = "currency", .type = FIELD_STRING, .min = 3, .max = 3, .about = "the tenant's; another is refused" },
	ALL_RATE_FIELDS,
	{ .name = "effective_date", .type = FIELD_TIME, .about = "now unless told; a date begins in the root budget's zone" },
	{ .name = "end_date", .type = FIELD_TIME, .about = "until the next price unless told; a date: its end" },
	{ .name = "source_url", .type = FIELD_STRING, .max = 2000, .about = "where it can be read" },
	{ .name = "note", .type = FIELD_STRING, .max = 2000 },
	{ .name = "tier", .type = FIELD_ENUM, .words = budget_words_tier, .about = "of the model" },
	{ .name = "context_tokens", .type = FIELD_COUNT, .min = 1, .max = TOKENS_MAX, .about = "of the model" },
	{ .name = "max_output_tokens", .type = FIELD_COUNT, .min = 1, .max = TOKENS_MAX, .about = "of the model" },
	{ .name = "metadata", .type = FIELD_OBJECT, .max = 16384 },
	{ .name = NULL }
};

static const struct budget_field current_fields[] = {
	MODEL_FIELDS, { .name = "at", .type = FIELD_TIME, .about = "now unless told" }, { .name = NULL }
};

#define COUNT(NAME) { .name = NAME, .type = FIELD_COUNT, .max = TOKENS_MAX }

static const struct budget_field calculate_fields[] = {
	MODEL_FIELDS, { .name = "at", .type = FIELD_TIME, .about = "now unless told" },
	COUNT("input_tokens"), COUNT("cache_read_tokens"), COUNT("cache_write_5m_tokens"), COUNT("cache_write_1h_tokens"),
	COUNT("output_tokens"), COUNT("reasoning_tokens"), COUNT("input_audio_tokens"), COUNT("output_audio_tokens"),
	COUNT("input_image_tokens"), COUNT("output_image_tokens"), COUNT("requests"), COUNT("characters"), COUNT("images"),
	{ .name = "seconds", .type = FIELD_MONEY }, COUNT("output_characters"), COUNT("web_searches"), { .name = NULL }
};

static const struct budget_field recommend_fields[] = {
	{ .name = "provider", .type = FIELD_STRING, .min = 1, .max = NAME_MAX_BYTES, .about = "of the model used now" },
	{ .name = "model", .type = FIELD_STRING, .min = 1, .max = NAME_MAX_BYTES,
	  .about = "used now; absent: any price is cheaper" },
	{ .name = "tier", .type = FIELD_ENUM, .words = budget_words_tier, .about = "that of the model unless told" },
	{ .name = "mode", .type = FIELD_STRING, .min = 1, .max = 32, .about = "chat, embedding, …; that of the model unless told" },
	{ .name = "task_type", .type = FIELD_STRING, .min = 1, .max = 200 },
	{ .name = "context_size", .type = FIELD_COUNT, .min = 1, .max = TOKENS_MAX,
	  .about = "tokens, 4000 unless told: input when output_size is given, else a quarter input and the rest output" },
	{ .name = "output_size", .type = FIELD_COUNT, .max = TOKENS_MAX, .about = "tokens" },
	{ .name = "max_cost", .type = FIELD_MONEY, .about = "of one request" },
	{ .name = "capability", .type = FIELD_STRING, .min = 1, .max = 200,
	  .about = "vision, tools, reasoning, json, …; several with commas" },
	{ .name = "prefer_provider", .type = FIELD_STRING, .min = 1, .max = NAME_MAX_BYTES,
	  .about = "only models of this one" },
	{ .name = "days", .type = FIELD_COUNT, .min = 1, .max = 366,
	  .about = "one's own traffic of the model in the last so many days, 30 unless told: what each would have saved" },
	{ .name = "limit", .type = FIELD_COUNT, .min = 1, .max = 100, .about = "10 unless told" },
	{ .name = NULL }
};

static const struct route prices[] = {
	{ .method = "GET", .path = "/prices", .role = BUDGET_ROLE_VIEWER, .query = list_query,
	  .statement = STMT_PRICE_LIST, .success = 200,
	  .about = "Prices in force by provider, model and service tier; a tenant's own price hides the catalogue's." },
	{ .method = "POST", .path = "/prices", .role = BUDGET_ROLE_MANAGER, .body = set_fields,
	  .statement = STMT_PRICE_SET, .success = 201,
	  .about = "Sets a price of one's own, per token; it closes the former one and wins over the catalogue." },
	{ .method = "GET", .path = "/prices/{id}", .role = BUDGET_ROLE_VIEWER,
	  .statement = STMT_PRICE_GET, .success = 200, .about = "One price, in force or not, by its pricing_id." },
	{ .method = "DELETE", .path = "/prices/{id}", .role = BUDGET_ROLE_MANAGER,
	  .statement = STMT_PRICE_RETIRE, .success = 200,
	  .about = "Ends a price of one's own now; the catalogue's holds again." },
	{ .method = "POST", .path = "/prices/current", .role = BUDGET_ROLE_VIEWER, .body = current_fields,
	  .statement = STMT_PRICE_CURRENT, .success = 200,
	  .about = "The price of a model, with its service tiers and context tiers; unknown is 404 with the nearest names." },
	{ .method = "POST", .path = "/prices/calculate", .role = BUDGET_ROLE_VIEWER, .body = calculate_fields,
	  .statement = STMT_PRICE_CALCULATE, .success = 200, .about = "What a request with these counts would cost." },
	{ .method = "POST", .path = "/prices/recommendations", .role = BUDGET_ROLE_VIEWER, .body = recommend_fields,
	  .statement = STMT_PRICE_RECOMMEND, .success = 200, .flags = ROUTE_BODY_OPTIONAL,
	  .about = "Cheaper models of the same tier that can serve the same job, with their saving on one's own traffic." },
	{ .method = "GET", .path = "/prices/history/{provider}/{model...}", .role = BUDGET_ROLE_VIEWER, .query = history_query,
	  .statement = STMT_PRICE_HISTORY, .success = 200,
	  .about = "Every price a model had, newest first, with what changed." },
	{ .method = NULL }
};

static const struct route providers[] = {
	{ .method = "GET", .path = "/providers/prices", .role = BUDGET_ROLE_VIEWER, .query = providers_query,
	  .statement = STMT_PRICE_PROVIDERS, .success = 200, .about = "Prices in force, by provider and model." },
	{ .method = NULL }
};

static const struct route *const tables[] = { prices, price_source_routes, providers, reprice_routes, NULL };

static const struct program program = {
	.name = "prices", .about = "prices: in force, set, history, calculate, recommendations, corrections", .tables = tables
};

int
main(int argc, char **argv)
{
	return fcgi_main(&program, argc, argv);
}
