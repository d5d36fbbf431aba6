# `make check` runs the unit tests and the lint; ./run_tests.sh runs everything there is.
# To add a unit test (tests/unit/test_name.c defines `Suite *unit_suite(void)`, runner.c has main and speaks TAP):
#   check_PROGRAMS += %D%/unit/test_name
#   %C%_unit_test_name_SOURCES = %D%/unit/test_name.c $(UNIT_RUNNER)
#   %C%_unit_test_name_LDADD = $(UNIT_LIBS)
# Tests in tests/sql/*.sql, tests/http/test_*.py, tests/cli/test_*.py and tests/lint/*.sh need no line: found by name.
DIST_TREES = tests/sql tests/http tests/cli tests/harness tests/lint tests/fuzz tests/race tests/fixtures .ci
EXTRA_DIST += run_tests.sh run_budget.sh
UNIT_RUNNER = tests/unit/runner.c tests/unit/unit.h
UNIT_LIBS = lib/libcore.la $(CHECK_LIBS) $(JSON_LIBS)
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh

if HAVE_CHECK
check_PROGRAMS += %D%/unit/test_version
%C%_unit_test_version_SOURCES = %D%/unit/test_version.c $(UNIT_RUNNER)
%C%_unit_test_version_LDADD = $(UNIT_LIBS)

# base and runtime
check_PROGRAMS += %D%/unit/test_arena
%C%_unit_test_arena_SOURCES = %D%/unit/test_arena.c $(UNIT_RUNNER)
%C%_unit_test_arena_LDADD = $(UNIT_LIBS)
check_PROGRAMS += %D%/unit/test_base
%C%_unit_test_base_SOURCES = %D%/unit/test_base.c $(UNIT_RUNNER)
%C%_unit_test_base_LDADD = $(UNIT_LIBS)
check_PROGRAMS += %D%/unit/test_decimal
%C%_unit_test_decimal_SOURCES = %D%/unit/test_decimal.c $(UNIT_RUNNER)
%C%_unit_test_decimal_LDADD = $(UNIT_LIBS)
check_PROGRAMS += %D%/unit/test_json
%C%_unit_test_json_SOURCES = %D%/unit/test_json.c $(UNIT_RUNNER)
%C%_unit_test_json_LDADD = $(UNIT_LIBS)
check_PROGRAMS += %D%/unit/test_field
%C%_unit_test_field_SOURCES = %D%/unit/test_field.c $(UNIT_RUNNER)
%C%_unit_test_field_LDADD = $(UNIT_LIBS)
check_PROGRAMS += %D%/unit/test_keys
%C%_unit_test_keys_SOURCES = %D%/unit/test_keys.c $(UNIT_RUNNER)
%C%_unit_test_keys_LDADD = $(UNIT_LIBS)
check_PROGRAMS += %D%/unit/test_db
%C%_unit_test_db_SOURCES = %D%/unit/test_db.c $(UNIT_RUNNER)
%C%_unit_test_db_LDADD = $(UNIT_LIBS)
check_PROGRAMS += %D%/unit/test_normalise
%C%_unit_test_normalise_SOURCES = %D%/unit/test_normalise.c $(UNIT_RUNNER)
%C%_unit_test_normalise_LDADD = $(UNIT_LIBS)
check_PROGRAMS += %D%/unit/test_telemetry
%C%_unit_test_telemetry_SOURCES = %D%/unit/test_telemetry.c $(UNIT_RUNNER)
%C%_unit_test_telemetry_LDADD = $(UNIT_LIBS) $(ZLIB_LIBS)
check_PROGRAMS += %D%/unit/test_runtime %D%/unit/test_access
UNIT_EXCHANGE = %D%/unit/exchange.c %D%/unit/exchange.h
%C%_unit_test_runtime_SOURCES = %D%/unit/test_runtime.c $(UNIT_EXCHANGE) $(UNIT_RUNNER)
%C%_unit_test_runtime_LDADD = cgi-bin/libruntime.la $(UNIT_LIBS) $(FCGI_LIBS)
%C%_unit_test_access_SOURCES = %D%/unit/test_access.c $(UNIT_EXCHANGE) $(UNIT_RUNNER)
%C%_unit_test_access_LDADD = cgi-bin/libruntime.la $(UNIT_LIBS) $(FCGI_LIBS)

# store
check_PROGRAMS += %D%/unit/test_settings
%C%_unit_test_settings_SOURCES = %D%/unit/test_settings.c $(UNIT_RUNNER)
%C%_unit_test_settings_LDADD = $(UNIT_LIBS)

# client side
check_PROGRAMS += %D%/unit/test_http
%C%_unit_test_http_SOURCES = %D%/unit/test_http.c $(UNIT_RUNNER)
%C%_unit_test_http_LDADD = $(UNIT_LIBS)
check_PROGRAMS += %D%/unit/test_amount
%C%_unit_test_amount_SOURCES = %D%/unit/test_amount.c clients/cli/amount.c $(UNIT_RUNNER)
%C%_unit_test_amount_LDADD = $(UNIT_LIBS)

# budgets, policies

# prices
check_PROGRAMS += %D%/unit/test_source
%C%_unit_test_source_SOURCES = %D%/unit/test_source.c $(UNIT_RUNNER)
%C%_unit_test_source_LDADD = $(UNIT_LIBS)
check_PROGRAMS += %D%/unit/test_source_fetch
%C%_unit_test_source_fetch_SOURCES = %D%/unit/test_source_fetch.c $(UNIT_RUNNER)
%C%_unit_test_source_fetch_LDADD = $(UNIT_LIBS)

# alerts, reports

# ledger: the group writer (the tests run it under ThreadSanitizer as well)
check_PROGRAMS += %D%/unit/test_group
%C%_unit_test_group_SOURCES = %D%/unit/test_group.c $(UNIT_RUNNER)
%C%_unit_test_group_LDADD = $(UNIT_LIBS)

# outage
check_PROGRAMS += %D%/unit/test_spool
%C%_unit_test_spool_SOURCES = %D%/unit/test_spool.c $(UNIT_RUNNER)
%C%_unit_test_spool_LDADD = $(UNIT_LIBS)
check_PROGRAMS += %D%/unit/test_fail_mode
%C%_unit_test_fail_mode_SOURCES = %D%/unit/test_fail_mode.c $(UNIT_RUNNER)
%C%_unit_test_fail_mode_LDADD = $(UNIT_LIBS)

TESTS += $(check_PROGRAMS)
endif

# the programs of the unit suite, without running them
.PHONY: check-programs
check-programs: $(check_PROGRAMS)
