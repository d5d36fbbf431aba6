#include "lib/denials.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/ctx.h"
#include "lib/db.h"
#include "lib/text.h"
#include "lib/uuid.h"

/* Policies that refuse between two flushes; those beyond are not counted. */
#define PLACES 1024

struct denial {
	char tenant_id[UUID_TEXT_SIZE], policy_id[UUID_TEXT_SIZE];
	int64_t hour; /* of unix time */
	unsigned long count;
};

static struct {
	pthread_mutex_t lock;
	struct denial places[PLACES]; /* hashed, open: a place is free while its count is 0 */
	size_t used;
} denials = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int64_t
this_hour(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec / 3600;
}

static size_t
place_of(const struct denial *denial)
{
	uint32_t hash = 2166136261u ^ (uint32_t)denial->hour;

	for (const char *c = denial->policy_id; *c != '\0'; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	return hash % PLACES;
}

/* Under the lock. */
static void
add(const struct denial *denial)
{
	size_t at = place_of(denial);

	for (size_t i = 0; i < PLACES; i++, at = (at + 1) % PLACES) {
		struct denial *place = &denials.places[at];

		if (place->count == 0) {
			if (denials.used >= PLACES / 2)
				return;
			*place = *denial;
			denials.used++;
			return;
		}
		if (place->hour == denial->hour && strcmp(place->policy_id, denial->policy_id) == 0
		    && strcmp(place->tenant_id, denial->tenant_id) == 0) {
			place->count += denial->count;
			return;
		}
	}
}

void
budget_denial_note(const char *tenant_id, const char *decision)
{
	static const char name[] = ",\"policy_id\":\""; /* quotes inside the reason are escaped: the first is the deciding one */
	const char *found = decision != NULL ? strstr(decision, name) : NULL;
	struct denial denial = { .hour = this_hour(), .count = 1 };
	char policy_id[UUID_TEXT_SIZE];

	if (found == NULL || tenant_id == NULL)
		return;
	snprintf(policy_id, sizeof policy_id, "%s", found + sizeof name - 1);
	if (!budget_uuid_parse(policy_id, denial.policy_id))
		return;
	snprintf(denial.tenant_id, sizeof denial.tenant_id, "%s", tenant_id);
	pthread_mutex_lock(&denials.lock);
	add(&denial);
	pthread_mutex_unlock(&denials.lock);
}

bool
budget_denials_wait(void)
{
	bool is_any;

	pthread_mutex_lock(&denials.lock);
	is_any = denials.used > 0;
	pthread_mutex_unlock(&denials.lock);
	return is_any;
}

/* What was counted, into the arena, and the table empty again. */
static struct denial *
take(struct budget_ctx *ctx, size_t *ret_count)
{
	struct denial *taken;
	size_t count = 0;

	pthread_mutex_lock(&denials.lock);
	taken = budget_arena_alloc(&ctx->arena, denials.used * sizeof *taken + 1);
	for (size_t i = 0; taken != NULL && i < PLACES; i++)
		if (denials.places[i].count > 0) {
			taken[count++] = denials.places[i];
			denials.places[i].count = 0;
		}
	if (taken != NULL)
		denials.used = 0;
	pthread_mutex_unlock(&denials.lock);
	*ret_count = count;
	return taken;
}

enum budget_status
budget_denials_flush(struct budget_ctx *ctx)
{
	_auto_result_ struct budget_result *result = NULL;
	struct budget_text text;
	struct denial *taken;
	enum budget_status status;
	size_t count;

	if ((taken = take(ctx, &count)) == NULL)
		return budget_fail_memory(ctx);
	budget_text_init(&text, &ctx->arena, count * 160 + 16);
	budget_text_add(&text, "[");
	for (size_t i = 0; i < count; i++)
		budget_text_addf(&text, "%s{\"tenant_id\":\"%s\",\"policy_id\":\"%s\",\"hour\":%lld,\"count\":%lu}", i == 0 ? "" : ",",
		    taken[i].tenant_id, taken[i].policy_id, (long long)taken[i].hour, taken[i].count);
	budget_text_add(&text, "]");
	status = budget_text_done(&text) == NULL ? budget_fail_memory(ctx)
	    : budget_db_run(ctx, STMT_DENIALS_ADD, (const char *[]){ text.data }, 1, &result);
	if (status != BUDGET_EBUSY)
		return status;
	pthread_mutex_lock(&denials.lock);
	for (size_t i = 0; i < count; i++)
		add(&taken[i]);
	pthread_mutex_unlock(&denials.lock);
	return status;
}
