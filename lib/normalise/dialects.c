/*
 * Who says what how. To add a provider with words of its own: a dialect here, a body and its counts in
 * tests/unit/test_normalise.c. Most speak a known dialect with another word or two: a row in that one.
 */
#include "lib/normalise/dialect.h"

#define MARKERS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define RULES(...) ((const struct usage_rule[]){ __VA_ARGS__, { 0, NULL } })

/* The members OpenAI's two APIs, and those who speak like them, put below their totals; p: prompt or input. */
#define INPUT_DETAILS(p)                                                                                               \
	{ ROLE_CACHE_READ, p "cached_tokens" }, { ROLE_CACHE_READ, p "cache_read" },                                          \
	{ ROLE_CACHE_WRITE, p "cache_write_tokens" }, { ROLE_CACHE_WRITE, p "cache_creation_tokens" },                        \
	{ ROLE_CACHE_WRITE, p "cache_creation" },                                                                             \
	{ ROLE_CACHE_WRITE_5M, p "cache_creation_token_details.ephemeral_5m_input_tokens" },                                  \
	{ ROLE_CACHE_WRITE_1H, p "cache_creation_token_details.ephemeral_1h_input_tokens" },                                  \
	{ ROLE_INPUT_AUDIO, p "audio_tokens" }, { ROLE_INPUT_AUDIO, p "audio" }, { ROLE_INPUT_IMAGE, p "image_tokens" },      \
	{ ROLE_READ_AUDIO, p "cached_tokens_details.audio_tokens" },                                                          \
	{ ROLE_READ_IMAGE, p "cached_tokens_details.image_tokens" }
#define OUTPUT_DETAILS(p)                                                                                              \
	{ ROLE_REASONING, p "reasoning_tokens" }, { ROLE_REASONING, p "thinking_tokens" }, { ROLE_REASONING, p "reasoning" }, \
	{ ROLE_OUTPUT_AUDIO, p "audio_tokens" }, { ROLE_OUTPUT_AUDIO, p "audio" }, { ROLE_OUTPUT_IMAGE, p "image_tokens" }

/* Lists of {modality, count} of Gemini, in both spellings; DOCUMENT pages are read as images. */
#define MODALITY(role, list, word)                                                                                     \
	{ role, list "[modality=" word "].tokenCount" }
#define MODALITY_SNAKE(role, list, word)                                                                               \
	{ role, list "[modality=" word "].token_count" }

const struct usage_dialect usage_dialects[] = {
	{ .name = "gemini", .about = "promptTokenCount, candidatesTokenCount, thoughtsTokenCount (Gemini)", .provider = "google",
	  .markers = MARKERS("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "totalTokenCount",
	      "prompt_token_count", "candidates_token_count", "thoughts_token_count"),
	  .rules = RULES({ ROLE_INPUT, "promptTokenCount" }, { ROLE_INPUT_MORE, "toolUsePromptTokenCount" },
	      { ROLE_CACHE_READ, "cachedContentTokenCount" }, { ROLE_OUTPUT_BARE, "candidatesTokenCount" },
	      { ROLE_OUTPUT_BARE, "responseTokenCount" }, { ROLE_REASONING, "thoughtsTokenCount" }, { ROLE_TOTAL, "totalTokenCount" },
	      MODALITY(ROLE_INPUT_AUDIO, "promptTokensDetails", "AUDIO"),
	      MODALITY(ROLE_INPUT_IMAGE, "promptTokensDetails", "IMAGE|DOCUMENT"),
	      MODALITY(ROLE_READ_AUDIO, "cacheTokensDetails", "AUDIO"),
	      MODALITY(ROLE_READ_IMAGE, "cacheTokensDetails", "IMAGE|DOCUMENT"),
	      MODALITY(ROLE_OUTPUT_AUDIO, "candidatesTokensDetails", "AUDIO"),
	      MODALITY(ROLE_OUTPUT_IMAGE, "candidatesTokensDetails", "IMAGE"),
	      MODALITY(ROLE_OUTPUT_AUDIO, "responseTokensDetails", "AUDIO"),
	      MODALITY(ROLE_OUTPUT_IMAGE, "responseTokensDetails", "IMAGE"),
	      { ROLE_INPUT, "prompt_token_count" }, { ROLE_INPUT_MORE, "tool_use_prompt_token_count" },
	      { ROLE_CACHE_READ, "cached_content_token_count" }, { ROLE_OUTPUT_BARE, "candidates_token_count" },
	      { ROLE_OUTPUT_BARE, "generation_token_count" }, { ROLE_REASONING, "thoughts_token_count" },
	      { ROLE_TOTAL, "total_token_count" },
	      MODALITY_SNAKE(ROLE_INPUT_AUDIO, "prompt_tokens_details", "AUDIO"),
	      MODALITY_SNAKE(ROLE_INPUT_IMAGE, "prompt_tokens_details", "IMAGE|DOCUMENT"),
	      MODALITY_SNAKE(ROLE_READ_AUDIO, "cache_tokens_details", "AUDIO"),
	      MODALITY_SNAKE(ROLE_READ_IMAGE, "cache_tokens_details", "IMAGE|DOCUMENT"),
	      MODALITY_SNAKE(ROLE_OUTPUT_AUDIO, "candidates_tokens_details", "AUDIO"),
	      MODALITY_SNAKE(ROLE_OUTPUT_IMAGE, "candidates_tokens_details", "IMAGE")) },
	/* What is billed, not what was counted: the preamble and cached tokens are in `tokens` only. */
	{ .name = "cohere", .about = "billed_units (Cohere)", .provider = "cohere", .markers = MARKERS("billed_units"),
	  .rules = RULES({ ROLE_INPUT_BARE, "billed_units.input_tokens" }, { ROLE_INPUT_IMAGE_MORE, "billed_units.image_tokens" },
	      { ROLE_OUTPUT, "billed_units.output_tokens" }, { ROLE_REQUESTS, "billed_units.search_units" }) },
	{ .name = "cohere_tokens", .about = "tokens.input_tokens (Cohere)", .provider = "cohere",
	  .markers = MARKERS("tokens.input_tokens", "tokens.output_tokens"),
	  .rules = RULES({ ROLE_INPUT, "tokens.input_tokens" }, { ROLE_CACHE_READ, "cached_tokens" },
	      { ROLE_OUTPUT, "tokens.output_tokens" }) },
	{ .name = "ai_sdk", .about = "inputTokens with cachedInputTokens or inputTokenDetails (Vercel AI SDK)",
	  .markers = MARKERS("cachedInputTokens", "reasoningTokens", "inputTokenDetails", "outputTokenDetails"),
	  .rules = RULES({ ROLE_INPUT, "inputTokens" }, { ROLE_CACHE_READ, "cachedInputTokens" },
	      { ROLE_CACHE_READ, "inputTokenDetails.cacheReadTokens" }, { ROLE_CACHE_WRITE, "inputTokenDetails.cacheWriteTokens" },
	      { ROLE_OUTPUT, "outputTokens" }, { ROLE_REASONING, "reasoningTokens" },
	      { ROLE_REASONING, "outputTokenDetails.reasoningTokens" }, { ROLE_TOTAL, "totalTokens" }) },
	{ .name = "bedrock", .about = "inputTokens, outputTokens (Bedrock Converse)", .provider = "bedrock",
	  .markers = MARKERS("inputTokens", "outputTokens", "inputTokenCount", "outputTokenCount"),
	  .rules = RULES({ ROLE_INPUT_BARE, "inputTokens" }, { ROLE_INPUT_BARE, "inputTokenCount" },
	      { ROLE_CACHE_READ, "cacheReadInputTokens" }, { ROLE_CACHE_READ, "cacheReadInputTokenCount" },
	      { ROLE_CACHE_WRITE, "cacheWriteInputTokens" }, { ROLE_CACHE_WRITE, "cacheWriteInputTokenCount" },
	      { ROLE_CACHE_WRITE_5M, "cacheDetails[ttl=5m].inputTokens" }, { ROLE_CACHE_WRITE_1H, "cacheDetails[ttl=1h].inputTokens" },
	      { ROLE_OUTPUT, "outputTokens" }, { ROLE_OUTPUT, "outputTokenCount" }, { ROLE_TOTAL, "totalTokens" }) },
	{ .name = "openai_chat", .about = "prompt_tokens, completion_tokens (OpenAI chat and those who speak like it)",
	  .markers = MARKERS("prompt_tokens", "completion_tokens"),
	  .rules = RULES({ ROLE_INPUT, "prompt_tokens" }, INPUT_DETAILS("prompt_tokens_details."),
	      { ROLE_CACHE_READ, "prompt_cache_hit_tokens" }, { ROLE_CACHE_READ, "num_cached_tokens" },
	      { ROLE_CACHE_READ, "cached_tokens" }, { ROLE_CACHE_READ, "cache_read_input_tokens" },
	      { ROLE_CACHE_WRITE, "cache_creation_input_tokens" }, { ROLE_INPUT_MORE, "citation_tokens" },
	      { ROLE_OUTPUT, "completion_tokens" }, OUTPUT_DETAILS("completion_tokens_details."),
	      { ROLE_REASONING_BESIDE, "reasoning_tokens" }, { ROLE_TOTAL, "total_tokens" },
	      { ROLE_WEB_SEARCHES, "num_search_queries" }, { ROLE_WEB_SEARCHES, "server_tool_use.web_search_requests" },
	      { ROLE_SECONDS, "prompt_audio_seconds" }) },
	{ .name = "anthropic", .about = "input_tokens with cache_creation_input_tokens or cache_read_input_tokens (Anthropic)",
	  .provider = "anthropic",
	  .markers = MARKERS("cache_creation_input_tokens", "cache_read_input_tokens", "cache_creation", "server_tool_use",
	      "iterations"),
	  .rules = RULES({ ROLE_INPUT_BARE, "input_tokens" }, { ROLE_CACHE_READ, "cache_read_input_tokens" },
	      { ROLE_CACHE_WRITE, "cache_creation_input_tokens" },
	      { ROLE_CACHE_WRITE_5M, "cache_creation.ephemeral_5m_input_tokens" },
	      { ROLE_CACHE_WRITE_1H, "cache_creation.ephemeral_1h_input_tokens" }, { ROLE_OUTPUT, "output_tokens" },
	      { ROLE_REASONING, "output_tokens_details.thinking_tokens" },
	      { ROLE_WEB_SEARCHES, "server_tool_use.web_search_requests" }) },
	{ .name = "openai_responses", .about = "input_tokens, output_tokens (OpenAI responses, Anthropic without a cache)",
	  .markers = MARKERS("input_tokens", "output_tokens"),
	  .rules = RULES({ ROLE_INPUT, "input_tokens" }, INPUT_DETAILS("input_tokens_details."),
	      INPUT_DETAILS("input_token_details."), { ROLE_OUTPUT, "output_tokens" }, OUTPUT_DETAILS("output_tokens_details."),
	      OUTPUT_DETAILS("output_token_details."), { ROLE_TOTAL, "total_tokens" }) },
	{ .name = "ollama", .about = "prompt_eval_count, eval_count (Ollama)", .provider = "ollama",
	  .markers = MARKERS("prompt_eval_count", "eval_count"),
	  .rules = RULES({ ROLE_INPUT, "prompt_eval_count" }, { ROLE_OUTPUT, "eval_count" }) },
	{ .name = "llamacpp", .about = "tokens_evaluated, tokens_predicted (llama.cpp)", .provider = "llamacpp",
	  .markers = MARKERS("tokens_evaluated", "tokens_predicted"),
	  .rules = RULES({ ROLE_INPUT, "tokens_evaluated" }, { ROLE_OUTPUT, "tokens_predicted" }) },
	{ .name = "titan", .about = "inputTextTokenCount (Titan on Bedrock)", .provider = "bedrock",
	  .markers = MARKERS("inputTextTokenCount"),
	  .rules = RULES({ ROLE_INPUT, "inputTextTokenCount" }, { ROLE_OUTPUT, "results[].tokenCount" }) },
	{ .name = "duration", .about = "seconds (OpenAI transcription)", .provider = "openai", .markers = MARKERS("seconds"),
	  .rules = RULES({ ROLE_SECONDS, "seconds" }) },
	{ .name = "total", .about = "total_tokens (embeddings)", .markers = MARKERS("total_tokens"),
	  .rules = RULES({ ROLE_INPUT, "total_tokens" }) },
	{ .name = NULL }
};

const struct usage_dialect usage_attributes_dialect = {
	.name = "opentelemetry",
	.markers = MARKERS("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.prompt_tokens",
	    "gen_ai.usage.completion_tokens"),
	.rules = RULES({ ROLE_INPUT, "gen_ai.usage.input_tokens" }, { ROLE_INPUT, "gen_ai.usage.prompt_tokens" },
	    { ROLE_CACHE_READ, "gen_ai.usage.cache_read.input_tokens" }, { ROLE_CACHE_READ, "gen_ai.usage.cache_read_input_tokens" },
	    { ROLE_CACHE_READ, "gen_ai.usage.input_tokens.cached" },
	    { ROLE_CACHE_WRITE, "gen_ai.usage.cache_creation.input_tokens" },
	    { ROLE_CACHE_WRITE, "gen_ai.usage.cache_write.input_tokens" },
	    { ROLE_CACHE_WRITE, "gen_ai.usage.cache_creation_input_tokens" },
	    { ROLE_CACHE_WRITE, "gen_ai.usage.input_tokens.cache_write" },
	    { ROLE_OUTPUT, "gen_ai.usage.output_tokens" }, { ROLE_OUTPUT, "gen_ai.usage.completion_tokens" },
	    { ROLE_REASONING, "gen_ai.usage.reasoning.output_tokens" }, { ROLE_REASONING, "gen_ai.usage.reasoning_tokens" },
	    { ROLE_REASONING, "gen_ai.usage.output_tokens.reasoning" },
	    { ROLE_TOTAL, "gen_ai.usage.total_tokens" }),
};
