/* Rests of work that can wait, so that on a small machine the ledger keeps most of the processor. */
#ifndef BUDGET_LIB_REST_H
#define BUDGET_LIB_REST_H

#include <stdint.h>

/**
 * Called between the transactions of long work. Where less than a fifth of all processors' time was idle since the last
 * call, it sleeps `rest_factor` (a setting) times as long as was worked since began_us, at most two seconds; otherwise, or
 * where /proc/stat cannot be read, it does not. A single processor is busy with the work itself: there it rests every
 * other time.
 * @param began_us  budget_now_us() before the transaction
 * @param until_us  the rest ends by then, of the same clock; INT64_MAX: no matter
 */
void budget_rest(int64_t began_us, int64_t until_us);

#endif
