/* Whole answers of providers: where their usage, model and id stand, and whose they are. */
#include <string.h>
#include <strings.h>

#include "lib/ctx.h"
#include "lib/normalise/dialect.h"

/* Beginnings of model names that one provider alone makes. */
static const struct {
	const char *prefix, *provider;
} makers[] = {
	{ "claude", "anthropic" }, { "gpt-", "openai" }, { "chatgpt", "openai" }, { "o1", "openai" }, { "o3", "openai" },
	{ "o4-", "openai" }, { "text-embedding-", "openai" }, { "dall-e", "openai" }, { "whisper-1", "openai" }, { "tts-1", "openai" },
	{ "codex-", "openai" }, { "gemini", "google" }, { "mistral", "mistral" }, { "ministral", "mistral" }, { "codestral", "mistral" },
	{ "magistral", "mistral" }, { "pixtral", "mistral" }, { "devstral", "mistral" }, { "deepseek-", "deepseek" },
	{ "command", "cohere" }, { "embed-", "cohere" }, { "rerank-", "cohere" }, { "grok", "xai" }, { "sonar", "perplexity" },
	{ "kimi", "moonshot" }, { "moonshot", "moonshot" }, { "glm-", "zai" }, { "jamba", "ai21" }, { "voyage-", "voyage" },
	{ "amazon.", "bedrock" }, { "anthropic.", "bedrock" }, { "us.anthropic.", "bedrock" }, { "eu.anthropic.", "bedrock" },
	{ "us.amazon.", "bedrock" }, { "meta.llama", "bedrock" },
};

static const struct {
	const char *word, *tier;
} tiers[] = {
	{ "standard", "standard" }, { "default", "standard" }, { "auto", "standard" }, { "on_demand", "standard" },
	{ "scale", "standard" }, { "standard_only", "standard" }, { "unspecified", "standard" },
	{ "provisioned_throughput", "standard" }, { "batch", "batch" }, { "on_demand_batch", "batch" }, { "flex", "flex" },
	{ "on_demand_flex", "flex" }, { "priority", "priority" }, { "on_demand_priority", "priority" },
	{ "performance", "priority" },
};

const char *
budget_usage_provider_of(const char *model)
{
	for (size_t i = 0; model != NULL && i < sizeof makers / sizeof *makers; i++)
		if (strncasecmp(model, makers[i].prefix, strlen(makers[i].prefix)) == 0)
			return makers[i].provider;
	return NULL;
}

const char *
budget_usage_tier_of(const char *word)
{
	for (size_t i = 0; i < sizeof tiers / sizeof *tiers; i++)
		if (strcasecmp(word, tiers[i].word) == 0)
			return tiers[i].tier;
	return NULL;
}

/* The usage of an answer: below one of these, or the answer itself (Ollama, Titan, llama.cpp). */
static const char *const usage_paths[] = { "usage", "usageMetadata", "usage_metadata", "x_groq.usage", "message.usage",
	"response.usage", "meta", "amazon-bedrock-invocationMetrics" };
static const char *const whole_markers[] = { "prompt_eval_count", "eval_count", "tokens_evaluated", "tokens_predicted",
	"inputTextTokenCount", "prompt_token_count", "generation_token_count" };

static struct json_object *
find_usage(struct json_object *response, const char **ret_path)
{
	for (size_t i = 0; i < sizeof usage_paths / sizeof *usage_paths; i++) {
		struct json_object *usage = usage_at(response, usage_paths[i]);

		if (budget_json_is_object(usage)) {
			*ret_path = usage_paths[i];
			return usage;
		}
	}
	for (size_t i = 0; i < sizeof whole_markers / sizeof *whole_markers; i++)
		if (budget_json_get(response, whole_markers[i]) != NULL) {
			*ret_path = "";
			return response;
		}
	return NULL;
}

/* "/response" and "x_groq.usage" -> "/response/x_groq/usage" */
static const char *
below(struct budget_ctx *ctx, const char *pointer, const char *path)
{
	char *text = budget_arena_printf(&ctx->arena, "%s%s%s", pointer, path[0] != '\0' ? "/" : "", path);

	for (char *at = text != NULL ? text + strlen(pointer) : NULL; at != NULL && *at != '\0'; at++)
		*at = *at == '.' ? '/' : *at;
	return text;
}

static const char *
first_text(const struct usage_source *source, const char *const *paths)
{
	const char *text = NULL;

	for (; *paths != NULL && text == NULL; paths++) {
		text = usage_text(source, *paths);
		text = text != NULL && text[0] != '\0' ? text : NULL;
	}
	return text;
}

/* What else than the usage gives the sender away. */
static const char *
provider_of(const struct usage_source *source, const struct budget_usage_found *found)
{
	const struct usage_source usage = { .ctx = source->ctx, .object = found->usage, .pointer = "" };
	const char *maker = budget_usage_provider_of(found->model);

	if (usage_has(source, "x_groq"))
		return "groq";
	if (usage_has(&usage, "is_byok") || usage_has(&usage, "cost_details") || (found->id != NULL && strncmp(found->id, "gen-", 4) == 0))
		return "openrouter";
	if (found->provider != NULL && strcmp(found->provider, "anthropic") != 0)
		return found->provider;
	if (usage_has(&usage, "prompt_cache_hit_tokens"))
		return "deepseek";
	if (usage_has(&usage, "queue_time"))
		return "groq";
	if (usage_has(&usage, "num_cached_tokens"))
		return "mistral";
	return maker != NULL ? maker : found->provider;
}

enum budget_status
budget_response_normalise(struct budget_ctx *ctx, const char *provider, struct json_object *response, const char *pointer,
    struct budget_usage_found *ret_found)
{
	static const char *const models[] = { "model", "modelVersion", "model_version", "message.model", "response.model", "modelId",
		"model_id", NULL };
	static const char *const ids[] = { "id", "responseId", "response_id", "message.id", "response.id", "generation_id", NULL };
	static const char *const words[] = { "service_tier", "serviceTier", "serviceTier.type", "response.service_tier", NULL };
	struct usage_source source = { .ctx = ctx, .object = response, .pointer = pointer };
	struct budget_usage_found found = { .flags = 0 };
	const char *path = "", *word;
	struct json_object *usage = find_usage(response, &path);

	if (usage == NULL)
		return budget_fail(ctx, BUDGET_EINVALID, "usage_not_found", pointer, "There is no usage in this answer; looked for: usage,"
		    " usageMetadata, x_groq.usage, message.usage, response.usage, meta.billed_units, prompt_eval_count, eval_count. Of a"
		    " stream, send the last part (with stream_options.include_usage where it must be asked for).");
	found.model = first_text(&source, models);
	BUDGET_TRY(budget_usage_normalise(ctx, provider, usage, below(ctx, pointer, path), &found));
	found.model = first_text(&source, models);
	found.id = first_text(&source, ids);
	word = first_text(&source, words);
	if (word != NULL && (found.service_tier == NULL || strcmp(found.service_tier, "standard") == 0))
		found.service_tier = budget_usage_tier_of(word);
	found.provider = provider_of(&source, &found);
	*ret_found = found;
	return BUDGET_OK;
}
