/*
 * A file of one's own: negotiated prices. JSON: a list of prices, or an object with it under "prices" or "items" (as
 * GET /prices answers). CSV: a line of column names, then a line per price; a line with above_input_tokens is a context
 * tier of the line above it, as in sql/catalogue/prices.csv. Both know the same names: "input" … are USD per million,
 * "input_cost_per_token" … per token. A name that is neither is an error: it would be a typing mistake.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/source/csv.h"
#include "lib/source/quote.h"
#include "lib/utf8.h"

enum column_kind {
	COLUMN_RATE, COLUMN_TEXT, COLUMN_COUNT, COLUMN_DATE, COLUMN_ABOVE, COLUMN_TYPE, COLUMN_LOCAL, COLUMN_IGNORED
};

static const struct column {
	const char *name;
	enum column_kind kind;
	int rate, exponent;  /* RATE: which, and per 10^exponent */
	size_t offset;       /* TEXT, COUNT, DATE: of the member of struct source_quote */
} columns[] = {
#define AT(member) .offset = offsetof(struct source_quote, member)
#define PER_MILLION(name, which) { name, COLUMN_RATE, which, 6, 0 }
	{ "provider", COLUMN_TEXT, AT(provider) }, { "model", COLUMN_TEXT, AT(model) },
	{ "service_tier", COLUMN_TEXT, AT(service_tier) }, { "currency", COLUMN_TEXT, AT(currency) },
	{ "mode", COLUMN_TEXT, AT(mode) }, { "display_name", COLUMN_TEXT, AT(display_name) },
	{ "source_url", COLUMN_TEXT, AT(source_url) }, { "note", COLUMN_TEXT, AT(note) },
	{ "from", COLUMN_DATE, AT(effective_date) }, { "effective_date", COLUMN_DATE, AT(effective_date) },
	{ "to", COLUMN_DATE, AT(end_date) }, { "end_date", COLUMN_DATE, AT(end_date) },
	{ "context_tokens", COLUMN_COUNT, AT(context_tokens) },
	{ "max_output_tokens", COLUMN_COUNT, AT(max_output_tokens) },
	{ "above_input_tokens", COLUMN_ABOVE }, { "price_type", COLUMN_TYPE }, { "is_local", COLUMN_LOCAL },
	PER_MILLION("input", RATE_INPUT), PER_MILLION("output", RATE_OUTPUT), PER_MILLION("cache_read", RATE_CACHE_READ),
	PER_MILLION("cache_write_5m", RATE_CACHE_WRITE_5M), PER_MILLION("cache_write_1h", RATE_CACHE_WRITE_1H),
	PER_MILLION("reasoning", RATE_REASONING), PER_MILLION("input_audio", RATE_INPUT_AUDIO),
	PER_MILLION("output_audio", RATE_OUTPUT_AUDIO), PER_MILLION("input_image", RATE_INPUT_IMAGE),
	PER_MILLION("output_image", RATE_OUTPUT_IMAGE), PER_MILLION("input_chars", RATE_INPUT_CHAR),
	PER_MILLION("output_chars", RATE_OUTPUT_CHAR), { "image", COLUMN_RATE, RATE_IMAGE, 0, 0 },
	{ "second", COLUMN_RATE, RATE_SECOND, 0, 0 }, { "requests_1k", COLUMN_RATE, RATE_REQUEST, 3, 0 },
	{ "searches_1k", COLUMN_RATE, RATE_WEB_SEARCH, 3, 0 },
	/* what GET /prices and the catalogue's file say besides */
	{ "pricing_id", COLUMN_IGNORED }, { "version", COLUMN_IGNORED }, { "source", COLUMN_IGNORED },
	{ "verified", COLUMN_IGNORED }, { "approved_by", COLUMN_IGNORED }, { "created_at", COLUMN_IGNORED },
	{ "metadata", COLUMN_IGNORED }, { "as_of", COLUMN_IGNORED }, { "is_own", COLUMN_IGNORED },
	{ "tier", COLUMN_IGNORED }, { "capabilities", COLUMN_IGNORED }, { "scope", COLUMN_IGNORED },
	{ "per_million", COLUMN_IGNORED },
};

/* The column of this name; false when nobody knows it. */
static bool
find_column(const char *name, struct column *ret_column)
{
	for (int rate = 0; rate < RATE_COUNT; rate++)
		if (strcmp(source_rate_name((enum source_rate)rate), name) == 0) {
			*ret_column = (struct column){ name, COLUMN_RATE, rate, 0, 0 };
			return true;
		}
	for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
		if (strcmp(columns[i].name, name) == 0) {
			*ret_column = columns[i];
			return true;
		}
	return false;
}

static enum budget_status
unknown(struct budget_ctx *ctx, const char *name, const char *where)
{
	return source_bad_feed(ctx, "%s: '%.60s' is no name of a price's member. Known: provider, model, service_tier, currency, "
	    "from, to, input, output, cache_read, … (per million), input_cost_per_token, … (per token), above_input_tokens.",
	    where, name);
}

/* What a line says besides the quote itself. */
struct cell_extras {
	int64_t above;
};

static void
put(struct budget_ctx *ctx, struct source_quote *quote, const struct column *column, const char *text,
    struct cell_extras *extras)
{
	const char *value = text;

	switch (column->kind) {
	case COLUMN_RATE:
		value = quote->rates[column->rate] = source_amount(ctx, text, column->exponent);
		break;
	case COLUMN_COUNT:
		value = source_count(ctx, text);
		break;
	case COLUMN_DATE:
		value = source_is_date(text) ? text : NULL;
		break;
	case COLUMN_ABOVE:
		value = source_count(ctx, text);
		extras->above = value ? strtoll(value, NULL, 10) : 0;
		break;
	case COLUMN_TYPE:
		quote->is_free = strcmp(text, "free") == 0;
		break;
	case COLUMN_LOCAL:
		quote->is_local = strcmp(text, "true") == 0 || strcmp(text, "yes") == 0;
		break;
	case COLUMN_TEXT:
	case COLUMN_IGNORED:
		break;
	}
	if (column->kind == COLUMN_TEXT || column->kind == COLUMN_COUNT || column->kind == COLUMN_DATE)
		*(const char **)((char *)quote + column->offset) = value;
	quote->is_malformed |= value == NULL;
}

/* The context tier a line describes, moved into the quote it belongs to. */
static void
move_tier(struct source_quote *quote, const struct source_quote *line, int64_t above)
{
	struct source_tier *tier = source_tier(quote, above);

	if (tier)
		memcpy(tier->rates, line->rates, sizeof tier->rates);
	quote->is_malformed |= line->is_malformed;
}

/* JSON */

struct member {
	struct source_out *out;
	struct source_quote *quote;
	struct cell_extras extras;
	enum budget_status status;
};

static void read_member(void *user, const char *name, struct json_object *value);

static enum budget_status
read_context_rates(struct source_out *out, struct source_quote *quote, struct json_object *list)
{
	for (size_t i = 0; i < budget_json_length(list); i++) {
		struct source_quote line = { .provider = quote->provider };
		struct member reading = { .out = out, .quote = &line };

		budget_json_each(budget_json_at(list, i), read_member, &reading);
		BUDGET_TRY(reading.status);
		line.is_malformed |= reading.extras.above == 0;
		move_tier(quote, &line, reading.extras.above);
	}
	return BUDGET_OK;
}

static void
read_member(void *user, const char *name, struct json_object *value)
{
	struct member *reading = user;
	struct budget_ctx *ctx = reading->out->ctx;
	struct column column;
	const char *text;

	if (reading->status != BUDGET_OK || value == NULL)
		return;
	if (strcmp(name, "context_rates") == 0 && budget_json_is_array(value)) {
		reading->status = read_context_rates(reading->out, reading->quote, value);
		return;
	}
	if (!find_column(name, &column)) {
		reading->status = unknown(ctx, name, "The file");
		return;
	}
	if (column.kind == COLUMN_IGNORED)
		return;
	text = budget_json_is_string(value) ? source_json_text(ctx, value, 1024) : budget_json_text(ctx, value);
	if (text)
		put(ctx, reading->quote, &column, text, &reading->extras);
	else
		reading->quote->is_malformed = true;
}

static enum budget_status
read_json(struct source_out *out, struct json_object *root)
{
	struct json_object *list = root;

	if (budget_json_is_object(root)) {
		list = budget_json_get(root, "prices");
		list = list ? list : budget_json_get(root, "items");
	}
	if (!budget_json_is_array(list))
		return source_bad_feed(out->ctx, "The file is neither a list of prices nor an object with a list \"prices\".");
	for (size_t i = 0; i < budget_json_length(list); i++) {
		struct source_quote quote = { .provider = NULL };
		struct member reading = { .out = out, .quote = &quote };

		if (!budget_json_is_object(budget_json_at(list, i))) {
			source_skip(out, SOURCE_SKIP_MALFORMED);
			continue;
		}
		budget_json_each(budget_json_at(list, i), read_member, &reading);
		BUDGET_TRY(reading.status);
		source_add(out, &quote);
	}
	return BUDGET_OK;
}

/* CSV */

static bool
is_text(const char *left, const char *right)
{
	return strcmp(left ? left : "", right ? right : "") == 0;
}

static bool
is_tier_of(const struct source_quote *line, const struct source_quote *quote)
{
	return is_text(line->provider, quote->provider) && is_text(line->model, quote->model)
	    && is_text(line->service_tier, quote->service_tier) && is_text(line->effective_date, quote->effective_date);
}

static enum budget_status
read_header(struct csv *csv, struct column *header)
{
	if (!csv_next(csv))
		return source_bad_feed(csv->ctx, "The file is empty, or no CSV.");
	for (int i = 0; i < csv->count; i++)
		if (!find_column(csv->fields[i], &header[i]))
			return unknown(csv->ctx, csv->fields[i], "The first line");
	return BUDGET_OK;
}

static enum budget_status
read_csv(struct source_out *out)
{
	struct csv csv;
	struct column header[CSV_FIELDS_MAX];
	struct source_quote pending = { .provider = NULL };
	bool has_pending = false;
	int columns_count;

	csv_begin(&csv, out->ctx, out->feed->body, out->feed->length);
	BUDGET_TRY(read_header(&csv, header));
	columns_count = csv.count;
	while (csv_next(&csv)) {
		struct source_quote line = { .provider = NULL };
		struct cell_extras extras = { 0 };

		line.is_malformed = csv.count > columns_count;
		for (int i = 0; i < csv.count && i < columns_count; i++)
			if (*csv.fields[i])
				put(out->ctx, &line, &header[i], csv.fields[i], &extras);
		if (extras.above > 0 && has_pending && is_tier_of(&line, &pending)) {
			move_tier(&pending, &line, extras.above);
			continue;
		}
		line.is_malformed |= extras.above > 0;
		if (has_pending)
			source_add(out, &pending);
		pending = line;
		has_pending = true;
	}
	if (csv.is_broken)
		return source_bad_feed(out->ctx, "The file breaks off in line %ld: a quote that does not end, or no text.", csv.line);
	if (has_pending)
		source_add(out, &pending);
	return BUDGET_OK;
}

enum budget_status
source_file(struct budget_ctx *ctx, const struct budget_source_feed *feed, struct budget_source_batch *ret_batch)
{
	_auto_json_ struct json_object *root = NULL;
	struct source_out out;
	size_t blanks = 0;

	while (blanks < feed->length && strchr(" \t\r\n\xef\xbb\xbf", feed->body[blanks]) != NULL && feed->body[blanks])
		blanks++;
	BUDGET_TRY(source_begin(&out, ctx, feed, ret_batch));
	if (blanks == feed->length || strchr("[{<", feed->body[blanks]) != NULL) {
		BUDGET_TRY(source_json(ctx, feed, &root));
		BUDGET_TRY(read_json(&out, root));
	} else if (!budget_utf8_valid(feed->body, feed->length, NULL)) {
		return source_bad_feed(ctx, "The file is no UTF-8 text.");
	} else {
		BUDGET_TRY(read_csv(&out));
	}
	return source_finish(&out);
}
