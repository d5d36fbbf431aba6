/*
 * What every target has: a context that is made once and emptied before each input, and CHECK() for what must hold.
 * The head of a target names its seeds, files and folders from the top of the tree:
 *   seeds: tests/fixtures/prices/litellm
 *   data: usage/provider-usages.json[]       (below BUDGET_TEST_DATA; [] = every element of the array is a seed,
 *                                             {} = every member of the object is one, as an object of its own)
 */
#ifndef BUDGET_TESTS_FUZZ_H
#define BUDGET_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ctx.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

#define CHECK(condition)                                                                        \
	do {                                                                                        \
		if (!(condition)) {                                                                     \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);      \
			abort();                                                                            \
		}                                                                                       \
	} while (0)

static inline struct budget_ctx *
fuzz_ctx(void)
{
	static struct budget_ctx ctx;
	static int is_ready;

	if (!is_ready)
		budget_ctx_init(&ctx, 64u << 20);
	is_ready = 1;
	budget_arena_reset(&ctx.arena);
	return &ctx;
}

/** The input as a text with a NUL behind it, in the arena; it may hold others. */
static inline const char *
fuzz_text(struct budget_ctx *ctx, const uint8_t *bytes, size_t length)
{
	char *text = budget_arena_alloc(&ctx->arena, length + 1);

	if (text && length)
		memcpy(text, bytes, length);
	return text ? text : "";
}

#endif
