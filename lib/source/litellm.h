/* The names LiteLLM gives to prices, taken apart. Internal to litellm.c and litellm_name.c. */
#ifndef BUDGET_LIB_SOURCE_LITELLM_H
#define BUDGET_LIB_SOURCE_LITELLM_H

#include "lib/source/quote.h"

enum litellm_tier { LITELLM_STANDARD, LITELLM_BATCH, LITELLM_FLEX, LITELLM_PRIORITY, LITELLM_TIERS };

/* "cache_creation_input_token_cost_above_1hr_above_200k_tokens_priority" */
struct litellm_name {
	enum source_rate rate;
	enum litellm_tier tier;
	int64_t above;     /* 0 = none */
	int rank;          /* of two names of one rate the lower rank wins */
};

/**
 * Takes the name of a member apart.
 * @return 1: a price we have a place for; 0: no price at all; -1: a price of something we do not count
 */
int litellm_name_parse(const char *name, struct litellm_name *ret_name);

#endif
