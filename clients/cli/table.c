/* Tables and cards on a terminal. Rows and columns are few; everything is measured first, then printed. */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "clients/cli/out.h"

#define COLUMNS_MAX 32
#define GAP 2
#define FLEX_GOOD 24  /* a text keeps so many columns while a WIDE column can go instead */
#define FLEX_LEAST 12 /* and so many in any case */

struct table {
	const struct column *columns[COLUMNS_MAX]; /* those that are shown */
	size_t widths[COLUMNS_MAX], wanted[COLUMNS_MAX], count;
	size_t hidden;
	const char **cells; /* row by row, count each; NULL = absent */
};

/* 0 = as wide as it needs to be: not a terminal, so nothing may be cut. */
static size_t
terminal_width(void)
{
	struct winsize size;

	return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static bool
is_right(const struct column *column)
{
	return column->cell == CELL_COUNT || column->cell == CELL_MONEY || column->cell == CELL_RATE
	    || column->cell == CELL_PERCENT;
}

static size_t
total_width(const struct table *table)
{
	size_t total = 0;

	for (size_t i = 0; i < table->count; i++)
		total += table->widths[i] + (i > 0 ? GAP : 0);
	return total;
}

static void
drop_column(struct table *table, size_t at, size_t rows)
{
	for (size_t r = 0; r < rows; r++)
		memmove(&table->cells[r * COLUMNS_MAX + at], &table->cells[r * COLUMNS_MAX + at + 1],
		    (COLUMNS_MAX - at - 1) * sizeof *table->cells);
	memmove(&table->columns[at], &table->columns[at + 1], (COLUMNS_MAX - at - 1) * sizeof *table->columns);
	memmove(&table->wanted[at], &table->wanted[at + 1], (COLUMNS_MAX - at - 1) * sizeof *table->wanted);
	memcpy(table->widths, table->wanted, sizeof table->widths);
	table->count--;
	table->hidden++;
}

/*
 * Texts give way first, the widest by one column at a time; then whole columns, the last WIDE one first, and the texts have
 * its room; when there is none left, the texts give what they can.
 */
static void
fit(struct table *table, size_t rows, size_t width)
{
	size_t least = FLEX_GOOD;

	while (width > 0 && total_width(table) > width) {
		size_t widest = COLUMNS_MAX, last_wide = COLUMNS_MAX;

		for (size_t i = 0; i < table->count; i++) {
			if ((table->columns[i]->flags & FLEX) && table->widths[i] > least
			    && (widest == COLUMNS_MAX || table->widths[i] > table->widths[widest]))
				widest = i;
			if (table->columns[i]->flags & WIDE)
				last_wide = i;
		}
		if (widest != COLUMNS_MAX) {
			table->widths[widest]--;
		} else if (last_wide != COLUMNS_MAX) {
			drop_column(table, last_wide, rows);
		} else if (least == FLEX_GOOD) {
			least = FLEX_LEAST;
		} else {
			return;
		}
	}
}

/* Text in a field of that many columns; a longer one ends with an ellipsis. */
static void
print_field(const char *text, size_t width, bool is_right_aligned, bool is_last)
{
	size_t own = out_width(text), taken = 0;
	mbstate_t state = { 0 };

	if (is_right_aligned)
		for (; own + taken < width; taken++)
			putchar(' ');
	if (own <= width) {
		fputs(text, stdout);
		for (taken += own; !is_last && taken < width; taken++)
			putchar(' ');
		return;
	}
	while (*text != '\0') {
		wchar_t c = 0;
		size_t n = mbrtowc(&c, text, strlen(text), &state);
		int columns = n > 4 ? 1 : wcwidth(c);

		n = n > 4 || n == 0 ? 1 : n;
		if (taken + (columns > 0 ? (size_t)columns : 0) > width - 1)
			break;
		fwrite(text, 1, n, stdout);
		taken += columns > 0 ? (size_t)columns : 0;
		text += n;
	}
	fputs(out_is_utf8() ? "…" : ">", stdout);
	for (taken++; !is_last && taken < width; taken++)
		putchar(' ');
}

static void
print_rule(size_t width)
{
	const char *dash = out_is_utf8() ? "─" : "-";

	while (width-- > 0)
		fputs(dash, stdout);
}

static void
print_line(const struct table *table, const char *const *cells)
{
	for (size_t i = 0; i < table->count; i++) {
		if (i > 0)
			printf("%*s", GAP, "");
		print_field(cells[i] != NULL ? cells[i] : "-", table->widths[i], is_right(table->columns[i]),
		    i + 1 == table->count);
	}
	putchar('\n');
}

/* Fills columns and cells; leaves out spare columns that no row has a value for. */
static bool
measure(struct cli *cli, const struct view *view, const struct rows *rows, struct table *table)
{
	table->cells = budget_arena_alloc(&cli->ctx.arena, rows->count * COLUMNS_MAX * sizeof *table->cells);
	if (table->cells == NULL)
		return false;
	for (const struct column *column = view->columns; column->title != NULL && table->count < COLUMNS_MAX; column++) {
		size_t at = table->count, width = out_width(column->title);
		bool is_empty = true;

		for (size_t r = 0; r < rows->count; r++) {
			const char *text = out_cell(cli, column->cell, column->path, rows->items[r], rows->root);

			table->cells[r * COLUMNS_MAX + at] = text;
			is_empty = is_empty && out_is_absent(cli, column, rows->items[r]);
			width = text != NULL && out_width(text) > width ? out_width(text) : width;
		}
		if (is_empty && (column->flags & (SPARE | NONZERO)))
			continue;
		table->columns[at] = column;
		table->widths[at] = table->wanted[at] = width;
		table->count++;
	}
	return true;
}

static bool
is_filtered(const struct cli *cli)
{
	for (size_t i = 0; i < cli->given_count; i++)
		if (cli->given[i].option->place == IN_QUERY)
			return true;
	return false;
}

void
out_table(struct cli *cli, const struct view *view, const struct rows *rows)
{
	struct table table = { .count = 0 };
	const char *titles[COLUMNS_MAX] = { NULL };

	if (rows->count == 0) {
		printf("%s\n", is_filtered(cli) ? "Nothing matches what was asked for." : view->empty != NULL ? view->empty
		    : "Nothing to show.");
		return;
	}
	if (!measure(cli, view, rows, &table)) {
		cli_fail(cli, 0, "the list does not fit in memory: ask for less with --limit.");
		return;
	}
	fit(&table, rows->count, terminal_width());
	for (size_t i = 0; i < table.count; i++)
		titles[i] = table.columns[i]->title;
	print_line(&table, titles);
	for (size_t i = 0; i < table.count; i++) {
		printf("%*s", i > 0 ? GAP : 0, "");
		print_rule(table.widths[i]);
	}
	putchar('\n');
	for (size_t r = 0; r < rows->count; r++)
		print_line(&table, table.cells + r * COLUMNS_MAX);
	fflush(stdout);
	if (table.hidden > 0)
		fprintf(stderr, "(%zu column%s not fit: widen the terminal, or --format csv)\n", table.hidden,
		    table.hidden == 1 ? " does" : "s do");
}

void
out_card(struct cli *cli, const struct view *view, struct json_object *object)
{
	size_t width = 0;

	for (const struct column *column = view->columns; column->title != NULL; column++)
		width = out_width(column->title) > width ? out_width(column->title) : width;
	for (const struct column *column = view->columns; column->title != NULL; column++) {
		const char *text = out_cell(cli, column->cell, column->path, object, object);

		if (out_is_absent(cli, column, object) && (column->flags & (SPARE | NONZERO)))
			continue;
		print_field(column->title, width + GAP, false, false);
		printf("%s\n", text != NULL ? text : "-");
	}
}
