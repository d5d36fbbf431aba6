#include "clients/cli/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/settings.h"
#include "lib/text.h"

#define KEY_MAX_BYTES 512

/* ---- where and with which key ---- */

/* An empty variable is as good as none. */
static const char *
environment(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/*
 * Port of the service on this machine: BUDGET_PORT, or what .env.budget and config.yaml of this folder say. Files that
 * cannot be read as settings are somebody else's (many projects have a config.yaml) and do not stop a client.
 */
static const char *
local_port(struct cli *cli)
{
	const char *folder = environment("BUDGET_CONFIG_DIR"), *port = environment("BUDGET_PORT");
	struct budget_settings_input input = { .environ = (const char *const *)environ };
	struct budget_settings settings;
	const struct budget_setting_value *value;

	folder = folder != NULL ? folder : ".";
	input.env_file = budget_arena_printf(&cli->ctx.arena, "%s/.env.budget", folder);
	input.yaml_file = budget_arena_printf(&cli->ctx.arena, "%s/config.yaml", folder);
	if (port != NULL)
		return port;
	if (budget_settings_read(&cli->ctx, &input, &settings) == BUDGET_OK) {
		value = budget_settings_find(&settings, "port");
		port = value != NULL ? value->text : NULL;
	}
	return port != NULL ? port : environment("PENIA_PORT") != NULL ? environment("PENIA_PORT") : "8013";
}

static int
take_url(struct cli *cli)
{
	static const char *const tails[] = { "/", "/api/v1", "/api" };
	const char *given = cli_get(cli, "api-url");
	char *url;
	bool is_shorter = true;

	if (given == NULL)
		given = environment("BUDGET_URL");
	url = given != NULL ? budget_arena_strdup(&cli->ctx.arena, given)
	    : budget_arena_printf(&cli->ctx.arena, "http://127.0.0.1:%s", local_port(cli));
	if ((strncmp(url, "http://", 7) != 0 || url[7] == '\0') && (strncmp(url, "https://", 8) != 0 || url[8] == '\0'))
		return cli_fail(cli, EXIT_USAGE, "'%s' is no URL of a service: write http://HOST:PORT or https://HOST:PORT.",
		    url);
	while (is_shorter) {
		is_shorter = false;
		for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
			size_t length = strlen(url), tail = strlen(tails[i]);

			if (length > tail && strcmp(url + length - tail, tails[i]) == 0) {
				url[length - tail] = '\0';
				is_shorter = true;
			}
		}
	}
	cli->url = url;
	return 0;
}

static int
read_key(struct cli *cli, const char *path)
{
	char line[KEY_MAX_BYTES] = "";
	FILE *file = fopen(path, "re");
	struct stat facts;

	if (file == NULL)
		return cli_fail(cli, EXIT_FILE, "cannot read the key file %s: %s.", path, strerror(errno));
	if (fgets(line, sizeof line, file) == NULL)
		line[0] = '\0';
	if (fstat(fileno(file), &facts) == 0 && S_ISREG(facts.st_mode) && (facts.st_mode & (S_IRWXG | S_IRWXO)))
		fprintf(stderr, "budget: others may read the key file %s: chmod 600 %s\n", path, path);
	fclose(file);
	line[strcspn(line, " \t\r\n")] = '\0';
	if (line[0] == '\0')
		return cli_fail(cli, EXIT_FILE, "the first line of the key file %s is empty.", path);
	cli->key = budget_arena_strdup(&cli->ctx.arena, line);
	return 0;
}

static int
take_key(struct cli *cli)
{
	const char *key = cli_get(cli, "api-key"), *file = cli_get(cli, "api-key-file");

	if (key != NULL && file != NULL)
		return cli_fail(cli, EXIT_USAGE, "give --api-key or --api-key-file, not both.");
	if (key == NULL && file == NULL)
		key = environment("BUDGET_API_KEY");
	if (key == NULL && file == NULL)
		file = environment("BUDGET_API_KEY_FILE");
	if (file != NULL)
		return read_key(cli, file);
	if (key != NULL && (key[0] == '\0' || strpbrk(key, " \t\r\n") != NULL))
		return cli_fail(cli, EXIT_USAGE, "the API key is empty or holds white space.");
	cli->key = key;
	return 0;
}

/* Encrypted, or never leaves this machine. */
static bool
is_private(const char *url)
{
	static const char *const starts[] = { "https://", "http://127.", "http://localhost", "http://[::1]" };

	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if (strncmp(url, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

int
client_setup(struct cli *cli)
{
	int code = take_url(cli);

	if (code == 0)
		code = take_key(cli);
	if (code == 0 && cli->key != NULL && !is_private(cli->url))
		fprintf(stderr, "budget: the key travels unencrypted to %s: use https.\n", cli->url);
	return code;
}

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

static void
say_problem(struct cli *cli, const struct budget_http_answer *http, struct json_object *problem)
{
	struct json_object *errors = budget_json_get(problem, "errors");
	const char *detail = text_of(cli, problem, "detail"), *title = text_of(cli, problem, "title");
	size_t count = budget_json_is_array(errors) ? budget_json_length(errors) : 0;

	cli_fail(cli, 0, "%s", detail != NULL ? detail : title != NULL ? title : "the service refused without a reason.");
	for (size_t i = 0; i < count; i++) {
		struct json_object *error = budget_json_at(errors, i);
		const char *pointer = text_of(cli, error, "pointer"), *what = text_of(cli, error, "detail");

		if (pointer == NULL || pointer[0] == '\0')
			continue;
		if (what == NULL || (detail != NULL && strcmp(what, detail) == 0))
			what = "this is the value it is about";
		fprintf(stderr, "  %s: %s\n", typed_as(cli, pointer), what);
	}
	if (http->status == 503 && budget_http_header(http, "Retry-After") != NULL)
		fprintf(stderr, "  Try again in %s s.\n", budget_http_header(http, "Retry-After"));
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
	if (advice(cli, http->status) != NULL)
		fprintf(stderr, "  %s\n", advice(cli, http->status));
	if (cli->output == OUTPUT_JSON)
		printf("%s\n", http->body);
	return code;
}

static int
explain_silence(struct cli *cli)
{
	int code = cli_fail_ctx(cli);

	if (cli->ctx.error.code != NULL && strcmp(cli->ctx.error.code, "unreachable") == 0)
		fputs("  Is the service running? Start it: ./run_budget.sh --daemon\n"
		    "  Elsewhere? Name it: --api-url http://HOST:PORT, or BUDGET_URL, or BUDGET_PORT for another port here.\n",
		    stderr);
	else if (code == EXIT_NOT_THERE)
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
		.total_ms = cli->timeout_ms, .trace = cli->is_debug ? trace : NULL,
		.url = budget_arena_printf(&cli->ctx.arena, "%s%s", cli->url, path)
	};
	struct answer answer = { .json = NULL };
	size_t n = 0;

	headers[n++] = "Accept: application/json, application/problem+json";
	if (body != NULL)
		headers[n++] = "Content-Type: application/json";
	if (cli->key != NULL)
		headers[n++] = header(cli, "Authorization", budget_arena_printf(&cli->ctx.arena, "Bearer %s", cli->key));
	if (if_match != NULL)
		headers[n++] = header(cli, "If-Match", budget_arena_printf(&cli->ctx.arena, "\"%s\"", if_match));
	headers[n] = NULL;
	if (cli->is_debug && body != NULL)
		print_masked("> ", body);
	if (budget_http_send(&cli->ctx, &request, &answer.http) != BUDGET_OK)
		return explain_silence(cli);
	if (cli->is_debug)
		print_masked("< ", answer.http.body);
	if (budget_json_parse(&cli->ctx, answer.http.body, answer.http.body_length, &answer.json) == BUDGET_OK)
		cli_keep(cli, answer.json);
	if (answer.http.status < 200 || answer.http.status > 299 || (answer.json == NULL && answer.http.body_length > 0))
		return explain(cli, &answer, path);
	*ret_answer = answer;
	return 0;
}
