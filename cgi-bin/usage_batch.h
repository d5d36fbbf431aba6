/* Many records in one request. */
#ifndef BUDGET_CGI_USAGE_BATCH_H
#define BUDGET_CGI_USAGE_BATCH_H

#include "cgi-bin/ledger.h"

/** Handler of POST /usage/batch. */
enum budget_status usage_batch(struct request *request);

#endif
