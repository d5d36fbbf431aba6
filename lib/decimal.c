#include "lib/decimal.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "lib/ctx.h"

enum { SCALE_MAX = 30, EXPONENT_MAX = 40, DIGITS_MAX = 128, MONEY_INTEGER_DIGITS = 12 };

/* A number taken apart: 0.d1d2d3… × 10^point, without zeros at either end. */
struct parts {
	char digits[DIGITS_MAX];
	int count, point;
	bool is_negative, is_too_long;
};

static void
add_digit(struct parts *parts, char digit, int *zeros)
{
	if (digit == '0') {
		(*zeros)++;
		return;
	}
	if (*zeros > DIGITS_MAX || parts->count + *zeros >= DIGITS_MAX) {
		parts->is_too_long = true;
		return;
	}
	if (parts->count > 0) {
		memset(parts->digits + parts->count, '0', (size_t)*zeros);
		parts->count += *zeros;
	}
	*zeros = 0;
	parts->digits[parts->count++] = digit;
}

/* Digits with at most one point; returns what follows them, NULL when there is no digit. */
static const char *
read_digits(struct parts *parts, const char *text)
{
	int zeros = 0, leading_zeros_behind_point = 0;
	bool has_digit = false, has_point = false;

	for (;; text++) {
		if (*text == '.' && !has_point) {
			has_point = true;
			continue;
		}
		if (!isdigit((unsigned char)*text))
			break;
		has_digit = true;
		if (!has_point && (parts->count > 0 || *text != '0'))
			parts->point++;
		if (has_point && parts->count == 0 && *text == '0' && parts->point == 0)
			leading_zeros_behind_point++;
		if (parts->count == 0 && *text == '0')
			continue;
		add_digit(parts, *text, &zeros);
	}
	if (parts->point == 0)
		parts->point = -leading_zeros_behind_point;
	return has_digit ? text : NULL;
}

static enum budget_decimal
read_exponent(struct parts *parts, const char *text)
{
	bool is_negative;
	int exponent = 0;

	if (*text == '\0')
		return BUDGET_DECIMAL_OK;
	if (*text != 'e' && *text != 'E')
		return BUDGET_DECIMAL_NONE;
	text++;
	is_negative = *text == '-';
	if (*text == '-' || *text == '+')
		text++;
	if (!isdigit((unsigned char)*text))
		return BUDGET_DECIMAL_NONE;
	for (; isdigit((unsigned char)*text); text++)
		if (exponent <= EXPONENT_MAX)
			exponent = exponent * 10 + (*text - '0');
	if (*text != '\0')
		return BUDGET_DECIMAL_NONE;
	if (exponent > EXPONENT_MAX)
		return BUDGET_DECIMAL_RANGE;
	parts->point += is_negative ? -exponent : exponent;
	return BUDGET_DECIMAL_OK;
}

static void
write_plain(const struct parts *parts, char *out)
{
	if (parts->is_negative)
		*out++ = '-';
	if (parts->point <= 0)
		*out++ = '0';
	for (int i = 0; i < parts->point; i++)
		*out++ = i < parts->count ? parts->digits[i] : '0';
	if (parts->count > parts->point) {
		*out++ = '.';
		for (int i = parts->point; i < parts->count; i++)
			*out++ = i < 0 ? '0' : parts->digits[i];
	}
	*out = '\0';
}

enum budget_decimal
budget_decimal_read(struct budget_ctx *ctx, const char *text, int integer_digits, const char **ret_text)
{
	struct parts parts = { .count = 0 };
	enum budget_decimal outcome;
	size_t size_bytes;
	char *plain;

	parts.is_negative = *text == '-';
	if (*text == '-' || *text == '+')
		text++;
	text = read_digits(&parts, text);
	if (text == NULL)
		return BUDGET_DECIMAL_NONE;
	outcome = read_exponent(&parts, text);
	if (outcome != BUDGET_DECIMAL_OK)
		return outcome;
	if (parts.count == 0) {
		*ret_text = "0";
		return BUDGET_DECIMAL_OK;
	}
	if (parts.is_too_long || parts.point > integer_digits || parts.count - parts.point > SCALE_MAX)
		return BUDGET_DECIMAL_RANGE;
	size_bytes = (size_t)(parts.point > 0 ? parts.point : 0) + (size_t)SCALE_MAX + 8;
	plain = budget_arena_alloc(&ctx->arena, size_bytes);
	if (plain == NULL)
		return BUDGET_DECIMAL_RANGE;
	write_plain(&parts, plain);
	*ret_text = plain;
	return BUDGET_DECIMAL_OK;
}

const char *
budget_decimal_parse(struct budget_ctx *ctx, const char *text)
{
	const char *plain = NULL;

	if (text == NULL || budget_decimal_read(ctx, text, MONEY_INTEGER_DIGITS, &plain) != BUDGET_DECIMAL_OK)
		return NULL;
	return plain;
}

int
budget_decimal_compare(const char *left, const char *right)
{
	bool is_left_negative = *left == '-', is_right_negative = *right == '-';
	size_t left_integer, right_integer;
	int order;

	if (is_left_negative != is_right_negative)
		return is_left_negative ? -1 : 1;
	left += is_left_negative;
	right += is_right_negative;
	left_integer = strcspn(left, ".");
	right_integer = strcspn(right, ".");
	order = left_integer != right_integer ? (left_integer < right_integer ? -1 : 1) : strcmp(left, right);
	order = order < 0 ? -1 : order > 0;
	return is_left_negative ? -order : order;
}

/* Digit of a plain text that stands `place` places left of the point (0 = units), right of it when below 0. */
static int
digit_at(const char *text, int integer_digits, int place)
{
	int at = place >= 0 ? integer_digits - 1 - place : integer_digits - place;

	return at >= 0 && at < (int)strlen(text) && text[at] != '.' ? text[at] - '0' : 0;
}

const char *
budget_decimal_add(struct budget_ctx *ctx, const char *left, const char *right)
{
	char sum[MONEY_INTEGER_DIGITS + SCALE_MAX + 4], *at = sum + sizeof sum;
	int carry = 0, left_digits, right_digits;

	if (left == NULL || right == NULL)
		return NULL;
	left_digits = (int)strcspn(left, ".");
	right_digits = (int)strcspn(right, ".");
	if (left_digits > MONEY_INTEGER_DIGITS || right_digits > MONEY_INTEGER_DIGITS)
		return NULL;
	*--at = '\0';
	for (int place = -SCALE_MAX; place <= MONEY_INTEGER_DIGITS; place++) {
		int digit = digit_at(left, left_digits, place) + digit_at(right, right_digits, place) + carry;

		if (place == 0)
			*--at = '.';
		*--at = (char)('0' + digit % 10);
		carry = digit / 10;
	}
	return budget_decimal_parse(ctx, at);
}
