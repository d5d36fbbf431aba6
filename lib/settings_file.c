/* The two files. Whatever is wrong in them stops the start: file, line, reason. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

#include "lib/ctx.h"
#include "lib/settings_layers.h"
#include "lib/text.h"

#define FILE_MAX_BYTES (1 << 20)
#define LINES_MAX 5000

static void file_end(FILE **file) { if (*file) fclose(*file); }
#define _auto_file_ __attribute__((cleanup(file_end)))

/* The whole file, NUL-terminated; *ret_text stays NULL when there is none. */
static enum budget_status
slurp(struct budget_ctx *ctx, const char *path, char **ret_text, size_t *ret_length)
{
	_auto_file_ FILE *file = fopen(path, "re");
	struct stat about;

	*ret_text = NULL;
	*ret_length = 0;
	if (!file && (errno == ENOENT || errno == ENOTDIR))
		return BUDGET_OK;
	if (!file || fstat(fileno(file), &about) != 0)
		return budget_fail(ctx, BUDGET_EINVALID, "bad_setting", NULL, "%s: cannot be read: %s", path, strerror(errno));
	if (!S_ISREG(about.st_mode) || about.st_size > FILE_MAX_BYTES)
		return budget_fail(ctx, BUDGET_EINVALID, "bad_setting", NULL,
		    "%s: is no file of settings (too large, or no plain file)", path);
	char *text = budget_arena_alloc(&ctx->arena, (size_t)about.st_size + 1);
	if (!text)
		return budget_fail(ctx, BUDGET_ETOOLARGE, "out_of_memory", NULL, "Not enough memory for %s.", path);
	size_t length = fread(text, 1, (size_t)about.st_size, file);
	if (memchr(text, '\0', length))
		return budget_fail(ctx, BUDGET_EINVALID, "bad_setting", NULL, "%s: is not a text file", path);
	*ret_text = text;
	*ret_length = length;
	return BUDGET_OK;
}

static char *
trim(char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	for (size_t length = strlen(text); length > 0 && isspace((unsigned char)text[length - 1]); length--)
		text[length - 1] = '\0';
	return text;
}

/* Value of a line in place: quotes off, or cut at " #". false: an open quote, or text behind the closing one. */
static bool
unquote(char **value)
{
	char quote = **value, *end;

	if (quote != '"' && quote != '\'') {
		for (end = *value; *end && !(*end == '#' && (end == *value || isspace((unsigned char)end[-1]))); end++)
			;
		*end = '\0';
		*value = trim(*value);
		return true;
	}
	end = strchr(++*value, quote);
	if (!end)
		return false;
	*end++ = '\0';
	end = trim(end);
	return *end == '\0' || *end == '#';
}

/* One line "export KEY=value # comment". */
static enum budget_status
env_line(struct budget_ctx *ctx, struct budget_settings *settings, const char *origin, char *line,
    const char **ret_name)
{
	bool is_known;

	line = trim(line);
	*ret_name = NULL;
	if (*line == '\0' || *line == '#')
		return BUDGET_OK;
	if (strncmp(line, "export", 6) == 0 && isspace((unsigned char)line[6]))
		line = trim(line + 7);
	char *equals = strchr(line, '=');
	if (!equals || equals == line)
		return budget_fail(ctx, BUDGET_EINVALID, "bad_setting", NULL, "%s: \"%s\" is not of the form NAME=value",
		    origin, line);
	*equals = '\0';
	char *name = trim(line), *value = trim(equals + 1);
	if (!unquote(&value))
		return budget_fail(ctx, BUDGET_EINVALID, "bad_setting", NULL,
		    "%s: the quotes around the value of %s do not match", origin, name);
	*ret_name = name;
	BUDGET_TRY(budget_settings_put_name(ctx, settings, LAYER_FILE, origin, name, value, &is_known));
	if (!is_known)
		return budget_fail(ctx, BUDGET_EINVALID, "bad_setting", NULL,
		    "%s: %s is no setting of Budget: see the table of settings in README.md, or `budget config list`", origin,
		        name);
	return BUDGET_OK;
}

enum budget_status
budget_settings_env_file(struct budget_ctx *ctx, struct budget_settings *settings, const char *path)
{
	char *text, *rest;
	size_t length;
	const char **names = budget_arena_alloc(&ctx->arena, LINES_MAX * sizeof *names);
	int line = 0;

	BUDGET_TRY(slurp(ctx, path, &text, &length));
	if (!text)
		return BUDGET_OK;
	if (strncmp(text, "\xEF\xBB\xBF", 3) == 0)
		text += 3;
	for (char *start = text; start && names; start = rest) {
		rest = strchr(start, '\n');
		if (rest)
			*rest++ = '\0';
		const char *origin = budget_arena_printf(&ctx->arena, "%s:%d", path, ++line);
		if (!origin || line >= LINES_MAX)
			return budget_fail(ctx, BUDGET_EINVALID, "bad_setting", NULL, "%s: has too many lines", path);
		BUDGET_TRY(env_line(ctx, settings, origin, start, &names[line]));
		for (int before = 1; names[line] && before < line; before++)
			if (names[before] && strcmp(names[before], names[line]) == 0)
				return budget_fail(ctx, BUDGET_EINVALID, "bad_setting", NULL, "%s: %s stands already in line %d",
				    origin,
				    names[line], before);
	}
	return names ? BUDGET_OK : budget_fail(ctx, BUDGET_ETOOLARGE, "out_of_memory", NULL, "Not enough memory for %s.",
	    path);
}

/* What the walk over config.yaml needs everywhere. */
struct walk {
	struct budget_ctx *ctx;
	struct budget_settings *settings;
	yaml_document_t *document;
	const char *path;
};

static enum budget_status
yaml_refuse(const struct walk *walk, const yaml_node_t *node, const char *key, const char *reason)
{
	return budget_fail(walk->ctx, BUDGET_EINVALID, "bad_setting", NULL, "%s:%zu: %s %s", walk->path,
	    node->start_mark.line + 1, key, reason);
}

/* Scalar, or a list of scalars joined by commas; NULL: neither. */
static const char *
yaml_value(const struct walk *walk, const yaml_node_t *node)
{
	struct budget_text text;

	if (node->type == YAML_SCALAR_NODE) {
		const char *value = (const char *)node->data.scalar.value;
		bool is_null = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && (strcmp(value, "~") == 0
		    || strcmp(value, "null") == 0);
		return is_null ? "" : value;
	}
	if (node->type != YAML_SEQUENCE_NODE)
		return NULL;
	budget_text_init(&text, &walk->ctx->arena, 64);
	for (yaml_node_item_t *item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
		const yaml_node_t *element = yaml_document_get_node(walk->document, *item);
		if (element->type != YAML_SCALAR_NODE)
			return NULL;
		budget_text_addf(&text, "%s%s", text.length ? "," : "", (const char *)element->data.scalar.value);
	}
	return budget_text_done(&text);
}

/* Sections stand at the top; only prices.sources.<source> goes deeper. */
static bool
may_be_section(const char *prefix, const char *path)
{
	return *prefix == '\0' || strcmp(path, "prices.sources") == 0 || strcmp(prefix, "prices.sources.") == 0;
}

/* Members of a mapping; prefix is "" at the top, "server." in a section. */
static enum budget_status
yaml_mapping(const struct walk *walk, const yaml_node_t *mapping, const char *prefix)
{
	for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(walk->document, pair->key);
		const yaml_node_t *node = yaml_document_get_node(walk->document, pair->value);
		if (key->type != YAML_SCALAR_NODE)
			return yaml_refuse(walk, key, "this key", "is not a plain word");
		const char *path = budget_arena_printf(&walk->ctx->arena, "%s%s", prefix, (const char *)key->data.scalar.value);
		const char *origin = budget_arena_printf(&walk->ctx->arena, "%s:%zu: %s", walk->path, key->start_mark.line + 1,
		    path);
		bool is_known;
		if (!path || !origin)
			return budget_fail(walk->ctx, BUDGET_ETOOLARGE, "out_of_memory", NULL, "Not enough memory for %s.",
			    walk->path);
		for (yaml_node_pair_t *before = mapping->data.mapping.pairs.start; before < pair; before++) {
			const yaml_node_t *other = yaml_document_get_node(walk->document, before->key);
			if (strcmp((const char *)other->data.scalar.value, (const char *)key->data.scalar.value) == 0)
				return yaml_refuse(walk, key, path, "stands already further up");
		}
		if (node->type == YAML_MAPPING_NODE && may_be_section(prefix, path)) {
			const char *section = budget_arena_printf(&walk->ctx->arena, "%s.", path);
			BUDGET_TRY(yaml_mapping(walk, node, section ? section : "?."));
			continue;
		}
		const char *value = yaml_value(walk, node);
		if (!value)
			return yaml_refuse(walk, node, path, "has no value of one line");
		BUDGET_TRY(budget_settings_put_path(walk->ctx, walk->settings, origin, path, value, &is_known));
		if (!is_known)
			return yaml_refuse(walk, key, path, "is no setting of Budget: see the table of settings in README.md");
	}
	return BUDGET_OK;
}

static void parser_end(yaml_parser_t *parser) { yaml_parser_delete(parser); }
static void document_end(yaml_document_t *document) { yaml_document_delete(document); }

enum budget_status
budget_settings_yaml_file(struct budget_ctx *ctx, struct budget_settings *settings, const char *path)
{
	__attribute__((cleanup(parser_end))) yaml_parser_t parser = { 0 };
	__attribute__((cleanup(document_end))) yaml_document_t document = { 0 };
	char *text;
	size_t length;

	BUDGET_TRY(slurp(ctx, path, &text, &length));
	if (!text)
		return BUDGET_OK;
	if (!yaml_parser_initialize(&parser))
		return budget_fail(ctx, BUDGET_ETOOLARGE, "out_of_memory", NULL, "Not enough memory for %s.", path);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
	if (!yaml_parser_load(&parser, &document))
		return budget_fail(ctx, BUDGET_EINVALID, "bad_setting", NULL, "%s:%zu: is not YAML: %s", path,
		    parser.problem_mark.line + 1, parser.problem ? parser.problem : "unreadable");
	const yaml_node_t *root = yaml_document_get_root_node(&document);
	const struct walk walk = { ctx, settings, &document, path };
	if (!root || (root->type == YAML_SCALAR_NODE && root->data.scalar.length == 0))
		return BUDGET_OK;
	if (root->type != YAML_MAPPING_NODE)
		return budget_fail(ctx, BUDGET_EINVALID, "bad_setting", NULL, "%s:1: sections like `server:` are expected",
		    path);
	return yaml_mapping(&walk, root, "");
}
