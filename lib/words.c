#include "lib/words.h"

#include <ctype.h>

#define WORDS_END { NULL, NULL }

const struct budget_word budget_words_period[] = {
	{ "hourly", "hourly" }, { "daily", "daily" }, { "weekly", "weekly" }, { "monthly", "monthly" },
	{ "quarterly", "quarterly" }, { "yearly", "yearly" }, { "lifetime", "lifetime" },
	{ "per_session", "per_session" }, { "per_task", "per_task" }, { "rolling", "rolling" },
	{ "hour", "hourly" }, { "day", "daily" }, { "week", "weekly" }, { "month", "monthly" }, { "quarter", "quarterly" },
	{ "year", "yearly" }, { "annual", "yearly" }, { "total", "lifetime" }, { "session", "per_session" },
	{ "task", "per_task" }, WORDS_END
};

const struct budget_word budget_words_calendar[] = {
	{ "hourly", "hourly" }, { "daily", "daily" }, { "weekly", "weekly" }, { "monthly", "monthly" },
	{ "quarterly", "quarterly" }, { "yearly", "yearly" }, { "lifetime", "lifetime" },
	{ "hour", "hourly" }, { "day", "daily" }, { "week", "weekly" }, { "month", "monthly" }, { "quarter", "quarterly" },
	{ "year", "yearly" }, { "annual", "yearly" }, { "total", "lifetime" }, { "today", "daily" }, WORDS_END
};

const struct budget_word budget_words_tier[] = {
	{ "local_lightweight", "local_lightweight" }, { "local_midweight", "local_midweight" },
	{ "remote_heavyweight", "remote_heavyweight" }, { "lightweight", "local_lightweight" },
	{ "midweight", "local_midweight" }, { "heavyweight", "remote_heavyweight" }, WORDS_END
};

const struct budget_word budget_words_policy_type[] = {
	{ "ignore", "ignore" }, { "warn", "warn" }, { "soft_limit", "soft_limit" }, { "hard_limit", "hard_limit" },
	{ "log", "ignore" }, { "warning", "warn" }, { "approve", "soft_limit" }, { "approval", "soft_limit" },
	{ "enforce", "hard_limit" }, { "block", "hard_limit" }, WORDS_END
};

const struct budget_word budget_words_enforcement[] = {
	{ "ignore", "ignore" }, { "warn", "warn" }, { "soft_limit", "soft_limit" }, { "hard_limit", "hard_limit" },
	{ "log", "ignore" }, { "warning", "warn" }, { "approve", "soft_limit" }, { "approval", "soft_limit" },
	{ "enforce", "hard_limit" }, { "block", "hard_limit" }, WORDS_END
};

const struct budget_word budget_words_price_type[] = {
	{ "token", "token" }, { "character", "character" }, { "image", "image" }, { "time", "time" }, { "fixed", "fixed" },
	{ "free", "free" }, { "token_based", "token" }, { "character_based", "character" }, { "image_based", "image" },
	{ "time_based", "time" }, { "fixed_price", "fixed" }, WORDS_END
};

const struct budget_word budget_words_severity[] = {
	{ "info", "info" }, { "warning", "warning" }, { "error", "error" }, { "warn", "warning" }, { "critical", "error" },
	WORDS_END
};

const struct budget_word budget_words_fail_mode[] = { { "closed", "closed" }, { "open", "open" }, WORDS_END };

const struct budget_word budget_words_reach[] = { { "all", "all" }, { "named", "named" }, WORDS_END };

const struct budget_word budget_words_hold_basis[] = { { "bound", "bound" }, { "estimate", "estimate" }, WORDS_END };

const struct budget_word budget_words_role[] = {
	{ "viewer", "viewer" }, { "service", "service" }, { "manager", "manager" }, { "admin", "admin" }, WORDS_END
};

const struct budget_word budget_words_approval[] = {
	{ "pending", "pending" }, { "granted", "granted" }, { "denied", "denied" }, { "approved", "granted" }, WORDS_END
};

const struct budget_word budget_words_hold_state[] = {
	{ "live", "live" }, { "settled", "settled" }, { "released", "released" }, { "expired", "expired" },
	{ "active", "live" }, { "pending", "live" }, WORDS_END
};

/* '-' and ' ' read as '_'; letters in any case. */
static bool
is_same(const char *word, const char *text)
{
	for (; *word != '\0' && *text != '\0'; word++, text++) {
		char c = *text == '-' || *text == ' ' ? '_' : (char)tolower((unsigned char)*text);

		if (*word != c)
			return false;
	}
	return *word == *text;
}

const char *
budget_word_find(const struct budget_word *words, const char *text)
{
	for (; words->word != NULL; words++)
		if (is_same(words->word, text))
			return words->canonical;
	return NULL;
}
