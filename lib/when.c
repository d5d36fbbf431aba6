#include "lib/when.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/ctx.h"
#include "lib/decimal.h"

#define EPOCH_MAX 253402300799LL /* the last second of year 9999 */

/* Value of exactly n digits at text, or -1. */
static int
number(const char *text, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if (!isdigit((unsigned char)text[i]))
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

static bool
is_date(const char *text)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year, month, day;

	if (strnlen(text, 10) < 10 || text[4] != '-' || text[7] != '-')
		return false;
	year = number(text, 4);
	month = number(text + 5, 2);
	day = number(text + 8, 2);
	if (year < 1970 || month < 1 || month > 12 || day < 1)
		return false;
	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		return day <= 29;
	return day <= days[month - 1];
}

/* Hours and minutes of an offset: +hh:mm or +hhmm. */
static bool
is_zone(const char *text)
{
	int hour, minute;

	if ((text[0] == 'Z' || text[0] == 'z') && text[1] == '\0')
		return true;
	if (text[0] != '+' && text[0] != '-')
		return false;
	hour = number(text + 1, 2);
	if (hour < 0 || hour > 15)
		return false;
	text += text[3] == ':' ? 4 : 3;
	minute = number(text, 2);
	return minute >= 0 && minute <= 59 && text[2] == '\0';
}

bool
budget_date_valid(const char *text)
{
	return is_date(text) && text[10] == '\0';
}

bool
budget_time_valid(const char *text)
{
	int hour, minute, second, digits = 0;

	if (!is_date(text))
		return false;
	text += 10;
	if (*text == '\0')
		return true;
	if ((*text != 'T' && *text != 't' && *text != ' ') || strnlen(text, 9) < 9 || text[3] != ':' || text[6] != ':')
		return false;
	hour = number(text + 1, 2);
	minute = number(text + 4, 2);
	second = number(text + 7, 2);
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
		return false;
	text += 9;
	if (*text == '.') {
		while (isdigit((unsigned char)text[1 + digits]))
			digits++;
		if (digits < 1 || digits > 9)
			return false;
		text += 1 + digits;
	}
	return *text == '\0' || is_zone(text);
}

void
budget_time_write(const struct timespec *at, char ret_text[BUDGET_TIME_SIZE])
{
	struct tm parts;
	size_t length;

	gmtime_r(&at->tv_sec, &parts);
	length = strftime(ret_text, BUDGET_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(ret_text + length, BUDGET_TIME_SIZE - length, ".%06ldZ", at->tv_nsec / 1000);
}

const char *
budget_time_of_epoch(struct budget_ctx *ctx, const char *number, int shift)
{
	const char *plain = NULL, *point;
	char fraction[7] = "000000";
	size_t digits, length;
	char text[BUDGET_TIME_SIZE];
	struct timespec at;

	if (number == NULL || number[0] == '-' || budget_decimal_read(ctx, number, 12 + shift, &plain) != BUDGET_DECIMAL_OK)
		return NULL;
	digits = strcspn(plain, ".");
	point = plain[digits] == '.' && shift == 0 ? plain + digits + 1 : "";
	if (shift > 0 && digits > (size_t)shift) {
		point = plain + digits - (size_t)shift;
		digits -= (size_t)shift;
	} else if (shift > 0) {
		digits = 0;
	}
	length = strnlen(point, 6);
	memcpy(fraction, point, length);
	for (size_t i = 0; i < length; i++)
		if (!isdigit((unsigned char)fraction[i]))
			fraction[i] = '0';
	plain = budget_arena_strndup(&ctx->arena, plain, digits);
	if (plain == NULL)
		return NULL;
	at = (struct timespec){ .tv_sec = (time_t)strtoll(plain, NULL, 10) /* "" is 0 */, .tv_nsec = strtol(fraction, NULL, 10) * 1000 };
	if (at.tv_sec > EPOCH_MAX)
		return NULL;
	budget_time_write(&at, text);
	return budget_arena_strdup(&ctx->arena, text);
}

int64_t
budget_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
