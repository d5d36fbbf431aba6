#include "lib/keys.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/db.h"

enum { SECRET_BYTES = 32, PUBLIC_LENGTH = 8, TEXT_MIN = 16 };

bool
budget_keys_open(void)
{
	return sodium_init() >= 0;
}

void
budget_key_new(char ret_text[BUDGET_KEY_TEXT_SIZE], char ret_public_id[BUDGET_KEY_PUBLIC_SIZE])
{
	static const char letters[] = "abcdefghijkmnopqrstuvwxyz23456789"; /* none that looks like another */
	unsigned char secret[SECRET_BYTES];
	char secret_text[sodium_base64_ENCODED_LEN(SECRET_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];

	for (int i = 0; i < PUBLIC_LENGTH; i++)
		ret_public_id[i] = letters[randombytes_uniform(sizeof letters - 1)];
	ret_public_id[PUBLIC_LENGTH] = '\0';
	randombytes_buf(secret, sizeof secret);
	sodium_bin2base64(secret_text, sizeof secret_text, secret, sizeof secret, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	snprintf(ret_text, BUDGET_KEY_TEXT_SIZE, "bgt_%s_%s", ret_public_id, secret_text);
	sodium_memzero(secret, sizeof secret);
	sodium_memzero(secret_text, sizeof secret_text);
}

bool
budget_key_public_id(const char *text, char ret_public_id[BUDGET_KEY_PUBLIC_SIZE])
{
	size_t length = strlen(text), id_length = 0;

	if (length < TEXT_MIN || length > BUDGET_KEY_TEXT_MAX)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isgraph((unsigned char)text[i]))
			return false;
	while (strncmp(text, "bgt_", 4) == 0 && isalnum((unsigned char)text[4 + id_length]))
		id_length++;
	if (id_length == PUBLIC_LENGTH && text[4 + id_length] == '_')
		snprintf(ret_public_id, BUDGET_KEY_PUBLIC_SIZE, "%.*s", PUBLIC_LENGTH, text + 4);
	else
		snprintf(ret_public_id, BUDGET_KEY_PUBLIC_SIZE, "%s", BUDGET_KEY_CONFIGURED);
	return true;
}

void
budget_key_hash(const char *text, unsigned char ret_hash[BUDGET_KEY_HASH_BYTES])
{
	crypto_hash_sha256(ret_hash, (const unsigned char *)text, strlen(text));
}

bool
budget_key_matches(const struct budget_key *key, const char *text)
{
	unsigned char hash[BUDGET_KEY_HASH_BYTES];

	budget_key_hash(text, hash);
	return sodium_memcmp(hash, key->hash, sizeof hash) == 0;
}

const char *
budget_key_hash_text(struct budget_ctx *ctx, const char *text)
{
	unsigned char hash[BUDGET_KEY_HASH_BYTES];
	char *hex = budget_arena_alloc(&ctx->arena, sizeof hash * 2 + 1);

	budget_key_hash(text, hash);
	return hex == NULL ? NULL : sodium_bin2hex(hex, sizeof hash * 2 + 1, hash, sizeof hash);
}

static void
copy_cell(char *out, size_t size_bytes, const struct budget_result *row, int column)
{
	const char *text = budget_result_text(row, 0, column);

	snprintf(out, size_bytes, "%s", text != NULL ? text : "");
}

enum budget_status
budget_key_find(struct budget_ctx *ctx, const char *public_id, struct budget_key *ret_key)
{
	_auto_result_ struct budget_result *row = NULL;
	struct budget_key key = { .is_revoked = true };
	const char *hash, *expires_at;
	size_t length = 0;

	BUDGET_TRY(budget_db_run(ctx, STMT_KEY_FIND, (const char *[]){ public_id }, 1, &row));
	if (budget_result_rows(row) != 1)
		return budget_fail(ctx, BUDGET_ENOTFOUND, "key_unknown", NULL, "There is no such key.");
	hash = budget_result_text(row, 0, 2);
	if (sodium_hex2bin(key.hash, sizeof key.hash, hash, strlen(hash), NULL, &length, NULL) != 0
	    || length != sizeof key.hash)
		return budget_fail(ctx, BUDGET_EBUG, "internal_error", NULL, "This is our fault, not yours.");
	copy_cell(key.public_id, sizeof key.public_id, row, 8);
	copy_cell(key.tenant_id, sizeof key.tenant_id, row, 0);
	copy_cell(key.key_id, sizeof key.key_id, row, 1);
	copy_cell(key.name, sizeof key.name, row, 3);
	copy_cell(key.budget_id, sizeof key.budget_id, row, 5);
	key.role = budget_role_parse(budget_result_text(row, 0, 4));
	expires_at = budget_result_text(row, 0, 6);
	key.expires_at = expires_at != NULL ? strtoll(expires_at, NULL, 10) : 0;
	key.is_revoked = strcmp(budget_result_text(row, 0, 7), "f") != 0;
	*ret_key = key;
	return BUDGET_OK;
}

enum budget_status
budget_key_used(struct budget_ctx *ctx, const struct budget_key *key)
{
	_auto_result_ struct budget_result *result = NULL;

	return budget_db_run(ctx, STMT_KEY_USED, (const char *[]){ key->tenant_id, key->key_id }, 2, &result);
}

enum budget_status
budget_keys_ensure_admin(struct budget_ctx *ctx, const char *text)
{
	_auto_result_ struct budget_result *result = NULL;
	char public_id[BUDGET_KEY_PUBLIC_SIZE];
	const char *hash;

	if (!budget_keys_open() || !budget_key_public_id(text, public_id))
		return budget_fail(ctx, BUDGET_EINVALID, "bad_setting", NULL,
		    "BUDGET_ADMIN_KEY must have %d to %d printable ASCII characters without spaces.", TEXT_MIN, BUDGET_KEY_TEXT_MAX);
	hash = budget_key_hash_text(ctx, text);
	if (hash == NULL)
		return budget_fail_memory(ctx);
	return budget_db_run(ctx, STMT_KEY_ENSURE, (const char *[]){ public_id, hash }, 2, &result);
}
