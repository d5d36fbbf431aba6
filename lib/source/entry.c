/* Small things parsers ask of an entry's texts. */
#include <ctype.h>
#include <string.h>

#include "lib/json.h"
#include "lib/source/quote.h"

void
source_capability(struct source_quote *quote, const char *name)
{
	for (int i = 0; i < quote->capabilities_count; i++)
		if (strcmp(quote->capabilities[i], name) == 0)
			return;
	if (quote->capabilities_count < SOURCE_CAPABILITIES_MAX)
		quote->capabilities[quote->capabilities_count++] = name;
}

const char *
source_json_text(struct budget_ctx *ctx, struct json_object *value, size_t max_bytes)
{
	const char *text = budget_json_is_string(value) ? budget_json_text(ctx, value) : NULL;
	size_t length = text ? strlen(text) : 0;

	if (length == 0 || length > max_bytes)
		return NULL;
	for (const char *byte = text; *byte; byte++)
		if ((unsigned char)*byte < 0x20 || *byte == 0x7f)
			return NULL;
	return text;
}

bool
source_is_date(const char *text)
{
	static const char shape[] = "dddd-dd-dd";

	if (text == NULL || strlen(text) > 40)
		return false;
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == 'd' ? !isdigit((unsigned char)text[i]) : text[i] != shape[i])
			return false;
	return text[10] == '\0' || text[10] == 'T';
}

const char *
source_split(struct budget_ctx *ctx, const char *id, const char **ret_rest)
{
	const char *slash = id ? strchr(id, '/') : NULL;

	if (slash == NULL || slash == id || slash[1] == '\0')
		return NULL;
	*ret_rest = slash + 1;
	return budget_arena_strndup(&ctx->arena, id, (size_t)(slash - id));
}

bool
source_is_local(const char *provider)
{
	static const char *const names[] = { "ollama", "ollama_chat", "lm_studio", "lmstudio", "lemonade", "llamafile",
	    "llamacpp", "llama.cpp", "vllm", "hosted_vllm", "xinference", "local", NULL };

	for (const char *const *name = names; provider && *name; name++)
		if (strcmp(*name, provider) == 0)
			return true;
	return false;
}

enum budget_status
source_json(struct budget_ctx *ctx, const struct budget_source_feed *feed, struct json_object **ret_value)
{
	const char *body = feed->body;
	size_t length = feed->length;

	if (length >= 3 && memcmp(body, "\xef\xbb\xbf", 3) == 0) {
		body += 3;
		length -= 3;
	}
	while (length > 0 && isspace((unsigned char)*body)) {
		body++;
		length--;
	}
	if (length == 0)
		return source_bad_feed(ctx, "The feed is empty.");
	if (*body == '<')
		return source_bad_feed(ctx, "The feed is a web page, JSON was expected: is the address still right?");
	enum budget_status status = budget_json_parse(ctx, body, length, ret_value);
	if (status == BUDGET_OK || status == BUDGET_ETOOLARGE)
		return status;
	const char *detail = ctx->error.detail, *pointer = ctx->error.pointer;
	return source_bad_feed(ctx, "The feed cannot be read%s%s: %s", pointer && *pointer ? " at " : "",
	    pointer ? pointer : "", detail ? detail : "it is not JSON.");
}
