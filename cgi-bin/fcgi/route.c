/* Paths against tables. A path is compared segment by segment, still encoded; only what a {name} takes is decoded. */
#include "cgi-bin/fcgi/route.h"

#include <string.h>

#include "cgi-bin/fcgi/request.h"
#include "lib/uuid.h"

enum { SEGMENTS_MAX = 16 };

/*
 * How well a row fits, segment by segment: 3 literal, 2 {name}, 1 {name...}; 0 behind the end. Greater = more
 * specific.
 */
struct fit {
	unsigned char rank[SEGMENTS_MAX];
	int params_count;
	const char *names[PATH_PARAMS_MAX]; /* in the pattern, without braces; not NUL-terminated */
	size_t name_lengths[PATH_PARAMS_MAX];
	const char *values[PATH_PARAMS_MAX]; /* in the path, encoded */
	size_t value_lengths[PATH_PARAMS_MAX];
};

static bool
add_param(struct fit *fit, const char *name, size_t name_length, const char *value, size_t value_length)
{
	int i = fit->params_count;

	if (i == PATH_PARAMS_MAX || value_length == 0)
		return false;
	fit->names[i] = name;
	fit->name_lengths[i] = name_length;
	fit->values[i] = value;
	fit->value_lengths[i] = value_length;
	fit->params_count++;
	return true;
}

/* Both texts begin with '/'. A single '/' at the end of the path is forgiven. */
static bool
fits(const char *pattern, const char *path, struct fit *ret_fit)
{
	*ret_fit = (struct fit){ .params_count = 0 };
	for (int i = 0; i < SEGMENTS_MAX; i++) {
		size_t want = strcspn(pattern + 1, "/"), have = strcspn(path + 1, "/");
		bool is_param = pattern[1] == '{';

		if (is_param && want > 5 && strncmp(pattern + want - 3, "...}", 4) == 0) {
			size_t rest = strlen(path + 1);

			ret_fit->rank[i] = 1;
			return add_param(ret_fit, pattern + 2, want - 5, path + 1, rest);
		}
		if (is_param && !add_param(ret_fit, pattern + 2, want - 2, path + 1, have))
			return false;
		if (!is_param && (want != have || memcmp(pattern + 1, path + 1, want) != 0))
			return false;
		ret_fit->rank[i] = is_param ? 2 : 3;
		pattern += 1 + want;
		path += 1 + have;
		if (*pattern == '\0')
			return *path == '\0' || strcmp(path, "/") == 0;
		if (*path == '\0')
			return false;
	}
	return false;
}

static bool
is_served_here(const struct route *route, const struct request *request)
{
	return ((route->flags & ROUTE_ROOT) != 0) == request->is_root;
}

static bool
has_method(const struct route *route, const char *method)
{
	return strcmp(route->method, method) == 0;
}

/* A "." or ".." that a decoded value would put into a path is nobody's id. */
static bool
is_dots(const char *value)
{
	return strcmp(value, ".") == 0 || strcmp(value, "..") == 0;
}

static enum budget_status
take_params(struct request *request, const struct fit *fit)
{
	struct budget_arena *arena = &request->ctx.arena;

	request->params_count = 0;
	for (int i = 0; i < fit->params_count; i++) {
		char *value = budget_arena_alloc(arena, fit->value_lengths[i] + 1);
		const char *name = budget_arena_strndup(arena, fit->names[i], fit->name_lengths[i]);

		if (value == NULL || name == NULL)
			return budget_fail_memory(&request->ctx);
		if (!budget_percent_decode(fit->values[i], fit->value_lengths[i], false, value))
			return budget_fail(&request->ctx, BUDGET_ESYNTAX, "bad_encoding", NULL,
			    "The path is not percent-encoded UTF-8.");
		if (is_dots(value))
			return budget_fail(&request->ctx, BUDGET_ENOTFOUND, "not_found", NULL, "Nothing is at this path.");
		request->param_names[i] = name;
		request->params[i] = value;
		request->params_count++;
	}
	return BUDGET_OK;
}

/* Parameters named id or *_id are uuids: canonical from here on; anything else cannot exist. */
static enum budget_status
check_ids(struct request *request)
{
	for (int i = 0; i < request->params_count; i++) {
		const char *name = request->param_names[i];
		size_t length = strlen(name);
		char *id;

		if (strcmp(name, "id") != 0 && (length < 3 || strcmp(name + length - 3, "_id") != 0))
			continue;
		id = budget_arena_alloc(&request->ctx.arena, UUID_TEXT_SIZE);
		if (id == NULL)
			return budget_fail_memory(&request->ctx);
		if (!budget_uuid_parse(request->params[i], id))
			return budget_fail(&request->ctx, BUDGET_ENOTFOUND, "not_found", NULL,
			    "Nothing has this id: ids are uuids such as 0190f0e4-7b2a-7c31-8a55-3d2f0c9b1e77.");
		request->params[i] = id;
	}
	return BUDGET_OK;
}

enum budget_status
route_find(const struct route *const *tables, struct request *request, struct route_match *ret_match)
{
	struct fit best = { .params_count = 0 }, fit;

	*ret_match = (struct route_match){ NULL, NULL };
	for (; *tables != NULL; tables++) {
		for (const struct route *route = *tables; route->method != NULL; route++) {
			int order;

			if (!is_served_here(route, request) || !fits(route->path, request->path, &fit))
				continue;
			order = ret_match->path_route == NULL ? 1 : memcmp(fit.rank, best.rank, sizeof fit.rank);
			if (order < 0)
				continue;
			if (order > 0) {
				*ret_match = (struct route_match){ NULL, route };
				best = fit;
			}
			if (has_method(route, request->method)) {
				ret_match->route = route;
				best = fit;
			}
		}
	}
	if (ret_match->path_route == NULL)
		return BUDGET_OK;
	BUDGET_TRY(take_params(request, &best));
	return ret_match->route != NULL ? check_ids(request) : BUDGET_OK;
}

const char *
route_allow(const struct route *const *tables, struct request *request)
{
	static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" };
	const char *asked = request->method;
	struct budget_text text;

	budget_text_init(&text, &request->ctx.arena, 64);
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		struct route_match match;

		request->method = strcmp(methods[i], "HEAD") == 0 ? "GET" : methods[i];
		route_find(tables, request, &match);
		if (match.route != NULL)
			budget_text_addf(&text, "%s, ", methods[i]);
	}
	request->method = asked;
	request->ctx.error = (struct budget_error){ .status = BUDGET_OK };
	budget_text_add(&text, "OPTIONS");
	return budget_text_done(&text);
}
