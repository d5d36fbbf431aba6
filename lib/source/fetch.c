#include "lib/source/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/ctx.h"
#include "lib/http.h"

enum { HEADERS_MAX = 6, HEADER_MAX_BYTES = 1024 };

static void
file_close(int *file)
{
	if (*file >= 0)
		close(*file);
}

#define _auto_fd_ __attribute__((cleanup(file_close)))

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" as RFC 3339; NULL when it is none. */
static const char *
date_of(struct budget_ctx *ctx, const char *text, time_t now)
{
	struct tm when = { 0 };

	if (text == NULL || strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &when) == NULL)
		return NULL;
	if (timegm(&when) > now) /* a clock that goes wrong would keep later feeds out */
		return NULL;
	return budget_arena_printf(&ctx->arena, "%04d-%02d-%02dT%02d:%02d:%02dZ", when.tm_year + 1900, when.tm_mon + 1,
	    when.tm_mday, when.tm_hour, when.tm_min, when.tm_sec);
}

/* A proxy for guarded requests, as curl would find it: those go nowhere else then. */
static const char *
proxy_of(const struct budget_source_origin *origin)
{
	static const char *const names[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };

	if (origin->proxy != NULL || origin->allow_private)
		return origin->proxy;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *value = getenv(names[i]);
		if (value != NULL && *value != '\0')
			return value;
	}
	return "";
}

static void
add_header(struct budget_ctx *ctx, const char **headers, const char *name, const char *value)
{
	int count = 0;

	while (headers[count])
		count++;
	if (value && *value && count < HEADERS_MAX - 1 && strlen(value) < HEADER_MAX_BYTES)
		headers[count] = budget_arena_printf(&ctx->arena, "%s: %s", name, value);
}

static bool
is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool
is_same_host(struct budget_ctx *ctx, const char *left, const char *right)
{
	const char *a = budget_http_host(ctx, left), *b = budget_http_host(ctx, right);

	return a && b && strcasecmp(a, b) == 0;
}

/* One answer after the other, until it is no redirect. */
static enum budget_status
ask(struct budget_ctx *ctx, const struct budget_source_origin *origin, struct budget_http_answer *answer)
{
	const int64_t until = now_ms() + origin->timeout_ms;
	const char *url = origin->url;

	for (int hop = 0; hop <= BUDGET_SOURCE_REDIRECTS; hop++) {
		const char *headers[HEADERS_MAX] = { "Accept: application/json, text/html;q=0.9, */*;q=0.1" }, *location;
		const struct budget_http_request request = {
			.url = url, .headers = headers, .total_ms = until - now_ms() > 1 ? (long)(until - now_ms()) : 1,
			.answer_max_bytes = origin->max_bytes, .is_guarded = !origin->allow_private, .proxy = proxy_of(origin),
		};

		add_header(ctx, headers, "If-None-Match", origin->etag);
		add_header(ctx, headers, "If-Modified-Since", origin->last_modified);
		if (origin->bearer && is_same_host(ctx, origin->url, url) && strncmp(url, origin->url, 8) == 0)
			add_header(ctx, headers, "Authorization", budget_arena_printf(&ctx->arena, "Bearer %s", origin->bearer));
		BUDGET_TRY(budget_http_send(ctx, &request, answer));
		if (!is_redirect(answer->status))
			return BUDGET_OK;
		location = budget_http_header(answer, "location");
		if (location == NULL)
			return BUDGET_OK;
		BUDGET_TRY(budget_http_join(ctx, url, location, &url));
	}
	return budget_fail(ctx, BUDGET_EUPSTREAM, "too_many_redirects", NULL, "%s redirects more than %d times.", origin->url,
	    BUDGET_SOURCE_REDIRECTS);
}

enum budget_status
budget_source_read(struct budget_ctx *ctx, const char *path, size_t max_bytes, const char **ret_body, size_t *ret_length)
{
	_auto_fd_ int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat about;
	size_t length = 0;
	char *body;

	if (file < 0 || fstat(file, &about) != 0 || !S_ISREG(about.st_mode))
		return budget_fail(ctx, BUDGET_ENOTFOUND, "no_file", NULL, "%s cannot be read: %s.", path,
		    file < 0 ? strerror(errno) : "it is no file");
	if (about.st_size < 0 || (size_t)about.st_size > max_bytes)
		return budget_fail(ctx, BUDGET_ETOOLARGE, "answer_too_large", NULL, "%s is larger than %zu bytes.", path, max_bytes);
	body = budget_arena_alloc(&ctx->arena, (size_t)about.st_size + 1);
	if (body == NULL)
		return budget_fail_memory(ctx);
	while (length < (size_t)about.st_size) {
		ssize_t n = read(file, body + length, (size_t)about.st_size - length);
		if (n <= 0)
			break;
		length += (size_t)n;
	}
	*ret_body = body;
	*ret_length = length;
	return BUDGET_OK;
}

/* A file of one's own lies below the folder and nowhere else, whatever links say. */
static enum budget_status
read_own(struct budget_ctx *ctx, const struct budget_source_origin *origin, struct budget_source_fetched *fetched)
{
	char folder[PATH_MAX], path[PATH_MAX];
	struct stat about;
	const char *wanted = strncmp(origin->url, "file://", 7) == 0 ? origin->url + 7 : origin->url;

	if (origin->folder == NULL || realpath(origin->folder, folder) == NULL)
		return budget_fail(ctx, BUDGET_ENOTFOUND, "no_file", NULL, "There is no folder for files of one's own: %s.",
		    origin->folder ? origin->folder : "none is set");
	if (*wanted != '/')
		wanted = budget_arena_printf(&ctx->arena, "%s/%s", folder, wanted);
	if (wanted == NULL)
		return budget_fail_memory(ctx);
	if (realpath(wanted, path) == NULL || stat(path, &about) != 0)
		return budget_fail(ctx, BUDGET_ENOTFOUND, "no_file", NULL, "%s cannot be read: %s.", wanted, strerror(errno));
	if (strncmp(path, folder, strlen(folder)) != 0 || path[strlen(folder)] != '/')
		return budget_fail(ctx, BUDGET_EINVALID, "bad_url", NULL, "%s lies outside of %s: put it there.", origin->url, folder);
	fetched->etag = budget_arena_printf(&ctx->arena, "\"%lld.%09ld-%lld\"", (long long)about.st_mtim.tv_sec,
	    about.st_mtim.tv_nsec, (long long)about.st_size);
	if (fetched->etag && origin->etag && strcmp(fetched->etag, origin->etag) == 0) {
		fetched->is_not_modified = true;
		return BUDGET_OK;
	}
	return budget_source_read(ctx, path, origin->max_bytes, &fetched->body, &fetched->length);
}

enum budget_status
budget_source_fetch(struct budget_ctx *ctx, const struct budget_source_origin *origin,
    struct budget_source_fetched *ret_fetched)
{
	struct budget_source_fetched fetched = { .is_not_modified = false };
	struct budget_http_answer answer;

	if (origin->url == NULL)
		return budget_fail(ctx, BUDGET_EINVALID, "bad_url", NULL, "The source has no address.");
	if (origin->is_file) {
		BUDGET_TRY(read_own(ctx, origin, &fetched));
		*ret_fetched = fetched;
		return BUDGET_OK;
	}
	memset(&answer, 0, sizeof answer);
	BUDGET_TRY(ask(ctx, origin, &answer));
	fetched.is_not_modified = answer.status == 304 && (origin->etag || origin->last_modified);
	if (!fetched.is_not_modified && answer.status != 200)
		return budget_fail(ctx, BUDGET_EUPSTREAM, "http_status", NULL, "%s answers %d.", origin->url, answer.status);
	fetched.body = answer.body;
	fetched.length = answer.body_length;
	fetched.etag = budget_http_header(&answer, "etag");
	fetched.last_modified = budget_http_header(&answer, "last-modified");
	fetched.as_of = date_of(ctx, fetched.last_modified, time(NULL));
	*ret_fetched = fetched;
	return BUDGET_OK;
}

static enum budget_status
write_all(struct budget_ctx *ctx, int file, const char *path, const char *body, size_t length)
{
	size_t written = 0;

	while (file >= 0 && written < length) {
		ssize_t n = write(file, body + written, length - written);
		if (n < 0 && errno != EINTR)
			break;
		written += n > 0 ? (size_t)n : 0;
	}
	if (file < 0 || written < length || fsync(file) != 0)
		return budget_fail(ctx, BUDGET_EUPSTREAM, "not_kept", NULL, "%s cannot be written: %s.", path, strerror(errno));
	return BUDGET_OK;
}

enum budget_status
budget_source_keep(struct budget_ctx *ctx, const char *folder, const char *source, const char *body, size_t length)
{
	const char *path = budget_arena_printf(&ctx->arena, "%s/%s.body", folder, source);
	const char *fresh = budget_arena_printf(&ctx->arena, "%s/.%s.body.new", folder, source);

	if (path == NULL || fresh == NULL)
		return budget_fail_memory(ctx);
	if (strchr(source, '/') != NULL || *source == '.' || (mkdir(folder, 0750) != 0 && errno != EEXIST))
		return budget_fail(ctx, BUDGET_EUPSTREAM, "not_kept", NULL, "%s cannot be made: %s.", folder, strerror(errno));
	{
		_auto_fd_ int file = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
		BUDGET_TRY(write_all(ctx, file, fresh, body, length));
	}
	if (rename(fresh, path) != 0)
		return budget_fail(ctx, BUDGET_EUPSTREAM, "not_kept", NULL, "%s cannot be written: %s.", path, strerror(errno));
	return BUDGET_OK;
}
