/* What a person or a program reads: tables, cards, csv, json, one-line confirmations. */
#ifndef BUDGET_CLIENTS_CLI_OUT_H
#define BUDGET_CLIENTS_CLI_OUT_H

#include <stddef.h>

#include "clients/cli/cli.h"

/* Rows of a view. root: the whole answer, where a row lacks a member that all rows share (currency). */
struct rows {
	struct json_object *const *items;
	size_t count;
	struct json_object *root;
};

/** A table for people: aligned, numbers right, cut to the terminal; the view's hint when there are no rows. */
void out_table(struct cli *cli, const struct view *view, const struct rows *rows);

/** One object, one line a member. */
void out_card(struct cli *cli, const struct view *view, struct json_object *object);

/** RFC 4180: header of paths where wanted, CRLF, every digit, every column of the view. */
void out_csv(struct cli *cli, const struct view *view, const struct rows *rows, bool has_header);

/**
 * A sentence with values in it: {path} or {path:money|count|percent|time|rate|bool}; a part in [brackets] is left out
 * when one of its values is absent. In the arena.
 */
const char *out_sentence(struct cli *cli, const char *template, struct json_object *object);

/** Value at a path ("details.period"), NULL when absent or null. Borrowed. */
struct json_object *out_at(struct json_object *object, const char *path);

/** Whether a row has no value for a column: absent, null, empty; for NONZERO columns also 0. */
bool out_is_absent(struct cli *cli, const struct column *column, struct json_object *row);

/** How a person reads a cell; NULL when absent. Control characters are made harmless. */
const char *out_cell(struct cli *cli, enum cell cell, const char *path, struct json_object *row,
    struct json_object *root);

/** A price per token as price of 10^places tokens; NULL when absent. */
const char *out_rate(struct cli *cli, const char *path, struct json_object *row, int places);

/** Columns that the text takes on a terminal. */
size_t out_width(const char *text);

/** Sets the character type of the environment; afterwards widths can be measured. Once, before everything else. */
void out_setup(void);

/** Whether the terminal shows more than ASCII. */
bool out_is_utf8(void);

#endif
