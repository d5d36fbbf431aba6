/* How one value is shown. */
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>

#include "clients/cli/amount.h"
#include "clients/cli/out.h"
#include "lib/decimal.h"
#include "lib/text.h"

#define PATH_MAX_BYTES 96

struct json_object *
out_at(struct json_object *object, const char *path)
{
	char name[PATH_MAX_BYTES];

	while (object != NULL && *path != '\0') {
		size_t length = strcspn(path, ".");

		if (length >= sizeof name)
			return NULL;
		memcpy(name, path, length);
		name[length] = '\0';
		object = budget_json_is_array(object) ? budget_json_at(object, strtoul(name, NULL, 10))
		    : budget_json_is_object(object) ? budget_json_get(object, name) : NULL;
		path += length + (path[length] == '.');
	}
	return object;
}

bool
out_is_absent(struct cli *cli, const struct column *column, struct json_object *row)
{
	const char *text = budget_json_text(&cli->ctx, out_at(row, column->path)), *decimal = NULL;

	if (text == NULL)
		return out_at(row, column->path) == NULL;
	return text[0] == '\0' || ((column->flags & NONZERO)
	    && budget_decimal_read(&cli->ctx, text, 60, &decimal) == BUDGET_DECIMAL_OK && amount_is_zero(decimal));
}

/* Control characters and those that turn the writing direction could forge what a terminal shows. */
static bool
is_harmful(wchar_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069)
	    || c == 0x2028 || c == 0x2029;
}

static const char *
harmless(struct cli *cli, const char *text)
{
	struct budget_text out;
	mbstate_t state = { 0 };

	budget_text_init(&out, &cli->ctx.arena, strlen(text) + 1);
	while (*text != '\0') {
		wchar_t c = 0;
		size_t n = mbrtowc(&c, text, strlen(text), &state);

		if (n == (size_t)-1 || n == (size_t)-2) {
			memset(&state, 0, sizeof state);
			budget_text_add(&out, "?");
			text++;
			continue;
		}
		if (is_harmful(c))
			budget_text_add(&out, c == '\n' || c == '\t' ? " " : "?");
		else
			budget_text_addn(&out, text, n);
		text += n;
	}
	return budget_text_done(&out);
}

size_t
out_width(const char *text)
{
	mbstate_t state = { 0 };
	size_t width = 0;

	while (*text != '\0') {
		wchar_t c = 0;
		size_t n = mbrtowc(&c, text, strlen(text), &state);
		int columns;

		if (n == (size_t)-1 || n == (size_t)-2)
			return width + strlen(text);
		columns = wcwidth(c);
		width += columns > 0 ? (size_t)columns : 0;
		text += n;
	}
	return width;
}

static bool is_utf8;

void
out_setup(void)
{
	setlocale(LC_CTYPE, "");
	is_utf8 = strcasecmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (!is_utf8)
		setlocale(LC_CTYPE, "C.UTF-8"); /* the service speaks UTF-8 whatever the terminal says */
}

bool
out_is_utf8(void)
{
	return is_utf8;
}

static const char *
money(struct cli *cli, const char *decimal, struct json_object *row, struct json_object *root)
{
	const char *currency = budget_json_text(&cli->ctx, out_at(row, "currency")), *amount;

	if (currency == NULL)
		currency = budget_json_text(&cli->ctx, out_at(root, "currency"));
	amount = amount_people(&cli->ctx, decimal, 2, 30); /* every digit: sums can be checked by eye */
	if (currency == NULL || amount == NULL)
		return amount;
	if (strcmp(currency, "USD") == 0)
		return budget_arena_printf(&cli->ctx.arena, "%s$%s", amount[0] == '-' ? "-" : "", amount + (amount[0] == '-'));
	return budget_arena_printf(&cli->ctx.arena, "%s %s", amount, harmless(cli, currency));
}

/* "2026-01-31T09:30:00.123456Z" -> "2026-01-31 09:30:00Z"; anything else as it is. */
static const char *
moment(struct cli *cli, const char *text)
{
	size_t length = strlen(text);

	if (length < 20 || text[10] != 'T' || text[length - 1] != 'Z')
		return text;
	return budget_arena_printf(&cli->ctx.arena, "%.10s %.8sZ", text, text + 11);
}

const char *
out_cell(struct cli *cli, enum cell cell, const char *path, struct json_object *row, struct json_object *root)
{
	struct json_object *value = out_at(row, path);
	const char *text, *decimal = NULL;

	if (value == NULL)
		return NULL;
	if (budget_json_is_array(value) || budget_json_is_object(value))
		return harmless(cli, budget_json_print(&cli->ctx, value));
	text = budget_json_text(&cli->ctx, value);
	if (text == NULL)
		return NULL;
	if (cell == CELL_BOOL)
		return strcmp(text, "true") == 0 ? "yes" : "no";
	if (cell == CELL_TIME)
		return harmless(cli, moment(cli, text));
	if (cell == CELL_TEXT || cell == CELL_ID || budget_decimal_read(&cli->ctx, text, 60, &decimal) != BUDGET_DECIMAL_OK)
		return harmless(cli, text);
	switch (cell) {
	case CELL_MONEY:
		return money(cli, decimal, row, root);
	case CELL_RATE:
		return amount_people(&cli->ctx, amount_shift(&cli->ctx, decimal, per_places(cli)), 2, 30);
	case CELL_PERCENT:
		return budget_arena_printf(&cli->ctx.arena, "%s%%",
		    amount_people(&cli->ctx, amount_shift(&cli->ctx, decimal, 2), 0, 1));
	default:
		return amount_people(&cli->ctx, decimal, 0, 30);
	}
}

const char *
out_rate(struct cli *cli, const char *path, struct json_object *row, int places)
{
	const char *text = budget_json_text(&cli->ctx, out_at(row, path)), *decimal = NULL;

	if (text == NULL || budget_decimal_read(&cli->ctx, text, 60, &decimal) != BUDGET_DECIMAL_OK)
		return NULL;
	return amount_people(&cli->ctx, amount_shift(&cli->ctx, decimal, places), 2, 30);
}
