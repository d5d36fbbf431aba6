/*
 * Threads that record, reserve, release and check through the group writer, against a real database. Built with
 * ThreadSanitizer, run by test_threads.py: threads URL TENANT. Prints how many answers of each kind came.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ctx.h"
#include "lib/db.h"
#include "lib/ledger.h"
#include "lib/uuid.h"

#define THREADS 24
#define ROUNDS 40

enum { ARENA_MAX_BYTES = 8 << 20 };

static const char *tenant;
static atomic_int done, refused, busy, wrong;

static void
count_answer(enum budget_status status, const struct budget_ledger_item *item, int expected)
{
	if (status != BUDGET_OK || item->answer.status == 404) /* 404: released what was never granted, its reserve was busy */
		atomic_fetch_add(&busy, 1);
	else if (item->answer.status == expected)
		atomic_fetch_add(&done, 1);
	else if (item->answer.status == 402)
		atomic_fetch_add(&refused, 1);
	else
		atomic_fetch_add(&wrong, 1);
}

/* One request of a shape of its thread's own; what it is about is in members. */
static struct budget_ledger_item
make_item(struct budget_ctx *ctx, const char *verb, const char *id, int number, const char *members)
{
	bool is_record = strcmp(verb, "record") == 0, is_by_id = strcmp(verb, "release") == 0;

	return (struct budget_ledger_item){
		.shape = is_by_id ? NULL : budget_arena_printf(&ctx->arena, "\"is_record\":%s,\"provider\":\"acme\","
		    "\"model\":\"plain\",\"component\":\"thread %d\"", is_record ? "true" : "false", number % 5),
		.members = budget_arena_printf(&ctx->arena, "\"verb\":\"%s\",\"id\":\"%s\",\"is_fresh\":%s,\"body_hash\":\"\\\\x00\"%s",
		    verb, id, is_by_id ? "false" : "true", members),
	};
}

static void
run(struct budget_ctx *ctx, const char *verb, const char *id, int number, const char *members, int expected)
{
	struct budget_ledger_item item = make_item(ctx, verb, id, number, members);

	if (strcmp(verb, "check") == 0)
		count_answer(budget_ledger_check(ctx, &item, 1), &item, expected);
	else
		count_answer(budget_ledger_run(ctx, &item, 1), &item, expected);
}

static void *
work(void *argument)
{
	int number = *(int *)argument;
	struct budget_ctx ctx;

	budget_ctx_init(&ctx, ARENA_MAX_BYTES);
	for (int round = 0; round < ROUNDS; round++) {
		char hold[UUID_TEXT_SIZE], record[UUID_TEXT_SIZE];

		ctx.tenant_id = tenant;
		budget_uuid_new(hold);
		budget_uuid_new(record);
		run(&ctx, "check", record, number, ",\"estimated_tokens\":3", 200);
		run(&ctx, "reserve", hold, number, ",\"kind\":\"allocation\",\"tokens\":5,\"ttl_seconds\":60", 201);
		run(&ctx, "record", record, number, ",\"input_tokens\":1", 201);
		if (round % 2 == 0)
			run(&ctx, "release", hold, number, budget_arena_printf(&ctx.arena, ",\"hold_id\":\"%s\"", hold), 200);
		budget_ctx_reset(&ctx);
	}
	budget_ctx_clear(&ctx);
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	int numbers[THREADS];

	if (argc != 3)
		return EXIT_FAILURE;
	tenant = argv[2];
	budget_pool_ledger(true);
	if (budget_pool_open(argv[1], 4, 2000) != BUDGET_OK)
		return EXIT_FAILURE;
	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		if (pthread_create(&threads[i], NULL, work, &numbers[i]) != 0)
			return EXIT_FAILURE;
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	budget_pool_close();
	printf("done %d refused %d busy %d wrong %d\n", done, refused, busy, wrong);
	return EXIT_SUCCESS;
}
