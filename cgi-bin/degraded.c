#include "cgi-bin/degraded.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cgi-bin/fcgi/reply.h"
#include "lib/budget.h"
#include "lib/fail_mode.h"

/* The last eight digits of a marked id; ledger_unheld() knows them too. The others leave 42 random bits a millisecond. */
static const char id_mark[] = "de64aded";

bool
degraded_is_allowed(const struct request *request)
{
	return budget_is_database_away(&request->ctx.error)
	    && budget_fail_mode_is_open(&request->ctx, budget_values_get(&request->values, "budget_id"));
}

bool
degraded_is_id(const char *allocation_id)
{
	return strcmp(allocation_id + strlen(allocation_id) - strlen(id_mark), id_mark) == 0;
}

/* The client's own id, else a new one with the mark. */
static const char *
id_of(struct request *request)
{
	const char *given = budget_values_get(&request->values, "allocation_id");
	char id[UUID_TEXT_SIZE];

	if (given != NULL)
		return given;
	budget_uuid_new(id);
	memcpy(id + UUID_TEXT_SIZE - sizeof id_mark, id_mark, sizeof id_mark);
	return budget_arena_strdup(&request->ctx.arena, id);
}

/* Now, and when what is granted now runs out. */
static void
write_times(const struct request *request, const char *ttl_setting, char ret_now[BUDGET_TIME_SIZE], char ret_end[BUDGET_TIME_SIZE])
{
	const char *ttl = budget_values_get(&request->values, "ttl_seconds");
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	budget_time_write(&now, ret_now);
	now.tv_sec += ttl != NULL ? strtol(ttl, NULL, 10) : (long)budget_setting_count(ttl_setting);
	budget_time_write(&now, ret_end);
}

static enum budget_status
reply(struct request *request, int status, struct budget_text *body)
{
	request->ctx.error = (struct budget_error){ 0 };
	if (budget_text_done(body) == NULL)
		return budget_fail_memory(&request->ctx);
	reply_json(request, status, body->data);
	return BUDGET_OK;
}

enum budget_status
degraded_check(struct request *request)
{
	const char *reserve = budget_values_get(&request->values, "reserve");
	char now[BUDGET_TIME_SIZE], end[BUDGET_TIME_SIZE];
	struct budget_text body;

	write_times(request, "hold_ttl_check_seconds", now, end);
	budget_text_init(&body, &request->ctx.arena, 768);
	budget_text_addf(&body, "{\"allowed\":true,\"decision\":\"allow\",\"degraded\":true,\"reason\":\"The database is away, and this"
	    " budget stays open meanwhile (fail_mode): nothing was checked%s.\",\"estimated_cost\":null,\"held_cost\":null,"
	    "\"estimated_tokens\":null,\"currency\":null,\"tier\":null,\"remaining_cost\":null,\"remaining_tokens\":null,"
	    "\"max_tokens_that_fit\":null,\"policy_id\":null,\"resets_at\":null,\"policies\":[],\"alternatives\":[],\"estimated\":%s",
	    reserve != NULL && *reserve == 't' ? ", nothing is held" : "",
	    budget_values_get(&request->values, "input_text") != NULL ? "true" : "false");
	if (reserve != NULL && *reserve == 't')
		budget_text_addf(&body, ",\"allocation_id\":\"%s\",\"expires_at\":\"%s\"", id_of(request), end);
	budget_text_add(&body, "}");
	return reply(request, 200, &body);
}

/* A member of the request under the name it has in an allocation; null when it is absent. */
static void
add_said(struct budget_text *body, const struct request *request, const char *field)
{
	budget_text_add(body, ",");
	budget_text_json(body, field);
	budget_text_add(body, ":");
	budget_text_json(body, budget_values_get(&request->values, field));
}

enum budget_status
degraded_allocation(struct request *request)
{
	static const char *const said[] = { "context_id", "task_id", "component", "provider", "model", "tier", "task_type" };
	const char *tokens = budget_values_get(&request->values, "tokens_allocated");
	const char *expires_at = budget_values_get(&request->values, "expires_at"), *id = id_of(request);
	char now[BUDGET_TIME_SIZE], end[BUDGET_TIME_SIZE];
	struct budget_text body;

	write_times(request, "hold_ttl_allocation_seconds", now, end);
	budget_text_init(&body, &request->ctx.arena, 768);
	budget_text_addf(&body, "{\"allocation_id\":\"%s\",\"degraded\":true,\"kind\":\"allocation\",\"state\":\"live\",\"is_active\":true",
	    id);
	add_said(&body, request, "budget_id");
	for (size_t i = 0; i < sizeof said / sizeof *said; i++)
		add_said(&body, request, said[i]);
	budget_text_addf(&body, ",\"tokens_allocated\":%s,\"tokens_used\":0,\"remaining_tokens\":%s,\"estimated_cost\":null,"
	    "\"held_cost\":null,\"remaining_cost\":null,\"currency\":null,\"creation_time\":\"%s\",\"expires_at\":",
	    tokens != NULL ? tokens : "null", tokens != NULL ? tokens : "null", now);
	budget_text_json(&body, expires_at != NULL ? expires_at : end);
	budget_text_add(&body, "}");
	return reply(request, 201, &body);
}

enum budget_status
degraded_release(struct request *request, const char *allocation_id)
{
	struct budget_text body;

	budget_text_init(&body, &request->ctx.arena, 256);
	budget_text_addf(&body, "{\"allocation_id\":\"%s\",\"degraded\":true,\"kind\":\"allocation\",\"state\":\"released\","
	    "\"is_active\":false,\"tokens_released\":0,\"cost_released\":0}", allocation_id);
	return reply(request, 200, &body);
}
