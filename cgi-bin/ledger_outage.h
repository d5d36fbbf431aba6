/* What ledger.fcgi does when the database is away, and when it is back: one thread beside those that serve. */
#ifndef BUDGET_CGI_LEDGER_OUTAGE_H
#define BUDGET_CGI_LEDGER_OUTAGE_H

#include "lib/error.h"

/**
 * Opens the spool and starts the thread: it empties the spool, learns fail modes, brings counts of refusals to the database
 * and shows numbers for /metrics. Without a usable folder records are 503 in an outage.
 */
enum budget_status outage_start(void);

/** Ends the thread; what still lies in the spool is for the next start. */
void outage_stop(void);

#endif
