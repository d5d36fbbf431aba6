#include "lib/rest.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "lib/settings.h"
#include "lib/when.h"

#define REST_US_MAX 2000000
#define IDLE_SHARE 5   /* busy: less than one part in so many is idle */
#define TICKS_MIN 10   /* of all processors together, for a verdict; a tick is mostly 10 ms */

enum { IDLE = 3, IOWAIT = 4, FIELDS = 8 }; /* of the line "cpu": user nice system idle iowait irq softirq steal */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long long idle_then, all_then;
static bool was_busy;

static bool
read_ticks(unsigned long long *ret_idle, unsigned long long *ret_all)
{
	unsigned long long ticks[FIELDS];
	FILE *file = fopen("/proc/stat", "re");
	int count = file == NULL ? 0
	    : fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &ticks[0], &ticks[1], &ticks[2], &ticks[3], &ticks[4],
	        &ticks[5], &ticks[6], &ticks[7]);

	if (file != NULL)
		fclose(file);
	*ret_idle = *ret_all = 0;
	for (int i = 0; i < count; i++)
		*ret_all += ticks[i];
	if (count == FIELDS)
		*ret_idle = ticks[IDLE] + ticks[IOWAIT];
	return count == FIELDS;
}

/* Since the last look, when that is long enough ago to tell. The kernel's idle times may step back a little. */
static bool
is_busy(void)
{
	unsigned long long idle, all;
	bool is_now = false;

	pthread_mutex_lock(&lock);
	if (read_ticks(&idle, &all)) {
		if (all_then == 0 || all < all_then || idle < idle_then) {
			was_busy = false;
			idle_then = idle;
			all_then = all;
		} else if (all - all_then >= TICKS_MIN) {
			was_busy = (idle - idle_then) * IDLE_SHARE < all - all_then;
			idle_then = idle;
			all_then = all;
		}
		is_now = was_busy;
	}
	pthread_mutex_unlock(&lock);
	return is_now;
}

void
budget_rest(int64_t began_us, int64_t until_us)
{
	int64_t now_us = budget_now_us(), rest_us = (now_us - began_us) * budget_setting_count("rest_factor");

	if (rest_us <= 0 || !is_busy())
		return;
	rest_us = rest_us > REST_US_MAX ? REST_US_MAX : rest_us;
	rest_us = rest_us > until_us - now_us ? until_us - now_us : rest_us;
	if (rest_us > 0)
		nanosleep(&(struct timespec){ .tv_sec = rest_us / 1000000, .tv_nsec = rest_us % 1000000 * 1000 }, NULL);
}
