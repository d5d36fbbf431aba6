#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cron/schedule.h"
#include "lib/settings.h"

#define WAIT_MAX_MS 60000
#define START_DELAY_MS 3000
#define EVERY_MAX_MS (INT64_C(31) * 86400 * 1000)

static char error[512];

static bool
refuse(const char *path, int line, const char *what, const char **ret_error)
{
	snprintf(error, sizeof error, "%s:%d: %s", path, line, what);
	*ret_error = error;
	return false;
}

/* "15s", "5m", "6h", "1d" or "@setting" -> milliseconds; 0 when it is none. */
static int64_t
duration_ms(const char *text)
{
	char *end;

	if (*text == '@')
		return budget_settings_find(budget_settings_current(), text + 1) ? budget_setting_count(text + 1) * 1000 : 0;
	long long number = isdigit((unsigned char)*text) ? strtoll(text, &end, 10) : 0;
	if (number < 1 || number > 86400 || end[0] == '\0' || end[1] != '\0')
		return 0;
	int64_t factor = *end == 's' ? 1 : *end == 'm' ? 60 : *end == 'h' ? 3600 : *end == 'd' ? 86400 : 0;
	return number * factor * 1000 <= EVERY_MAX_MS ? number * factor * 1000 : 0;
}

/*
 * "@interval?setting": whether the job also runs at the start of the schedule is what that setting says; if so, when
 * everything else has started. Cuts it off; -1 when there is no such setting.
 */
static int64_t
cut_delay(char *every, bool *ret_is_late)
{
	char *question = strchr(every, '?');

	*ret_is_late = false;
	if (question == NULL)
		return 0;
	*question = '\0';
	if (!budget_settings_find(budget_settings_current(), question + 1))
		return -1;
	*ret_is_late = !budget_setting_is(question + 1);
	return START_DELAY_MS;
}

static bool
is_name(const char *name)
{
	return *name && strlen(name) < SCHEDULE_NAME_MAX
	    && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

/* One line into an entry; NULL, or what is wrong with it. */
static const char *
entry_parse(struct entry *entry, char *line)
{
	char *rest, *name = strtok_r(line, "\t", &rest), *every = strtok_r(NULL, "\t", &rest), *limit = strtok_r(NULL, "\t",
	    &rest);
	char *arguments = strtok_r(NULL, "\t", &rest);
	int count = 0;
	bool is_late;

	*entry = (struct entry){ 0 };
	if (!name || !every || !limit)
		return "expected: job, every, limit, and perhaps arguments, separated by tabs";
	if (!is_name(name))
		return "the name of a job has lower-case letters, digits and '-'";
	if ((entry->delay_ms = cut_delay(every, &is_late)) < 0)
		return "behind `?` stands the name of a setting";
	if ((entry->every_ms = duration_ms(every)) == 0)
		return "`every` is a time like 15s, 5m, 6h, 1d, or @ and the name of a setting in seconds";
	if (is_late)
		entry->delay_ms = entry->every_ms;
	if ((entry->limit_ms = duration_ms(limit)) == 0)
		return "`limit` is a time like 5m";
	if (arguments && strlen(arguments) >= sizeof entry->words)
		return "the arguments are too long";
	memcpy(entry->name, name, strlen(name) + 1);
	memcpy(entry->words, arguments ? arguments : "", arguments ? strlen(arguments) + 1 : 1);
	entry->argv[count++] = entry->name;
	for (char *word = strtok_r(entry->words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		if (count == SCHEDULE_WORDS_MAX)
			return "there are too many arguments";
		entry->argv[count++] = word;
	}
	return NULL;
}

static void file_end(FILE **file) { if (*file) fclose(*file); }

bool
schedule_read(struct schedule *schedule, const char *path, const char **ret_error)
{
	__attribute__((cleanup(file_end))) FILE *file = fopen(path, "re");
	char line[1024];

	*schedule = (struct schedule){ 0 };
	if (!file)
		return refuse(path, 0, strerror(errno), ret_error);
	for (int number = 1; fgets(line, sizeof line, file); number++) {
		line[strcspn(line, "\r\n")] = '\0';
		if (*line == '#' || *line == '\0')
			continue;
		if (schedule->count == SCHEDULE_MAX)
			return refuse(path, number, "too many jobs", ret_error);
		struct entry *entry = &schedule->entries[schedule->count];
		const char *wrong = entry_parse(entry, line);
		if (wrong)
			return refuse(path, number, wrong, ret_error);
		for (int i = 0; i < schedule->count; i++)
			if (strcmp(schedule->entries[i].name, entry->name) == 0)
				return refuse(path, number, "this job stands twice", ret_error);
		schedule->count++;
	}
	return true;
}

struct entry *
schedule_due(struct schedule *schedule, int64_t now_ms)
{
	for (int i = 0; i < schedule->count; i++)
		if (schedule->entries[i].pid == 0 && schedule->entries[i].due_ms <= now_ms)
			return &schedule->entries[i];
	return NULL;
}

int64_t
schedule_next(const struct entry *entry, int64_t now_ms)
{
	if (entry->due_ms > now_ms)
		return entry->due_ms;
	return entry->due_ms + ((now_ms - entry->due_ms) / entry->every_ms + 1) * entry->every_ms;
}

int
schedule_wait_ms(const struct schedule *schedule, int64_t now_ms)
{
	int64_t wait_ms = WAIT_MAX_MS;

	for (int i = 0; i < schedule->count; i++) {
		const struct entry *entry = &schedule->entries[i];
		int64_t at_ms = entry->pid == 0 ? entry->due_ms : entry->started_ms + entry->limit_ms;
		if (at_ms - now_ms < wait_ms && !(entry->pid && entry->is_told))
			wait_ms = at_ms - now_ms;
	}
	return wait_ms < 0 ? 0 : (int)wait_ms;
}
