/* One supervised program: its table line, its sockets, its start and its end. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cron/supervise.h"

/* Splits one table line. False: not a service line. */
static bool
service_parse(struct service *service, const char *line)
{
	char *rest, *word;
	int words = 0;

	memset(service, 0, sizeof(*service));
	service->line = strdup(line);
	service->text = rest = strdup(line);
	if (service->line == NULL || rest == NULL)
		return false;
	while ((word = strsep(&rest, "\t")) != NULL && words < SERVICE_WORDS_MAX + 4) {
		switch (words++) {
		case 0:
			service->stage = atoi(word);
			break;
		case 1:
			service->name = word;
			break;
		case 2:
			service->stop_signal = strcmp(word, "INT") == 0 ? SIGINT : strcmp(word, "QUIT") == 0 ? SIGQUIT : SIGTERM;
			break;
		case 3:
			service->sockets = word;
			break;
		default:
			service->argv[words - 5] = word;
		}
	}
	service->is_wanted = true;
	return words >= 5;
}

static struct service *
services_find(struct services *services, const char *line)
{
	for (int i = 0; i < services->count; i++)
		if (services->items[i].is_wanted && strcmp(services->items[i].line, line) == 0)
			return &services->items[i];
	return NULL;
}

bool
services_read(struct services *services, const char *path)
{
	struct services now = { .count = 0 };
	char *line = NULL;
	size_t size = 0;
	ssize_t length;
	FILE *file = fopen(path, "re");

	if (file == NULL) {
		say("ERROR", "cannot read %s: %s", path, strerror(errno));
		return false;
	}
	while ((length = getline(&line, &size, file)) > 0 && now.count < SERVICES_MAX) {
		struct service *known;

		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '\0' || line[0] == '#')
			continue;
		known = services_find(services, line);
		if (known != NULL) {
			now.items[now.count++] = *known;
			memset(known, 0, sizeof(*known));
		} else if (service_parse(&now.items[now.count], line)) {
			now.count++;
		} else {
			say("ERROR", "not a service: %s", line);
			service_clear(&now.items[now.count]);
		}
	}
	free(line);
	fclose(file);
	for (int i = 0; i < services->count && now.count < SERVICES_MAX; i++) {
		if (services->items[i].line == NULL)
			continue;
		now.items[now.count] = services->items[i];
		now.items[now.count++].is_wanted = false;
	}
	*services = now;
	return true;
}

static int
listen_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	unlink(path); /* only one supervisor runs per home (its lock), so an existing file is stale */
	if (bind(fd, (const struct sockaddr *) &address, sizeof(address)) == 0 && chmod(path, 0600) == 0 && listen(fd, 1024) == 0)
		return fd;
	close(fd);
	return -1;
}

/* spec: ADDRESS:PORT, the address without brackets; the port follows the last colon */
static int
listen_tcp(const char *spec)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	char host[64] = "";
	const char *colon = strrchr(spec, ':');
	int fd, yes = 1;

	if (colon == NULL || (size_t) (colon - spec) >= sizeof(host)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(host, spec, (size_t) (colon - spec));
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
		if (found->ai_family == AF_INET6)
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
		if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, 1024) != 0) {
			int saved = errno;

			close(fd);
			errno = saved;
			fd = -1;
		}
	}
	freeaddrinfo(found);
	return fd;
}

bool
service_listen(struct service *service)
{
	char list[1024], *rest = list, *spec;

	if (service->listen_count > 0 || strcmp(service->sockets, "-") == 0)
		return true;
	snprintf(list, sizeof(list), "%s", service->sockets);
	while ((spec = strsep(&rest, ",")) != NULL && service->listen_count < SERVICE_SOCKETS_MAX) {
		bool is_tcp = strncmp(spec, "tcp:", 4) == 0;
		int fd = is_tcp ? listen_tcp(spec + 4) : listen_unix(spec);

		if (fd < 0) {
			say("ERROR", "%s: cannot listen on %s: %s", service->name, spec, strerror(errno));
			while (service->listen_count > 0)
				close(service->listen_fds[--service->listen_count]);
			return false;
		}
		service->is_tcp = is_tcp;
		service->listen_fds[service->listen_count++] = fd;
	}
	return true;
}

/* In the child: sockets where the program expects them. Descriptors are first moved out of the way of their targets. */
static void
child_sockets(const struct service *service)
{
	int first = service->is_tcp ? 3 : 0, moved[SERVICE_SOCKETS_MAX];
	char number[16];

	if (service->listen_count == 0)
		return;
	for (int i = 0; i < service->listen_count; i++)
		moved[i] = fcntl(service->listen_fds[i], F_DUPFD_CLOEXEC, 100);
	for (int i = 0; i < service->listen_count && (service->is_tcp || i == 0); i++)
		dup2(moved[i], first + i);
	if (service->is_tcp) {
		snprintf(number, sizeof(number), "%d", (int) getpid());
		setenv("LISTEN_PID", number, 1);
		snprintf(number, sizeof(number), "%d", service->listen_count);
		setenv("LISTEN_FDS", number, 1);
	}
}

/* In the child: log file on stdout and stderr, nothing on stdin. */
static void
child_files(const struct service *service, const char *log_dir)
{
	char path[4096], old[4096 + 2];
	struct stat status;
	int log, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	snprintf(path, sizeof(path), "%s/%s.log", log_dir, service->name);
	if (stat(path, &status) == 0 && status.st_size > LOG_MAX_BYTES) {
		snprintf(old, sizeof(old), "%s.1", path);
		rename(path, old);
	}
	log = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	dup2(null, STDIN_FILENO);
	dup2(log >= 0 ? log : null, STDOUT_FILENO);
	dup2(log >= 0 ? log : null, STDERR_FILENO);
}

void
service_start(struct service *service, const char *log_dir)
{
	pid_t parent = getpid(), pid = fork();
	sigset_t none;

	if (pid < 0) {
		say("ERROR", "%s: cannot fork: %s", service->name, strerror(errno));
		service->due_ms = now_ms() + RESTART_LAST_MS;
		return;
	}
	if (pid > 0) {
		service->pid = pid;
		service->started_ms = now_ms();
		service->due_ms = 0;
		return;
	}
	setpgid(0, 0);
	signal(SIGINT, SIG_DFL); /* a shell's background child begins with these two ignored */
	signal(SIGQUIT, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, service->stop_signal);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (getppid() != parent)
		_exit(0);
	child_files(service, log_dir);
	child_sockets(service);
	execv(service->argv[0], service->argv);
	fprintf(stderr, "cannot start %s: %s\n", service->argv[0], strerror(errno));
	_exit(127);
}

void
service_ended(struct service *service, int wait_status)
{
	int64_t lived_ms = now_ms() - service->started_ms;

	service->pid = 0;
	if (!service->is_wanted)
		return;
	if (lived_ms >= HEALTHY_MS)
		service->pause_ms = 0;
	service->due_ms = now_ms() + service->pause_ms;
	service->pause_ms = service->pause_ms == 0 ? RESTART_FIRST_MS : service->pause_ms * 2;
	if (service->pause_ms > RESTART_LAST_MS)
		service->pause_ms = RESTART_LAST_MS;
	service->restarts++;
	if (WIFSIGNALED(wait_status))
		say("WARNING", "%s ended by signal %d after %lld ms", service->name, WTERMSIG(wait_status), (long long) lived_ms);
	else
		say("WARNING", "%s ended with code %d after %lld ms", service->name, WEXITSTATUS(wait_status), (long long) lived_ms);
}

void
service_clear(struct service *service)
{
	for (int i = 0; i < service->listen_count; i++)
		close(service->listen_fds[i]);
	free(service->line);
	free(service->text);
	memset(service, 0, sizeof(*service));
}
