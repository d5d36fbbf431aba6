# The fuzz targets, built with clang beside the other builds: make -f tests/fuzz/fuzz.mk BUILD=folder. Called by
# run_tests.sh. A target is tests/fuzz/fuzz_<name>.c; the kinds of price sources share one file.
CLANG ?= clang
PACKAGES = json-c libpq libcurl libsodium yaml-0.1 libxml-2.0 zlib
CFLAGS = -std=gnu11 -pthread -g -O1 -D_GNU_SOURCE -I. -DBUDGET_PACKAGE_VERSION='"fuzz"' -DBUDGET_PACKAGE_DATA='"fuzz"' \
	-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer $(shell pkg-config --cflags $(PACKAGES))
LIBS = $(shell pkg-config --libs $(PACKAGES))

KINDS = litellm llm_prices llmprices_html pretrained_html openrouter genai_prices file
SOURCES := $(wildcard lib/*.c lib/*/*.c)
OBJECTS = $(SOURCES:%.c=$(BUILD)/%.o)
NAMES = $(filter-out fuzz_source,$(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c)))
TARGETS = $(NAMES:%=$(BUILD)/bin/%) $(KINDS:%=$(BUILD)/bin/fuzz_source_%)
HEADERS := $(wildcard lib/*.h lib/*.def lib/*/*.h tests/fuzz/*.h)

all: $(TARGETS)

$(BUILD)/%.o: %.c $(HEADERS) tests/fuzz/fuzz.mk
	@mkdir -p $(@D)
	$(CLANG) $(CFLAGS) -fsanitize=fuzzer-no-link -c -o $@ $<

$(BUILD)/lib.a: $(OBJECTS)
	@rm -f $@
	ar rcs $@ $(OBJECTS)

$(BUILD)/bin/fuzz_source_%: tests/fuzz/fuzz_source.c $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(CLANG) $(CFLAGS) -fsanitize=fuzzer -DSOURCE_KIND='"$*"' -o $@ $< $(BUILD)/lib.a $(LIBS)

$(BUILD)/bin/%: tests/fuzz/%.c $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(CLANG) $(CFLAGS) -fsanitize=fuzzer -o $@ $< $(BUILD)/lib.a $(LIBS)
