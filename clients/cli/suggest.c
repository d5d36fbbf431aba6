/* "Did you mean …?": edit distance with transpositions, and words that begin alike. */
#include <string.h>

#include "clients/cli/cli.h"

#define WORD_MAX 32

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment distance; words beyond WORD_MAX are never near. */
static size_t
distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1], a_length = strlen(a), b_length = strlen(b);

	if (a_length > WORD_MAX || b_length > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *row = rows[i % 3], *above = rows[(i - 1) % 3], *two_above = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = least(least(above[j] + 1, row[j - 1] + 1), above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], two_above[j - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

const char *
suggest(const char *word, const char *const *candidates, size_t count)
{
	const char *best = NULL;
	size_t best_distance = WORD_MAX;

	for (size_t i = 0; i < count; i++) {
		size_t d = distance(word, candidates[i]), length = strlen(candidates[i]);
		bool begins = strlen(word) >= 2 && strncmp(word, candidates[i], least(strlen(word), length)) == 0;

		if ((d <= 1 + length / 4 || begins) && d < best_distance) {
			best = candidates[i];
			best_distance = d;
		}
	}
	return best;
}
