/*
 * The spool's frames: whatever the bytes are, reading stays inside them, goes forward and ends; what was written is read
 * again, also behind bytes that are none.
 *   seeds: tests/fuzz/seeds/spool
 */
#include "lib/spool_frame.h"
#include "tests/fuzz/fuzz.h"

static void
read_all(const unsigned char *bytes, size_t size)
{
	struct budget_spool_frame frame;
	enum budget_spool_reading reading;
	size_t offset = 0, before = 0;

	while ((reading = budget_spool_frame_read(bytes, size, &offset, &frame)) != SPOOL_END) {
		CHECK(offset > before && offset <= size);
		if (reading == SPOOL_FRAME)
			CHECK(frame.members + strlen(frame.members) + 1 == (const char *)bytes + offset
			    && budget_spool_frame_size(&frame) == offset - before);
		before = offset;
	}
	CHECK(offset == before);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct budget_ctx *ctx = fuzz_ctx();
	struct budget_spool_frame frame = { "tenant", "2026-01-02T03:04:05Z", "", fuzz_text(ctx, bytes, length) }, read;
	size_t size = budget_spool_frame_size(&frame), offset = 0;
	unsigned char *written = budget_arena_alloc(&ctx->arena, length + size + 1), *copy = malloc(length + 1);

	if (copy == NULL || written == NULL)
		return 0;
	memcpy(copy, bytes, length); /* exactly as long as it says, so that the sanitizer sees a step beyond */
	copy = realloc(copy, length > 0 ? length : 1);
	read_all(copy, length);
	free(copy);
	if (length > 0)
		memcpy(written, bytes, length);
	budget_spool_frame_write(&frame, written + length);
	read_all(written, length + size);
	CHECK(budget_spool_frame_read(written + length, size, &offset, &read) == SPOOL_FRAME && offset == size);
	CHECK(strcmp(read.members, frame.members) == 0 && strcmp(read.tenant_id, frame.tenant_id) == 0);
	return 0;
}
