#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "lib/group.h"

#define PICK_MAX 512 /* slots of one group, whatever their weight */

/* Whoever does not lead at once is woken exactly once: written, or at the head. A semaphore of its own, and not the lock's
 * condition, so that thirty threads woken together do not queue for the lock to find out. */
struct waiter {
	struct budget_group_slot *slot;
	struct waiter *next;
	sem_t turn;
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

/* Takes the picked slots out of the queue: a list of their waiters, but for the leader's own. The new head is another's, who
 * has to lead next; NULL when nobody waits. */
static struct waiter *
settle(struct budget_group *group, const struct waiter *leader, struct waiter **ret_head)
{
	struct waiter **link = &group->head, *waiter, *done = NULL;

	group->tail = NULL;
	while ((waiter = *link) != NULL) {
		if (!waiter->is_picked) {
			group->tail = waiter;
			link = &waiter->next;
			continue;
		}
		*link = waiter->next;
		waiter->is_done = true;
		group->waiting--;
		if (waiter == leader)
			continue;
		waiter->next = done;
		done = waiter;
	}
	*ret_head = group->head;
	return done;
}

/* Called with the lock held by the owner of the head; leaves it free. The next leader is woken first: the longest way is its. */
static void
lead(struct budget_group *group, struct waiter *leader)
{
	struct budget_group_slot *slots[PICK_MAX];
	size_t count = pick(group, slots);
	struct waiter *done, *head;

	group->groups++;
	group->slots += count;
	pthread_mutex_unlock(&group->lock);
	group->write(slots, count);
	pthread_mutex_lock(&group->lock);
	done = settle(group, leader, &head);
	pthread_mutex_unlock(&group->lock);
	if (head != NULL)
		sem_post(&head->turn);
	while (done != NULL) {
		struct waiter *next = done->next; /* its owner may be gone after the post */

		sem_post(&done->turn);
		done = next;
	}
}

bool
budget_group_run(struct budget_group *group, struct budget_group_slot *slot)
{
	struct waiter waiter = { .slot = slot };
	bool is_head;

	sem_init(&waiter.turn, 0, 0);
	pthread_mutex_lock(&group->lock);
	if (group->waiting >= group->waiting_max) {
		pthread_mutex_unlock(&group->lock);
		return false;
	}
	is_head = group->head == NULL;
	if (is_head)
		group->head = &waiter;
	else
		group->tail->next = &waiter;
	group->tail = &waiter;
	group->waiting++;
	if (!is_head) {
		pthread_mutex_unlock(&group->lock);
		while (sem_wait(&waiter.turn) != 0 && errno == EINTR)
			continue;
		if (waiter.is_done) {
			sem_destroy(&waiter.turn);
			return true;
		}
		pthread_mutex_lock(&group->lock);
	}
	lead(group, &waiter);
	sem_destroy(&waiter.turn);
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
