#include "lib/uuid.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/*
 * The 60 bits before the random ones: milliseconds, then 12 bits of the fraction of the millisecond (RFC 9562 6.2,
 * method 3). A clock that stands still or is set back only raises the last value by one, so ids keep rising.
 */
static uint64_t
next_tick(void)
{
	static _Atomic uint64_t last;
	struct timespec now;
	uint64_t tick, before = atomic_load(&last);

	clock_gettime(CLOCK_REALTIME, &now);
	tick = ((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000) << 12;
	tick |= (uint64_t)now.tv_nsec % 1000000 * 4096 / 1000000;
	do {
		if (tick <= before)
			tick = before + 1;
	} while (!atomic_compare_exchange_weak(&last, &before, tick));
	return tick;
}

void
budget_uuid_new(char ret_text[UUID_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[16];
	uint64_t tick = next_tick(), ms = tick >> 12;
	size_t out = 0;

	while (getrandom(bytes + 8, 8, 0) != 8)
		continue; /* 8 bytes come whole once the pool is ready; before that EINTR only */
	for (int i = 0; i < 6; i++)
		bytes[i] = (unsigned char)(ms >> (40 - 8 * i));
	bytes[6] = (unsigned char)(0x70 | ((tick >> 8) & 0x0f));
	bytes[7] = (unsigned char)tick;
	bytes[8] = (unsigned char)(0x80 | (bytes[8] & 0x3f));
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			ret_text[out++] = '-';
		ret_text[out++] = digits[bytes[i] >> 4];
		ret_text[out++] = digits[bytes[i] & 15];
	}
	ret_text[out] = '\0';
}

bool
budget_uuid_parse(const char *text, char ret_text[UUID_TEXT_SIZE])
{
	char lower[UUID_TEXT_SIZE];

	if (text == NULL)
		return false;
	for (int i = 0; i < UUID_TEXT_SIZE - 1; i++) {
		unsigned char c = (unsigned char)text[i];

		if (i == 8 || i == 13 || i == 18 || i == 23 ? c != '-' : !isxdigit(c))
			return false;
		lower[i] = (char)tolower(c);
	}
	if (text[UUID_TEXT_SIZE - 1] != '\0')
		return false;
	lower[UUID_TEXT_SIZE - 1] = '\0';
	memcpy(ret_text, lower, sizeof lower);
	return true;
}

int64_t
budget_uuid_time_ms(const char *text)
{
	int64_t ms = 0;

	if (text[14] != '7')
		return -1;
	for (int i = 0; i < 13; i++)
		if (i != 8)
			ms = ms * 16 + (text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10);
	return ms;
}
