#include "lib/utf8.h"

size_t
budget_utf8_char(const char *text, size_t n)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t length = c[0] < 0x80 ? 1 : c[0] >= 0xc2 && c[0] < 0xe0 ? 2 : (c[0] & 0xf0) == 0xe0 ? 3 :
	    c[0] >= 0xf0 && c[0] < 0xf5 ? 4 : 0;

	if (length == 0 || length > n)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	/* second bytes that would make an overlong form, a surrogate, or a character above U+10FFFF */
	if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xf0 && c[1] < 0x90)
	    || (c[0] == 0xf4 && c[1] > 0x8f))
		return 0;
	return length;
}

bool
budget_utf8_valid(const char *text, size_t n, size_t *ret_offset)
{
	size_t at = 0;

	while (at < n) {
		size_t length = (unsigned char)text[at] < 0x80 ? 1 : budget_utf8_char(text + at, n - at);

		if (length == 0) {
			if (ret_offset != NULL)
				*ret_offset = at;
			return false;
		}
		at += length;
	}
	return true;
}

size_t
budget_utf8_encode(unsigned long code, char *out)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | (code >> 6));
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | (code >> 12));
		out[1] = (char)(0x80 | ((code >> 6) & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | (code >> 18));
	out[1] = (char)(0x80 | ((code >> 12) & 0x3f));
	out[2] = (char)(0x80 | ((code >> 6) & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}
