/*
 * One record as it lies in the spool: a mark, the length, a CRC-32C over length and texts, then four texts with a NUL
 * behind each. Bytes in, bytes out: nothing here touches a file.
 */
#ifndef BUDGET_LIB_SPOOL_FRAME_H
#define BUDGET_LIB_SPOOL_FRAME_H

#include <stddef.h>

#define BUDGET_SPOOL_FRAME_MAX_BYTES (4u << 20) /* of the four texts together */

struct budget_spool_frame {
	const char *tenant_id;   /* uuid */
	const char *received_at; /* RFC 3339, UTC */
	const char *shape;       /* members of a budget_ledger_item (ledger.h) */
	const char *members;
};

/** Bytes a frame takes; 0 when its texts are longer than a frame may be. */
size_t budget_spool_frame_size(const struct budget_spool_frame *frame);

/** Writes exactly that many bytes. */
void budget_spool_frame_write(const struct budget_spool_frame *frame, unsigned char *out);

enum budget_spool_reading {
	SPOOL_FRAME,  /* a frame; *offset is behind it */
	SPOOL_SKIPPED, /* bytes that are no frame, with frames behind them: *offset is at the next one */
	SPOOL_END     /* no more; *offset is where the last frame ended: what lies behind it was never finished */
};

/** Reads the frame at *offset. Its texts are borrowed from bytes. Nothing outside [bytes, bytes + size) is looked at. */
enum budget_spool_reading budget_spool_frame_read(const unsigned char *bytes, size_t size, size_t *offset,
    struct budget_spool_frame *ret_frame);

#endif
