#include "clients/cli/amount.h"

#include <ctype.h>
#include <string.h>

#include "lib/ctx.h"
#include "lib/text.h"

/* Sign, digits and where the point stands: value = digits / 10^scale. */
struct parts {
	bool is_negative;
	char *digits; /* in the arena; may have leading zeros */
	int scale;
};

static bool
take_apart(struct budget_ctx *ctx, const char *decimal, struct parts *ret_parts)
{
	const char *point;
	char *to;

	ret_parts->is_negative = *decimal == '-';
	decimal += ret_parts->is_negative;
	point = strchr(decimal, '.');
	ret_parts->scale = point ? (int)strlen(point + 1) : 0;
	ret_parts->digits = to = budget_arena_alloc(&ctx->arena, strlen(decimal) + 2);
	if (!to)
		return false;
	for (; *decimal; decimal++)
		if (isdigit((unsigned char) *decimal))
			*to++ = *decimal;
	return true;
}

static const char *
put_together(struct budget_ctx *ctx, const struct parts *parts, bool is_grouped)
{
	const char *digits = parts->digits;
	int length, whole;
	struct budget_text out;

	while (*digits == '0' && (int)strlen(digits) > parts->scale + 1)
		digits++;
	length = (int)strlen(digits);
	whole = length - parts->scale;
	budget_text_init(&out, &ctx->arena, (size_t)length * 2 + 8);
	if (parts->is_negative)
		budget_text_add(&out, "-");
	if (whole <= 0)
		budget_text_add(&out, "0");
	for (int i = 0; i < whole; i++) {
		budget_text_addn(&out, digits + i, 1);
		if (is_grouped && i + 1 < whole && (whole - i - 1) % 3 == 0)
			budget_text_add(&out, ",");
	}
	if (parts->scale > 0) {
		budget_text_add(&out, ".");
		for (int i = whole; i < 0; i++)
			budget_text_add(&out, "0");
		budget_text_add(&out, digits + (whole > 0 ? whole : 0));
	}
	return budget_text_done(&out);
}

bool
amount_is_zero(const char *decimal)
{
	return decimal[strspn(decimal, "-0.")] == '\0';
}

static void
trim_scale(struct parts *parts, int min_scale)
{
	size_t length = strlen(parts->digits);

	while (parts->scale > min_scale && length > 1 && parts->digits[length - 1] == '0') {
		parts->digits[--length] = '\0';
		parts->scale--;
	}
}

/* digits × 10^n, in the arena. */
static bool
append_zeros(struct budget_ctx *ctx, struct parts *parts, int n)
{
	size_t length = strlen(parts->digits);
	char *longer = budget_arena_alloc(&ctx->arena, length + (size_t)n + 2);

	if (!longer)
		return false;
	memcpy(longer, parts->digits, length);
	memset(longer + length, '0', (size_t)n);
	parts->digits = longer;
	return true;
}

const char *
amount_shift(struct budget_ctx *ctx, const char *decimal, int places)
{
	struct parts parts;

	if (!take_apart(ctx, decimal, &parts))
		return NULL;
	parts.scale -= places;
	if (parts.scale < 0) {
		if (!append_zeros(ctx, &parts, -parts.scale))
			return NULL;
		parts.scale = 0;
	}
	trim_scale(&parts, 0);
	if (amount_is_zero(parts.digits))
		return "0";
	return put_together(ctx, &parts, false);
}

/* Adds one to the last digit; the arena text has room for a digit more in front. */
static bool
round_up(struct budget_ctx *ctx, struct parts *parts)
{
	size_t at = strlen(parts->digits);

	while (at > 0 && parts->digits[at - 1] == '9')
		parts->digits[--at] = '0';
	if (at > 0) {
		parts->digits[at - 1]++;
		return true;
	}
	parts->digits = budget_arena_printf(&ctx->arena, "1%s", parts->digits);
	return parts->digits != NULL;
}

const char *
amount_people(struct budget_ctx *ctx, const char *decimal, int min_scale, int max_scale)
{
	struct parts parts;
	size_t length, cut;
	bool goes_up;

	if (!take_apart(ctx, decimal, &parts))
		return NULL;
	length = strlen(parts.digits);
	if (parts.scale > max_scale) {
		cut = (size_t)(parts.scale - max_scale);
		if (cut >= length || strspn(parts.digits, "0") >= length - cut)
			return put_together(ctx, &parts, true); /* all that is left would be zeros: show it in full */
		goes_up = parts.digits[length - cut] >= '5';
		parts.digits[length - cut] = '\0';
		parts.scale = max_scale;
		if (goes_up && !round_up(ctx, &parts))
			return NULL;
	}
	trim_scale(&parts, min_scale);
	if (parts.scale < min_scale) {
		if (!append_zeros(ctx, &parts, min_scale - parts.scale))
			return NULL;
		parts.scale = min_scale;
	}
	return put_together(ctx, &parts, true);
}
