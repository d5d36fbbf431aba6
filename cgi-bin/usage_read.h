/* Routes that read usage; the ledger program lists this table beside its own. */
#ifndef BUDGET_USAGE_READ_H
#define BUDGET_USAGE_READ_H

#include "cgi-bin/fcgi/route.h"

extern const struct route usage_read_routes[];

#endif
