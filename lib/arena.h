/*
 * The one memory idiom: an arena lives for one request, one job batch, one command. Everything we allocate comes
 * from it and is never freed singly. Foreign handles (PGresult, json_object, CURL, FILE) get cleanup attributes.
 */
#ifndef BUDGET_LIB_ARENA_H
#define BUDGET_LIB_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct budget_arena {
	struct budget_arena_block *blocks;
	size_t used_bytes, cap_bytes;
	long fail_countdown; /* tests: the n-th allocation from now fails; 0 = never */
};

/** Prepares an empty arena that refuses to grow beyond cap_bytes. Allocates nothing yet. */
void budget_arena_init(struct budget_arena *arena, size_t cap_bytes);

/** Frees every block but the first, which is kept for the next request. */
void budget_arena_reset(struct budget_arena *arena);

/** Frees everything. The arena may be initialised again. */
void budget_arena_clear(struct budget_arena *arena);

/** Zeroed memory aligned for any type, or NULL beyond the cap (callers fail with BUDGET_ETOOLARGE). */
void *budget_arena_alloc(struct budget_arena *arena, size_t size_bytes);

/**
 * Makes an allocation larger, in place when it was the last one, else by copying. What is added is not zeroed.
 * @param old  NULL, or what this arena gave with old_bytes; new_bytes >= old_bytes
 * @return the larger piece, or NULL beyond the cap (old stays valid)
 */
void *budget_arena_extend(struct budget_arena *arena, void *old, size_t old_bytes, size_t new_bytes);

/** Copy of n bytes with a NUL behind them; NULL beyond the cap or when text is NULL. */
char *budget_arena_strndup(struct budget_arena *arena, const char *text, size_t n);
char *budget_arena_strdup(struct budget_arena *arena, const char *text);

/** printf into the arena; NULL beyond the cap. */
char *budget_arena_printf(struct budget_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *budget_arena_vprintf(struct budget_arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/** For tests: the n-th allocation from now returns NULL; 0 switches this off. */
void budget_arena_fail_at(struct budget_arena *arena, long n);

#endif
