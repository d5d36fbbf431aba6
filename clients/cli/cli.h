/*
 * The command `budget`: tables declare what a person may type, where it goes in the REST call and how the answer is
 * shown; one parser, one help printer, one runner execute them. It talks HTTP like any client; only `budget db` touches
 * the database.
 */
#ifndef BUDGET_CLIENTS_CLI_H
#define BUDGET_CLIENTS_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/ctx.h"
#include "lib/json.h"

struct cli;

/* ---- what may be typed ---- */

enum option_type {
	OPT_TEXT,
	OPT_COUNT,    /* whole number */
	OPT_NUMBER,   /* decimal, sent with the digits typed */
	OPT_RATE,     /* price in the unit of --per, sent per token */
	OPT_FLAG,     /* no value: --name is true, --no-name is false */
	OPT_JSON,     /* any JSON value */
	OPT_OBJECT,   /* a file, or - for standard input, that holds a JSON object */
	OPT_BUDGET    /* a budget's id, or its name, which is looked up */
};

enum option_place { IN_BODY, IN_QUERY, IN_PATH, LOCAL };

enum {
	OPERAND = 1,  /* also taken by position, in table order */
	REQUIRED = 2,
	MADE = 4      /* an id that is made here unless given, so that a repeat after a lost answer is safe */
};

struct option {
	const char *name;      /* "context-id" */
	enum option_type type;
	int flags;
	enum option_place place;
	const char *field;     /* NULL: the name with '_' for '-'. "limits.daily": in an object; keep such rows together */
	const char *value;     /* what help calls the value: "PERIOD" */
	const char *about;
};

#define OPTIONS_END { NULL, OPT_TEXT, 0, LOCAL, NULL, NULL, NULL }

/* ---- how answers are shown ---- */

enum cell { CELL_TEXT, CELL_ID, CELL_COUNT, CELL_MONEY, CELL_RATE, CELL_PERCENT, CELL_TIME, CELL_BOOL };

enum {
	SPARE = 1, /* left out of a table when no row has a value */
	FLEX = 2,  /* may be cut to fit the terminal */
	WIDE = 4,  /* first to go when the terminal is too narrow; csv always has it */
	NONZERO = 8 /* SPARE, and 0 is no value */
};

struct column {
	const char *title, *path; /* path: member names, or numbers from 0 for arrays, with '.' between */
	enum cell cell;
	int flags;
};

#define COLUMNS_END { NULL, NULL, CELL_TEXT, 0 }

struct view {
	const char *rows;              /* where the array is ("" = the answer itself); NULL: one object */
	const struct column *columns;  /* ends with a NULL title */
	const char *empty;             /* said instead of an empty table: that, and what to do */
};

/* ---- commands ---- */

enum {
	PAGED = 1,    /* a list: takes --limit, --all, --cursor and follows next_cursor */
	ROOT = 2,     /* the path stands at the root, not under /api/v1 */
	HAS_BODY = 4  /* an object is sent even when nothing was given */
};

struct command {
	const char *name;              /* "list"; NULL: the noun alone is the command */
	const char *about;
	const struct option *options;  /* NULL or ends with a NULL name */
	const char *method, *path;     /* "/budgets/{budget_id}/summary"; {field} of an IN_PATH option */
	int flags;
	const struct view *view;
	const char *done;              /* said instead of a table: "Limit {period} is {cost_limit:money}[ per {window}]." */
	const char *example;           /* whole lines for --help */
	int (*run)(struct cli *cli);   /* NULL: command_run() */
};

struct noun {
	const char *name, *about;
	const struct command *commands; /* ends with a row whose about is NULL */
	int (*pass)(int argc, char **argv); /* takes the rest of the line as it is; NULL for most */
};

/* Ends with a NULL name. */
extern const struct noun nouns[];

/* ---- one invocation ---- */

enum output { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_CSV };

#define GIVEN_MAX 64 /* more than any command has options */

struct given {
	const struct option *option;
	const char *text; /* flags: "true" or "false" */
};

struct cli {
	struct budget_ctx ctx;
	const struct noun *noun;
	const struct command *command;
	struct given given[GIVEN_MAX];
	size_t given_count;
	bool wants_help, wants_version, is_debug;
	enum output output;
	const char *url;         /* http://127.0.0.1:8013, no slash at the end */
	const char *key;         /* never shown */
	const char *home;        /* home of this machine that url belongs to, or NULL */
	const char *ca_file;     /* certificates to trust for https instead of the system's, or NULL */
	long timeout_ms;
	const char *body_type;   /* of the bodies that are sent; NULL = application/json */
	struct json_object **kept; /* parsed answers, released at the end */
	size_t kept_count, kept_capacity;
};

/*
 * Exit codes are those of lib/error.c (budget_status_exit), and 64 for a command line that cannot be read.
 * `budget --help` prints them (help.c).
 */
enum {
	EXIT_DRIFT = 1, EXIT_REFUSED = 2, EXIT_USAGE = 64, EXIT_DATA = 65, EXIT_NOT_FOUND = 66, EXIT_NOT_THERE = 69, EXIT_FAULT = 70,
	EXIT_FILE = 74
};

/** What a file holds, or standard input for "-"; at most 32 MiB. 0, or an exit code after saying why. */
int cli_read_file(struct cli *cli, const char *path, const char **ret_text);

/** The same for a file that must hold one JSON object. */
int cli_read_object(struct cli *cli, const struct option *option, const char *path, const char **ret_text);

/** Text given for an option (by its name) or NULL. */
const char *cli_get(const struct cli *cli, const char *name);

/** Whether a flag was given as --name (and not as --no-name). */
bool cli_flag(const struct cli *cli, const char *name);

/** Adds a value that the person left out. */
void cli_give(struct cli *cli, const struct option *option, const char *text);

/** Says `budget NOUN COMMAND: …` on stderr and returns `code`, so that a caller writes `return cli_fail(…)`. */
int cli_fail(const struct cli *cli, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/** Fails with the context's error and the exit code that belongs to its status. */
int cli_fail_ctx(const struct cli *cli);

/** Keeps a parsed value until cli_release(). */
void cli_keep(struct cli *cli, struct json_object *value);

/** Frees what was kept, and the memory. */
void cli_release(struct cli *cli);

/* parse.c */
/** Reads the command line into cli. Returns 0, or an exit code after saying why. */
int cli_parse(struct cli *cli, int argc, char **argv);
const struct noun *noun_find(const char *name);
const struct command *command_find(const struct noun *noun, const char *name);
extern const struct option global_options[], paging_options[];

/* suggest.c */
/** The candidate nearest to a mistyped word, or NULL when none is near. */
const char *suggest(const char *word, const char *const *candidates, size_t count);

/* complete.c */
/** Prints what the last of these words may become. */
int complete(int argc, char **argv);

/* help.c */
/** Prints help for cli's noun and command as far as they are known. */
void help_print(const struct cli *cli, bool is_error);

/* build.c */
/** What the options of the command ask for, as path with query and as body (NULL = none). 0, or an exit code. */
int build_path(struct cli *cli, const char **ret_path);
int build_body(struct cli *cli, const char **ret_body);
/** Id of a budget given by id or by name. 0, or an exit code. */
int budget_lookup(struct cli *cli, const char *text, const char **ret_id);
/** Power of ten that --per token|1k|1m asks for: 0, 3 or 6; the default is 3. -1 when it is none of them. */
int per_places(const struct cli *cli);

/* run.c */
/** The plain way: call, then show. Returns an exit code. */
int command_run(struct cli *cli);

/* The command tables, one file per noun; each ends with a row whose about is NULL. */
extern const struct command status_commands[], get_usage_commands[], set_limit_commands[], limits_commands[],
    check_commands[], record_commands[], allocate_commands[], prices_commands[], calc_cost_commands[],
    budgets_commands[], policies_commands[], approvals_commands[], alerts_commands[], usage_commands[], keys_commands[],
    config_commands[], jobs_commands[], audit_commands[], version_commands[], debug_commands[], verify_commands[], recalculate_commands[],
    optimize_commands[];

#endif
