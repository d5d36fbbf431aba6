/* Rests of work that can wait, so that on a small machine the ledger keeps most of the processor. */
#ifndef BUDGET_LIB_REST_H
#define BUDGET_LIB_REST_H

#include <stdint.h>

/**
 * Called between the transactions of long work. Where less than a fifth of all processors' time was idle lately, it
 * sleeps `rest_factor` (a setting) times as long as was worked since began_us, at most two seconds; on a machine with
 * time to spare, or where /proc/stat cannot be read, it does not.
 * @param began_us  budget_now_us() before the transaction
 */
void budget_rest(int64_t began_us);

#endif
