/* Layers: who wins, the shares of components, what is worked out when nobody says. */
#include "lib/settings_layers.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/ctx.h"
#include "lib/version.h"

#define HERMES_URL_TEKTON "http://localhost:8001/api" /* as the seeds have it */
#define MICRO 1000000

static const char allocation_suffix[] = "_ALLOCATION";
static const char *const components[] = { "rhetor", "codex", "ergon", "apollo", "engram", "other", NULL };

/* BUDGET_* names that are no settings: the CLI, scripts and tests read them. */
static const char *const other_names[] = {
	"BUDGET_API_KEY", "BUDGET_API_KEY_FILE", "BUDGET_APP_DIR", "BUDGET_BUILD_DIR", "BUDGET_CONFIG_DIR",
	    "BUDGET_DATA_DIR",
	"BUDGET_JOB_EVERY", "BUDGET_RUN_DIR", "BUDGET_SQL_DIR", "BUDGET_URL", NULL
};

static const char *
environ_get(const char *const *environment, const char *name)
{
	size_t length = strlen(name);

	for (const char *const *pair = environment; pair && *pair; pair++)
		if (strncmp(*pair, name, length) == 0 && (*pair)[length] == '=')
			return *pair + length + 1;
	return NULL;
}

static struct budget_setting_value *
value_of(struct budget_settings *settings, const char *name)
{
	const struct budget_setting_value *found = budget_settings_find(settings, name);

	return found ? &settings->values[found - settings->values] : NULL;
}

static enum budget_status
put(struct budget_ctx *ctx, struct budget_setting_value *value, enum budget_layer layer, const char *origin,
    const char *text,
    bool is_alias)
{
	const struct budget_setting *setting = value->setting;
	const char *canonical;

	if (!text || !origin)
		return budget_fail(ctx, BUDGET_ETOOLARGE, "out_of_memory", NULL, "Not enough memory for the settings.");
	if (*text == '\0' && !(setting->type == SETTING_TEXT && setting->min == 0))
		return BUDGET_OK; /* NAME= says nothing */
	if (is_alias && setting->alias_scale && *text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 12)
		text = budget_arena_printf(&ctx->arena, "%lld", atoll(text) * (long long)setting->alias_scale);
	if (!text)
		return budget_fail(ctx, BUDGET_ETOOLARGE, "out_of_memory", NULL, "Too many settings.");
	BUDGET_TRY(budget_setting_parse(ctx, setting, origin, text, &canonical));
	if (value->layer > layer || (value->layer == layer && is_alias && layer != LAYER_DEFAULT))
		return BUDGET_OK; /* checked all the same: a bad line in a file is a bad line */
	value->text = canonical;
	value->layer = layer;
	value->origin = budget_arena_strdup(&ctx->arena, origin);
	return BUDGET_OK;
}

/* Row "allocation.<component>", made when absent; NULL when the table is full. */
static struct budget_setting_value *
allocation_of(struct budget_ctx *ctx, struct budget_settings *settings, const char *component)
{
	char *name = budget_arena_printf(&ctx->arena, "allocation.%s", component);
	struct budget_setting *setting = budget_arena_alloc(&ctx->arena, sizeof *setting);
	char *env = budget_arena_printf(&ctx->arena, "%s%s", component, allocation_suffix);

	if (!name || !setting || !env)
		return NULL;
	struct budget_setting_value *present = value_of(settings, name);
	if (present || settings->count == SETTINGS_MAX)
		return present;
	for (char *byte = env; *byte; byte++)
		*byte = (char)toupper((unsigned char)*byte);
	*setting = (struct budget_setting){ .name = name, .type = SETTING_PERCENT, .env = env, .max = 100,
		.about = "share of this component in each cost limit of budget Default, in percent" };
	present = &settings->values[settings->count++];
	*present = (struct budget_setting_value){ .setting = setting };
	return present;
}

static enum budget_status
put_allocation(struct budget_ctx *ctx, struct budget_settings *settings, enum budget_layer layer, const char *origin,
    const char *component, const char *text)
{
	if (!*component || strlen(component) > 64 || strspn(component,
	    "abcdefghijklmnopqrstuvwxyz0123456789_-") != strlen(component))
		return budget_fail(ctx, BUDGET_EINVALID, "bad_setting", NULL, "%s: \"%s\" is no name of a component", origin,
		    component);
	struct budget_setting_value *value = allocation_of(ctx, settings, component);
	if (!value)
		return budget_fail(ctx, BUDGET_ETOOLARGE, "bad_setting", NULL, "%s: too many components have a share", origin);
	return put(ctx, value, layer, origin, text, false);
}

/* What config.yaml may say about a price source, below prices.sources.<source>. */
static const struct budget_setting source_keys[] = {
	{ .name = "kind", .type = SETTING_TEXT, .min = 1, .max = 40, .about = "how its feed is read; needed for one of your own" },
	{ .name = "url", .type = SETTING_TEXT, .min = 1, .max = 2048, .about = "where its feed is" },
	{ .name = "trust", .type = SETTING_FRACTION, .about = "how much its word weighs" },
	{ .name = "enabled", .type = SETTING_BOOL, .about = "false: it is neither fetched nor heard" },
	{ .name = "interval", .type = SETTING_SECONDS, .min = 60, .max = 31 * 86400, .about = "seconds between fetches" },
	{ .name = "allow_private", .type = SETTING_BOOL, .about = "plain http and addresses of private networks too" },
	{ .name = "max_bytes", .type = SETTING_BYTES, .min = 1024, .max = 1 << 30, .about = "largest feed" },
	{ .name = "timeout", .type = SETTING_SECONDS, .min = 1, .max = 600, .about = "seconds a fetch may take" },
	{ .name = NULL }
};

/* prices.sources.<source>.<key> -> row "price_source.<source>.<key>"; a key that is none stays unknown. */
static enum budget_status
put_source(struct budget_ctx *ctx, struct budget_settings *settings, const char *origin, const char *path,
    const char *text, bool *ret_is_known)
{
	const char *dot = strrchr(path, '.');
	const char *source = dot ? budget_arena_strndup(&ctx->arena, path, (size_t)(dot - path)) : NULL;
	const struct budget_setting *key = source_keys;
	struct budget_setting *setting = budget_arena_alloc(&ctx->arena, sizeof *setting);
	const char *name = budget_arena_printf(&ctx->arena, "price_source.%s", path);

	while (dot && key->name && strcmp(key->name, dot + 1) != 0)
		key++;
	*ret_is_known = dot && key->name;
	if (!*ret_is_known)
		return BUDGET_OK;
	if (!source || !setting || !name || settings->count == SETTINGS_MAX)
		return budget_fail(ctx, BUDGET_ETOOLARGE, "bad_setting", NULL, "%s: too many price sources", origin);
	if (!islower((unsigned char)*source) || strlen(source) > 63
	    || strspn(source, "abcdefghijklmnopqrstuvwxyz0123456789_-") != strlen(source))
		return budget_fail(ctx, BUDGET_EINVALID, "bad_setting", NULL, "%s: \"%s\" is no name of a price source", origin,
		    source);
	*setting = *key;
	setting->name = name;
	setting->yaml = budget_arena_printf(&ctx->arena, "prices.sources.%s", path);
	struct budget_setting_value *value = &settings->values[settings->count++];
	*value = (struct budget_setting_value){ .setting = setting };
	return put(ctx, value, LAYER_YAML, origin, text, false);
}

/* "RHETOR_ALLOCATION" -> "rhetor" in the arena; NULL when it is no such name. */
static const char *
component_of(struct budget_ctx *ctx, const char *name)
{
	size_t length = strlen(name), suffix = strlen(allocation_suffix);

	if (length <= suffix || strcmp(name + length - suffix, allocation_suffix) != 0)
		return NULL;
	char *component = budget_arena_strndup(&ctx->arena, name, length - suffix);
	for (char *byte = component; byte && *byte; byte++)
		*byte = (char)tolower((unsigned char)*byte);
	return component;
}

enum budget_status
budget_settings_put_name(struct budget_ctx *ctx, struct budget_settings *settings, enum budget_layer layer,
    const char *origin,
    const char *name, const char *text, bool *ret_is_known)
{
	const char *component = component_of(ctx, name);

	*ret_is_known = true;
	if (component)
		return put_allocation(ctx, settings, layer, origin, component, text);
	for (int i = 0; i < settings->count; i++) {
		const struct budget_setting *setting = settings->values[i].setting;
		bool is_alias = setting->alias && strcmp(setting->alias, name) == 0;
		if (is_alias || (setting->env && strcmp(setting->env, name) == 0))
			return put(ctx, &settings->values[i], layer, origin, text, is_alias);
	}
	*ret_is_known = false;
	return BUDGET_OK;
}

enum budget_status
budget_settings_put_path(struct budget_ctx *ctx, struct budget_settings *settings, const char *origin, const char *path,
    const char *text, bool *ret_is_known)
{
	static const char allocations[] = "allocations.", sources[] = "prices.sources.";

	*ret_is_known = true;
	if (!strchr(path, '.')) /* environment names stand at the top level too: `BUDGET_PORT: 8013` */
		return budget_settings_put_name(ctx, settings, LAYER_YAML, origin, path, text, ret_is_known);
	if (strncmp(path, allocations, strlen(allocations)) == 0)
		return put_allocation(ctx, settings, LAYER_YAML, origin, path + strlen(allocations), text);
	if (strncmp(path, sources, strlen(sources)) == 0)
		return put_source(ctx, settings, origin, path + strlen(sources), text, ret_is_known);
	for (int i = 0; i < settings->count; i++) {
		const char *own = settings->values[i].setting->yaml;
		if (own && strcmp(own, path) == 0)
			return put(ctx, &settings->values[i], LAYER_YAML, origin, text, false);
	}
	*ret_is_known = false;
	return BUDGET_OK;
}

static void
warn(struct budget_ctx *ctx, struct budget_settings *settings, const char *format, const char *name)
{
	if (settings->warnings_count == SETTINGS_WARNINGS_MAX)
		return;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	const char *line = budget_arena_printf(&ctx->arena, format, name);
#pragma GCC diagnostic pop
	if (line)
		settings->warnings[settings->warnings_count++] = line;
}

static bool
is_listed(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

/* In the environment FOO_ALLOCATION means us only for the components of the seeds and those a file names. */
static bool
is_foreign_share(struct budget_ctx *ctx, struct budget_settings *settings, const char *name)
{
	const char *component = component_of(ctx, name);

	return component && !is_listed(components, component)
	    && !budget_settings_find(settings, budget_arena_printf(&ctx->arena, "allocation.%s", component));
}

static enum budget_status
put_environment(struct budget_ctx *ctx, struct budget_settings *settings, const char *const *environment)
{
	for (const char *const *pair = environment; pair && *pair; pair++) {
		const char *equals = strchr(*pair, '=');
		bool is_known;
		if (!equals || equals - *pair > 200)
			continue;
		const char *name = budget_arena_strndup(&ctx->arena, *pair, (size_t)(equals - *pair));
		if (!name || is_foreign_share(ctx, settings, name))
			continue;
		const char *origin = budget_arena_printf(&ctx->arena, "environment: %s", name);
		BUDGET_TRY(budget_settings_put_name(ctx, settings, LAYER_ENVIRONMENT, origin, name, equals + 1, &is_known));
		if (!is_known && strncmp(name, "BUDGET_", 7) == 0 && strncmp(name, "BUDGET_TEST_", 12) != 0
		    && !is_listed(other_names, name))
			warn(ctx, settings, "environment: %s is no setting of Budget and is ignored", name);
	}
	return BUDGET_OK;
}

/* Millionths of a percent, rounded up, so that a sum in whole numbers never hides an excess. */
static long
percent_micro(const char *text)
{
	const char *point = strchr(text, '.');
	long micro = strtol(text, NULL, 10) * MICRO, unit = MICRO / 10;

	for (const char *digit = point ? point + 1 : ""; *digit; digit++, unit /= 10) {
		if (unit == 0)
			return micro + 1;
		micro += (*digit - '0') * unit;
	}
	return micro;
}

/* Shares may not pass 100 together; OTHER is what they leave, unless somebody names it. */
static enum budget_status
settle_allocations(struct budget_ctx *ctx, struct budget_settings *settings)
{
	long sum = 0;
	const char *last = NULL;

	for (int i = 0; i < settings->count; i++) {
		const struct budget_setting_value *value = &settings->values[i];
		if (strncmp(value->setting->name, "allocation.", strlen("allocation.")) != 0 || !value->text)
			continue;
		sum += percent_micro(value->text);
		last = value->origin;
	}
	if (sum > 100L * MICRO)
		return budget_fail(ctx, BUDGET_EINVALID, "bad_setting", NULL,
		    "%s: the shares of all components (*_ALLOCATION) sum up to %ld.%02ld %%; at most 100 can be given away",
		        last,
		    sum / MICRO, sum % MICRO / (MICRO / 100));
	if (!last)
		return BUDGET_OK;
	struct budget_setting_value *other = allocation_of(ctx, settings, "other");
	if (other && !other->text) {
		long rest = 100L * MICRO - sum;
		const char *text = budget_arena_printf(&ctx->arena, "%ld.%06ld", rest / MICRO, rest % MICRO);
		return put(ctx, other, LAYER_DEFAULT, "what the other shares leave", text, false);
	}
	return BUDGET_OK;
}

/* The system's zone, by the link that /etc/localtime is. */
static const char *
system_zone(struct budget_ctx *ctx, const char *tz)
{
	char link[PATH_MAX];
	ssize_t length = readlink("/etc/localtime", link, sizeof link - 1);

	if (tz && *tz == ':')
		tz++;
	if (tz && *tz && budget_zone_exists(tz))
		return budget_arena_strdup(&ctx->arena, tz);
	link[length > 0 ? length : 0] = '\0';
	const char *zone = strstr(link, "/zoneinfo/");
	if (!zone || !budget_zone_exists(zone + strlen("/zoneinfo/")) || strncmp(zone + strlen("/zoneinfo/"), "Etc/",
	    4) == 0)
		return "UTC";
	return budget_arena_strdup(&ctx->arena, zone + strlen("/zoneinfo/"));
}

static void
work_out(struct budget_ctx *ctx, struct budget_settings *settings, const char *const *environment)
{
	struct budget_setting_value *zone = value_of(settings, "time_zone"), *hermes = value_of(settings, "hermes_url");
	struct budget_setting_value *ai_port = value_of(settings, "ai_port"), *version = value_of(settings, "version");
	const char *tekton = environ_get(environment, "TEKTON_ROOT");
	long port = strtol(value_of(settings, "port")->text, NULL, 10);

	if (!zone->text)
		zone->text = system_zone(ctx, environ_get(environment, "TZ"));
	if (!hermes->text && tekton && *tekton)
		hermes->text = HERMES_URL_TEKTON;
	if (!ai_port->text && port <= 65535 - 37000) /* else: no room up there, the specialist's port must be named */
		ai_port->text = budget_arena_printf(&ctx->arena, "%ld", 45000 + port - 8000);
	if (!version->text)
		version->text = budget_version();
}

enum budget_status
budget_settings_read(struct budget_ctx *ctx, const struct budget_settings_input *input,
    struct budget_settings *ret_settings)
{
	struct budget_settings *settings = budget_arena_alloc(&ctx->arena, sizeof *settings);

	if (!settings)
		return budget_fail(ctx, BUDGET_ETOOLARGE, "out_of_memory", NULL, "Not enough memory for the settings.");
	for (const struct budget_setting *setting = budget_setting_table; setting->name; setting++)
		settings->values[settings->count++] = (struct budget_setting_value){ setting, setting->fallback, LAYER_DEFAULT,
		    "default" };
	if (input->yaml_file)
		BUDGET_TRY(budget_settings_yaml_file(ctx, settings, input->yaml_file));
	if (input->env_file)
		BUDGET_TRY(budget_settings_env_file(ctx, settings, input->env_file));
	BUDGET_TRY(put_environment(ctx, settings, input->environ));
	BUDGET_TRY(settle_allocations(ctx, settings));
	work_out(ctx, settings, input->environ);
	*ret_settings = *settings;
	return BUDGET_OK;
}

void
budget_settings_stored(struct budget_ctx *ctx, struct budget_settings *settings, const char *name, const char *text)
{
	struct budget_setting_value *value = value_of(settings, name);

	if (!value || !(value->setting->flags & SETTING_LIVE)) {
		warn(ctx, settings, "database: %s is no setting of this release and is ignored", name);
		return;
	}
	if (put(ctx, value, LAYER_DATABASE, "database", text, false) != BUDGET_OK)
		warn(ctx, settings, "database: the value of %s is not allowed in this release and is ignored", name);
}
