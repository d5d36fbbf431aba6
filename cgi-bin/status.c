/* How the service is: /health, /ready, /livez, /metrics; what it is: /discovery; and the answer for paths nobody serves. */
#include "cgi-bin/fcgi/reply.h"
#include "cgi-bin/fcgi/request.h"
#include "cgi-bin/fcgi/serve.h"
#include "lib/budget.h"

/* The process answers: nothing else is asked. */
static enum budget_status
livez(struct request *request)
{
	reply_json(request, 200, "{\"status\":\"alive\",\"component\":\"budget\"}");
	return BUDGET_OK;
}

static const struct route routes[] = {
	{ "GET", "/livez", BUDGET_ROLE_NONE, NULL, NULL, 0, livez, 200, ROUTE_ROOT | ROUTE_PUBLIC, "The process answers." },
	{ .method = NULL }
};

static const struct route *const tables[] = { routes, NULL };

int
main(int argc, char **argv)
{
	static const struct program status = { .name = "status", .about = "Health, metrics, discovery and unknown paths.",
		.tables = tables };

	return fcgi_main(&status, argc, argv);
}
