#include <stdlib.h>
#include <string.h>

#include "lib/source/litellm.h"

static const struct {
	const char *name;
	enum source_rate rate;
	int rank;
} bases[] = {
	{ "input_cost_per_token", RATE_INPUT, 0 }, { "output_cost_per_token", RATE_OUTPUT, 0 },
	{ "cache_read_input_token_cost", RATE_CACHE_READ, 0 }, { "input_cost_per_token_cache_hit", RATE_CACHE_READ, 1 },
	{ "cache_creation_input_token_cost", RATE_CACHE_WRITE_5M, 0 },
	{ "output_cost_per_reasoning_token", RATE_REASONING, 0 }, { "input_cost_per_audio_token", RATE_INPUT_AUDIO, 0 },
	{ "output_cost_per_audio_token", RATE_OUTPUT_AUDIO, 0 }, { "input_cost_per_image_token", RATE_INPUT_IMAGE, 0 },
	{ "output_cost_per_image_token", RATE_OUTPUT_IMAGE, 0 }, { "input_cost_per_character", RATE_INPUT_CHAR, 0 },
	{ "output_cost_per_character", RATE_OUTPUT_CHAR, 0 }, { "output_cost_per_image", RATE_IMAGE, 0 },
	{ "input_cost_per_image", RATE_IMAGE, 1 }, { "input_cost_per_second", RATE_SECOND, 0 },
	{ "output_cost_per_second", RATE_SECOND, 1 }, { "input_cost_per_query", RATE_REQUEST, 0 },
	{ "input_cost_per_request", RATE_REQUEST, 1 },
};

static const char *const tier_suffixes[LITELLM_TIERS] = { NULL, "_batches", "_flex", "_priority" };

/* Cuts the suffix off; false when the text does not end so. */
static bool
cut(char *text, const char *suffix)
{
	size_t length = strlen(text), n = strlen(suffix);

	if (length <= n || strcmp(text + length - n, suffix) != 0)
		return false;
	text[length - n] = '\0';
	return true;
}

/* Cuts "_above_200k_tokens" off and says 200000; 0 when there is none. */
static int64_t
cut_above(char *text)
{
	char *at = strstr(text, "_above_"), *end;
	long thousands;

	while (at && strstr(at + 1, "_above_"))
		at = strstr(at + 1, "_above_"); /* the last one */
	if (at == NULL)
		return 0;
	thousands = strtol(at + strlen("_above_"), &end, 10);
	if (strcmp(end, "k_tokens") != 0 || thousands <= 0 || thousands > 1000000)
		return 0;
	*at = '\0';
	return (int64_t)thousands * 1000;
}

int
litellm_name_parse(const char *name, struct litellm_name *ret_name)
{
	char base[128];
	struct litellm_name parsed = { .tier = LITELLM_STANDARD };
	bool is_1h;

	if (strstr(name, "cost") == NULL || strlen(name) >= sizeof base)
		return 0;
	memcpy(base, name, strlen(name) + 1);
	for (int tier = 1; tier < LITELLM_TIERS; tier++)
		if (cut(base, tier_suffixes[tier])) {
			parsed.tier = (enum litellm_tier)tier;
			break;
		}
	parsed.above = cut_above(base);
	is_1h = cut(base, "_above_1hr");
	for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
		if (strcmp(bases[i].name, base) != 0)
			continue;
		parsed.rate = bases[i].rate;
		parsed.rank = bases[i].rank;
		if (is_1h && parsed.rate != RATE_CACHE_WRITE_5M)
			return -1;
		if (is_1h)
			parsed.rate = RATE_CACHE_WRITE_1H;
		if (parsed.above && parsed.rate >= RATE_CONTEXT_COUNT)
			return -1;
		*ret_name = parsed;
		return 1;
	}
	return -1;
}
