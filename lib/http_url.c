/* URLs: taken apart, put together, encoded. The other file that includes curl. */
#include <ctype.h>
#include <string.h>

#include <curl/curl.h>

#include "lib/ctx.h"
#include "lib/http.h"
#include "lib/text.h"

static void
url_clear(CURLU **url)
{
	curl_url_cleanup(*url);
}

#define _auto_url_ __attribute__((cleanup(url_clear)))

/* A part of a URL, or of where a relative one leads; NULL when it cannot be read. */
static const char *
url_part(struct budget_ctx *ctx, const char *base, const char *relative, CURLUPart part)
{
	_auto_url_ CURLU *url = curl_url();
	const char *copy = NULL;
	char *text = NULL;

	if (url && curl_url_set(url, CURLUPART_URL, base, 0) == CURLUE_OK
	    && (relative == NULL || curl_url_set(url, CURLUPART_URL, relative, 0) == CURLUE_OK)
	    && curl_url_get(url, part, &text, 0) == CURLUE_OK)
		copy = budget_arena_strdup(&ctx->arena, text);
	curl_free(text);
	return copy;
}

enum budget_status
budget_http_join(struct budget_ctx *ctx, const char *base, const char *location, const char **ret_url)
{
	const char *url = url_part(ctx, base, location, CURLUPART_URL);

	if (url == NULL)
		return budget_fail(ctx, BUDGET_EINVALID, "bad_url", NULL, "%s leads nowhere: '%.200s' is no URL.", base, location);
	*ret_url = url;
	return BUDGET_OK;
}

const char *
budget_http_host(struct budget_ctx *ctx, const char *url)
{
	const char *host = url_part(ctx, url, NULL, CURLUPART_HOST);
	size_t length = host ? strlen(host) : 0;

	if (length >= 2 && host[0] == '[')
		return budget_arena_strndup(&ctx->arena, host + 1, length - 2);
	return host;
}

const char *
budget_http_encode(struct budget_ctx *ctx, const char *text)
{
	struct budget_text out;

	budget_text_init(&out, &ctx->arena, strlen(text) * 3 + 1);
	for (const unsigned char *at = (const unsigned char *)text; *at; at++)
		if (*at < 0x80 && (isalnum(*at) || strchr("-._~", *at) != NULL))
			budget_text_addn(&out, (const char *)at, 1);
		else
			budget_text_addf(&out, "%%%02X", *at);
	return budget_text_done(&out);
}
