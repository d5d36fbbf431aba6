/* lib/http against a server thread that sends exactly the bytes a test wants, however odd. */
#include "lib/http.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/ctx.h"
#include "tests/unit/unit.h"

#define ANSWER(status, headers, body) "HTTP/1.1 " status "\r\nConnection: close\r\n" headers "\r\n" body

static struct budget_ctx ctx;
static pthread_t thread;
static int listener;
static char url[64], seen[4096];
static const char *replies[4]; /* one a connection; NULL = says nothing until the client gives up */
static char trace_text[8192];

/* Reads one request: headers, and as much body as Content-Length says. */
static void
read_request(int peer)
{
	size_t length = 0;

	for (;;) {
		char *body, *announced;
		ssize_t n = read(peer, seen + length, sizeof seen - 1 - length);

		if (n <= 0)
			return;
		length += (size_t)n;
		seen[length] = '\0';
		body = strstr(seen, "\r\n\r\n");
		announced = strstr(seen, "Content-Length: ");
		if (body != NULL && strlen(body + 4) >= (announced != NULL ? strtoul(announced + 16, NULL, 10) : 0))
			return;
	}
}

static void *
serve(void *unused)
{
	(void)unused;
	for (int i = 0;; i++) {
		int peer = accept(listener, NULL, NULL);

		if (peer < 0)
			return NULL;
		read_request(peer);
		if (replies[i] != NULL)
			send(peer, replies[i], strlen(replies[i]), MSG_NOSIGNAL);
		else if (read(peer, &(char){ 0 }, 1) > 0) /* until the client hangs up */
			abort();
		close(peer);
	}
}

static void
setup(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;

	budget_ctx_init(&ctx, 4 * 1024 * 1024);
	memset(replies, 0, sizeof replies);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(listener, 4), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	snprintf(url, sizeof url, "http://127.0.0.1:%d/p", ntohs(address.sin_port));
	ck_assert_int_eq(pthread_create(&thread, NULL, serve, NULL), 0);
}

static void
teardown(void)
{
	shutdown(listener, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(listener);
	budget_ctx_clear(&ctx);
}

static void
fails(const struct budget_http_request *request, enum budget_status status, const char *code)
{
	struct budget_http_answer answer = { .status = -1 };

	ck_assert_int_eq(budget_http_send(&ctx, request, &answer), status);
	ck_assert_str_eq(ctx.error.code, code);
	ck_assert_int_eq(answer.status, -1); /* untouched unless BUDGET_OK */
}

START_TEST(an_answer_is_status_headers_and_body)
{
	struct budget_http_answer answer;

	replies[0] = ANSWER("418 Teapot", "Content-Type: text/plain\r\nX-Thing:  a b\r\nContent-Length: 5\r\n", "hello");
	ck_assert_int_eq(budget_http_send(&ctx, &(struct budget_http_request){ .url = url }, &answer), BUDGET_OK);
	ck_assert_int_eq(answer.status, 418);
	ck_assert_str_eq(answer.body, "hello");
	ck_assert_uint_eq(answer.body_length, 5);
	ck_assert_str_eq(answer.content_type, "text/plain");
	ck_assert_str_eq(budget_http_header(&answer, "x-THING"), "a b");
	ck_assert_ptr_null(budget_http_header(&answer, "X"));
	ck_assert_int_eq(strncmp(seen, "GET /p HTTP/1.1\r\n", 17), 0);
	ck_assert_ptr_nonnull(strstr(seen, "User-Agent: budget/"));
}
END_TEST

START_TEST(a_request_carries_method_headers_and_body)
{
	const char *headers[] = { "X-One: 1", "Content-Type: application/json", NULL };
	const struct budget_http_request request = { .method = "PUT", .url = url, .headers = headers, .body = "{\"a\":1}",
		.body_length = 7, .user_agent = "tester" };
	struct budget_http_answer answer;

	replies[0] = ANSWER("204 No Content", "", "");
	ck_assert_int_eq(budget_http_send(&ctx, &request, &answer), BUDGET_OK);
	ck_assert_str_eq(answer.body, "");
	ck_assert_int_eq(strncmp(seen, "PUT /p ", 7), 0);
	ck_assert_ptr_nonnull(strstr(seen, "X-One: 1\r\n"));
	ck_assert_ptr_nonnull(strstr(seen, "User-Agent: tester\r\n"));
	ck_assert_ptr_null(strstr(seen, "Expect:"));
	ck_assert_ptr_nonnull(strstr(seen, "\r\n\r\n{\"a\":1}"));
}
END_TEST

START_TEST(a_post_without_a_body_announces_length_0)
{
	struct budget_http_answer answer;

	replies[0] = ANSWER("200 OK", "Content-Length: 0\r\n", "");
	ck_assert_int_eq(budget_http_send(&ctx, &(struct budget_http_request){ .method = "POST", .url = url, .body = "" },
	    &answer), BUDGET_OK);
	ck_assert_ptr_nonnull(strstr(seen, "Content-Length: 0\r\n"));
}
END_TEST

START_TEST(an_answer_beyond_the_limit_is_refused)
{
	replies[0] = ANSWER("200 OK", "", "0123456789");
	fails(&(struct budget_http_request){ .url = url, .answer_max_bytes = 9 }, BUDGET_ETOOLARGE, "answer_too_large");
}
END_TEST

START_TEST(an_answer_of_just_the_limit_is_taken)
{
	struct budget_http_answer answer;

	replies[0] = ANSWER("200 OK", "", "0123456789");
	ck_assert_int_eq(budget_http_send(&ctx, &(struct budget_http_request){ .url = url, .answer_max_bytes = 10 }, &answer),
	    BUDGET_OK);
}
END_TEST

START_TEST(silence_ends_at_the_time_limit)
{
	fails(&(struct budget_http_request){ .url = url, .total_ms = 100 }, BUDGET_EUPSTREAM, "timeout");
}
END_TEST

START_TEST(a_connection_that_breaks_is_told_from_one_that_never_was)
{
	replies[0] = "";
	replies[1] = ANSWER("200 OK", "Content-Length: 100\r\n", "short");
	fails(&(struct budget_http_request){ .url = url }, BUDGET_EUPSTREAM, "connection_lost");
	fails(&(struct budget_http_request){ .url = url }, BUDGET_EUPSTREAM, "connection_lost");
	fails(&(struct budget_http_request){ .url = "http://127.0.0.1:1/" }, BUDGET_EUPSTREAM, "unreachable");
	fails(&(struct budget_http_request){ .url = "http://no-such-host.invalid/" }, BUDGET_EUPSTREAM, "unreachable");
}
END_TEST

START_TEST(what_is_no_http_is_said_so)
{
	replies[0] = "220 mail.example.org ESMTP\r\n";
	fails(&(struct budget_http_request){ .url = url }, BUDGET_EUPSTREAM, "not_http");
}
END_TEST

START_TEST(other_urls_are_not_touched)
{
	static const char *const bad[] = { "file:///etc/passwd", "ftp://127.0.0.1/", "127.0.0.1:80", "", "http://u:p@127.0.0.1/",
		"http://", "https://[", "unix:///run/x" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		fails(&(struct budget_http_request){ .url = bad[i] }, BUDGET_EINVALID, "bad_url");
}
END_TEST

START_TEST(a_header_cannot_smuggle_another)
{
	const char *two[] = { "A: b\r\nC: d", NULL }, *none[] = { "no colon", NULL };

	fails(&(struct budget_http_request){ .url = url, .headers = two }, BUDGET_EINVALID, "bad_header");
	fails(&(struct budget_http_request){ .url = url, .headers = none }, BUDGET_EINVALID, "bad_header");
}
END_TEST

START_TEST(a_redirect_is_followed_only_when_asked_for)
{
	struct budget_http_answer answer;

	replies[0] = replies[1] = ANSWER("302 Found", "Location: /q\r\nX-Which: first\r\nContent-Length: 0\r\n", "");
	replies[2] = ANSWER("200 OK", "X-Which: second\r\nContent-Length: 2\r\n", "ok");
	ck_assert_int_eq(budget_http_send(&ctx, &(struct budget_http_request){ .url = url }, &answer), BUDGET_OK);
	ck_assert_int_eq(answer.status, 302);
	ck_assert_int_eq(budget_http_send(&ctx, &(struct budget_http_request){ .url = url, .redirects_max = 1 }, &answer),
	    BUDGET_OK);
	ck_assert_str_eq(answer.body, "ok");
	ck_assert_str_eq(budget_http_header(&answer, "X-Which"), "second");
}
END_TEST

START_TEST(redirects_end_somewhere_and_stay_on_http)
{
	replies[0] = replies[1] = ANSWER("302 Found", "Location: /q\r\nContent-Length: 0\r\n", "");
	replies[2] = ANSWER("302 Found", "Location: file:///etc/passwd\r\nContent-Length: 0\r\n", "");
	fails(&(struct budget_http_request){ .url = url, .redirects_max = 1 }, BUDGET_EUPSTREAM, "too_many_redirects");
	fails(&(struct budget_http_request){ .url = url, .redirects_max = 5 }, BUDGET_EUPSTREAM, "not_http");
}
END_TEST

static void
keep_trace(void *user, char direction, const char *line)
{
	size_t length = strlen(trace_text);

	(void)user;
	snprintf(trace_text + length, sizeof trace_text - length, "%c%s\n", direction, line);
}

START_TEST(a_trace_shows_the_exchange_and_hides_secrets)
{
	const char *headers[] = { "Authorization: Bearer SECRET", "X-API-Key: SECRET", NULL };
	struct budget_http_answer answer;

	replies[0] = ANSWER("200 OK", "Set-Cookie: SECRET\r\nContent-Length: 0\r\n", "");
	ck_assert_int_eq(budget_http_send(&ctx, &(struct budget_http_request){ .url = url, .headers = headers,
	    .trace = keep_trace }, &answer), BUDGET_OK);
	ck_assert_ptr_nonnull(strstr(seen, "Bearer SECRET"));
	ck_assert_ptr_nonnull(strstr(trace_text, ">GET /p HTTP/1.1\n"));
	ck_assert_ptr_nonnull(strstr(trace_text, "<HTTP/1.1 200 OK\n"));
	ck_assert_ptr_nonnull(strstr(trace_text, "Authorization: (hidden)"));
	ck_assert_ptr_null(strstr(trace_text, "SECRET"));
}
END_TEST

START_TEST(text_is_encoded_for_a_url)
{
	ck_assert_str_eq(budget_http_encode(&ctx, "aZ0-._~"), "aZ0-._~");
	ck_assert_str_eq(budget_http_encode(&ctx, "a b/c?d&e=ü\n"), "a%20b%2Fc%3Fd%26e%3D%C3%BC%0A");
	ck_assert_str_eq(budget_http_encode(&ctx, ""), "");
}
END_TEST

START_TEST(without_memory_the_request_fails_cleanly)
{
	struct budget_http_answer answer;

	for (long n = 1; n < 6; n++) {
		budget_arena_fail_at(&ctx.arena, n);
		(void)budget_http_send(&ctx, &(struct budget_http_request){ .url = "http://127.0.0.1:1/" }, &answer);
	}
	budget_arena_fail_at(&ctx.arena, 0);
}
END_TEST

Suite *
unit_suite(void)
{
	const TTest *const tests[] = {
		an_answer_is_status_headers_and_body, a_request_carries_method_headers_and_body,
		a_post_without_a_body_announces_length_0, an_answer_beyond_the_limit_is_refused,
		an_answer_of_just_the_limit_is_taken, silence_ends_at_the_time_limit,
		a_connection_that_breaks_is_told_from_one_that_never_was, what_is_no_http_is_said_so, other_urls_are_not_touched,
		a_header_cannot_smuggle_another, a_redirect_is_followed_only_when_asked_for,
		redirects_end_somewhere_and_stay_on_http, a_trace_shows_the_exchange_and_hides_secrets, text_is_encoded_for_a_url,
		without_memory_the_request_fails_cleanly,
	};
	Suite *suite = suite_create("http");
	TCase *core = tcase_create("core");

	tcase_add_checked_fixture(core, setup, teardown);
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
		tcase_add_test(core, tests[i]);
	suite_add_tcase(suite, core);
	return suite;
}
