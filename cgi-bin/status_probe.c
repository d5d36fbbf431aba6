#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cgi-bin/fcgi/config.h"
#include "cgi-bin/fcgi/serve.h"
#include "cgi-bin/status.h"
#include "lib/version.h"
#include "lib/when.h"

/*
 * A whole FastCGI request: BEGIN_REQUEST (responder, close afterwards), PARAMS with one pair, end of PARAMS, end of
 * STDIN. No web server can send that parameter: what clients say arrives as HTTP_*. (GET_VALUES, meant for this,
 * hangs in libfcgi.)
 */
static const unsigned char question[] =
    "\x01\x01\x00\x01\x00\x08\x00\x00" "\x00\x01\x00\x00\x00\x00\x00\x00"
    "\x01\x04\x00\x01\x00\x0e\x00\x00" "\x0b\x01" "BUDGET_PING" "1"
    "\x01\x04\x00\x01\x00\x00\x00\x00"
    "\x01\x05\x00\x01\x00\x00\x00\x00";
enum { QUESTION_BYTES = sizeof question - 1, STDOUT_TYPE = 6 };

static bool
is_listed(const struct probe *probes, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (strcmp(probes[i].name, name) == 0)
			return true;
	return false;
}

int
probe_list(struct probe probes[PROGRAMS_MAX])
{
	char path[512], line[512], name[32];
	int count = 0;
	FILE *table;

	snprintf(path, sizeof path, "%s/etc/routes.tsv", budget_data_dir());
	table = fopen(path, "re");
	if (table == NULL)
		return 0;
	while (count < PROGRAMS_MAX && fgets(line, sizeof line, table) != NULL) {
		if (line[0] == '#' || sscanf(line, "%31[a-z]", name) != 1 || is_listed(probes, count, name))
			continue;
		probes[count] = (struct probe){ .fd = -1 };
		snprintf(probes[count].name, sizeof probes[count].name, "%s", name);
		probes[count].is_self = strcmp(name, "status") == 0;
		count++;
	}
	fclose(table);
	return count;
}

/* Connects and asks; a unix socket does both at once or not at all. */
static void
ask(struct probe *probe)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int n = snprintf(address.sun_path, sizeof address.sun_path, "%s/%s.sock", config.run_dir, probe->name);

	probe->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe->fd < 0 || n < 0 || n >= (int)sizeof address.sun_path) {
		probe->detail = "cannot be asked";
		return;
	}
	if (connect(probe->fd, (const struct sockaddr *)&address, sizeof address) != 0) {
		probe->detail = errno == ENOENT || errno == ECONNREFUSED ? "not running" : errno == EAGAIN ? "too many wait"
		    : "cannot be reached";
		return;
	}
	if (send(probe->fd, question, QUESTION_BYTES, MSG_NOSIGNAL) != QUESTION_BYTES)
		probe->detail = "does not listen";
}

static void
hear(struct probe *probe, int64_t asked_us)
{
	unsigned char answer[64];
	ssize_t n = recv(probe->fd, answer, sizeof answer, 0);

	if (n >= 8 && answer[1] == STDOUT_TYPE) {
		probe->answers = true;
		probe->latency_us = budget_now_us() - asked_us;
	} else {
		probe->detail = "gives no FastCGI answer";
	}
}

void
probe_run(struct probe *probes, int count, int timeout_ms)
{
	int64_t asked_us = budget_now_us(), left_ms;
	struct pollfd polls[PROGRAMS_MAX];
	int waiting;

	for (int i = 0; i < count; i++) {
		if (probes[i].is_self)
			probes[i].answers = true;
		else
			ask(&probes[i]);
	}
	do {
		waiting = 0;
		for (int i = 0; i < count; i++) {
			bool is_open = !probes[i].answers && probes[i].detail == NULL;

			polls[i] = (struct pollfd){ .fd = is_open ? probes[i].fd : -1, .events = POLLIN };
			waiting += is_open;
		}
		left_ms = timeout_ms - (budget_now_us() - asked_us) / 1000;
		if (waiting == 0 || left_ms <= 0 || poll(polls, (nfds_t)count, (int)left_ms) <= 0)
			break;
		for (int i = 0; i < count; i++)
			if (polls[i].revents != 0)
				hear(&probes[i], asked_us);
	} while (waiting > 0);
	for (int i = 0; i < count; i++) {
		if (!probes[i].answers && probes[i].detail == NULL)
			probes[i].detail = "does not answer: dead, or every thread is busy";
		if (probes[i].fd >= 0)
			close(probes[i].fd);
	}
}
