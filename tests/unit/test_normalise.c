/* What providers send, by hand from their documentation, and the classes it has to become. */
#include <stdio.h>
#include <string.h>

#include "lib/ctx.h"
#include "lib/normalise/normalise.h"
#include "lib/text.h"
#include "tests/unit/unit.h"

static struct budget_ctx ctx;

static void
setup(void)
{
	budget_ctx_init(&ctx, 4 * 1024 * 1024);
}

static void
teardown(void)
{
	budget_ctx_clear(&ctx);
}

/* "input_tokens=1 output_tokens=2 tier=batch cost=0.1 usage_inconsistent": what is not 0, or the code and pointer of an error. */
static const char *
shown(enum budget_status status, const struct budget_usage_found *found)
{
	struct budget_text text;

	if (status != BUDGET_OK)
		return budget_arena_printf(&ctx.arena, "%s %s", ctx.error.code, ctx.error.pointer);
	budget_text_init(&text, &ctx.arena, 128);
	budget_text_add(&text, found->dialect);
	for (int i = 0; i < USAGE_CLASSES; i++)
		if (found->counts[i] != 0)
			budget_text_addf(&text, " %s=%lld", budget_usage_fields[i], (long long)found->counts[i]);
	if (found->seconds != NULL)
		budget_text_addf(&text, " seconds=%s", found->seconds);
	if (found->service_tier != NULL)
		budget_text_addf(&text, " tier=%s", found->service_tier);
	if (found->reported_cost != NULL)
		budget_text_addf(&text, " cost=%s", found->reported_cost);
	for (int i = 0; budget_usage_flag_names[i] != NULL; i++)
		if ((found->flags & (1u << i)) != 0)
			budget_text_addf(&text, " %s", budget_usage_flag_names[i]);
	return budget_text_done(&text);
}

static const struct {
	const char *provider, *usage, *expected;
} bodies[] = {
	/* OpenAI chat: the prompt holds what was cached and heard, the completion what was reasoned, said and predicted in vain */
	{ "openai", "{\"prompt_tokens\":2006,\"completion_tokens\":300,\"total_tokens\":2306,\"prompt_tokens_details\":{\"cached_tokens\":1920,"
	  "\"audio_tokens\":6},\"completion_tokens_details\":{\"reasoning_tokens\":100,\"audio_tokens\":20,\"rejected_prediction_tokens\":7}}",
	  "openai_chat input_tokens=80 cache_read_tokens=1920 output_tokens=180 reasoning_tokens=100 input_audio_tokens=6"
	  " output_audio_tokens=20" },
	{ "openai", "{\"prompt_tokens\":8,\"total_tokens\":8}", "openai_chat input_tokens=8" },
	{ "openai", "{\"prompt_tokens\":8,\"completion_tokens\":null,\"prompt_tokens_details\":null}", "openai_chat input_tokens=8" },
	/* OpenAI responses, realtime, transcription */
	{ "openai", "{\"input_tokens\":328,\"input_tokens_details\":{\"cached_tokens\":128},\"output_tokens\":52,"
	  "\"output_tokens_details\":{\"reasoning_tokens\":40},\"total_tokens\":380}",
	  "openai_responses input_tokens=200 cache_read_tokens=128 output_tokens=12 reasoning_tokens=40" },
	{ "openai", "{\"total_tokens\":253,\"input_tokens\":132,\"output_tokens\":121,\"input_token_details\":{\"text_tokens\":119,"
	  "\"audio_tokens\":13,\"cached_tokens\":64,\"cached_tokens_details\":{\"text_tokens\":59,\"audio_tokens\":5}},"
	  "\"output_token_details\":{\"text_tokens\":30,\"audio_tokens\":91}}",
	  "openai_responses input_tokens=60 cache_read_tokens=64 output_tokens=30 input_audio_tokens=8 output_audio_tokens=91" },
	{ "openai", "{\"type\":\"duration\",\"seconds\":12.5}", "duration seconds=12.5" },
	{ "openai", "{\"type\":\"duration\",\"seconds\":\"long\"}", "wrong_type /usage/seconds" },
	/* Anthropic: caches beside the input, both lives, thinking inside the output, searches, tier */
	{ "anthropic", "{\"input_tokens\":21,\"cache_creation_input_tokens\":1500,\"cache_read_input_tokens\":2000,"
	  "\"cache_creation\":{\"ephemeral_5m_input_tokens\":1000,\"ephemeral_1h_input_tokens\":500},\"output_tokens\":503,"
	  "\"output_tokens_details\":{\"thinking_tokens\":200},\"server_tool_use\":{\"web_search_requests\":1},\"service_tier\":\"batch\"}",
	  "anthropic input_tokens=21 cache_read_tokens=2000 cache_write_5m_tokens=1000 cache_write_1h_tokens=500 output_tokens=303"
	  " reasoning_tokens=200 web_searches=1 tier=batch" },
	{ NULL, "{\"input_tokens\":10,\"cache_creation_input_tokens\":300,\"cache_read_input_tokens\":0,\"output_tokens\":7}",
	  "anthropic input_tokens=10 cache_write_5m_tokens=300 output_tokens=7" },
	/* its totals hold messages only; a compaction and another model's advice are billed on top */
	{ "anthropic", "{\"input_tokens\":30,\"cache_read_input_tokens\":0,\"output_tokens\":5,\"iterations\":[{\"type\":\"message\","
	  "\"input_tokens\":30,\"output_tokens\":5},{\"type\":\"compaction\",\"input_tokens\":1000,\"output_tokens\":50,"
	  "\"cache_read_input_tokens\":7}]}",
	  "anthropic input_tokens=1030 cache_read_tokens=7 output_tokens=55" },
	{ "anthropic", "{\"input_tokens\":30,\"cache_read_input_tokens\":0,\"output_tokens\":5,\"iterations\":[{\"type\":\"message\","
	  "\"input_tokens\":30,\"output_tokens\":5},{\"type\":\"advisor_message\",\"model\":\"claude-opus-4-8\",\"input_tokens\":9,"
	  "\"output_tokens\":1}]}",
	  "anthropic input_tokens=39 output_tokens=6 other_model_usage" },
	{ "anthropic", "{\"input_tokens\":1030,\"cache_read_input_tokens\":0,\"output_tokens\":55,\"iterations\":[{\"type\":\"message\","
	  "\"input_tokens\":30,\"output_tokens\":5},{\"type\":\"compaction\",\"input_tokens\":1000,\"output_tokens\":50}]}",
	  "anthropic input_tokens=1030 output_tokens=55" },
	/* Gemini: thoughts beside the candidates, tool results beside the prompt, modalities inside, zeros left out */
	{ "google", "{\"promptTokenCount\":1000,\"cachedContentTokenCount\":400,\"candidatesTokenCount\":90,\"thoughtsTokenCount\":60,"
	  "\"toolUsePromptTokenCount\":30,\"totalTokenCount\":1180,\"promptTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":642},"
	  "{\"modality\":\"IMAGE\",\"tokenCount\":258},{\"modality\":\"AUDIO\",\"tokenCount\":100},{\"modality\":\"VIDEO\"}],"
	  "\"cacheTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":350},{\"modality\":\"AUDIO\",\"tokenCount\":50}],"
	  "\"candidatesTokensDetails\":[{\"modality\":\"IMAGE\",\"tokenCount\":80}],\"trafficType\":\"ON_DEMAND_FLEX\"}",
	  "gemini input_tokens=322 cache_read_tokens=400 output_tokens=10 reasoning_tokens=60 input_audio_tokens=50"
	  " input_image_tokens=258 output_image_tokens=80 tier=flex" },
	{ "google", "{\"promptTokenCount\":5,\"thoughtsTokenCount\":4,\"totalTokenCount\":9,\"trafficType\":\"PROVISIONED_THROUGHPUT\"}",
	  "gemini input_tokens=5 reasoning_tokens=4 tier=standard provisioned_throughput" },
	{ "google", "{\"prompt_token_count\":100,\"candidates_token_count\":20,\"cached_content_token_count\":40,\"total_token_count\":120,"
	  "\"prompt_tokens_details\":[{\"modality\":\"document\",\"token_count\":10}]}",
	  "gemini input_tokens=50 cache_read_tokens=40 output_tokens=20 input_image_tokens=10" },
	/* Bedrock Converse: as Anthropic */
	{ "bedrock", "{\"inputTokens\":3,\"outputTokens\":61,\"totalTokens\":2435,\"cacheReadInputTokens\":2074,\"cacheReadInputTokenCount\":2074,"
	  "\"cacheWriteInputTokens\":297,\"cacheWriteInputTokenCount\":297,\"cacheDetails\":[{\"ttl\":\"1h\",\"inputTokens\":200},"
	  "{\"ttl\":\"5m\",\"inputTokens\":97}],\"serverToolUsage\":{}}",
	  "bedrock input_tokens=3 cache_read_tokens=2074 cache_write_5m_tokens=97 cache_write_1h_tokens=200 output_tokens=61" },
	/* Mistral, DeepSeek, Groq, Moonshot, xAI, Perplexity: OpenAI's words and one of their own */
	{ "mistral", "{\"prompt_tokens\":70,\"completion_tokens\":12,\"num_cached_tokens\":69,\"total_tokens\":82}",
	  "openai_chat input_tokens=1 cache_read_tokens=69 output_tokens=12" },
	{ "deepseek", "{\"prompt_tokens\":1000,\"completion_tokens\":120,\"total_tokens\":1120,\"prompt_cache_hit_tokens\":900,"
	  "\"prompt_cache_miss_tokens\":100,\"prompt_tokens_details\":{\"cached_tokens\":900},\"completion_tokens_details\":"
	  "{\"reasoning_tokens\":80}}",
	  "openai_chat input_tokens=100 cache_read_tokens=900 output_tokens=40 reasoning_tokens=80" },
	{ "groq", "{\"queue_time\":0.02,\"prompt_tokens\":30,\"prompt_time\":0.001,\"completion_tokens\":40,\"completion_time\":0.1,"
	  "\"total_tokens\":70,\"total_time\":0.101}", "openai_chat input_tokens=30 output_tokens=40" },
	{ "moonshot", "{\"prompt_tokens\":9,\"completion_tokens\":2,\"cached_tokens\":4,\"total_tokens\":11}",
	  "openai_chat input_tokens=5 cache_read_tokens=4 output_tokens=2" },
	{ "xai", "{\"prompt_tokens\":32,\"completion_tokens\":9,\"total_tokens\":135,\"completion_tokens_details\":{\"reasoning_tokens\":94}}",
	  "openai_chat input_tokens=32 output_tokens=9 reasoning_tokens=94" },
	{ "xai", "{\"prompt_tokens\":32,\"completion_tokens\":9,\"completion_tokens_details\":{\"reasoning_tokens\":94}}",
	  "openai_chat input_tokens=32 output_tokens=9 reasoning_tokens=94" },
	{ "perplexity", "{\"prompt_tokens\":33,\"completion_tokens\":7163,\"total_tokens\":7196,\"citation_tokens\":20016,"
	  "\"num_search_queries\":18,\"reasoning_tokens\":73997,\"cost\":{\"total_cost\":0.37,\"input_tokens_cost\":0.1}}",
	  "openai_chat input_tokens=20049 output_tokens=7163 reasoning_tokens=73997 web_searches=18 cost=0.37" },
	{ "somebody", "{\"prompt_tokens\":3,\"completion_tokens\":9,\"reasoning_tokens\":4}",
	  "openai_chat input_tokens=3 output_tokens=5 reasoning_tokens=4" },
	/* OpenRouter: its own cost; with the client's key the upstream's beside its fee */
	{ "openrouter", "{\"prompt_tokens\":3214,\"completion_tokens\":100,\"total_tokens\":3314,\"cost\":1.355025E-2,\"is_byok\":false,"
	  "\"cost_details\":{\"upstream_inference_cost\":0.01355025},\"prompt_tokens_details\":{\"cached_tokens\":0,\"cache_write_tokens\":3211},"
	  "\"completion_tokens_details\":{\"reasoning_tokens\":0}}",
	  "openai_chat input_tokens=3 cache_write_5m_tokens=3211 output_tokens=100 cost=0.01355025" },
	{ "openrouter", "{\"prompt_tokens\":1,\"completion_tokens\":1,\"cost\":0.0005,\"is_byok\":true,\"cost_details\":"
	  "{\"upstream_inference_cost\":0.0195}}", "openai_chat input_tokens=1 output_tokens=1 cost=0.02 byok" },
	{ "openrouter", "{\"prompt_tokens\":1,\"completion_tokens\":1,\"cost\":-1}",
	  "openai_chat input_tokens=1 output_tokens=1 reported_cost_unreadable" },
	/* Cohere: what is billed; floats that are whole */
	{ "cohere", "{\"billed_units\":{\"input_tokens\":41.0,\"output_tokens\":28.0},\"cached_tokens\":1040,\"tokens\":"
	  "{\"input_tokens\":1442.0,\"output_tokens\":29.0}}", "cohere input_tokens=41 output_tokens=28" },
	{ "cohere", "{\"billed_units\":{\"input_tokens\":4,\"image_tokens\":7}}", "cohere input_tokens=4 input_image_tokens=7" },
	{ "cohere", "{\"billed_units\":{\"search_units\":2}}", "cohere requests=2" },
	{ "cohere", "{\"tokens\":{\"input_tokens\":10,\"output_tokens\":3},\"cached_tokens\":4}",
	  "cohere_tokens input_tokens=6 cache_read_tokens=4 output_tokens=3" },
	/* local servers, frameworks, gateways */
	{ "ollama", "{\"prompt_eval_count\":26,\"eval_count\":290}", "ollama input_tokens=26 output_tokens=290" },
	{ "ollama", "{\"eval_count\":290}", "ollama output_tokens=290" },
	{ "llamacpp", "{\"tokens_evaluated\":5,\"tokens_predicted\":6}", "llamacpp input_tokens=5 output_tokens=6" },
	{ "bedrock", "{\"inputTextTokenCount\":5,\"results\":[{\"tokenCount\":3},{\"tokenCount\":4}]}",
	  "titan input_tokens=5 output_tokens=7" },
	{ NULL, "{\"inputTokens\":100,\"outputTokens\":20,\"totalTokens\":120,\"reasoningTokens\":8,\"cachedInputTokens\":64}",
	  "ai_sdk input_tokens=36 cache_read_tokens=64 output_tokens=12 reasoning_tokens=8" },
	{ NULL, "{\"prompt_tokens\":1100,\"completion_tokens\":5,\"cache_read_input_tokens\":800,\"cache_creation_input_tokens\":200,"
	  "\"prompt_tokens_details\":{\"cached_tokens\":800,\"cache_creation_tokens\":200,\"cache_creation_token_details\":"
	  "{\"ephemeral_5m_input_tokens\":150,\"ephemeral_1h_input_tokens\":50}}}",
	  "openai_chat input_tokens=100 cache_read_tokens=800 cache_write_5m_tokens=150 cache_write_1h_tokens=50 output_tokens=5" },
	{ "voyage", "{\"total_tokens\":14}", "total input_tokens=14" },
	/* what contradicts itself: nothing below 0, nothing lost, and it says so */
	{ "openai", "{\"prompt_tokens\":100,\"completion_tokens\":1,\"prompt_tokens_details\":{\"cached_tokens\":120}}",
	  "openai_chat cache_read_tokens=120 output_tokens=1 usage_inconsistent" },
	{ "openai", "{\"prompt_tokens\":1,\"completion_tokens\":10,\"completion_tokens_details\":{\"reasoning_tokens\":12}}",
	  "openai_chat input_tokens=1 reasoning_tokens=12 usage_inconsistent" },
	{ "openai", "{\"prompt_tokens\":-5,\"completion_tokens\":10}", "openai_chat output_tokens=10 usage_inconsistent" },
	{ "openai", "{\"prompt_tokens\":10,\"completion_tokens\":1,\"prompt_tokens_details\":{\"audio_tokens\":11}}",
	  "openai_chat output_tokens=1 input_audio_tokens=10 usage_inconsistent" },
	{ "anthropic", "{\"input_tokens\":1,\"cache_creation_input_tokens\":100,\"output_tokens\":1,\"cache_creation\":"
	  "{\"ephemeral_5m_input_tokens\":90,\"ephemeral_1h_input_tokens\":30}}",
	  "anthropic input_tokens=1 cache_write_5m_tokens=90 cache_write_1h_tokens=30 output_tokens=1 usage_inconsistent" },
	{ "openai", "{\"prompt_tokens\":10,\"completion_tokens\":1,\"total_tokens\":12}",
	  "openai_chat input_tokens=10 output_tokens=1 usage_inconsistent" },
	/* audio of which a part was cached, nobody says which: an overlap, no contradiction */
	{ "openai", "{\"prompt_tokens\":100,\"completion_tokens\":1,\"prompt_tokens_details\":{\"cached_tokens\":90,\"audio_tokens\":20}}",
	  "openai_chat cache_read_tokens=90 output_tokens=1 input_audio_tokens=10" },
	/* what is no usage, or no number */
	{ "openai", "{}", "usage_not_recognised /usage" },
	{ "openai", "{\"tokens\":12}", "usage_not_recognised /usage" },
	{ "openai", "{\"usage\":{\"prompt_tokens\":1}}", "usage_not_recognised /usage" },
	{ "openai", "[]", "wrong_type /usage" },
	{ "openai", "{\"prompt_tokens\":\"many\"}", "wrong_type /usage/prompt_tokens" },
	{ "openai", "{\"prompt_tokens\":1.5}", "wrong_type /usage/prompt_tokens" },
	{ "openai", "{\"prompt_tokens\":{}}", "wrong_type /usage/prompt_tokens" },
	{ "openai", "{\"prompt_tokens\":1e13}", "out_of_range /usage/prompt_tokens" },
	{ "openai", "{\"prompt_tokens\":99999999999999999999999}", "out_of_range /usage/prompt_tokens" },
	{ "openai", "{\"prompt_tokens\":1,\"prompt_tokens_details\":{\"cached_tokens\":true}}",
	  "wrong_type /usage/prompt_tokens_details/cached_tokens" },
	{ "google", "{\"promptTokenCount\":1,\"promptTokensDetails\":[{\"modality\":\"AUDIO\",\"tokenCount\":\"x\"}]}",
	  "wrong_type /usage/promptTokensDetails" },
	{ "openai", "{\"prompt_tokens\":\"7\",\"prompt_tokens_details\":[],\"completion_tokens_details\":3}", "openai_chat input_tokens=7" },
};

START_TEST(every_provider_s_usage_becomes_disjoint_classes)
{
	_auto_json_ struct json_object *usage = NULL;
	struct budget_usage_found found = { .flags = 0 };
	enum budget_status status;

	ck_assert_int_eq(budget_json_parse(&ctx, bodies[_i].usage, strlen(bodies[_i].usage), &usage), BUDGET_OK);
	status = budget_usage_normalise(&ctx, bodies[_i].provider, usage, "/usage", &found);
	ck_assert_str_eq(shown(status, &found), bodies[_i].expected);
}
END_TEST

static const struct {
	const char *response, *expected;
} responses[] = {
	{ "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"model\":\"gpt-5-mini\",\"service_tier\":\"flex\",\"choices\":[],"
	  "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}",
	  "openai_chat input_tokens=3 output_tokens=4 tier=flex openai gpt-5-mini chatcmpl-1" },
	{ "{\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\",\"model\":\"o3\",\"service_tier\":\"default\",\"usage\":"
	  "{\"input_tokens\":3,\"output_tokens\":4}}}",
	  "openai_responses input_tokens=3 output_tokens=4 tier=standard openai o3 resp_1" },
	{ "{\"id\":\"msg_1\",\"type\":\"message\",\"model\":\"claude-haiku-4-5\",\"usage\":{\"input_tokens\":3,\"output_tokens\":4,"
	  "\"service_tier\":\"priority\"}}",
	  "openai_responses input_tokens=3 output_tokens=4 tier=priority anthropic claude-haiku-4-5 msg_1" },
	{ "{\"responseId\":\"r1\",\"modelVersion\":\"gemini-2.5-flash\",\"usageMetadata\":{\"promptTokenCount\":3}}",
	  "gemini input_tokens=3 google gemini-2.5-flash r1" },
	{ "{\"output\":{},\"usage\":{\"inputTokens\":3,\"outputTokens\":4},\"serviceTier\":{\"type\":\"priority\"}}",
	  "bedrock input_tokens=3 output_tokens=4 tier=priority bedrock - -" },
	{ "{\"id\":\"c1\",\"model\":\"llama-3.3-70b\",\"x_groq\":{\"id\":\"req_1\",\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}}",
	  "openai_chat input_tokens=3 output_tokens=4 groq llama-3.3-70b c1" },
	{ "{\"id\":\"gen-1\",\"model\":\"openai/gpt-5-mini\",\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4,\"cost\":0.5}}",
	  "openai_chat input_tokens=3 output_tokens=4 cost=0.5 openrouter openai/gpt-5-mini gen-1" },
	{ "{\"id\":\"d1\",\"model\":\"deepseek-chat\",\"usage\":{\"prompt_tokens\":3,\"prompt_cache_hit_tokens\":2,\"completion_tokens\":4}}",
	  "openai_chat input_tokens=1 cache_read_tokens=2 output_tokens=4 deepseek deepseek-chat d1" },
	{ "{\"id\":\"e1\",\"meta\":{\"billed_units\":{\"input_tokens\":4}}}", "cohere input_tokens=4 cohere - e1" },
	{ "{\"model\":\"llama3.2\",\"done\":true,\"total_duration\":1,\"prompt_eval_count\":26,\"eval_count\":290}",
	  "ollama input_tokens=26 output_tokens=290 ollama llama3.2 -" },
	{ "{\"model\":\"house\",\"usage\":{\"prompt_tokens\":3}}", "openai_chat input_tokens=3 - house -" },
	{ "{\"model\":\"gpt-4o\",\"choices\":[],\"usage\":null}", "usage_not_found /response" },
	{ "{\"x_groq\":{\"usage\":{\"prompt_tokens\":\"a\"}}}", "wrong_type /response/x_groq/usage/prompt_tokens" },
	{ "{}", "usage_not_found /response" }, { "[]", "usage_not_found /response" }, { "7", "usage_not_found /response" },
};

START_TEST(a_whole_answer_tells_model_id_tier_and_sender)
{
	_auto_json_ struct json_object *response = NULL;
	struct budget_usage_found found = { .flags = 0 };
	const char *text;
	enum budget_status status;

	ck_assert_int_eq(budget_json_parse(&ctx, responses[_i].response, strlen(responses[_i].response), &response), BUDGET_OK);
	status = budget_response_normalise(&ctx, NULL, response, "/response", &found);
	text = shown(status, &found);
	if (status == BUDGET_OK)
		text = budget_arena_printf(&ctx.arena, "%s %s %s %s", text, found.provider != NULL ? found.provider : "-",
		    found.model != NULL ? found.model : "-", found.id != NULL ? found.id : "-");
	ck_assert_str_eq(text, responses[_i].expected);
}
END_TEST

static const struct {
	struct budget_attribute attributes[6];
	const char *expected;
} spans[] = {
	{ { { "gen_ai.usage.input_tokens", "100" }, { "gen_ai.usage.output_tokens", "20" }, { "gen_ai.usage.cache_read.input_tokens", "60" },
	    { "gen_ai.usage.cache_creation.input_tokens", "10" }, { "gen_ai.usage.reasoning.output_tokens", "5" } },
	  "opentelemetry input_tokens=30 cache_read_tokens=60 cache_write_5m_tokens=10 output_tokens=15 reasoning_tokens=5" },
	{ { { "gen_ai.usage.prompt_tokens", "7" }, { "gen_ai.usage.completion_tokens", "8" },
	    { "gen_ai.usage.input_tokens.cached", "2" } }, "opentelemetry input_tokens=5 cache_read_tokens=2 output_tokens=8" },
	{ { { "gen_ai.usage.input_tokens", "x" } }, "wrong_type /gen_ai.usage.input_tokens" },
	{ { { "gen_ai.usage.input_tokens", "1" }, { "gen_ai.usage.cache_read_input_tokens", "3" } },
	  "opentelemetry cache_read_tokens=3 usage_inconsistent" },
	{ { { "gen_ai.request.model", "gpt-4o" } }, "nothing" },
};

START_TEST(span_attributes_of_all_ages_are_understood)
{
	struct budget_usage_found found = { .flags = 0 };
	enum budget_status status;
	bool is_there = true;
	size_t count = 0;

	while (count < 6 && spans[_i].attributes[count].key != NULL)
		count++;
	status = budget_attributes_normalise(&ctx, spans[_i].attributes, count, "", &found, &is_there);
	ck_assert_str_eq(is_there ? shown(status, &found) : "nothing", spans[_i].expected);
}
END_TEST

START_TEST(memory_may_end_anywhere)
{
	static const char text[] = "{\"id\":\"m\",\"model\":\"claude-x\",\"usage\":{\"input_tokens\":1,\"cache_creation_input_tokens\":2,"
	    "\"output_tokens\":3,\"cost\":0.5,\"is_byok\":true,\"cost_details\":{\"upstream_inference_cost\":1},\"iterations\":"
	    "[{\"type\":\"compaction\",\"input_tokens\":1}]}}";
	_auto_json_ struct json_object *response = NULL;
	struct budget_usage_found found = { .flags = 0 };

	ck_assert_int_eq(budget_json_parse(&ctx, text, strlen(text), &response), BUDGET_OK);
	for (long n = 1; n < 60; n++) {
		budget_arena_fail_at(&ctx.arena, n);
		(void)budget_response_normalise(&ctx, NULL, response, "", &found); /* no crash, no leak: sanitizers look */
		budget_arena_fail_at(&ctx.arena, 0);
	}
}
END_TEST

START_TEST(decimals_add_up_exactly)
{
	ck_assert_str_eq(budget_decimal_add(&ctx, "0.0005", "0.0195"), "0.02");
	ck_assert_str_eq(budget_decimal_add(&ctx, "999", "1"), "1000");
	ck_assert_str_eq(budget_decimal_add(&ctx, "0", "0.000000000000000000000000000001"), "0.000000000000000000000000000001");
	ck_assert_str_eq(budget_decimal_add(&ctx, "12.75", "3"), "15.75");
	ck_assert_ptr_null(budget_decimal_add(&ctx, "999999999999", "1"));
	ck_assert_ptr_null(budget_decimal_add(&ctx, NULL, "1"));
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("normalise");
	TCase *core = tcase_create("core");

	tcase_add_checked_fixture(core, setup, teardown);
	tcase_add_loop_test(core, every_provider_s_usage_becomes_disjoint_classes, 0, sizeof bodies / sizeof *bodies);
	tcase_add_loop_test(core, a_whole_answer_tells_model_id_tier_and_sender, 0, sizeof responses / sizeof *responses);
	tcase_add_loop_test(core, span_attributes_of_all_ages_are_understood, 0, sizeof spans / sizeof *spans);
	tcase_add_test(core, memory_may_end_anywhere);
	tcase_add_test(core, decimals_add_up_exactly);
	suite_add_tcase(suite, core);
	return suite;
}
