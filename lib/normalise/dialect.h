/* Inside the normaliser: what a dialect is made of. */
#ifndef BUDGET_LIB_NORMALISE_DIALECT_H
#define BUDGET_LIB_NORMALISE_DIALECT_H

#include "lib/normalise/normalise.h"

/*
 * What a number of a usage object means. Rows of one dialect with the same role are spellings of the same thing: the first
 * that is there and not 0 is taken; the …_MORE roles add up.
 */
enum usage_role {
	ROLE_INPUT,            /* all input, cached and audio and image tokens included */
	ROLE_INPUT_BARE,       /* input beside cache reads and writes */
	ROLE_INPUT_MORE,       /* input that stands in no other number */
	ROLE_CACHE_READ,
	ROLE_CACHE_WRITE,      /* of both lives */
	ROLE_CACHE_WRITE_5M, ROLE_CACHE_WRITE_1H,
	ROLE_INPUT_AUDIO, ROLE_INPUT_IMAGE,
	ROLE_INPUT_IMAGE_MORE, /* image input beside the input */
	ROLE_READ_AUDIO, ROLE_READ_IMAGE, /* what of these came from the cache */
	ROLE_OUTPUT,           /* all output, reasoning included */
	ROLE_OUTPUT_BARE,      /* output beside reasoning */
	ROLE_REASONING, ROLE_REASONING_BESIDE, /* the latter stands beside the output whatever that includes */
	ROLE_OUTPUT_AUDIO, ROLE_OUTPUT_IMAGE,
	ROLE_TOTAL,
	ROLE_REQUESTS, ROLE_WEB_SEARCHES, ROLE_SECONDS,
	ROLES
};

/*
 * path: member names joined by '.', or an attribute's key. `list[name=word|word].member`: the sum of `member` over the
 * elements of an array whose `name` is one of the words, without regard to case; `list[].member`: over all of them.
 */
struct usage_rule {
	enum usage_role role;
	const char *path;
};

struct usage_dialect {
	const char *name, *about;
	const char *provider;           /* whose words these are when nobody else is known to use them, or NULL */
	const char *const *markers;     /* paths: one of them there = this dialect; the first dialect of the table wins */
	const struct usage_rule *rules; /* ends with a NULL path */
};

/* In the order in which they are tried; ends with a NULL name. */
extern const struct usage_dialect usage_dialects[];
extern const struct usage_dialect usage_attributes_dialect;

/* Where numbers come from: an object, or attributes. */
struct usage_source {
	struct budget_ctx *ctx;
	struct json_object *object;
	const struct budget_attribute *attributes; /* used when object is NULL */
	size_t attributes_count;
	const char *pointer;
};

/** Whether anything but null stands at a path. */
bool usage_has(const struct usage_source *source, const char *path);

/**
 * The whole number at a path, the sum over selected array elements.
 * @param[out] ret_value  below 0 as it stands there; 0 when nothing is there
 * @return BUDGET_EINVALID wrong_type or out_of_range with the pointer of the member
 */
enum budget_status usage_number(const struct usage_source *source, const char *path, int64_t *ret_value);

/** The text of a scalar at a path, or NULL. */
const char *usage_text(const struct usage_source *source, const char *path);

/** The value at a dotted path of an object, or NULL. */
struct json_object *usage_at(struct json_object *object, const char *path);

/** Fills counts, seconds and flags from the rules of a dialect. */
enum budget_status usage_apply(const struct usage_source *source, const struct usage_dialect *dialect, const char *provider,
    struct budget_usage_found *found);

#endif
