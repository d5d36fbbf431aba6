#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/group.h"

#define PICK_MAX 512 /* slots of one group, whatever their weight */

struct waiter {
	struct budget_group_slot *slot;
	struct waiter *next;
	pthread_cond_t ready;
	bool is_done, is_picked;
};

struct budget_group {
	pthread_mutex_t lock;
	struct waiter *head, *tail;
	budget_group_write_fn *write;
	size_t weight_max, waiting_max, waiting;
	unsigned long groups, slots;
};

struct budget_group *
budget_group_new(budget_group_write_fn *write, size_t weight_max, size_t waiting_max)
{
	struct budget_group *group = calloc(1, sizeof *group);

	if (group == NULL)
		return NULL;
	pthread_mutex_init(&group->lock, NULL);
	group->write = write;
	group->weight_max = weight_max;
	group->waiting_max = waiting_max;
	return group;
}

/* Head first, then whoever of the same kind still fits, in order of arrival. */
static size_t
pick(struct budget_group *group, struct budget_group_slot **ret_slots)
{
	const char *kind = group->head->slot->kind;
	size_t count = 0, weight = 0;

	for (struct waiter *waiter = group->head; waiter != NULL && count < PICK_MAX; waiter = waiter->next) {
		if (strcmp(waiter->slot->kind, kind) != 0)
			continue;
		if (count > 0 && weight + waiter->slot->weight > group->weight_max)
			break;
		weight += waiter->slot->weight;
		waiter->is_picked = true;
		ret_slots[count++] = waiter->slot;
	}
	return count;
}

/* Takes the picked slots out of the queue and wakes their owners, then the thread that leads next. */
static void
settle(struct budget_group *group)
{
	struct waiter **link = &group->head, *waiter;

	group->tail = NULL;
	while ((waiter = *link) != NULL) {
		if (!waiter->is_picked) {
			group->tail = waiter;
			link = &waiter->next;
			continue;
		}
		*link = waiter->next;
		waiter->is_done = true; /* its owner may be gone as soon as the lock is free */
		group->waiting--;
		pthread_cond_signal(&waiter->ready);
	}
	if (group->head != NULL)
		pthread_cond_signal(&group->head->ready);
}

/* Called with the lock held by the owner of the head; leaves it held. */
static void
lead(struct budget_group *group)
{
	struct budget_group_slot *slots[PICK_MAX];
	size_t count = pick(group, slots);

	group->groups++;
	group->slots += count;
	pthread_mutex_unlock(&group->lock);
	group->write(slots, count);
	pthread_mutex_lock(&group->lock);
	settle(group);
}

bool
budget_group_run(struct budget_group *group, struct budget_group_slot *slot)
{
	struct waiter waiter = { .slot = slot, .ready = PTHREAD_COND_INITIALIZER };

	pthread_mutex_lock(&group->lock);
	if (group->waiting >= group->waiting_max) {
		pthread_mutex_unlock(&group->lock);
		return false;
	}
	if (group->tail != NULL)
		group->tail->next = &waiter;
	else
		group->head = &waiter;
	group->tail = &waiter;
	group->waiting++;
	while (!waiter.is_done && group->head != &waiter)
		pthread_cond_wait(&waiter.ready, &group->lock);
	if (!waiter.is_done)
		lead(group);
	pthread_mutex_unlock(&group->lock);
	pthread_cond_destroy(&waiter.ready);
	return true;
}

void
budget_group_stats(struct budget_group *group, unsigned long *ret_groups, unsigned long *ret_slots, size_t *ret_waiting)
{
	pthread_mutex_lock(&group->lock);
	if (ret_groups != NULL)
		*ret_groups = group->groups;
	if (ret_slots != NULL)
		*ret_slots = group->slots;
	if (ret_waiting != NULL)
		*ret_waiting = group->waiting;
	pthread_mutex_unlock(&group->lock);
}
