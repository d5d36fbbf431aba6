/*
 * Settings: one table (settings.c), five layers. The environment wins over .env.budget, that over config.yaml, that
 * over the database (PUT /settings, budget config set), that over the default. Unknown keys and bad values in files
 * stop the start with file, line and reason; unknown BUDGET_* names in the environment only warn.
 * A program reads them once at its start (budget_settings_start) and then only looks; rules in SQL read the same values
 * by budget.setting_value(), because a start publishes them.
 */
#ifndef BUDGET_LIB_SETTINGS_H
#define BUDGET_LIB_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

struct budget_ctx;
struct budget_word;

enum budget_setting_type {
	SETTING_TEXT,
	SETTING_COUNT,    /* whole number min..max */
	SETTING_SECONDS,  /* whole seconds min..max; may be written 15m, 24h, 35d */
	SETTING_BYTES,    /* bytes min..max; may be written 64k, 32M, 1G */
	SETTING_MONEY,    /* decimal >= 0, kept with all its digits */
	SETTING_PERCENT,  /* decimal 0..100 */
	SETTING_FRACTION, /* decimal 0..1 */
	SETTING_BOOL,     /* true, false, yes, no, on, off, 1, 0 -> "true", "false" */
	SETTING_WORD,     /* one of words */
	SETTING_ZONE,     /* IANA time zone */
	SETTING_CURRENCY  /* three letters, upper case */
};

enum {
	SETTING_LIVE = 1,   /* the database layer may hold it: PUT /settings */
	SETTING_SECRET = 2, /* never shown, logged or published */
	SETTING_RESTART = 4 /* with SETTING_LIVE: programs take a change at their next start; else it counts at once */
};

struct budget_setting {
	const char *name;           /* "enforcement_level": budget config get, /settings, budget.setting_value() */
	enum budget_setting_type type;
	int flags;
	const char *env, *alias;    /* names in the environment and in .env.budget; env wins over alias */
	int64_t alias_scale;        /* a number under the alias is multiplied by this (minutes -> seconds); 0 = as it is */
	const char *yaml;           /* "server.port" in config.yaml */
	const char *fallback;       /* default, canonical text; NULL = unset, or worked out (see settings_layers.c) */
	int64_t min, max;
	const struct budget_word *words;
	const char *about;
};

/** The table; ends with a NULL name. */
extern const struct budget_setting budget_setting_table[];

enum budget_layer { LAYER_DEFAULT, LAYER_DATABASE, LAYER_YAML, LAYER_FILE, LAYER_ENVIRONMENT };

/** "default", "database", "config.yaml", ".env.budget", "environment". */
const char *budget_layer_name(enum budget_layer layer);

struct budget_setting_value {
	const struct budget_setting *setting;
	const char *text;           /* canonical; NULL = unset */
	enum budget_layer layer;
	const char *origin;         /* "config.yaml:12", "BUDGET_PORT", … for messages */
};

#define SETTINGS_MAX 256
#define SETTINGS_WARNINGS_MAX 32

/*
 * Every row of the table in its order, then one row "allocation.<component>" for each component that has a share, and
 * one "price_source.<source>.<key>" for each thing config.yaml says about a price source.
 */
struct budget_settings {
	struct budget_setting_value values[SETTINGS_MAX];
	int count;
	const char *warnings[SETTINGS_WARNINGS_MAX];
	int warnings_count;
};

/* Where the layers come from. */
struct budget_settings_input {
	const char *const *environ;
	const char *env_file;   /* path of .env.budget; a file that does not exist is an empty layer */
	const char *yaml_file;  /* path of config.yaml; likewise */
};

/**
 * Works out all layers but the database. Texts live in ctx's arena.
 * @return BUDGET_OK; BUDGET_EINVALID (bad_setting): detail is "file:line: what is wrong and what is allowed"
 */
enum budget_status budget_settings_read(struct budget_ctx *ctx, const struct budget_settings_input *input,
    struct budget_settings *ret_settings);

/**
 * Puts a row of the database layer in its place: it counts where nothing above has set the name. An unknown name or a
 * value this release does not take becomes a warning, so that an old row never stops a start.
 */
void budget_settings_stored(struct budget_ctx *ctx, struct budget_settings *settings, const char *name,
    const char *text);

/** Canonical text of a value for a setting, or BUDGET_EINVALID with what is allowed; `origin` leads the detail. */
enum budget_status budget_setting_parse(struct budget_ctx *ctx, const struct budget_setting *setting,
    const char *origin,
    const char *text, const char **ret_text);

/**
 * What a program's main() calls first: reads environment, $BUDGET_CONFIG_DIR/.env.budget and config.yaml (the current
 * folder when unset) into the process-wide table that the functions below look at. Call it once, before threads.
 */
enum budget_status budget_settings_start(struct budget_ctx *ctx);

/**
 * Adds the database layer to the process-wide table (statement SETTING_STORED). Before threads, after the pool is open.
 */
enum budget_status budget_settings_start_database(struct budget_ctx *ctx);

/** The process-wide table. */
const struct budget_settings *budget_settings_current(void);

/** A copy of it in ctx's arena, to go on working with; NULL beyond the arena's cap. */
struct budget_settings *budget_settings_copy(struct budget_ctx *ctx);

/**
 * Value by name: an unknown name is a programmer's error (assert). Linear search: not for a hot path, keep the answer.
 */
const char *budget_setting_text(const char *name); /* NULL = unset */
int64_t budget_setting_count(const char *name);    /* COUNT, SECONDS, BYTES; 0 = unset */
bool budget_setting_is(const char *name);          /* BOOL */

/** Row of a table by name; NULL when unknown. */
const struct budget_setting_value *budget_settings_find(const struct budget_settings *settings, const char *name);

/**
 * {"<name>": {"value": …, "source": layer}, …} for budget.install() and budget.settings_publish(); secrets left out.
 */
const char *budget_settings_publication(struct budget_ctx *ctx, const struct budget_settings *settings);

/**
 * One member of GET /settings: {"name","value","source","origin","default","type","live","restart","env","about",…};
 * secrets masked.
 */
struct budget_text;
void budget_setting_describe(const struct budget_setting_value *value, struct budget_text *text);

#endif
