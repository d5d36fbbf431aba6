/* The spool on a real folder: what was acknowledged is read again, whatever was cut, flipped, full or killed. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ctx.h"
#include "lib/spool.h"
#include "lib/spool_dead.h"
#include "tests/unit/unit.h"

#define MEMBERS "\"verb\":\"record\",\"id\":\"019a0000-0000-7000-8000-00000000%04d\",\"input_tokens\":1"

static struct budget_ctx ctx;
static char folder[256];

static struct budget_spool_frame
frame(int number)
{
	return (struct budget_spool_frame){ .tenant_id = "00000000-0000-7000-8000-000000000001",
		.received_at = "2026-01-02T03:04:05.000006Z", .shape = "\"is_record\":true",
		.members = budget_arena_printf(&ctx.arena, MEMBERS, number) };
}

static void
setup(void)
{
	budget_ctx_init(&ctx, 64 << 20);
	snprintf(folder, sizeof folder, "%s/spool-XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(budget_spool_open(&ctx, folder, 1 << 20, 1 << 16), BUDGET_OK);
}

static void
remove_all(const char *path)
{
	DIR *entries = opendir(path);

	for (struct dirent *file = entries ? readdir(entries) : NULL; file; file = readdir(entries)) {
		char name[512];

		snprintf(name, sizeof name, "%s/%s", path, file->d_name);
		if (file->d_name[0] != '.' && unlink(name) != 0)
			remove_all(name);
	}
	if (entries)
		closedir(entries);
	rmdir(path);
}

static void
teardown(void)
{
	budget_spool_close();
	remove_all(folder);
	budget_ctx_clear(&ctx);
}

/* Takes all segments and returns how many frames they hold; the numbers found are marked. */
static int
drain(bool *found, int size)
{
	struct budget_spool_segment segment;
	struct budget_spool_frame read = { 0 };
	enum budget_spool_reading reading;
	int count = 0;

	while (budget_spool_take(&segment)) {
		size_t offset = 0;

		while ((reading = budget_spool_frame_read(segment.bytes, segment.size, &offset, &read)) != SPOOL_END) {
			const char *id = read.members != NULL ? strstr(read.members, "-8000-00000000") : NULL;
			int number;

			segment.is_damaged = segment.is_damaged || reading == SPOOL_SKIPPED;
			if (reading != SPOOL_FRAME)
				continue;
			number = atoi(id + strlen("-8000-00000000"));
			ck_assert(number >= 0 && number < size);
			found[number] = true;
			count++;
		}
		budget_spool_finish(&segment);
	}
	return count;
}

static void
append_all(int from, int to)
{
	for (int i = from; i < to; i++)
		ck_assert_int_eq(budget_spool_append(&ctx, &(struct budget_spool_frame){ frame(i).tenant_id, frame(i).received_at,
		    frame(i).shape, frame(i).members }, 1), BUDGET_OK);
}

/* Path of the only segment with that ending. */
static void
segment_path(const char *ending, char ret_path[512])
{
	DIR *entries = opendir(folder);

	ret_path[0] = '\0';
	for (struct dirent *file = readdir(entries); file; file = readdir(entries))
		if (strstr(file->d_name, ending))
			snprintf(ret_path, 512, "%s/%s", folder, file->d_name);
	closedir(entries);
	ck_assert_str_ne(ret_path, "");
}

START_TEST(what_was_appended_is_taken_once)
{
	bool found[10] = { false };
	struct budget_spool_stats stats;

	append_all(0, 10);
	budget_spool_stats(&stats);
	ck_assert_uint_eq(stats.records, 10);
	ck_assert(budget_spool_has_any() && stats.bytes > 0 && stats.oldest_ms > 0);
	ck_assert_int_eq(drain(found, 10), 10);
	for (int i = 0; i < 10; i++)
		ck_assert(found[i]);
	ck_assert_int_eq(drain(found, 10), 0);
	budget_spool_stats(&stats);
	ck_assert(stats.records == 0 && stats.bytes == 0 && stats.oldest_ms == 0);
	ck_assert(!budget_spool_has_any());
}
END_TEST

START_TEST(a_segment_that_is_left_is_taken_again)
{
	struct budget_spool_segment segment;
	bool found[3];

	append_all(0, 3);
	ck_assert(budget_spool_take(&segment));
	budget_spool_leave(&segment);
	ck_assert_int_eq(drain(found, 3), 3);
}
END_TEST

START_TEST(a_segment_that_is_taken_is_nobody_elses)
{
	struct budget_spool_segment segment, other;

	append_all(0, 3);
	ck_assert(budget_spool_take(&segment));
	ck_assert(!budget_spool_take(&other));
	budget_spool_finish(&segment);
}
END_TEST

START_TEST(full_segments_are_followed_by_others)
{
	bool found[600] = { false };
	struct budget_spool_stats stats;

	append_all(0, 600);
	budget_spool_stats(&stats);
	ck_assert_uint_eq(stats.records, 600);
	ck_assert_uint_gt(stats.segments, 1);
	ck_assert_int_eq(drain(found, 600), 600);
}
END_TEST

START_TEST(beyond_the_bound_it_is_refused_and_room_is_made_by_draining)
{
	enum budget_status status = BUDGET_OK;
	bool found[10000] = { false };
	int kept = 0;

	for (; status == BUDGET_OK && kept < 10000; kept += status == BUDGET_OK) {
		struct budget_spool_frame one = frame(kept);

		status = budget_spool_append(&ctx, &one, 1);
	}
	ck_assert_int_eq(status, BUDGET_EBUSY);
	ck_assert_str_eq(ctx.error.code, "spool_full");
	ck_assert_int_eq(drain(found, 10000), kept);
	append_all(0, 1);
}
END_TEST

/* One file with three frames, cut at byte _i: the frames before the cut are read, what is behind them is not. */
START_TEST(a_torn_tail_is_cut_at_every_byte)
{
	struct budget_spool_frame frames[3] = { frame(0), frame(1), frame(2) };
	size_t one = budget_spool_frame_size(&frames[0]);
	bool found[3] = { false };
	char path[512], open_path[512];

	ck_assert_int_eq(budget_spool_append(&ctx, frames, 3), BUDGET_OK);
	budget_spool_close();
	segment_path(".ready", path);
	if ((size_t)_i > 3 * one)
		return;
	ck_assert_int_eq(truncate(path, _i), 0);
	snprintf(open_path, sizeof open_path, "%.*s.open", (int)strlen(folder) + 37, path);
	ck_assert_int_eq(rename(path, open_path), 0); /* as a killed process leaves it */
	ck_assert_int_eq(budget_spool_open(&ctx, folder, 1 << 20, 1 << 16), BUDGET_OK);
	append_all(2, 3);
	ck_assert_int_eq(drain(found, 3), (int)((size_t)_i / one) + 1);
	ck_assert(found[2] && found[0] == ((size_t)_i >= one) && found[1] == ((size_t)_i >= 2 * one));
}
END_TEST

/* A bit of the second of three frames flips, byte by byte: the first and the third are read, and the file is kept. */
START_TEST(a_flipped_bit_costs_its_own_frame_only)
{
	struct budget_spool_frame frames[3] = { frame(0), frame(1), frame(2) };
	size_t one = budget_spool_frame_size(&frames[0]);
	bool found[3] = { false };
	struct budget_spool_stats stats;
	unsigned char byte;
	char path[512];
	int fd;

	if ((size_t)_i >= one)
		return;
	ck_assert_int_eq(budget_spool_append(&ctx, frames, 3), BUDGET_OK);
	budget_spool_close();
	segment_path(".ready", path);
	fd = open(path, O_RDWR);
	ck_assert_int_eq(pread(fd, &byte, 1, (off_t)one + _i), 1);
	byte ^= (unsigned char)(1 << _i % 8);
	ck_assert_int_eq(pwrite(fd, &byte, 1, (off_t)one + _i), 1);
	close(fd);
	ck_assert_int_eq(budget_spool_open(&ctx, folder, 1 << 20, 1 << 16), BUDGET_OK);
	ck_assert_int_eq(drain(found, 3), 2);
	ck_assert(found[0] && !found[1] && found[2]);
	budget_spool_stats(&stats);
	ck_assert_uint_eq(stats.damaged, 1);
}
END_TEST

/* The file may not grow: nothing of the failed write stays, what was acknowledged before does, and it goes on later. */
START_TEST(a_full_disk_refuses_and_keeps_what_was_acknowledged)
{
	struct rlimit before, small = { .rlim_cur = 1500 };
	enum budget_status status = BUDGET_OK;
	bool found[100] = { false };
	int kept = 0;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small.rlim_max = before.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (; status == BUDGET_OK && kept < 100; kept += status == BUDGET_OK) {
		struct budget_spool_frame one = frame(kept);

		status = budget_spool_append(&ctx, &one, 1);
	}
	ck_assert_int_eq(status, BUDGET_EBUSY);
	ck_assert_str_eq(ctx.error.code, "spool_failed");
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	ck_assert_int_gt(kept, 3);
	append_all(kept, kept + 1);
	ck_assert_int_eq(drain(found, 100), kept + 1);
}
END_TEST

/* A process killed while it writes: everything it had acknowledged (through the pipe) is there. */
START_TEST(a_killed_writer_loses_nothing_that_it_acknowledged)
{
	bool found[10000] = { false };
	int ends[2], last = -1, number;
	pid_t child;

	ck_assert_int_eq(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		budget_spool_close();
		budget_spool_open(&ctx, folder, 8 << 20, 1 << 14);
		for (int i = 0; i < 10000; i++) {
			struct budget_spool_frame one = frame(i);

			if (budget_spool_append(&ctx, &one, 1) != BUDGET_OK || write(ends[1], &i, sizeof i) != sizeof i)
				_exit(1);
		}
		_exit(0);
	}
	while (last < 300 && read(ends[0], &number, sizeof number) == sizeof number)
		last = number;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(ends[1]);
	while (read(ends[0], &number, sizeof number) == sizeof number)
		last = number;
	close(ends[0]);
	ck_assert_int_ge(last, 300);
	ck_assert_int_ge(drain(found, 10000), last + 1);
	for (int i = 0; i <= last; i++)
		ck_assert(found[i]);
}
END_TEST

static void *
append_some(void *first)
{
	struct budget_ctx own;

	budget_ctx_init(&own, 1 << 20);
	for (int i = 0; i < 50; i++) {
		char members[128];
		struct budget_spool_frame one = { "00000000-0000-7000-8000-000000000001", "2026-01-02T03:04:05Z", "", members };

		snprintf(members, sizeof members, MEMBERS, *(int *)first + i);
		ck_assert_int_eq(budget_spool_append(&own, &one, 1), BUDGET_OK);
	}
	budget_ctx_clear(&own);
	return NULL;
}

START_TEST(threads_append_while_another_drains)
{
	pthread_t threads[4];
	int firsts[4] = { 0, 50, 100, 150 }, count = 0;
	bool found[200] = { false };

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, append_some, &firsts[i]);
	for (int i = 0; i < 20; i++)
		count += drain(found, 200);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	count += drain(found, 200);
	ck_assert_int_eq(count, 200);
	for (int i = 0; i < 200; i++)
		ck_assert(found[i]);
}
END_TEST

START_TEST(a_dead_letter_is_listed_read_again_and_dropped)
{
	struct budget_spool_frame dead = frame(7), again;
	struct budget_spool_refusal why = { 422, "budget_not_found", "/budget_id", "There is no such \"budget\"." };
	const char *id = "019a0000-0000-7000-8000-000000000007";

	dead.members = budget_arena_printf(&ctx.arena, "%s,\"seconds\":1.2500000000000000000000001,\"metadata\":{\"a\":[1,\"é\"]}",
	    dead.members);
	ck_assert_int_eq(budget_spool_bury(&ctx, budget_spool_folder(), &dead, &why), BUDGET_OK);
	ck_assert_int_eq(budget_spool_bury(&ctx, budget_spool_folder(), &dead, &why), BUDGET_OK);
	ck_assert_uint_eq(budget_spool_dead_count(budget_spool_folder()), 1);
	ck_assert_int_eq(budget_spool_dead_read(&ctx, budget_spool_folder(), id, &again), BUDGET_OK);
	ck_assert_str_eq(again.tenant_id, dead.tenant_id);
	ck_assert_str_eq(again.members, dead.members);
	ck_assert_int_eq(budget_spool_dead_drop(&ctx, budget_spool_folder(), id), BUDGET_OK);
	ck_assert_int_eq(budget_spool_dead_drop(&ctx, budget_spool_folder(), id), BUDGET_ENOTFOUND);
	ck_assert_uint_eq(budget_spool_dead_count(budget_spool_folder()), 0);
}
END_TEST

START_TEST(a_frame_too_large_is_refused)
{
	struct budget_spool_frame one = frame(0);
	char *big = budget_arena_alloc(&ctx.arena, BUDGET_SPOOL_FRAME_MAX_BYTES + 2);

	memset(big, 'x', BUDGET_SPOOL_FRAME_MAX_BYTES + 1);
	one.members = big;
	ck_assert_int_eq(budget_spool_append(&ctx, &one, 1), BUDGET_ETOOLARGE);
}
END_TEST

START_TEST(a_folder_that_cannot_be_used_is_said)
{
	budget_spool_close();
	ck_assert_int_eq(budget_spool_open(&ctx, "/proc/nowhere/spool", 1 << 20, 1 << 16), BUDGET_EBUG);
	ck_assert_str_eq(ctx.error.code, "spool_unusable");
	ck_assert(!budget_spool_is_open());
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("spool");
	TCase *good = tcase_create("segments"), *bad = tcase_create("damage");

	tcase_add_checked_fixture(good, setup, teardown);
	tcase_add_test(good, what_was_appended_is_taken_once);
	tcase_add_test(good, a_segment_that_is_left_is_taken_again);
	tcase_add_test(good, a_segment_that_is_taken_is_nobody_elses);
	tcase_add_test(good, full_segments_are_followed_by_others);
	tcase_add_test(good, beyond_the_bound_it_is_refused_and_room_is_made_by_draining);
	tcase_add_test(good, threads_append_while_another_drains);
	tcase_add_test(good, a_dead_letter_is_listed_read_again_and_dropped);
	tcase_add_test(good, a_frame_too_large_is_refused);
	tcase_add_test(good, a_folder_that_cannot_be_used_is_said);
	tcase_set_timeout(good, 60);
	suite_add_tcase(suite, good);
	tcase_add_checked_fixture(bad, setup, teardown);
	tcase_add_loop_test(bad, a_torn_tail_is_cut_at_every_byte, 0, 3 * 180);
	tcase_add_loop_test(bad, a_flipped_bit_costs_its_own_frame_only, 0, 180);
	tcase_add_test(bad, a_full_disk_refuses_and_keeps_what_was_acknowledged);
	tcase_add_test(bad, a_killed_writer_loses_nothing_that_it_acknowledged);
	tcase_set_timeout(bad, 60);
	suite_add_tcase(suite, bad);
	return suite;
}
