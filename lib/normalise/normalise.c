/* The sums: from what a dialect calls its numbers to disjoint classes, nothing below 0, nothing lost. */
#include <string.h>

#include "lib/ctx.h"
#include "lib/normalise/dialect.h"
#include "lib/text.h"

const char *const budget_usage_fields[USAGE_CLASSES] = {
	[USAGE_INPUT] = "input_tokens", [USAGE_CACHE_READ] = "cache_read_tokens", [USAGE_CACHE_WRITE_5M] = "cache_write_5m_tokens",
	[USAGE_CACHE_WRITE_1H] = "cache_write_1h_tokens", [USAGE_OUTPUT] = "output_tokens", [USAGE_REASONING] = "reasoning_tokens",
	[USAGE_INPUT_AUDIO] = "input_audio_tokens", [USAGE_OUTPUT_AUDIO] = "output_audio_tokens",
	[USAGE_INPUT_IMAGE] = "input_image_tokens", [USAGE_OUTPUT_IMAGE] = "output_image_tokens", [USAGE_REQUESTS] = "requests",
	[USAGE_WEB_SEARCHES] = "web_searches",
};

const char *const budget_usage_flag_names[] = { "usage_inconsistent", "other_model_usage", "reported_cost_unreadable", "byok",
	"provisioned_throughput", "cache_hit", "raw_left_out", NULL };

static int64_t
least(int64_t left, int64_t right)
{
	return left < right ? left : right;
}

static int64_t
most(int64_t left, int64_t right)
{
	return left > right ? left : right;
}

/* What remains of a whole without a part. Below 0 they contradict each other. */
static int64_t
without(int64_t whole, int64_t part, unsigned *flags)
{
	if (part > whole)
		*flags |= USAGE_INCONSISTENT;
	return most(whole - part, 0);
}

/*
 * A part that may overlap with others of its whole: audio tokens of a prompt of which some came from the cache, the provider
 * not saying which. Only a part above the whole is a contradiction; the overlap is given to the others.
 */
static int64_t
within(int64_t part, int64_t whole, int64_t *room, unsigned *flags)
{
	if (part > whole)
		*flags |= USAGE_INCONSISTENT;
	part = least(part, *room);
	*room -= part;
	return part;
}

/* The numbers by role, and whether the dialect counts caches, and reasoning, beside its totals. */
struct numbers {
	int64_t n[ROLES];
	bool is_input_bare, is_output_bare;
};

static void
sum_input(const struct numbers *numbers, struct budget_usage_found *found)
{
	const int64_t *n = numbers->n;
	unsigned *flags = &found->flags;
	int64_t *counts = found->counts, lives = n[ROLE_CACHE_WRITE_5M] + n[ROLE_CACHE_WRITE_1H];
	int64_t written = most(n[ROLE_CACHE_WRITE], lives), whole, room;

	if (n[ROLE_CACHE_WRITE] > 0 && lives > 0 && lives != n[ROLE_CACHE_WRITE])
		*flags |= USAGE_INCONSISTENT;
	counts[USAGE_CACHE_READ] = n[ROLE_CACHE_READ];
	counts[USAGE_CACHE_WRITE_1H] = n[ROLE_CACHE_WRITE_1H];
	counts[USAGE_CACHE_WRITE_5M] = written - n[ROLE_CACHE_WRITE_1H];
	whole = numbers->is_input_bare ? n[ROLE_INPUT_BARE] + n[ROLE_CACHE_READ] + written : n[ROLE_INPUT];
	room = without(whole, n[ROLE_CACHE_READ] + written, flags);
	counts[USAGE_INPUT_AUDIO] = within(without(n[ROLE_INPUT_AUDIO], n[ROLE_READ_AUDIO], flags), whole, &room, flags);
	counts[USAGE_INPUT_IMAGE] = within(without(n[ROLE_INPUT_IMAGE], n[ROLE_READ_IMAGE], flags), whole, &room, flags)
	    + n[ROLE_INPUT_IMAGE_MORE];
	counts[USAGE_INPUT] = room + n[ROLE_INPUT_MORE];
}

/* Some count reasoning as output, some beside it (xAI); their own total tells. */
static bool
is_beside(const struct numbers *numbers, const char *provider)
{
	const int64_t *n = numbers->n;
	int64_t plain = n[ROLE_INPUT] + n[ROLE_OUTPUT];

	if (numbers->is_output_bare)
		return true;
	if (n[ROLE_TOTAL] == plain)
		return false;
	if (n[ROLE_TOTAL] == plain + n[ROLE_REASONING])
		return true;
	return n[ROLE_TOTAL] == 0 && provider != NULL && (strcmp(provider, "xai") == 0 || strcmp(provider, "x-ai") == 0
	    || strcmp(provider, "x_ai") == 0);
}

/* A number of reasoning outside the details is Perplexity's, which counts it beside the output, or just another spelling. */
static int64_t
beside(const int64_t n[ROLES])
{
	bool is_search = n[ROLE_WEB_SEARCHES] > 0 || n[ROLE_INPUT_MORE] > 0;

	return n[ROLE_REASONING] == 0 && (is_search || n[ROLE_REASONING_BESIDE] > n[ROLE_OUTPUT]) ? n[ROLE_REASONING_BESIDE] : 0;
}

static void
sum_output(struct numbers *numbers, const char *provider, struct budget_usage_found *found)
{
	int64_t *n = numbers->n, whole = n[ROLE_OUTPUT] + n[ROLE_OUTPUT_BARE], extra = beside(n), room;

	if (n[ROLE_REASONING] == 0 && extra == 0)
		n[ROLE_REASONING] = n[ROLE_REASONING_BESIDE];
	room = is_beside(numbers, provider) ? whole : without(whole, n[ROLE_REASONING], &found->flags);
	found->counts[USAGE_REASONING] = n[ROLE_REASONING] + extra;
	found->counts[USAGE_OUTPUT_AUDIO] = within(n[ROLE_OUTPUT_AUDIO], whole, &room, &found->flags);
	found->counts[USAGE_OUTPUT_IMAGE] = within(n[ROLE_OUTPUT_IMAGE], whole, &room, &found->flags);
	found->counts[USAGE_OUTPUT] = room;
}

/* A total that no way of adding up its parts explains. What is beside what differs; the total is not used otherwise. */
static void
check_total(const int64_t n[ROLES], unsigned *flags)
{
	int64_t plain = n[ROLE_INPUT] + n[ROLE_INPUT_BARE] + n[ROLE_OUTPUT] + n[ROLE_OUTPUT_BARE], total = n[ROLE_TOTAL];
	int64_t caches = n[ROLE_CACHE_READ] + most(n[ROLE_CACHE_WRITE], n[ROLE_CACHE_WRITE_5M] + n[ROLE_CACHE_WRITE_1H]);
	int64_t more[] = { n[ROLE_REASONING], n[ROLE_INPUT_MORE], caches, n[ROLE_REASONING_BESIDE] };

	for (unsigned some = 0; some < 16; some++) {
		int64_t sum = plain;

		for (unsigned i = 0; i < 4; i++)
			sum += (some >> i & 1) != 0 ? more[i] : 0;
		if (total == 0 || sum == total)
			return;
	}
	*flags |= USAGE_INCONSISTENT;
}

static enum budget_status
read_seconds(const struct usage_source *source, const char *path, struct budget_usage_found *found)
{
	const char *text = found->seconds == NULL ? usage_text(source, path) : NULL;

	if (text == NULL)
		return BUDGET_OK;
	found->seconds = budget_decimal_parse(source->ctx, text);
	if (found->seconds == NULL || found->seconds[0] == '-')
		return budget_fail(source->ctx, BUDGET_EINVALID, "wrong_type", budget_arena_printf(&source->ctx->arena, "%s/%s",
		    source->pointer, path), "Seconds must be a number not below 0.");
	return BUDGET_OK;
}

/* One number for each role; below 0 is a contradiction. */
static enum budget_status
collect(const struct usage_source *source, const struct usage_dialect *dialect, struct numbers *numbers,
    struct budget_usage_found *found)
{
	int64_t *n = numbers->n;

	for (const struct usage_rule *rule = dialect->rules; rule->path != NULL; rule++) {
		int64_t value = 0;

		numbers->is_input_bare = numbers->is_input_bare || rule->role == ROLE_INPUT_BARE;
		numbers->is_output_bare = numbers->is_output_bare || rule->role == ROLE_OUTPUT_BARE;
		if (rule->role == ROLE_SECONDS)
			BUDGET_TRY(read_seconds(source, rule->path, found));
		if (rule->role == ROLE_SECONDS || (n[rule->role] != 0 && rule->role != ROLE_INPUT_MORE))
			continue;
		BUDGET_TRY(usage_number(source, rule->path, &value));
		if (value < 0)
			found->flags |= USAGE_INCONSISTENT;
		n[rule->role] += most(value, 0);
	}
	return BUDGET_OK;
}

enum budget_status
usage_apply(const struct usage_source *source, const struct usage_dialect *dialect, const char *provider,
    struct budget_usage_found *found)
{
	struct numbers numbers = { .is_input_bare = false };

	BUDGET_TRY(collect(source, dialect, &numbers, found));
	check_total(numbers.n, &found->flags);
	sum_input(&numbers, found);
	sum_output(&numbers, provider, found);
	found->counts[USAGE_REQUESTS] = numbers.n[ROLE_REQUESTS];
	found->counts[USAGE_WEB_SEARCHES] = numbers.n[ROLE_WEB_SEARCHES];
	found->dialect = dialect->name;
	found->provider = dialect->provider;
	return BUDGET_OK;
}

/*
 * Anthropic sums up in its totals what the answer itself took, and lists every model call in `iterations`: those that are no
 * message (a compaction, an advisor) are billed on top, unless the totals hold them already.
 */
static enum budget_status
add_iterations(const struct usage_source *source, const struct usage_dialect *dialect, const char *model,
    struct budget_usage_found *found)
{
	struct json_object *list = budget_json_get(source->object, "iterations");
	int64_t in = 0, all_in = 0, out = 0, all_out = 0;

	if (budget_json_length(list) == 0)
		return BUDGET_OK;
	BUDGET_TRY(usage_number(source, "input_tokens", &in));
	BUDGET_TRY(usage_number(source, "output_tokens", &out));
	BUDGET_TRY(usage_number(source, "iterations[].input_tokens", &all_in));
	BUDGET_TRY(usage_number(source, "iterations[].output_tokens", &all_out));
	for (size_t i = 0; i < budget_json_length(list) && (in != all_in || out != all_out); i++) {
		struct usage_source one = *source;
		struct budget_usage_found more = { .flags = 0 };
		const char *type, *other;

		one.object = budget_json_at(list, i);
		type = usage_text(&one, "type");
		if (one.object == NULL || type == NULL || strcmp(type, "message") == 0)
			continue;
		one.pointer = budget_arena_printf(&source->ctx->arena, "%s/iterations/%zu", source->pointer, i);
		BUDGET_TRY(usage_apply(&one, dialect, NULL, &more));
		for (int k = 0; k < USAGE_CLASSES; k++)
			found->counts[k] += more.counts[k];
		other = usage_text(&one, "model");
		found->flags |= more.flags | (other != NULL && (model == NULL || strcmp(other, model) != 0) ? USAGE_OTHER_MODEL : 0);
	}
	return BUDGET_OK;
}

static enum budget_status
check_counts(struct budget_ctx *ctx, const char *pointer, const struct budget_usage_found *found)
{
	for (int i = 0; i < USAGE_CLASSES; i++)
		if (found->counts[i] > BUDGET_USAGE_COUNT_MAX)
			return budget_fail(ctx, BUDGET_EINVALID, "out_of_range", pointer, "%s must lie below 10^12.", budget_usage_fields[i]);
	return BUDGET_OK;
}

static void
read_tier(const struct usage_source *source, struct budget_usage_found *found)
{
	static const char *const paths[] = { "service_tier", "serviceTier", "serviceTier.type", "trafficType", "traffic_type" };

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		const char *word = usage_text(source, paths[i]);

		if (word == NULL)
			continue;
		if (strcmp(word, "PROVISIONED_THROUGHPUT") == 0)
			found->flags |= USAGE_PROVISIONED;
		if (found->service_tier == NULL || strcmp(found->service_tier, "standard") == 0)
			found->service_tier = budget_usage_tier_of(word);
	}
}

/* An amount of money not below 0, or NULL. */
static const char *
amount(struct budget_ctx *ctx, const char *text)
{
	const char *plain = budget_decimal_parse(ctx, text);

	return plain != NULL && plain[0] != '-' ? plain : NULL;
}

/* What the seller itself says the call cost. With the client's own key that is its fee, and the upstream's price beside it. */
static void
read_cost(const struct usage_source *source, struct budget_usage_found *found)
{
	static const char *const paths[] = { "cost", "cost.total_cost", "pydantic_ai_gateway.cost_estimate", "estimated_cost" };
	const char *text = NULL, *byok;

	for (size_t i = 0; i < sizeof paths / sizeof *paths && text == NULL; i++)
		text = usage_text(source, paths[i]);
	if (text == NULL)
		return;
	found->reported_cost = amount(source->ctx, text);
	byok = usage_text(source, "is_byok");
	if (byok != NULL && strcmp(byok, "true") == 0) {
		const char *upstream = usage_text(source, "cost_details.upstream_inference_cost");

		found->flags |= USAGE_BYOK;
		if (upstream != NULL && found->reported_cost != NULL)
			found->reported_cost = budget_decimal_add(source->ctx, found->reported_cost, amount(source->ctx, upstream));
	}
	if (found->reported_cost == NULL)
		found->flags |= USAGE_COST_UNREADABLE;
}

static enum budget_status
not_recognised(struct budget_ctx *ctx, const char *pointer)
{
	struct budget_text list;
	const char *text;

	budget_text_init(&list, &ctx->arena, 512);
	for (const struct usage_dialect *dialect = usage_dialects; dialect->name != NULL; dialect++)
		budget_text_addf(&list, "%s%s", list.length > 0 ? "; " : "", dialect->about);
	text = budget_text_done(&list);
	return budget_fail(ctx, BUDGET_EINVALID, "usage_not_recognised", pointer, "This is no usage object we know; looked for: %s.",
	    text != NULL ? text : "those documented");
}

static const struct usage_dialect *
find_dialect(const struct usage_source *source)
{
	for (const struct usage_dialect *dialect = usage_dialects; dialect->name != NULL; dialect++)
		for (const char *const *marker = dialect->markers; *marker != NULL; marker++)
			if (usage_has(source, *marker))
				return dialect;
	return NULL;
}

enum budget_status
budget_usage_normalise(struct budget_ctx *ctx, const char *provider, struct json_object *usage, const char *pointer,
    struct budget_usage_found *ret_found)
{
	struct usage_source source = { .ctx = ctx, .object = usage, .pointer = pointer };
	struct budget_usage_found found = { .usage = usage, .model = ret_found->model };
	const struct usage_dialect *dialect;

	if (!budget_json_is_object(usage))
		return budget_fail(ctx, BUDGET_EINVALID, "wrong_type", pointer, "Send the usage object as the provider sent it.");
	dialect = find_dialect(&source);
	if (dialect == NULL)
		return not_recognised(ctx, pointer);
	BUDGET_TRY(usage_apply(&source, dialect, provider, &found));
	BUDGET_TRY(add_iterations(&source, dialect, found.model, &found));
	BUDGET_TRY(check_counts(ctx, pointer, &found));
	read_tier(&source, &found);
	read_cost(&source, &found);
	*ret_found = found;
	return BUDGET_OK;
}

enum budget_status
budget_attributes_normalise(struct budget_ctx *ctx, const struct budget_attribute *attributes, size_t count,
    const char *pointer, struct budget_usage_found *ret_found, bool *ret_is_there)
{
	struct usage_source source = { .ctx = ctx, .attributes = attributes, .attributes_count = count, .pointer = pointer };
	struct budget_usage_found found = { .flags = 0 };
	const char *provider = usage_text(&source, "gen_ai.provider.name");
	bool is_there = false;

	for (const char *const *marker = usage_attributes_dialect.markers; *marker != NULL; marker++)
		is_there = is_there || usage_has(&source, *marker);
	*ret_is_there = is_there;
	if (!is_there)
		return BUDGET_OK;
	provider = provider != NULL ? provider : usage_text(&source, "gen_ai.system");
	BUDGET_TRY(usage_apply(&source, &usage_attributes_dialect, provider, &found));
	BUDGET_TRY(check_counts(ctx, pointer, &found));
	*ret_found = found;
	return BUDGET_OK;
}
