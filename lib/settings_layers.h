/* Between the parts of settings: settings_file.c reads files and calls these with what it finds. */
#ifndef BUDGET_LIB_SETTINGS_LAYERS_H
#define BUDGET_LIB_SETTINGS_LAYERS_H

#include "lib/settings.h"

/**
 * Puts one pair under its environment name (BUDGET_PORT, PENIA_PORT, RHETOR_ALLOCATION).
 * @param[out] ret_is_known  false when no setting has this name; then nothing happened
 */
enum budget_status budget_settings_put_name(struct budget_ctx *ctx, struct budget_settings *settings,
    enum budget_layer layer,
    const char *origin, const char *name, const char *text, bool *ret_is_known);

/** Puts one pair under its path in config.yaml ("server.port", "allocations.rhetor"); the same otherwise. */
enum budget_status budget_settings_put_path(struct budget_ctx *ctx, struct budget_settings *settings,
    const char *origin,
    const char *path, const char *text, bool *ret_is_known);

/** Reads .env.budget: KEY=value lines, `export`, # comments, quotes. A file that does not exist is empty. */
enum budget_status budget_settings_env_file(struct budget_ctx *ctx, struct budget_settings *settings, const char *path);

/** Reads config.yaml: sections of scalars or lists of scalars. A file that does not exist is empty. */
enum budget_status budget_settings_yaml_file(struct budget_ctx *ctx, struct budget_settings *settings,
    const char *path);

/** True when the system knows the zone, or cannot tell. */
bool budget_zone_exists(const char *name);

#endif
