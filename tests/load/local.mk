# make bench: figures of the ledger beside an empty FastCGI echo, in one run (tests/load/README.md).
EXTRA_PROGRAMS += %D%/echo
%C%_echo_SOURCES = %D%/echo.c
%C%_echo_LDADD = $(FCGI_LIBS) -lpthread
EXTRA_DIST += %D%/bench.py %D%/during.py %D%/common.lua %D%/record.lua %D%/check.lua %D%/spread.lua %D%/cycle.lua %D%/batch.lua %D%/README.md

.PHONY: bench
bench: %D%/echo
	/usr/bin/python3 $(srcdir)/%D%/bench.py %D%/during.py --echo %D%/echo $(BENCH_OPTIONS)
