#include <stdint.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/text.h"
#include "tests/unit/unit.h"

static struct budget_arena arena;

static void
setup(void)
{
	budget_arena_init(&arena, 1024 * 1024);
}

static void
teardown(void)
{
	budget_arena_clear(&arena);
}

START_TEST(memory_is_zeroed_and_aligned_also_after_a_reset)
{
	for (int round = 0; round < 3; round++) {
		for (size_t size = 1; size < 3000; size += 97) {
			unsigned char *piece = budget_arena_alloc(&arena, size);
			unsigned sum = 0;

			ck_assert_ptr_nonnull(piece);
			ck_assert_uint_eq((uintptr_t)piece % 16, 0);
			for (size_t i = 0; i < size; i++)
				sum += piece[i];
			ck_assert_uint_eq(sum, 0);
			memset(piece, 0xff, size);
		}
		budget_arena_reset(&arena);
	}
}
END_TEST

START_TEST(nothing_is_given_beyond_the_cap)
{
	ck_assert_ptr_null(budget_arena_alloc(&arena, 1024 * 1024 + 1));
	ck_assert_ptr_nonnull(budget_arena_alloc(&arena, 1024 * 1000));
	ck_assert_ptr_null(budget_arena_alloc(&arena, 1024 * 100));
	ck_assert_ptr_null(budget_arena_alloc(&arena, SIZE_MAX));
	ck_assert_ptr_null(budget_arena_strndup(&arena, "x", SIZE_MAX));
	budget_arena_reset(&arena);
	ck_assert_ptr_nonnull(budget_arena_alloc(&arena, 1024 * 100));
}
END_TEST

START_TEST(the_last_piece_grows_in_place_another_one_moves)
{
	char *first = budget_arena_extend(&arena, NULL, 0, 10), *second, *moved;

	memcpy(first, "123456789", 10);
	ck_assert_ptr_eq(budget_arena_extend(&arena, first, 10, 200), first);
	second = budget_arena_alloc(&arena, 8);
	ck_assert(second >= first + 200);
	moved = budget_arena_extend(&arena, first, 200, 400);
	ck_assert_ptr_ne(moved, first);
	ck_assert_str_eq(moved, "123456789");
}
END_TEST

START_TEST(pieces_do_not_overlap_across_blocks)
{
	char *pieces[200];

	for (int i = 0; i < 200; i++) {
		pieces[i] = budget_arena_alloc(&arena, (size_t)(i * 37 % 4000) + 1);
		memset(pieces[i], i, (size_t)(i * 37 % 4000) + 1);
	}
	for (int i = 0; i < 200; i++) {
		int changed = 0;

		for (int j = 0; j <= i * 37 % 4000; j++)
			changed += (unsigned char)pieces[i][j] != i;
		ck_assert_int_eq(changed, 0);
	}
}
END_TEST

START_TEST(printf_and_copies)
{
	ck_assert_str_eq(budget_arena_printf(&arena, "%s-%d", "a", 7), "a-7");
	ck_assert_str_eq(budget_arena_strndup(&arena, "hello", 3), "hel");
	ck_assert_ptr_null(budget_arena_strdup(&arena, NULL));
	ck_assert_str_eq(budget_arena_strdup(&arena, ""), "");
}
END_TEST

/* A builder whose n-th allocation fails ends as failed, never as half a text. */
START_TEST(a_text_is_whole_or_nothing_wherever_memory_ends)
{
	for (long n = 1; n < 40; n++) {
		struct budget_text text;
		const char *done;

		budget_arena_reset(&arena);
		budget_arena_fail_at(&arena, n);
		budget_text_init(&text, &arena, 0);
		for (int i = 0; i < 500; i++)
			budget_text_addf(&text, "%d,", i);
		done = budget_text_done(&text);
		if (done != NULL) {
			ck_assert_uint_eq(strlen(done), text.length);
			ck_assert_int_gt(n, 3);
			break;
		}
		ck_assert_int_lt(n, 39);
	}
	budget_arena_fail_at(&arena, 0);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("arena");
	TCase *core = tcase_create("core");

	tcase_add_checked_fixture(core, setup, teardown);
	tcase_add_test(core, memory_is_zeroed_and_aligned_also_after_a_reset);
	tcase_add_test(core, nothing_is_given_beyond_the_cap);
	tcase_add_test(core, the_last_piece_grows_in_place_another_one_moves);
	tcase_add_test(core, pieces_do_not_overlap_across_blocks);
	tcase_add_test(core, printf_and_copies);
	tcase_add_test(core, a_text_is_whole_or_nothing_wherever_memory_ends);
	suite_add_tcase(suite, core);
	return suite;
}
