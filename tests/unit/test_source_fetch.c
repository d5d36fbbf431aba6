/* Fetching feeds: conditional requests, limits, redirects, addresses; files; the last good body. */
#include "lib/source/fetch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/address.h"
#include "lib/ctx.h"
#include "tests/unit/unit.h"

#define ANSWER(status, headers, body) "HTTP/1.1 " status "\r\nConnection: close\r\n" headers "\r\n" body

static struct budget_ctx ctx;
static pthread_t thread;
static int listener;
static char base[64], folder[128];
static char seen[8][2048];
static const char *replies[8]; /* one a connection; NULL = says nothing until the client gives up */

static void *
serve(void *unused)
{
	(void)unused;
	for (int i = 0; i < 8; i++) {
		int peer = accept(listener, NULL, NULL);
		size_t length = 0;
		ssize_t n;

		if (peer < 0)
			return NULL;
		while (strstr(seen[i], "\r\n\r\n") == NULL && (n = read(peer, seen[i] + length, sizeof seen[i] - 1 - length)) > 0)
			length += (size_t)n;
		if (replies[i] != NULL)
			send(peer, replies[i], strlen(replies[i]), MSG_NOSIGNAL);
		else if (read(peer, &(char){ 0 }, 1) > 0)
			abort();
		close(peer);
	}
	return NULL;
}

static void
setup(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;

	budget_ctx_init(&ctx, 8 << 20);
	memset(replies, 0, sizeof replies);
	memset(seen, 0, sizeof seen);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(listener, 8), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	snprintf(base, sizeof base, "http://127.0.0.1:%d", ntohs(address.sin_port));
	snprintf(folder, sizeof folder, "%s/source-XXXXXX", getenv("TMPDIR") && strlen(getenv("TMPDIR")) < 80 ? getenv("TMPDIR") : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(pthread_create(&thread, NULL, serve, NULL), 0);
}

static void
teardown(void)
{
	char command[200];

	shutdown(listener, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(listener);
	budget_ctx_clear(&ctx);
	snprintf(command, sizeof command, "%s/own.csv", folder);
	unlink(command);
	snprintf(command, sizeof command, "%s/one.body", folder);
	unlink(command);
	rmdir(folder);
}

static struct budget_source_origin
origin_of(const char *url)
{
	return (struct budget_source_origin){ .url = url, .max_bytes = 4096, .timeout_ms = 5000, .allow_private = true };
}

static enum budget_status
fetch(const struct budget_source_origin *origin, struct budget_source_fetched *fetched)
{
	return budget_source_fetch(&ctx, origin, fetched);
}

START_TEST(a_feed_comes_with_what_to_ask_next_time)
{
	struct budget_source_origin origin = origin_of(base);
	struct budget_source_fetched fetched;

	replies[0] = ANSWER("200 OK", "ETag: \"v1\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "{}");
	replies[1] = ANSWER("304 Not Modified", "ETag: \"v1\"\r\n", "");
	ck_assert_int_eq(fetch(&origin, &fetched), BUDGET_OK);
	ck_assert_str_eq(fetched.body, "{}");
	ck_assert_str_eq(fetched.etag, "\"v1\"");
	ck_assert_str_eq(fetched.as_of, "1994-11-06T08:49:37Z");
	ck_assert_ptr_null(strstr(seen[0], "If-"));
	origin.etag = fetched.etag;
	origin.last_modified = fetched.last_modified;
	ck_assert_int_eq(fetch(&origin, &fetched), BUDGET_OK);
	ck_assert(fetched.is_not_modified);
	ck_assert_ptr_nonnull(strstr(seen[1], "If-None-Match: \"v1\"\r\n"));
	ck_assert_ptr_nonnull(strstr(seen[1], "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
}
END_TEST

START_TEST(what_is_no_feed_is_an_error)
{
	static const char *const answers[] = { ANSWER("404 Not Found", "", "no"), ANSWER("500 Oops", "", ""),
	    ANSWER("204 No Content", "", ""), ANSWER("304 Not Modified", "", ""), ANSWER("302 Found", "", "") };
	const struct budget_source_origin origin = origin_of(base);
	struct budget_source_fetched fetched;

	replies[0] = answers[_i];
	ck_assert_int_eq(fetch(&origin, &fetched), BUDGET_EUPSTREAM);
	ck_assert_str_eq(ctx.error.code, "http_status");
}
END_TEST

START_TEST(redirects_are_followed_and_end_somewhere)
{
	struct budget_source_origin origin = origin_of(base);
	struct budget_source_fetched fetched;

	origin.bearer = "secret";
	replies[0] = ANSWER("301 Moved", "Location: /two\r\n", "");
	replies[1] = ANSWER("302 Found", "Location: three?x=1\r\n", "");
	replies[2] = ANSWER("200 OK", "", "here");
	ck_assert_int_eq(fetch(&origin, &fetched), BUDGET_OK);
	ck_assert_str_eq(fetched.body, "here");
	ck_assert_int_eq(strncmp(seen[2], "GET /three?x=1 HTTP/1.1", 23), 0);
	ck_assert_ptr_nonnull(strstr(seen[2], "Authorization: Bearer secret"));
}
END_TEST

START_TEST(endless_redirects_are_refused)
{
	const struct budget_source_origin origin = origin_of(base);
	struct budget_source_fetched fetched;

	for (int i = 0; i < 8; i++)
		replies[i] = ANSWER("302 Found", "Location: /\r\n", "");
	ck_assert_int_eq(fetch(&origin, &fetched), BUDGET_EUPSTREAM);
	ck_assert_str_eq(ctx.error.code, "too_many_redirects");
}
END_TEST

START_TEST(a_secret_does_not_follow_to_another_host)
{
	struct budget_source_origin origin = origin_of(base);
	struct budget_source_fetched fetched;
	char redirect[200];

	snprintf(redirect, sizeof redirect, ANSWER("302 Found", "Location: http://localhost:%s/\r\n", ""), strrchr(base, ':') + 1);
	origin.bearer = "secret";
	replies[0] = redirect;
	replies[1] = ANSWER("200 OK", "", "here");
	ck_assert_int_eq(fetch(&origin, &fetched), BUDGET_OK);
	ck_assert_ptr_nonnull(strstr(seen[0], "secret"));
	ck_assert_ptr_null(strstr(seen[1], "secret"));
}
END_TEST

START_TEST(a_feed_that_is_too_large_is_refused)
{
	static char answer[10000];
	const struct budget_source_origin origin = origin_of(base);
	struct budget_source_fetched fetched;

	memset(answer, 'x', sizeof answer - 1);
	memcpy(answer, "HTTP/1.1 200 OK\r\n\r\n", 19);
	replies[0] = answer;
	ck_assert_int_eq(fetch(&origin, &fetched), BUDGET_ETOOLARGE);
	ck_assert_str_eq(ctx.error.code, "answer_too_large");
}
END_TEST

START_TEST(a_server_that_says_nothing_is_left)
{
	struct budget_source_origin origin = origin_of(base);
	struct budget_source_fetched fetched;

	origin.timeout_ms = 200;
	ck_assert_int_eq(fetch(&origin, &fetched), BUDGET_EUPSTREAM);
	ck_assert_str_eq(ctx.error.code, "timeout");
}
END_TEST

START_TEST(private_addresses_and_plain_http_are_refused)
{
	static const struct { const char *url, *code; } rows[] = {
		{ "http://example.test/", "bad_url" }, { "ftp://example.test/", "bad_url" }, { "file:///etc/passwd", "bad_url" },
		{ "https://127.0.0.1/", "address_refused" }, { "https://[::1]/", "address_refused" },
		{ "https://localhost/", "address_refused" }, { "https://x.localhost/", "address_refused" },
		{ "https://10.1.2.3/", "address_refused" }, { "https://169.254.169.254/latest/meta-data", "address_refused" },
		{ "https://2130706433/", "address_refused" }, { "https://0x7f.1/", "address_refused" },
		{ "https://[::ffff:192.168.0.1]/", "address_refused" }, { "https://ip6-localhost/", "address_refused" },
		{ "https://user:word@example.test/", "bad_url" }, { "", "bad_url" },
	};
	struct budget_source_origin origin = origin_of(rows[_i].url);
	struct budget_source_fetched fetched;

	origin.allow_private = false;
	origin.proxy = "";
	ck_assert_int_ne(fetch(&origin, &fetched), BUDGET_OK);
	if (strstr(rows[_i].url, "ip6-localhost") == NULL || strcmp(ctx.error.code, "unreachable") != 0) /* may have no name */
		ck_assert_str_eq(ctx.error.code, rows[_i].code);
	ck_assert_int_eq(seen[0][0], '\0');
}
END_TEST

START_TEST(addresses_are_public_or_not)
{
	static const struct { const char *text; bool is_public; } rows[] = {
		{ "1.1.1.1", true }, { "93.184.216.34", true }, { "0.0.0.0", false }, { "10.255.255.255", false }, { "11.0.0.0", true },
		{ "100.63.255.255", true }, { "100.64.0.1", false }, { "127.1.2.3", false }, { "169.254.169.254", false },
		{ "172.15.255.255", true }, { "172.16.0.0", false }, { "172.31.255.255", false }, { "172.32.0.0", true },
		{ "192.168.255.1", false }, { "198.18.0.1", false }, { "224.0.0.1", false }, { "255.255.255.255", false },
		{ "2606:4700:4700::1111", true }, { "::", false }, { "::1", false }, { "fe80::1", false }, { "fc00::1", false },
		{ "fd12:3456::1", false }, { "ff02::1", false }, { "::ffff:10.0.0.1", false }, { "::ffff:1.1.1.1", true },
		{ "64:ff9b::7f00:1", false }, { "2002:7f00:1::", false }, { "2001:db8::1", false }, { "2001::1", false },
		{ "::7f00:1", false }, { "localhost", false }, { "LOCALHOST", false }, { "a.localhost", false }, { "example.test", true },
		{ "", false },
	};

	ck_assert_msg(budget_address_host_is_public(rows[_i].text) == rows[_i].is_public, "%s", rows[_i].text);
	ck_assert_int_eq(sizeof rows / sizeof rows[0], 36);
}
END_TEST

static void
write_file(const char *name, const char *text)
{
	char path[200];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "wb");
	fputs(text, file);
	fclose(file);
}

START_TEST(a_file_is_read_below_its_folder_only)
{
	struct budget_source_origin origin = origin_of("own.csv");
	struct budget_source_fetched fetched;

	origin.is_file = true;
	ck_assert_int_eq(fetch(&origin, &fetched), BUDGET_ENOTFOUND);
	origin.folder = folder;
	ck_assert_int_eq(fetch(&origin, &fetched), BUDGET_ENOTFOUND);
	write_file("own.csv", "provider,model\n");
	ck_assert_int_eq(fetch(&origin, &fetched), BUDGET_OK);
	ck_assert_str_eq(fetched.body, "provider,model\n");
	origin.etag = fetched.etag;
	ck_assert_int_eq(fetch(&origin, &fetched), BUDGET_OK);
	ck_assert(fetched.is_not_modified);
	write_file("own.csv", "provider,model,input\n");
	ck_assert_int_eq(fetch(&origin, &fetched), BUDGET_OK);
	ck_assert(!fetched.is_not_modified);
	origin.url = "/etc/passwd";
	ck_assert_int_eq(fetch(&origin, &fetched), BUDGET_EINVALID);
	origin.url = "../../../../../../etc/passwd";
	ck_assert_int_ne(fetch(&origin, &fetched), BUDGET_OK);
	origin.url = "own.csv";
	origin.max_bytes = 3;
	ck_assert_int_eq(fetch(&origin, &fetched), BUDGET_ETOOLARGE);
}
END_TEST

START_TEST(the_last_good_body_is_replaced_in_one_step)
{
	char path[200];
	const char *body;
	size_t length;

	snprintf(path, sizeof path, "%s/one.body", folder);
	ck_assert_int_eq(budget_source_keep(&ctx, folder, "one", "first", 5), BUDGET_OK);
	ck_assert_int_eq(budget_source_keep(&ctx, folder, "one", "second", 6), BUDGET_OK);
	ck_assert_int_eq(budget_source_read(&ctx, path, 100, &body, &length), BUDGET_OK);
	ck_assert_str_eq(body, "second");
	ck_assert_int_eq(budget_source_keep(&ctx, folder, "../one", "x", 1), BUDGET_EUPSTREAM);
	ck_assert_int_eq(budget_source_read(&ctx, folder, 100, &body, &length), BUDGET_ENOTFOUND);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("source_fetch");
	TCase *tcase = tcase_create("fetch");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase, a_feed_comes_with_what_to_ask_next_time);
	tcase_add_loop_test(tcase, what_is_no_feed_is_an_error, 0, 5);
	tcase_add_test(tcase, redirects_are_followed_and_end_somewhere);
	tcase_add_test(tcase, endless_redirects_are_refused);
	tcase_add_test(tcase, a_secret_does_not_follow_to_another_host);
	tcase_add_test(tcase, a_feed_that_is_too_large_is_refused);
	tcase_add_test(tcase, a_server_that_says_nothing_is_left);
	tcase_add_loop_test(tcase, private_addresses_and_plain_http_are_refused, 0, 15);
	tcase_add_loop_test(tcase, addresses_are_public_or_not, 0, 36);
	tcase_add_test(tcase, a_file_is_read_below_its_folder_only);
	tcase_add_test(tcase, the_last_good_body_is_replaced_in_one_step);
	suite_add_tcase(suite, tcase);
	return suite;
}
