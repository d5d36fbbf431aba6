#include "clients/cli/client.h"

#include <stdio.h>
#include <string.h>

#include "clients/cli/out.h"
#include "lib/text.h"

/* ---- debug lines ---- */

/* Keys inside a body (a new one, or one that a setting holds) keep their public part only. */
static void
print_masked(const char *before, const char *text)
{
	const char *key;

	fputs(before, stderr);
	while ((key = strstr(text, "bgt_")) != NULL) {
		size_t shown = strcspn(key + 4, "_\"") + 4;

		fprintf(stderr, "%.*s%.*s%s", (int)(key - text), text, (int)shown, key, key[shown] == '_' ? "_(hidden)" : "");
		text = key + shown + strcspn(key + shown, "\"\\ ,}");
	}
	fprintf(stderr, "%s\n", text);
}

static void
trace(void *user, char direction, const char *line)
{
	char before[3] = { direction, ' ', '\0' };

	(void)user;
	if (direction != '*')
		print_masked(before, line);
}

/* ---- what went wrong, for a person ---- */

static const char *
advice(const struct cli *cli, int status)
{
	if (status == 401 && cli->key == NULL)
		return "Give a key: --api-key-file FILE or BUDGET_API_KEY. An admin makes one: budget keys create NAME";
	if (status == 401)
		return "The key is unknown, expired or revoked. An admin sees the living ones: budget keys list";
	if (status == 403)
		return "Use a key with a higher role, or ask an admin: budget keys create NAME --role manager";
	if (status == 503)
		return "Nothing is lost: repeat the same command, with the same id where one is printed.";
	if (status == 412)
		return "Read it again, then repeat the change.";
	return NULL;
}

/* "/cost_limit" is what the person typed as AMOUNT or --amount. */
static const char *
typed_as(struct cli *cli, const char *pointer)
{
	const char *field = pointer + strspn(pointer, "/?");

	for (size_t i = 0; i < cli->given_count; i++) {
		const struct option *option = cli->given[i].option;
		char path[64];

		snprintf(path, sizeof path, "%s", option->field != NULL ? option->field : option->name);
		for (char *at = path; *at != '\0'; at++)
			*at = *at == '-' ? '_' : *at == '.' ? '/' : *at;
		if (strcmp(path, field) == 0)
			return option->flags & OPERAND ? option->value : budget_arena_printf(&cli->ctx.arena, "--%s", option->name);
	}
	return pointer;
}

static const char *
text_of(struct cli *cli, struct json_object *object, const char *name)
{
	return budget_json_text(&cli->ctx, budget_json_get(object, name));
}

/* One fault is one line, led by what was typed; several stand below the sentence about them all. */
static void
say_problem(struct cli *cli, const struct budget_http_answer *http, struct json_object *problem)
{
	struct json_object *errors = budget_json_get(problem, "errors");
	const char *detail = text_of(cli, problem, "detail"), *title = text_of(cli, problem, "title"), *first;
	size_t count = budget_json_is_array(errors) ? budget_json_length(errors) : 0;

	detail = detail != NULL ? detail : title;
	first = count == 1 ? text_of(cli, budget_json_at(errors, 0), "pointer") : NULL;
	first = first != NULL && first[0] != '\0' ? typed_as(cli, first) : NULL;
	cli_fail(cli, 0, "%s%s%s", first != NULL ? first : "", first != NULL ? ": " : "", detail);
	for (size_t i = 0; i < count; i++) {
		struct json_object *error = budget_json_at(errors, i);
		const char *pointer = text_of(cli, error, "pointer"), *what = text_of(cli, error, "detail");

		if (pointer != NULL && pointer[0] != '\0' && what != NULL && strcmp(what, detail) != 0)
			fprintf(stderr, "  %s: %s\n", typed_as(cli, pointer), what);
	}
	if (http->status == 503 && budget_http_header(http, "Retry-After") != NULL)
		fprintf(stderr, "  Try again in %s s.\n", budget_http_header(http, "Retry-After"));
}

void
client_advise(struct cli *cli, FILE *out, struct json_object *decision)
{
	const char *kind = text_of(cli, decision, "decision");

	if (kind == NULL)
		return;
	if (out_at(decision, "max_tokens_that_fit") != NULL)
		fprintf(out, "  %s\n", out_sentence(cli, "What fits now: {max_tokens_that_fit:count} tokens"
		    "[ for at most {remaining_cost:money}][; the limit resets {resets_at:time}].", decision));
	if (strcmp(kind, "approval_required") == 0)
		fprintf(out, "  %s\n", out_sentence(cli,
		    "Ask for it: budget approvals request {policy_id}[ --amount {approval.body.amount}]"
		    "[ --tokens {approval.body.tokens}] --reason …", decision));
}

static int
explain(struct cli *cli, const struct answer *answer, const char *path)
{
	const struct budget_http_answer *http = &answer->http;
	int code = budget_status_exit(budget_status_of_http(http->status));
	bool is_problem = budget_json_is_object(answer->json)
	    && (text_of(cli, answer->json, "detail") != NULL || text_of(cli, answer->json, "title") != NULL);

	if (!is_problem)
		return cli_fail(cli, http->status >= 500 ? code : EXIT_NOT_THERE,
		    "%s%s answers HTTP %d, and not the way a Budget service does. Is --api-url / BUDGET_URL right?", cli->url,
		    path, http->status);
	say_problem(cli, http, answer->json);
	client_advise(cli, stderr, answer->json);
	if (advice(cli, http->status) != NULL)
		fprintf(stderr, "  %s\n", advice(cli, http->status));
	if (cli->output == OUTPUT_JSON)
		printf("%s\n", http->body);
	return code;
}

/* No answer came. Only a change that may have happened is worth a warning; what never left is not. */
static int
explain_silence(struct cli *cli, const char *method)
{
	int code = cli_fail_ctx(cli);
	const char *kind = cli->ctx.error.code != NULL ? cli->ctx.error.code : "";

	if (strcmp(kind, "unreachable") == 0)
		fputs("  Is the service running? Start it: ./run_budget.sh --daemon\n"
		    "  Elsewhere? Name it: --api-url http://HOST:PORT, or BUDGET_URL, or BUDGET_PORT for another port here.\n",
		    stderr);
	else if (strcmp(kind, "tls_failed") == 0)
		fputs("  Its certificate is not known here: name it with --ca-file FILE or BUDGET_CA_FILE.\n", stderr);
	else if (code == EXIT_NOT_THERE && strncmp(cli->url, "http://", 7) == 0 && strcmp(kind, "connection_lost") == 0)
		fputs("  Does it speak https? Then say so: --api-url https://HOST:PORT.\n", stderr);
	if ((strcmp(kind, "timeout") == 0 || strcmp(kind, "connection_lost") == 0) && strcmp(method, "GET") != 0)
		fputs("  What was asked may have been done. Repeat it with the same id, or look first.\n", stderr);
	return code;
}

/* ---- the call ---- */

static const char *
header(struct cli *cli, const char *name, const char *value)
{
	return budget_arena_printf(&cli->ctx.arena, "%s: %s", name, value);
}

int
client_call(struct cli *cli, const char *method, const char *path, const char *body, struct answer *ret_answer)
{
	const char *headers[5], *if_match = cli_get(cli, "if-match");
	struct budget_http_request request = {
		.method = method, .headers = headers, .body = body, .body_length = body != NULL ? strlen(body) : 0,
		.total_ms = cli->timeout_ms, .ca_file = cli->ca_file, .trace = cli->is_debug ? trace : NULL,
		.url = budget_arena_printf(&cli->ctx.arena, "%s%s", cli->url, path)
	};
	struct answer answer = { .json = NULL };
	size_t n = 0;

	headers[n++] = "Accept: application/json, application/problem+json";
	if (body != NULL)
		headers[n++] = header(cli, "Content-Type", cli->body_type != NULL ? cli->body_type : "application/json");
	if (cli->key != NULL)
		headers[n++] = header(cli, "Authorization", budget_arena_printf(&cli->ctx.arena, "Bearer %s", cli->key));
	if (if_match != NULL)
		headers[n++] = header(cli, "If-Match", budget_arena_printf(&cli->ctx.arena, "\"%s\"", if_match));
	headers[n] = NULL;
	if (cli->is_debug && body != NULL)
		print_masked("> ", body);
	if (budget_http_send(&cli->ctx, &request, &answer.http) != BUDGET_OK)
		return explain_silence(cli, method);
	if (cli->is_debug)
		print_masked("< ", answer.http.body);
	if (budget_json_parse(&cli->ctx, answer.http.body, answer.http.body_length, &answer.json) == BUDGET_OK)
		cli_keep(cli, answer.json);
	if (answer.http.status == 503 && budget_json_get(answer.json, "checks") != NULL) {
		*ret_answer = answer; /* /health of an ill service says what is ill */
		return 0;
	}
	if (answer.http.status < 200 || answer.http.status > 299 || (answer.json == NULL && answer.http.body_length > 0))
		return explain(cli, &answer, path);
	*ret_answer = answer;
	return 0;
}
