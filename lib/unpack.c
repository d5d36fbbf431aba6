#include "lib/unpack.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

#include "lib/ctx.h"

enum { FIRST_BYTES = 16384, ANY_HEAD = 15 + 32 /* largest window; gzip or zlib */ };

static enum budget_status
bad_gzip(struct budget_ctx *ctx)
{
	return budget_fail(ctx, BUDGET_ESYNTAX, "bad_encoding", NULL, "The body is not what its Content-Encoding says: it cannot be"
	    " unpacked.");
}

/* A stream may consist of several members, one behind the other. */
static enum budget_status
inflate_all(struct budget_ctx *ctx, z_stream *stream, size_t max_bytes, const char **ret_text, size_t *ret_length)
{
	size_t capacity = FIRST_BYTES, length = 0;
	char *out = budget_arena_extend(&ctx->arena, NULL, 0, capacity);
	int outcome = Z_OK;

	while (out != NULL) {
		stream->next_out = (unsigned char *)out + length;
		stream->avail_out = (unsigned)(capacity - 1 - length);
		outcome = inflate(stream, Z_NO_FLUSH);
		length = capacity - 1 - stream->avail_out;
		if (length > max_bytes)
			return budget_fail(ctx, BUDGET_ETOOLARGE, "body_too_large", NULL, "The body may have at most %zu bytes when it is"
			    " unpacked: send it in several requests.", max_bytes);
		if (outcome == Z_STREAM_END && stream->avail_in > 0)
			outcome = inflateReset(stream);
		if (outcome == Z_STREAM_END)
			break;
		if (outcome != Z_OK || (stream->avail_in == 0 && stream->avail_out > 0))
			return bad_gzip(ctx);
		if (stream->avail_out == 0) {
			out = budget_arena_extend(&ctx->arena, out, capacity, capacity * 2);
			capacity *= 2;
		}
	}
	if (out == NULL)
		return budget_fail_memory(ctx);
	out[length] = '\0';
	*ret_text = out;
	*ret_length = length;
	return BUDGET_OK;
}

enum budget_status
budget_unpack_gzip(struct budget_ctx *ctx, const char *packed, size_t length, size_t max_bytes, const char **ret_text,
    size_t *ret_length)
{
	z_stream stream = { .next_in = (const unsigned char *)packed, .avail_in = (unsigned)length };
	enum budget_status status;

	if (inflateInit2(&stream, ANY_HEAD) != Z_OK)
		return budget_fail_memory(ctx);
	status = inflate_all(ctx, &stream, max_bytes, ret_text, ret_length);
	inflateEnd(&stream);
	return status;
}

enum budget_status
budget_unpack_base64(struct budget_ctx *ctx, const char *text, const char *pointer, const char **ret_text, size_t *ret_length)
{
	size_t size = strlen(text), length = 0;
	unsigned char *out = budget_arena_alloc(&ctx->arena, size / 4 * 3 + 4);
	bool is_padded = strchr(text, '=') != NULL;

	if (out == NULL)
		return budget_fail_memory(ctx);
	if (sodium_base642bin(out, size / 4 * 3 + 3, text, size, " \r\n\t", &length, NULL, is_padded ? sodium_base64_VARIANT_ORIGINAL
	    : sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0)
		return budget_fail(ctx, BUDGET_EINVALID, "bad_encoding", pointer, "This is not base64.");
	out[length] = '\0';
	*ret_text = (const char *)out;
	*ret_length = length;
	return BUDGET_OK;
}
