/* Route tables of admin.fcgi that stand in files of their own. */
#ifndef BUDGET_ADMIN_H
#define BUDGET_ADMIN_H

#include "cgi-bin/fcgi/request.h"

extern const struct route admin_verify_routes[]; /* admin_verify.c: /admin/verify, /admin/recalculate */

#endif
