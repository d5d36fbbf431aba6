#include "cgi-bin/fcgi/meter.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const char meter_magic[8] = "BGTMTR2";

const int64_t meter_bounds_us[METER_BUCKETS] = { 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000,
	5000000, 30000000 };

static struct meter_file meter_private;
static struct meter_file *meter = &meter_private;

static bool
path_of(char path[256], const char *run_dir, const char *program)
{
	return snprintf(path, 256, "%s/%s.meter", run_dir, program) < 256;
}

void
meter_open(const char *run_dir, const char *program)
{
	char path[256];
	void *map;
	int fd;

	if (!path_of(path, run_dir, program))
		return;
	unlink(path); /* a predecessor that still drains keeps its own */
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0)
		return;
	if (ftruncate(fd, sizeof *meter) == 0) {
		map = mmap(NULL, sizeof *meter, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (map != MAP_FAILED)
			meter = map;
	}
	close(fd);
	meter->started_at = (uint64_t)time(NULL);
	meter->pid = (uint64_t)getpid();
	memcpy(meter->magic, meter_magic, sizeof meter_magic);
}

bool
meter_read(const char *run_dir, const char *program, struct meter_file *ret_file)
{
	char path[256];
	ssize_t n;
	int fd;

	if (!path_of(path, run_dir, program))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, ret_file, sizeof *ret_file);
	close(fd);
	return n == (ssize_t)sizeof *ret_file && memcmp(ret_file->magic, meter_magic, sizeof meter_magic) == 0;
}

void
meter_begin(void)
{
	meter->in_flight++;
}

/* The slot of a label, taken when it is new. NULL when all are taken: the total still counts in the buckets. */
static struct meter_slot *
find_slot(const char *label, uint32_t status)
{
	for (int i = 0; i < METER_SLOTS; i++) {
		struct meter_slot *slot = &meter->slots[i];
		uint32_t is_free = 0;

		if (atomic_compare_exchange_strong(&slot->state, &is_free, 1)) {
			slot->status = status;
			snprintf(slot->route, sizeof slot->route, "%s", label);
			slot->state = 2;
			return slot;
		}
		while (slot->state == 1)
			continue; /* another thread writes a label: nanoseconds */
		if (slot->status == status && strcmp(slot->route, label) == 0)
			return slot;
	}
	return NULL;
}

void
meter_end(const char *method, const char *route, int status, int64_t duration_us)
{
	char label[METER_ROUTE_SIZE];
	struct meter_slot *slot;
	int bucket = 0;

	snprintf(label, sizeof label, "%s %s", route[0] != '\0' ? method : "-", route);
	slot = find_slot(label, (uint32_t)status);
	if (slot != NULL)
		slot->count++;
	while (bucket < METER_BUCKETS && duration_us > meter_bounds_us[bucket])
		bucket++;
	meter->buckets[bucket]++;
	meter->duration_us += (uint64_t)duration_us;
	meter->in_flight--;
}

void
meter_pool(int open, int busy, long failures)
{
	meter->pool_open = (uint64_t)open;
	meter->pool_busy = (uint64_t)busy;
	meter->pool_failures = (uint64_t)failures;
}

void
meter_gauge(enum meter_gauge gauge, uint64_t value)
{
	meter->gauges[gauge] = value;
}
