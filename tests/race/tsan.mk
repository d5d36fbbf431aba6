# The group writer and the ledger's door under ThreadSanitizer: make -f tests/race/tsan.mk BUILD=folder. Called by run_tests.sh.
CC = gcc
PACKAGES = json-c libpq libcurl libsodium yaml-0.1 libxml-2.0 check
CFLAGS = -std=gnu11 -pthread -g -O1 -D_GNU_SOURCE -I. -DBUDGET_PACKAGE_VERSION='"tsan"' -DBUDGET_PACKAGE_DATA='"tsan"' \
	-fsanitize=thread -fno-omit-frame-pointer $(shell pkg-config --cflags $(PACKAGES))
LIBS = $(shell pkg-config --libs $(PACKAGES))

SOURCES := $(wildcard lib/*.c lib/*/*.c)
OBJECTS = $(SOURCES:%.c=$(BUILD)/%.o)
HEADERS := $(wildcard lib/*.h lib/*.def lib/*/*.h tests/unit/unit.h)

all: $(BUILD)/bin/test_group $(BUILD)/bin/threads

$(BUILD)/%.o: %.c $(HEADERS) tests/race/tsan.mk
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c -o $@ $<

$(BUILD)/lib.a: $(OBJECTS)
	@rm -f $@
	ar rcs $@ $(OBJECTS)

$(BUILD)/bin/test_group: $(BUILD)/tests/unit/test_group.o $(BUILD)/tests/unit/runner.o $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/bin/threads: $(BUILD)/tests/race/threads.o $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $^ $(LIBS)
