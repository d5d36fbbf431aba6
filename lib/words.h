/*
 * Vocabularies that several resources share: what may come in (any case, '-' equals '_') and the word we keep and
 * show.
 */
#ifndef BUDGET_LIB_WORDS_H
#define BUDGET_LIB_WORDS_H

#include "lib/field.h"

extern const struct budget_word budget_words_period[];       /* hourly … lifetime, per_session, per_task, rolling */
extern const struct budget_word budget_words_calendar[];     /* of reports: hourly … yearly, lifetime */
extern const struct budget_word budget_words_tier[];         /* local_light-, local_mid-, remote_heavyweight */
extern const struct budget_word budget_words_policy_type[];  /* ignore, warn, soft_limit, hard_limit */
extern const struct budget_word budget_words_price_type[];   /* token, character, image, time, fixed, free */
extern const struct budget_word budget_words_severity[];     /* info, warning, error */
extern const struct budget_word budget_words_fail_mode[];    /* closed, open */
extern const struct budget_word budget_words_reach[];        /* all, named */
extern const struct budget_word budget_words_hold_basis[];   /* bound, estimate */
extern const struct budget_word budget_words_enforcement[];  /* = policy types; the level of policies without a type */
extern const struct budget_word budget_words_role[];         /* viewer, service, manager, admin */
extern const struct budget_word budget_words_approval[];     /* pending, granted, denied */
extern const struct budget_word budget_words_hold_state[];   /* live, settled, released, expired */

/** The word kept for what came in, or NULL when the vocabulary does not know it. */
const char *budget_word_find(const struct budget_word *words, const char *text);

#endif
