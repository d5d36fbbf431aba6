/* The group writer: everybody is written once, in groups of one kind, never two writes at once. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "lib/group.h"
#include "tests/unit/unit.h"

#define THREADS 32
#define ROUNDS 200

struct job {
	int times_written;
	size_t group_size;
};

static struct budget_group *group;
static atomic_int writing, overlaps, mixed_groups;
static size_t heaviest;
/* A gate a test can shut: the writer waits in it, so that others queue meanwhile. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void
write_slots(struct budget_group_slot *const *slots, size_t count)
{
	size_t weight = 0;

	if (atomic_fetch_add(&writing, 1) != 0)
		atomic_fetch_add(&overlaps, 1);
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	for (size_t i = 0; i < count; i++) {
		struct job *job = slots[i]->work;

		job->times_written++; /* no lock: the owner waits, which is what ThreadSanitizer checks here */
		job->group_size = count;
		weight += slots[i]->weight;
		if (strcmp(slots[i]->kind, slots[0]->kind) != 0)
			atomic_fetch_add(&mixed_groups, 1);
	}
	heaviest = weight > heaviest ? weight : heaviest;
	atomic_fetch_sub(&writing, 1);
}

static void
setup(void)
{
	group = budget_group_new(write_slots, 8, 1000);
	atomic_store(&overlaps, 0);
	atomic_store(&mixed_groups, 0);
	heaviest = 0;
}

static void
setup_narrow(void)
{
	group = budget_group_new(write_slots, 8, 1);
}

static void *
submit_many(void *argument)
{
	const char *kind = *(int *)argument % 2 == 0 ? "one tenant" : "another tenant";

	for (int i = 0; i < ROUNDS; i++) {
		struct job job = { 0 };
		struct budget_group_slot slot = { .work = &job, .weight = 1 + (size_t)(i % 3), .kind = kind };

		if (!budget_group_run(group, &slot) || job.times_written != 1)
			return NULL;
	}
	return argument;
}

START_TEST(every_request_is_written_once_and_groups_never_mix_or_overlap)
{
	pthread_t threads[THREADS];
	int numbers[THREADS];
	unsigned long groups, slots;
	size_t waiting;

	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, submit_many, &numbers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		ck_assert_ptr_eq(result, &numbers[i]);
	}
	budget_group_stats(group, &groups, &slots, &waiting);
	ck_assert_uint_eq(slots, THREADS * ROUNDS);
	ck_assert_uint_le(groups, slots);
	ck_assert_uint_eq(waiting, 0);
	ck_assert_int_eq(atomic_load(&overlaps), 0);
	ck_assert_int_eq(atomic_load(&mixed_groups), 0);
	ck_assert_uint_le(heaviest, 8);
}
END_TEST

static struct job jobs[4];

static void *
submit_one(void *argument)
{
	struct job *job = argument;
	struct budget_group_slot slot = { .work = job, .weight = 1, .kind = "t" };

	return budget_group_run(group, &slot) ? argument : NULL;
}

static void
wait_for_waiting(size_t wanted)
{
	size_t waiting;

	do
		budget_group_stats(group, NULL, NULL, &waiting);
	while (waiting < wanted);
}

START_TEST(what_comes_while_a_write_is_under_way_forms_the_next_group)
{
	pthread_t threads[4];

	memset(jobs, 0, sizeof jobs);
	pthread_mutex_lock(&gate);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(pthread_create(&threads[i], NULL, submit_one, &jobs[i]), 0);
		wait_for_waiting(i + 1); /* the first leads and stands in the gate, the others queue in this order */
	}
	pthread_mutex_unlock(&gate);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(jobs[0].group_size, 1);
	for (size_t i = 1; i < 4; i++)
		ck_assert_uint_eq(jobs[i].group_size, 3);
}
END_TEST

START_TEST(beyond_the_bound_requests_are_turned_away_untouched)
{
	pthread_t first;
	struct job job = { 0 };
	struct budget_group_slot slot = { .work = &job, .weight = 1, .kind = "t" };

	memset(jobs, 0, sizeof jobs);
	pthread_mutex_lock(&gate);
	ck_assert_int_eq(pthread_create(&first, NULL, submit_one, &jobs[0]), 0);
	wait_for_waiting(1);
	ck_assert(!budget_group_run(group, &slot));
	pthread_mutex_unlock(&gate);
	pthread_join(first, NULL);
	ck_assert_int_eq(job.times_written, 0);
	ck_assert_int_eq(jobs[0].times_written, 1);
}
END_TEST

START_TEST(a_heavy_request_is_a_group_of_its_own)
{
	struct job job = { 0 };
	struct budget_group_slot slot = { .work = &job, .weight = 500, .kind = "t" };

	ck_assert(budget_group_run(group, &slot));
	ck_assert_int_eq(job.times_written, 1);
	ck_assert_uint_eq(job.group_size, 1);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("group");
	TCase *tcase = tcase_create("group"), *narrow = tcase_create("narrow");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, every_request_is_written_once_and_groups_never_mix_or_overlap);
	tcase_add_test(tcase, what_comes_while_a_write_is_under_way_forms_the_next_group);
	tcase_add_test(tcase, a_heavy_request_is_a_group_of_its_own);
	tcase_add_checked_fixture(narrow, setup_narrow, NULL);
	tcase_add_test(narrow, beyond_the_bound_requests_are_turned_away_untouched);
	suite_add_tcase(suite, tcase);
	suite_add_tcase(suite, narrow);
	return suite;
}
