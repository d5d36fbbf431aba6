/* What the runtime takes from the settings, looked up once at the start: no request searches a table. */
#ifndef BUDGET_FCGI_CONFIG_H
#define BUDGET_FCGI_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

struct config {
	bool is_development;
	bool is_keyless;             /* a request without a key is the local admin: development, and nobody else can reach us */
	const char *host;            /* name in published URLs */
	int port;
	const char *version;
	const char *admin_key;       /* BUDGET_ADMIN_KEY, or NULL */
	const char *allowed_origins; /* separated by commas or spaces; "" = none */
	size_t body_max_bytes, body_large_max_bytes, arena_max_bytes, arena_large_max_bytes;
	int key_cache_seconds, key_cache_outage_seconds;
	char run_dir[100];           /* folder of the program's socket: its neighbours' sockets and counters are there */
};

/** The process's configuration. Constant once threads run. */
extern struct config config;

/**
 * Reads the settings, opens log and pool (connections are made later).
 * @param[in,out] threads  0 = by the settings
 * @param is_ledger        the program whose plans must not fall for empty tables
 */
enum budget_status config_start(struct budget_ctx *ctx, const char *program, bool is_ledger, int *threads);

#endif
