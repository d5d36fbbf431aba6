#include "cgi-bin/fcgi/auth.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "cgi-bin/fcgi/config.h"
#include "cgi-bin/fcgi/guard.h"
#include "cgi-bin/fcgi/request.h"
#include "lib/db.h"
#include "lib/keys.h"
#include "lib/when.h"

#define LOCAL_TENANT "00000000-0000-7000-8000-000000000001"

enum { CACHE_SIZE = 512, CACHE_WAYS = 4 };

static const int64_t SECOND_US = 1000000, NOTE_US = 60 * 1000000LL;

struct entry {
	struct budget_key key;  /* public_id "" = free */
	int64_t asked_us;       /* when somebody last set out to ask the database */
	int64_t confirmed_us;   /* when the database last answered */
	int64_t noted_us;       /* when its use was last written down */
};

static struct {
	pthread_mutex_t lock;
	struct entry entries[CACHE_SIZE];
} cache = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* The entry of a public id, or the one to be replaced: free or longest unconfirmed of its set. Under the lock. */
static struct entry *
find_entry(const char *public_id)
{
	uint32_t hash = 2166136261u;
	struct entry *set, *oldest;

	for (const char *c = public_id; *c != '\0'; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	set = &cache.entries[hash % (CACHE_SIZE / CACHE_WAYS) * CACHE_WAYS];
	oldest = set;
	for (int i = 0; i < CACHE_WAYS; i++) {
		if (strcmp(set[i].key.public_id, public_id) == 0)
			return &set[i];
		if (set[i].confirmed_us < oldest->confirmed_us)
			oldest = &set[i];
	}
	return oldest;
}

void
auth_forget(void)
{
	pthread_mutex_lock(&cache.lock);
	memset(cache.entries, 0, sizeof cache.entries);
	pthread_mutex_unlock(&cache.lock);
}

/*
 * A copy from the cache. When it is stale one thread at a time sets out to ask again; the others go on with what is
 * there.
 */
static bool
look_up(const char *public_id, struct budget_key *ret_key, bool *ret_is_fresh)
{
	int64_t now_us = budget_now_us();
	bool is_known;
	struct entry *entry;

	pthread_mutex_lock(&cache.lock);
	entry = find_entry(public_id);
	is_known = strcmp(entry->key.public_id, public_id) == 0
	    && now_us - entry->confirmed_us < config.key_cache_outage_seconds * SECOND_US;
	*ret_is_fresh = is_known && now_us - entry->asked_us < config.key_cache_seconds * SECOND_US;
	if (is_known && !*ret_is_fresh)
		entry->asked_us = now_us;
	if (is_known)
		*ret_key = entry->key;
	pthread_mutex_unlock(&cache.lock);
	return is_known;
}

static void
keep(const struct budget_key *key)
{
	int64_t now_us = budget_now_us(), noted_us;
	struct entry *entry;

	pthread_mutex_lock(&cache.lock);
	entry = find_entry(key->public_id);
	noted_us = strcmp(entry->key.public_id, key->public_id) == 0 ? entry->noted_us : 0;
	*entry = (struct entry){ .key = *key, .asked_us = now_us, .confirmed_us = now_us, .noted_us = noted_us };
	pthread_mutex_unlock(&cache.lock);
}

/*
 * Look-ups under way: threads that want the same unknown key wait for the one that asks, so that a burst of first requests
 * takes one connection, not all. A slot is free when nobody refers to it; without a free one a thread asks by itself.
 */
enum { FLIGHTS = 32 };

static struct flight {
	char public_id[BUDGET_KEY_PUBLIC_SIZE];
	int users;
	bool is_done;
	struct budget_key key;
	enum budget_status status;
	const char *code; /* a literal */
	char detail[200];
} flights[FLIGHTS];
static pthread_cond_t landed = PTHREAD_COND_INITIALIZER;

/* Joins the look-up of this key, or begins one. Under the lock. NULL: all slots are taken. */
static struct flight *
board(const char *public_id, bool *ret_is_first)
{
	struct flight *unused = NULL;

	for (int i = 0; i < FLIGHTS; i++) {
		if (flights[i].users == 0) {
			unused = &flights[i];
		} else if (!flights[i].is_done && strcmp(flights[i].public_id, public_id) == 0) {
			flights[i].users++;
			*ret_is_first = false;
			return &flights[i];
		}
	}
	if (unused == NULL)
		return NULL;
	*unused = (struct flight){ .users = 1 };
	snprintf(unused->public_id, sizeof unused->public_id, "%s", public_id);
	*ret_is_first = true;
	return unused;
}

/* What the one that asked has found, in the words it was given. Under the lock. */
static enum budget_status
take_over(const struct flight *flight, struct budget_ctx *ctx, struct budget_key *ret_key)
{
	if (flight->status != BUDGET_OK)
		return budget_fail(ctx, flight->status, flight->code, NULL, "%s", flight->detail);
	*ret_key = flight->key;
	return BUDGET_OK;
}

static void
land(struct flight *flight, const struct budget_ctx *ctx, enum budget_status status, const struct budget_key *key)
{
	flight->status = status;
	flight->key = *key;
	flight->code = ctx->error.code;
	snprintf(flight->detail, sizeof flight->detail, "%s", ctx->error.detail != NULL ? ctx->error.detail : "");
	flight->is_done = true;
	pthread_cond_broadcast(&landed);
}

/* Asks the database for a key, together with whoever else wants it now. */
static enum budget_status
ask_together(struct budget_ctx *ctx, const char *public_id, struct budget_key *ret_key)
{
	struct budget_key key = { .role = BUDGET_ROLE_NONE };
	enum budget_status status = BUDGET_OK;
	struct flight *flight;
	bool is_first = true;

	pthread_mutex_lock(&cache.lock);
	flight = board(public_id, &is_first);
	while (!is_first && !flight->is_done)
		pthread_cond_wait(&landed, &cache.lock);
	if (!is_first) {
		status = take_over(flight, ctx, ret_key);
		flight->users--;
	}
	pthread_mutex_unlock(&cache.lock);
	if (!is_first)
		return status;
	status = budget_key_find(ctx, public_id, &key);
	budget_db_release(ctx); /* the request may wait in a queue next */
	if (status == BUDGET_OK)
		*ret_key = key;
	if (flight == NULL)
		return status;
	pthread_mutex_lock(&cache.lock);
	land(flight, ctx, status, &key);
	flight->users--;
	pthread_mutex_unlock(&cache.lock);
	return status;
}

static void
forget(const char *public_id)
{
	struct entry *entry;

	pthread_mutex_lock(&cache.lock);
	entry = find_entry(public_id);
	if (strcmp(entry->key.public_id, public_id) == 0)
		memset(entry, 0, sizeof *entry);
	pthread_mutex_unlock(&cache.lock);
}

static enum budget_status
unknown_key(struct request *request)
{
	return budget_fail(&request->ctx, BUDGET_EAUTH, "invalid_key", NULL,
	    "This key is not valid here: it is unknown, mistyped, expired or revoked.");
}

/*
 * From the cache when fresh; else from the database; else, when that is away, from the cache although it is not
 * fresh.
 */
static enum budget_status
find_key(struct request *request, const char *public_id, struct budget_key *ret_key)
{
	bool is_fresh = false, is_known = look_up(public_id, ret_key, &is_fresh);
	enum budget_status status;

	if (is_fresh)
		return BUDGET_OK;
	status = ask_together(&request->ctx, public_id, ret_key);
	if (status == BUDGET_OK)
		keep(ret_key);
	if (status == BUDGET_ENOTFOUND) {
		forget(public_id);
		return unknown_key(request);
	}
	if (status != BUDGET_OK && is_known) {
		request->ctx.error = (struct budget_error){ .status = BUDGET_OK };
		return BUDGET_OK; /* ret_key is as look_up() left it */
	}
	return status;
}

static const char *
given_key(const struct request *request)
{
	const char *authorization = request_header(request, "HTTP_AUTHORIZATION");

	if (authorization != NULL && strncasecmp(authorization, "Bearer ", 7) == 0)
		return authorization + 7 + strspn(authorization + 7, " ");
	return request_header(request, "HTTP_X_API_KEY");
}

/*
 * BUDGET_ADMIN_KEY is registered when program access starts; should the database have been away then, at its first use.
 * A key that the setting names and that was revoked stays revoked: it is not unknown.
 */
static enum budget_status
find_configured_key(struct request *request, const char *text, const char *public_id, struct budget_key *ret_key)
{
	enum budget_status status = find_key(request, public_id, ret_key);

	if (status != BUDGET_EAUTH || config.admin_key == NULL || strcmp(text, config.admin_key) != 0)
		return status;
	BUDGET_TRY(budget_keys_ensure_admin(&request->ctx, text));
	return find_key(request, public_id, ret_key);
}

static enum budget_status
check_key(struct request *request, const char *text)
{
	struct budget_ctx *ctx = &request->ctx;
	char public_id[BUDGET_KEY_PUBLIC_SIZE];
	struct budget_key *key = budget_arena_alloc(&ctx->arena, sizeof *key);

	if (key == NULL)
		return budget_fail_memory(ctx);
	if (!budget_key_public_id(text, public_id))
		return unknown_key(request);
	BUDGET_TRY(find_configured_key(request, text, public_id, key));
	if (!budget_key_matches(key, text) || key->is_revoked
	    || (key->expires_at != 0 && key->expires_at <= (int64_t)time(NULL)))
		return unknown_key(request);
	ctx->tenant_id = key->tenant_id;
	ctx->key_id = key->key_id;
	ctx->key_budget_id = key->budget_id[0] != '\0' ? key->budget_id : NULL;
	ctx->actor = key->name;
	ctx->role = key->role;
	request->key = key;
	return BUDGET_OK;
}

static enum budget_status
identify(struct request *request)
{
	struct budget_ctx *ctx = &request->ctx;
	const char *text = given_key(request);

	if (text != NULL && text[0] != '\0')
		return check_key(request, text);
	if (!config.is_keyless)
		return budget_fail(ctx, BUDGET_EAUTH, "key_required", NULL,
		    "Send an API key: 'Authorization: Bearer KEY' or 'X-API-Key: KEY'. An admin makes one with POST /api/v1/keys.");
	BUDGET_TRY(guard_local(request));
	ctx->tenant_id = LOCAL_TENANT;
	ctx->actor = "local";
	ctx->role = BUDGET_ROLE_ADMIN;
	return BUDGET_OK;
}

enum budget_status
auth_check(struct request *request)
{
	if ((request->route->flags & ROUTE_PUBLIC) != 0)
		return BUDGET_OK;
	BUDGET_TRY(identify(request));
	if (request->ctx.role < request->route->role)
		return budget_fail(&request->ctx, BUDGET_EFORBIDDEN, "role_too_low", NULL,
		    "This needs a key of role %s; the one used has role %s.", budget_role_name(request->route->role),
		    budget_role_name(request->ctx.role));
	return BUDGET_OK;
}

void
auth_note(struct request *request)
{
	const struct budget_key *key = request->key;
	int64_t now_us = budget_now_us();
	struct entry *entry;
	bool is_due;

	if (key == NULL)
		return;
	pthread_mutex_lock(&cache.lock);
	entry = find_entry(key->public_id);
	is_due = strcmp(entry->key.public_id, key->public_id) == 0
	    && (entry->noted_us == 0 || now_us - entry->noted_us > NOTE_US);
	if (is_due)
		entry->noted_us = now_us;
	pthread_mutex_unlock(&cache.lock);
	if (is_due)
		budget_key_used(&request->ctx, key);
}
