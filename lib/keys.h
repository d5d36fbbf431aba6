/*
 * API keys: bgt_<8 characters public id>_<43 characters base64url of 32 random bytes>. We keep the public id and the
 * SHA-256 of the whole text, never the key. A key of an operator's own (BUDGET_ADMIN_KEY) may have any form; without a
 * public id in it, it is filed under BUDGET_KEY_CONFIGURED.
 */
#ifndef BUDGET_LIB_KEYS_H
#define BUDGET_LIB_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/ctx.h"

#define BUDGET_KEY_PUBLIC_SIZE 16 /* public id and NUL: 8 characters, or "configured" */
#define BUDGET_KEY_TEXT_SIZE 64   /* whole key and NUL, for keys we make */
#define BUDGET_KEY_HASH_BYTES 32
#define BUDGET_KEY_TEXT_MAX 200
#define BUDGET_KEY_CONFIGURED "configured"

/** Makes a key from the system's random source. Prepare with budget_keys_open(). */
void budget_key_new(char ret_text[BUDGET_KEY_TEXT_SIZE], char ret_public_id[BUDGET_KEY_PUBLIC_SIZE]);

/** Public id of a key's text; false when it cannot be a key (too long, too short, not printable ASCII). */
bool budget_key_public_id(const char *text, char ret_public_id[BUDGET_KEY_PUBLIC_SIZE]);

/** SHA-256 of a key's text. */
void budget_key_hash(const char *text, unsigned char ret_hash[BUDGET_KEY_HASH_BYTES]);

/** The same as 64 hex digits in the arena; NULL when it is full. For SQL: decode($1, 'hex'). */
const char *budget_key_hash_text(struct budget_ctx *ctx, const char *text);

/** Prepares the crypto library; once per process, before threads. false: it does not work here. */
bool budget_keys_open(void);

/* What is known of a key. */
struct budget_key {
	char public_id[BUDGET_KEY_PUBLIC_SIZE];
	unsigned char hash[BUDGET_KEY_HASH_BYTES];
	char tenant_id[37], key_id[37], budget_id[37]; /* budget_id: "" = none */
	char name[201];
	enum budget_role role;
	int64_t expires_at; /* unix seconds, 0 = never */
	bool is_revoked;    /* or its tenant is closed */
};

/** True when text is the key; the time it takes tells nothing about where they differ. */
bool budget_key_matches(const struct budget_key *key, const char *text);

/** Asks the database for a key. BUDGET_ENOTFOUND key_unknown; BUDGET_EBUSY when it is away. */
enum budget_status budget_key_find(struct budget_ctx *ctx, const char *public_id, struct budget_key *ret_key);

/** Notes that a key was used now; kept to the minute. */
enum budget_status budget_key_used(struct budget_ctx *ctx, const struct budget_key *key);

/**
 * Sees to it that an operator's key (BUDGET_ADMIN_KEY) works as admin of the local tenant: registers it when it is
 * new and revokes the one that the setting named before.
 */
enum budget_status budget_keys_ensure_admin(struct budget_ctx *ctx, const char *text);

#endif
