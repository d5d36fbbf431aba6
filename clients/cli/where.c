/* Where the service is and with which key: options, environment, files of this folder, the home of this machine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/cli/client.h"
#include "clients/cli/home.h"
#include "lib/settings.h"

#define KEY_MAX_BYTES 512

/* An empty variable is as good as none. */
static const char *
environment(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/*
 * The settings of this folder's .env.budget and config.yaml. Files that cannot be read as settings are somebody else's
 * (many projects have a config.yaml) and do not stop a client.
 * @return value, or NULL when unset or a default
 */
static const char *
setting(struct cli *cli, const char *name)
{
	const char *folder = environment("BUDGET_CONFIG_DIR");
	struct budget_settings_input input = { .environ = (const char *const *)environ };
	struct budget_settings settings;
	const struct budget_setting_value *value;

	folder = folder != NULL ? folder : ".";
	input.env_file = budget_arena_printf(&cli->ctx.arena, "%s/.env.budget", folder);
	input.yaml_file = budget_arena_printf(&cli->ctx.arena, "%s/config.yaml", folder);
	if (budget_settings_read(&cli->ctx, &input, &settings) != BUDGET_OK)
		return NULL;
	value = budget_settings_find(&settings, name);
	return value != NULL && value->layer != LAYER_DEFAULT ? value->text : NULL;
}

const char *
where_database(struct cli *cli)
{
	const char *home = NULL;

	if (environment("BUDGET_DATABASE_URL") == NULL && setting(cli, "database_url") == NULL)
		home = home_find(&cli->ctx, true);
	return home != NULL ? home_database(&cli->ctx, home) : NULL;
}

/*
 * The service on this machine: the port that environment or files name, else that of the home, else 8013. A home that
 * serves this very port also says whether it is https, and under which name.
 */
static const char *
local_url(struct cli *cli)
{
	const char *port = environment("BUDGET_PORT"), *url = NULL, *colon;

	if (port == NULL)
		port = setting(cli, "port");
	if (port == NULL)
		port = environment("PENIA_PORT");
	cli->home = home_find(&cli->ctx, false);
	if (cli->home != NULL)
		url = home_url(&cli->ctx, cli->home);
	colon = url != NULL ? strrchr(url, ':') : NULL;
	if (colon != NULL && (port == NULL || strcmp(colon + 1, port) == 0))
		return url;
	cli->home = NULL;
	return budget_arena_printf(&cli->ctx.arena, "http://127.0.0.1:%s", port != NULL ? port : "8013");
}

/* Without a slash at the end, and without the prefix that we add ourselves. */
static void
cut_tails(char *url)
{
	static const char *const tails[] = { "/", "/api/v1", "/api" };
	bool is_shorter = true;

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
}

static int
take_url(struct cli *cli)
{
	const char *given = cli_get(cli, "api-url");
	char *url;

	if (given == NULL)
		given = environment("BUDGET_URL");
	if (given == NULL)
		given = local_url(cli);
	url = budget_arena_strdup(&cli->ctx.arena, given);
	if ((strncmp(url, "http://", 7) != 0 || url[7] == '\0') && (strncmp(url, "https://", 8) != 0 || url[8] == '\0'))
		return cli_fail(cli, EXIT_USAGE, "'%s' is no URL of a service: write http://HOST:PORT or https://HOST:PORT.",
		    url);
	cut_tails(url);
	cli->url = url;
	cli->ca_file = cli_get(cli, "ca-file") != NULL ? cli_get(cli, "ca-file") : environment("BUDGET_CA_FILE");
	if (cli->ca_file == NULL && cli->home != NULL)
		cli->ca_file = home_file(&cli->ctx, cli->home, "tls/certificate.pem");
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
	if (key == NULL && file == NULL && cli->home != NULL)
		file = home_file(&cli->ctx, cli->home, "secrets/admin.key"); /* who may read it is admin of that home */
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
