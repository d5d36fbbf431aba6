/* CloudEvents 1.0: the envelope. What is in it is the caller's business. */
#ifndef BUDGET_LIB_NORMALISE_EVENT_H
#define BUDGET_LIB_NORMALISE_EVENT_H

#include "lib/json.h"

struct budget_event {
	const char *id, *source, *type;
	const char *subject, *time;       /* or NULL */
	struct json_object *data;         /* borrowed from the event, or `owned` */
	struct json_object *owned;        /* to be put by the caller: parsed out of data_base64 or a text */
};

/**
 * One event in the structured form.
 * @param pointer  JSON pointer of the event
 * @return BUDGET_OK; BUDGET_EINVALID missing_field, wrong_type, unknown_value (specversion), invalid_time, bad_encoding with
 *         the pointer of the attribute; BUDGET_ESYNTAX data_base64 holds no JSON
 */
enum budget_status budget_event_read(struct budget_ctx *ctx, struct json_object *object, const char *pointer,
    struct budget_event *ret_event);

/** The attributes alone, of the binary form: data is left as it is. Pointers are the header's names. */
enum budget_status budget_event_check(struct budget_ctx *ctx, const char *specversion, const char *pointer,
    const struct budget_event *event);

#endif
