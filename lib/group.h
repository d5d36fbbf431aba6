/*
 * Group commit: requests that arrive while a write is under way form the next group. Knows nothing of what is written.
 *
 * The protocol, in full: slots queue in order of arrival under one lock. The thread whose slot stands at the head leads: it
 * picks the slots of its own kind from the head on, up to the group's size, leaves them in the queue, and writes them without
 * the lock. Nobody else can lead meanwhile, because the head does not change. Then it takes them out, marks them done and
 * wakes their threads and the new head. There is no timer: a group is what came meanwhile, so a lone request waits for nobody.
 */
#ifndef BUDGET_LIB_GROUP_H
#define BUDGET_LIB_GROUP_H

#include <stdbool.h>
#include <stddef.h>

struct budget_group_slot {
	void *work;       /* the caller's */
	size_t weight;    /* how much of a group it fills, at least 1 */
	const char *kind; /* slots share a group only when their kinds are equal texts (the tenant) */
};

struct budget_group;

/**
 * Writes slots, all of one kind: in the thread of the first one's owner, while the other owners wait. Never called twice at
 * once for one queue.
 */
typedef void budget_group_write_fn(struct budget_group_slot *const *slots, size_t count);

/**
 * @param weight_max  a group's size; a heavier slot is a group of its own
 * @param waiting_max slots that may wait; more are turned away
 * @return NULL without memory. Lives as long as the process.
 */
struct budget_group *budget_group_new(budget_group_write_fn *write, size_t weight_max, size_t waiting_max);

/** Queues the slot and returns when it has been written. False, with nothing done, when too many wait already. Thread safe. */
bool budget_group_run(struct budget_group *group, struct budget_group_slot *slot);

/** Groups and slots written so far, and slots waiting now: for /metrics. Any may be NULL. */
void budget_group_stats(struct budget_group *group, unsigned long *ret_groups, unsigned long *ret_slots, size_t *ret_waiting);

#endif
