#include "lib/source/csv.h"

#include <string.h>

#include "lib/utf8.h"

void
csv_begin(struct csv *csv, struct budget_ctx *ctx, const char *text, size_t length)
{
	*csv = (struct csv){ .ctx = ctx, .at = text, .end = text + length };
	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		csv->at += 3;
}

static bool
is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}

/* A field in quotes: at stands behind the first one. What comes between the last one and the comma is dropped. */
static const char *
quoted(struct csv *csv)
{
	const char *from = csv->at;
	char *field, *to;

	while (csv->at < csv->end && (*csv->at != '"' || (csv->at + 1 < csv->end && csv->at[1] == '"')))
		csv->at += *csv->at == '"' ? 2 : 1;
	if (csv->at >= csv->end)
		return NULL;
	field = to = budget_arena_strndup(&csv->ctx->arena, from, (size_t)(csv->at - from));
	for (const char *byte = field; field && *byte; byte++) {
		byte += byte[0] == '"' && byte[1] == '"';
		*to++ = *byte;
	}
	if (to)
		*to = '\0';
	while (csv->at < csv->end && *csv->at != ',' && *csv->at != '\n')
		csv->at++;
	return field;
}

static const char *
plain(struct csv *csv)
{
	const char *from, *to;

	while (csv->at < csv->end && is_blank(*csv->at))
		csv->at++;
	if (csv->at < csv->end && *csv->at == '"') {
		csv->at++;
		return quoted(csv);
	}
	from = csv->at;
	while (csv->at < csv->end && *csv->at != ',' && *csv->at != '\n')
		csv->at++;
	for (to = csv->at; to > from && is_blank(to[-1]);)
		to--;
	return budget_arena_strndup(&csv->ctx->arena, from, (size_t)(to - from));
}

static bool
read_record(struct csv *csv)
{
	const char *from = csv->at;

	csv->count = 0;
	for (;;) {
		const char *field = csv->count < CSV_FIELDS_MAX ? plain(csv) : NULL;
		if (field == NULL) {
			csv->is_broken = true;
			return false;
		}
		csv->fields[csv->count++] = field;
		if (csv->at == csv->end || *csv->at == '\n')
			break;
		csv->at++;
	}
	csv->is_broken = memchr(from, '\0', (size_t)(csv->at - from)) != NULL;
	return !csv->is_broken;
}

bool
csv_next(struct csv *csv)
{
	while (csv->at < csv->end && !csv->is_broken) {
		const char *from = csv->at;
		bool is_comment = *from == '#', is_record;

		csv->line++;
		if (is_comment) {
			csv->at = memchr(from, '\n', (size_t)(csv->end - from));
			csv->at = csv->at ? csv->at : csv->end;
		} else if (!read_record(csv)) {
			return false;
		}
		is_record = !is_comment && (csv->count > 1 || *csv->fields[0] != '\0');
		if (csv->at < csv->end)
			csv->at++;
		if (is_record)
			return true;
	}
	return false;
}
