/* Route tables of prices.fcgi that stand in files of their own. */
#ifndef BUDGET_PRICES_H
#define BUDGET_PRICES_H

#include "cgi-bin/fcgi/request.h"

extern const struct route reprice_routes[]; /* reprice.c: /prices/reprice */

#endif
