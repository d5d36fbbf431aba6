/*
 * What a provider says it counted -> the disjoint classes that are priced and limited. Every provider counts in its own
 * words: some put cached tokens inside the prompt, some beside it; some count reasoning as output, some next to it.
 * dialects.c says it as a table; normalise.c does the sums. Pure: a parsed object in, counts out; no clock, no database.
 */
#ifndef BUDGET_LIB_NORMALISE_H
#define BUDGET_LIB_NORMALISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/json.h"

/* Largest count of one class of one record. */
#define BUDGET_USAGE_COUNT_MAX 1000000000000LL

enum budget_usage_class {
	USAGE_INPUT, USAGE_CACHE_READ, USAGE_CACHE_WRITE_5M, USAGE_CACHE_WRITE_1H, USAGE_OUTPUT, USAGE_REASONING,
	USAGE_INPUT_AUDIO, USAGE_OUTPUT_AUDIO, USAGE_INPUT_IMAGE, USAGE_OUTPUT_IMAGE, USAGE_REQUESTS, USAGE_WEB_SEARCHES,
	USAGE_CLASSES
};

/* The field of a usage record that each class goes into ("input_tokens" …). */
extern const char *const budget_usage_fields[USAGE_CLASSES];

/* Why a record is not quite what was sent; the words in its `flags`. */
enum budget_usage_flag {
	USAGE_INCONSISTENT = 1,     /* parts larger than their whole: clamped at 0 */
	USAGE_OTHER_MODEL = 2,      /* tokens of another model are in it (an advisor's): priced as this one's */
	USAGE_COST_UNREADABLE = 4,  /* the provider's own cost was no amount: left out */
	USAGE_BYOK = 8,             /* a reseller called with the client's own key: its cost and the upstream's */
	USAGE_PROVISIONED = 16,     /* served from capacity paid for by the hour */
	USAGE_CACHE_HIT = 32,       /* a gateway answered from its own cache: nothing was bought */
	USAGE_RAW_LEFT_OUT = 64     /* keep_raw was asked for, but the object is too large */
};

/* Flag words in order of their bits; ends with NULL. */
extern const char *const budget_usage_flag_names[];

struct budget_usage_found {
	const char *dialect;        /* "openai_chat", "anthropic" … */
	int64_t counts[USAGE_CLASSES];
	const char *seconds;        /* decimal text, or NULL */
	unsigned flags;             /* enum budget_usage_flag */
	const char *service_tier;   /* standard, batch, flex, priority; NULL = not said */
	const char *reported_cost;  /* decimal text, or NULL */
	const char *provider;       /* what the shape gives away, or NULL */
	const char *model, *id;     /* of a whole response, or NULL */
	struct json_object *usage;  /* the object the counts stand in, borrowed */
};

/**
 * A usage object as its provider sent it.
 * @param provider  as the client names it, or NULL; settles what the shape leaves open
 * @param pointer   JSON pointer of the object, for errors
 * @return BUDGET_OK; BUDGET_EINVALID usage_not_recognised (says which members were looked for), wrong_type, out_of_range
 */
enum budget_status budget_usage_normalise(struct budget_ctx *ctx, const char *provider, struct json_object *usage,
    const char *pointer, struct budget_usage_found *ret_found);

/**
 * A provider's whole answer: its usage, wherever it stands, with model, id, service tier and provider.
 * @return as above; BUDGET_EINVALID usage_not_found when there is none in it
 */
enum budget_status budget_response_normalise(struct budget_ctx *ctx, const char *provider, struct json_object *response,
    const char *pointer, struct budget_usage_found *ret_found);

/* One attribute of a telemetry span: scalars as text. */
struct budget_attribute {
	const char *key, *text;
};

/**
 * GenAI attributes of OpenTelemetry (gen_ai.usage.…), all their historical spellings. Input includes what was cached,
 * output what was reasoned.
 * @param[out] ret_is_there  false: the attributes say nothing of tokens, and nothing else is set
 */
enum budget_status budget_attributes_normalise(struct budget_ctx *ctx, const struct budget_attribute *attributes,
    size_t count, const char *pointer, struct budget_usage_found *ret_found, bool *ret_is_there);

/** Who most probably serves a model of this name (claude-… anthropic, gpt-… openai), or NULL. */
const char *budget_usage_provider_of(const char *model);

/** standard, batch, flex or priority for a provider's word (default, ON_DEMAND_FLEX, performance …); NULL: unknown. */
const char *budget_usage_tier_of(const char *word);

#endif
