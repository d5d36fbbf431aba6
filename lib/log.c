#include "lib/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "lib/utf8.h"

/* A line fits a pipe's atomic write (PIPE_BUF), so that lines of several processes never mix. */
enum { LINE_MAX_BYTES = 4096, MESSAGE_MAX_BYTES = 3000 };

static const char *const level_names[] = { "DEBUG", "INFO", "WARNING", "ERROR" };

static _Atomic int log_lowest = BUDGET_LOG_INFO;
static _Atomic(const char *) log_program = NULL;
static _Thread_local const char *log_request_id = NULL;

void
budget_log_init(enum budget_log_level lowest, const char *program)
{
	log_lowest = (int)lowest;
	log_program = program;
}

int
budget_log_level_parse(const char *name)
{
	if (name != NULL && strcasecmp(name, "WARN") == 0)
		return BUDGET_LOG_WARNING;
	for (int level = BUDGET_LOG_DEBUG; name != NULL && level <= BUDGET_LOG_ERROR; level++)
		if (strcasecmp(name, level_names[level]) == 0)
			return level;
	return -1;
}

void
budget_log_request(const char *request_id)
{
	log_request_id = request_id;
}

struct line {
	char data[LINE_MAX_BYTES];
	size_t length;
};

/* Appends what still leaves room for the closing bytes. */
static void
add(struct line *line, const char *bytes, size_t n)
{
	if (n > sizeof line->data - 3 - line->length)
		return;
	memcpy(line->data + line->length, bytes, n);
	line->length += n;
}

static void
add_text(struct line *line, const char *text)
{
	add(line, text, strlen(text));
}

static void
add_string(struct line *line, const char *text)
{
	size_t left = strlen(text);
	char escape[8];

	add(line, "\"", 1);
	while (left > 0) {
		size_t n = budget_utf8_char(text, left);

		if (n == 0) {
			add_text(line, "\\ufffd");
			n = 1;
		} else if (n == 1 && ((unsigned char)*text < 0x20 || *text == '"' || *text == '\\' || *text == 0x7f)) {
			snprintf(escape, sizeof escape, "\\u%04x", (unsigned char)*text);
			add_text(line, *text == '"' ? "\\\"" : *text == '\\' ? "\\\\" : *text == '\n' ? "\\n" : escape);
		} else {
			add(line, text, n);
		}
		text += n;
		left -= n;
	}
	add(line, "\"", 1);
}

static void
add_time(struct line *line)
{
	struct timespec now;
	struct tm utc;
	char text[64];
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	n = strftime(text, sizeof text, "{\"time\":\"%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + n, sizeof text - n, ".%06ldZ\"", now.tv_nsec / 1000);
	add_text(line, text);
}

void
budget_log(enum budget_log_level level, const char *component, const char *format, ...)
{
	struct line line = { .length = 0 };
	char message[MESSAGE_MAX_BYTES];
	const char *program = log_program;
	va_list args;

	if ((int)level < log_lowest)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	add_time(&line);
	add_text(&line, ",\"level\":");
	add_string(&line, level_names[level]);
	if (program != NULL) {
		add_text(&line, ",\"program\":");
		add_string(&line, program);
	}
	add_text(&line, ",\"component\":");
	add_string(&line, component);
	if (log_request_id != NULL) {
		add_text(&line, ",\"request_id\":");
		add_string(&line, log_request_id);
	}
	add_text(&line, ",\"message\":");
	add_string(&line, message);
	if (line.data[line.length - 1] != '"') /* cut short by add() */
		line.data[line.length++] = '"';
	line.data[line.length++] = '}';
	line.data[line.length++] = '\n';
	if (write(STDERR_FILENO, line.data, line.length) < 0)
		return; /* nobody reads: nothing a logger could do */
}
