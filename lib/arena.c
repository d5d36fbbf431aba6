/* Bump allocation from a chain of blocks; the newest block is the one allocated from. */
#include "lib/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 16, FIRST_BLOCK_BYTES = 16 * 1024, BLOCK_MAX_BYTES = 1024 * 1024 };

struct budget_arena_block {
	struct budget_arena_block *older;
	size_t size_bytes, used_bytes;
	_Alignas(ALIGNMENT) unsigned char data[];
};

void
budget_arena_init(struct budget_arena *arena, size_t cap_bytes)
{
	*arena = (struct budget_arena){ .cap_bytes = cap_bytes };
}

void
budget_arena_reset(struct budget_arena *arena)
{
	while (arena->blocks != NULL && arena->blocks->older != NULL) {
		struct budget_arena_block *newest = arena->blocks;

		arena->blocks = newest->older;
		free(newest);
	}
	if (arena->blocks != NULL)
		arena->blocks->used_bytes = 0;
	arena->used_bytes = 0;
}

void
budget_arena_clear(struct budget_arena *arena)
{
	budget_arena_reset(arena);
	free(arena->blocks);
	arena->blocks = NULL;
}

/* Blocks double, so that a large body costs few of them; one larger than all gets a block of its own size. */
static struct budget_arena_block *
add_block(struct budget_arena *arena, size_t need_bytes)
{
	size_t size_bytes = FIRST_BLOCK_BYTES;
	struct budget_arena_block *block;

	if (arena->blocks != NULL && arena->blocks->size_bytes >= FIRST_BLOCK_BYTES)
		size_bytes = arena->blocks->size_bytes * 2 < BLOCK_MAX_BYTES ? arena->blocks->size_bytes * 2 : BLOCK_MAX_BYTES;
	if (size_bytes < need_bytes)
		size_bytes = need_bytes;
	block = malloc(sizeof *block + size_bytes);
	if (block == NULL)
		return NULL;
	block->older = arena->blocks;
	block->size_bytes = size_bytes;
	block->used_bytes = 0;
	arena->blocks = block;
	return block;
}

static size_t
round_up(size_t size_bytes)
{
	return (size_bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

/* Room in the newest block that belongs to nobody; NULL beyond the cap. Not zeroed. */
static unsigned char *
take(struct budget_arena *arena, size_t size_bytes)
{
	struct budget_arena_block *block = arena->blocks;
	unsigned char *taken;

	if (arena->fail_countdown > 0 && --arena->fail_countdown == 0)
		return NULL;
	if (size_bytes > arena->cap_bytes || arena->used_bytes > arena->cap_bytes - size_bytes)
		return NULL;
	size_bytes = size_bytes == 0 ? ALIGNMENT : round_up(size_bytes);
	if (block == NULL || block->size_bytes - block->used_bytes < size_bytes)
		block = add_block(arena, size_bytes);
	if (block == NULL)
		return NULL;
	taken = block->data + block->used_bytes;
	block->used_bytes += size_bytes;
	arena->used_bytes += size_bytes;
	return taken;
}

void *
budget_arena_alloc(struct budget_arena *arena, size_t size_bytes)
{
	unsigned char *taken = take(arena, size_bytes);

	return taken == NULL ? NULL : memset(taken, 0, size_bytes);
}

void *
budget_arena_extend(struct budget_arena *arena, void *old, size_t old_bytes, size_t new_bytes)
{
	struct budget_arena_block *block = arena->blocks;
	size_t grow_bytes = round_up(new_bytes) - round_up(old_bytes);
	unsigned char *fresh;

	if (old != NULL && old_bytes > 0 && (unsigned char *)old + round_up(old_bytes) == block->data + block->used_bytes
	    && block->size_bytes - block->used_bytes >= grow_bytes && arena->fail_countdown == 0) {
		if (arena->used_bytes > arena->cap_bytes || grow_bytes > arena->cap_bytes - arena->used_bytes)
			return NULL;
		block->used_bytes += grow_bytes;
		arena->used_bytes += grow_bytes;
		return old;
	}
	fresh = take(arena, new_bytes);
	if (fresh != NULL && old != NULL)
		memcpy(fresh, old, old_bytes);
	return fresh;
}

char *
budget_arena_strndup(struct budget_arena *arena, const char *text, size_t n)
{
	unsigned char *copy;

	if (text == NULL || n == SIZE_MAX)
		return NULL;
	copy = take(arena, n + 1);
	if (copy == NULL)
		return NULL;
	memcpy(copy, text, n);
	copy[n] = '\0';
	return (char *)copy;
}

char *
budget_arena_strdup(struct budget_arena *arena, const char *text)
{
	return text == NULL ? NULL : budget_arena_strndup(arena, text, strlen(text));
}

char *
budget_arena_vprintf(struct budget_arena *arena, const char *format, va_list args)
{
	va_list again;
	int length;
	unsigned char *text;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		return NULL;
	text = take(arena, (size_t)length + 1);
	if (text != NULL)
		vsnprintf((char *)text, (size_t)length + 1, format, args);
	return (char *)text;
}

char *
budget_arena_printf(struct budget_arena *arena, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = budget_arena_vprintf(arena, format, args);
	va_end(args);
	return text;
}

void
budget_arena_fail_at(struct budget_arena *arena, long n)
{
	arena->fail_countdown = n;
}
