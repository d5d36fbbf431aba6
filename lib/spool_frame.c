#include "lib/spool_frame.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { MARK_BYTES = 4, HEAD_BYTES = 12, TEXTS = 4 };

static const unsigned char mark[MARK_BYTES] = { 'B', 'S', 'P', '1' };

/* CRC-32C (Castagnoli), reflected, one byte a step. */
static uint32_t crc_table[256];
static pthread_once_t crc_made = PTHREAD_ONCE_INIT;

static void
make_crc_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
		crc_table[i] = crc;
	}
}

static uint32_t
crc_of(const unsigned char *bytes, size_t size, uint32_t crc)
{
	crc = ~crc;
	for (size_t i = 0; i < size; i++)
		crc = crc >> 8 ^ crc_table[(crc ^ bytes[i]) & 0xff];
	return ~crc;
}

static void
put_number(unsigned char *out, uint32_t number)
{
	for (int i = 0; i < 4; i++)
		out[i] = (unsigned char)(number >> 8 * i);
}

static uint32_t
get_number(const unsigned char *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

size_t
budget_spool_frame_size(const struct budget_spool_frame *frame)
{
	size_t size = strlen(frame->tenant_id) + strlen(frame->received_at) + strlen(frame->shape) + strlen(frame->members) + TEXTS;

	return size <= BUDGET_SPOOL_FRAME_MAX_BYTES ? size + HEAD_BYTES : 0;
}

void
budget_spool_frame_write(const struct budget_spool_frame *frame, unsigned char *out)
{
	const char *const texts[TEXTS] = { frame->tenant_id, frame->received_at, frame->shape, frame->members };
	size_t at = HEAD_BYTES;

	pthread_once(&crc_made, make_crc_table);
	for (int i = 0; i < TEXTS; i++) {
		size_t length = strlen(texts[i]) + 1;

		memcpy(out + at, texts[i], length);
		at += length;
	}
	memcpy(out, mark, MARK_BYTES);
	put_number(out + 4, (uint32_t)(at - HEAD_BYTES));
	put_number(out + 8, crc_of(out + HEAD_BYTES, at - HEAD_BYTES, crc_of(out + 4, 4, 0)));
}

/* Splits the texts; false when there are not exactly four of them. */
static bool
split(const unsigned char *bytes, size_t size, struct budget_spool_frame *ret_frame)
{
	const char *texts[TEXTS], *at = (const char *)bytes, *end = at + size;

	for (int i = 0; i < TEXTS; i++) {
		const char *stop = at < end ? memchr(at, '\0', (size_t)(end - at)) : NULL;

		if (stop == NULL)
			return false;
		texts[i] = at;
		at = stop + 1;
	}
	*ret_frame = (struct budget_spool_frame){ .tenant_id = texts[0], .received_at = texts[1], .shape = texts[2], .members = texts[3] };
	return at == end;
}

/* The frame that begins right here; 0 when none does, else how many bytes it takes. */
static size_t
frame_at(const unsigned char *bytes, size_t size, struct budget_spool_frame *ret_frame)
{
	size_t length;

	if (size < HEAD_BYTES || memcmp(bytes, mark, MARK_BYTES) != 0)
		return 0;
	length = get_number(bytes + 4);
	if (length > BUDGET_SPOOL_FRAME_MAX_BYTES || length > size - HEAD_BYTES
	    || get_number(bytes + 8) != crc_of(bytes + HEAD_BYTES, length, crc_of(bytes + 4, 4, 0)))
		return 0;
	return split(bytes + HEAD_BYTES, length, ret_frame) ? HEAD_BYTES + length : 0;
}

enum budget_spool_reading
budget_spool_frame_read(const unsigned char *bytes, size_t size, size_t *offset, struct budget_spool_frame *ret_frame)
{
	size_t at = *offset, length;

	pthread_once(&crc_made, make_crc_table);
	length = frame_at(bytes + at, size - at, ret_frame);
	if (length > 0) {
		*offset += length;
		return SPOOL_FRAME;
	}
	while (at + 1 < size) { /* a broken frame must not take those behind it along */
		struct budget_spool_frame next;
		const unsigned char *found = memchr(bytes + at + 1, mark[0], size - at - 1);

		if (found == NULL)
			return SPOOL_END;
		at = (size_t)(found - bytes);
		if (frame_at(found, size - at, &next) > 0) {
			*offset = at;
			return SPOOL_SKIPPED;
		}
	}
	return SPOOL_END;
}
