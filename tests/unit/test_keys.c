#include <ctype.h>
#include <string.h>

#include "lib/keys.h"
#include "tests/unit/unit.h"

static void
setup(void)
{
	ck_assert(budget_keys_open());
}

START_TEST(a_new_key_has_the_documented_form)
{
	char last[BUDGET_KEY_TEXT_SIZE] = "", text[BUDGET_KEY_TEXT_SIZE], id[BUDGET_KEY_PUBLIC_SIZE], read[BUDGET_KEY_PUBLIC_SIZE];

	for (int i = 0; i < 1000; i++) {
		budget_key_new(text, id);
		ck_assert_uint_eq(strlen(text), 4 + 8 + 1 + 43);
		ck_assert_int_eq(strncmp(text, "bgt_", 4), 0);
		ck_assert(budget_key_public_id(text, read));
		ck_assert_str_eq(read, id);
		ck_assert_str_ne(text, last);
		memcpy(last, text, sizeof last);
	}
}
END_TEST

START_TEST(an_operators_own_key_is_filed_as_configured)
{
	char id[BUDGET_KEY_PUBLIC_SIZE];

	ck_assert(budget_key_public_id("correct-horse-battery", id));
	ck_assert_str_eq(id, BUDGET_KEY_CONFIGURED);
	ck_assert(budget_key_public_id("bgt_short_0123456789", id));
	ck_assert_str_eq(id, BUDGET_KEY_CONFIGURED);
	ck_assert(budget_key_public_id("bgt_toolongid_0123456789", id));
	ck_assert_str_eq(id, BUDGET_KEY_CONFIGURED);
}
END_TEST

START_TEST(what_cannot_be_a_key_is_none)
{
	char id[BUDGET_KEY_PUBLIC_SIZE] = "kept", text[BUDGET_KEY_TEXT_MAX + 2];

	ck_assert(!budget_key_public_id("", id));
	ck_assert(!budget_key_public_id("fifteen-letters", id));
	ck_assert(!budget_key_public_id("with a space in it", id));
	ck_assert(!budget_key_public_id("control\x01-characters", id));
	ck_assert(!budget_key_public_id("umlaut-\xc3\xa4-aaaaaaaaaa", id));
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	ck_assert(!budget_key_public_id(text, id));
	ck_assert_str_eq(id, "kept");
}
END_TEST

START_TEST(only_the_key_itself_matches)
{
	struct budget_key key = { .role = BUDGET_ROLE_ADMIN };
	struct budget_ctx ctx;

	budget_ctx_init(&ctx, 4096);
	budget_key_hash("abc", key.hash);
	ck_assert(budget_key_matches(&key, "abc"));
	ck_assert(!budget_key_matches(&key, "abd"));
	ck_assert(!budget_key_matches(&key, "abcd"));
	ck_assert(!budget_key_matches(&key, ""));
	ck_assert_str_eq(budget_key_hash_text(&ctx, "abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	budget_ctx_clear(&ctx);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("keys");
	TCase *core = tcase_create("core");

	tcase_add_checked_fixture(core, setup, NULL);
	tcase_add_test(core, a_new_key_has_the_documented_form);
	tcase_add_test(core, an_operators_own_key_is_filed_as_configured);
	tcase_add_test(core, what_cannot_be_a_key_is_none);
	tcase_add_test(core, only_the_key_itself_matches);
	suite_add_tcase(suite, core);
	return suite;
}
