# The runtime of every FastCGI program, and one program per resource. To add a program `name.fcgi`:
#   pkglibexec_PROGRAMS += %D%/name.fcgi
#   %C%_name_fcgi_SOURCES = %D%/name.c
#   %C%_name_fcgi_CFLAGS = $(PROGRAM_CFLAGS)
#   %C%_name_fcgi_LDFLAGS = $(PROGRAM_LINK)
#   %C%_name_fcgi_LDADD = $(FCGI_PROGRAM_LIBS)
# and its prefixes in etc/routes.tsv (both web servers and the supervisor read it there).
FCGI_PROGRAM_LIBS = cgi-bin/libruntime.la lib/libbudget.la $(FCGI_LIBS) $(JSON_LIBS)

noinst_LTLIBRARIES += %D%/libruntime.la
%C%_libruntime_la_SOURCES = %D%/fcgi/auth.c %D%/fcgi/auth.h %D%/fcgi/body.c %D%/fcgi/body.h %D%/fcgi/config.c \
	%D%/fcgi/config.h %D%/fcgi/describe.c %D%/fcgi/exchange.c %D%/fcgi/guard.c %D%/fcgi/guard.h %D%/fcgi/meter.c \
	%D%/fcgi/meter.h %D%/fcgi/reply.c %D%/fcgi/reply.h %D%/fcgi/request.c %D%/fcgi/request.h %D%/fcgi/route.c \
	%D%/fcgi/route.h %D%/fcgi/serve.c %D%/fcgi/serve.h

# status, access
pkglibexec_PROGRAMS += %D%/status.fcgi
%C%_status_fcgi_SOURCES = %D%/discovery.c %D%/docs.c %D%/health.c %D%/metrics.c %D%/openapi.c %D%/status.c %D%/status.h %D%/status_probe.c
%C%_status_fcgi_CFLAGS = $(PROGRAM_CFLAGS)
%C%_status_fcgi_LDFLAGS = $(PROGRAM_LINK)
%C%_status_fcgi_LDADD = $(FCGI_PROGRAM_LIBS)
pkglibexec_PROGRAMS += %D%/access.fcgi
%C%_access_fcgi_SOURCES = %D%/access.c
%C%_access_fcgi_CFLAGS = $(PROGRAM_CFLAGS)
%C%_access_fcgi_LDFLAGS = $(PROGRAM_LINK)
%C%_access_fcgi_LDADD = $(FCGI_PROGRAM_LIBS) $(SODIUM_LIBS)

# budgets, policies
pkglibexec_PROGRAMS += %D%/budgets.fcgi
%C%_budgets_fcgi_SOURCES = %D%/budgets.c %D%/page.h
%C%_budgets_fcgi_CFLAGS = $(PROGRAM_CFLAGS)
%C%_budgets_fcgi_LDFLAGS = $(PROGRAM_LINK)
%C%_budgets_fcgi_LDADD = $(FCGI_PROGRAM_LIBS)
pkglibexec_PROGRAMS += %D%/policies.fcgi
%C%_policies_fcgi_SOURCES = %D%/policies.c %D%/page.h
%C%_policies_fcgi_CFLAGS = $(PROGRAM_CFLAGS)
%C%_policies_fcgi_LDFLAGS = $(PROGRAM_LINK)
%C%_policies_fcgi_LDADD = $(FCGI_PROGRAM_LIBS)

# ledger: decides, holds and records; one program, because its resources write the same rows
pkglibexec_PROGRAMS += %D%/ledger.fcgi
%C%_ledger_fcgi_SOURCES = %D%/ledger.c %D%/ledger.h %D%/check.c %D%/allocations.c %D%/usage.c %D%/usage_batch.c \
	%D%/usage_batch.h %D%/usage_item.c %D%/usage_item.h %D%/usage_read.c %D%/usage_read.h %D%/usage_rows.c %D%/usage_rows.h \
	%D%/degraded.c %D%/degraded.h %D%/ledger_outage.c %D%/ledger_outage.h
%C%_ledger_fcgi_SOURCES += %D%/telemetry.c %D%/telemetry.h %D%/telemetry_events.c %D%/telemetry_litellm.c %D%/telemetry_otlp.c
%C%_ledger_fcgi_CFLAGS = $(PROGRAM_CFLAGS)
%C%_ledger_fcgi_LDFLAGS = $(PROGRAM_LINK)
%C%_ledger_fcgi_LDADD = $(FCGI_PROGRAM_LIBS)

# prices
pkglibexec_PROGRAMS += %D%/prices.fcgi
%C%_prices_fcgi_SOURCES = %D%/prices.c %D%/prices.h %D%/price_sources.c %D%/price_sources.h %D%/page.h %D%/reprice.c
%C%_prices_fcgi_CFLAGS = $(PROGRAM_CFLAGS)
%C%_prices_fcgi_LDFLAGS = $(PROGRAM_LINK)
%C%_prices_fcgi_LDADD = $(FCGI_PROGRAM_LIBS)

# alerts, reports
pkglibexec_PROGRAMS += %D%/alerts.fcgi
%C%_alerts_fcgi_SOURCES = %D%/alerts.c %D%/page.h
%C%_alerts_fcgi_CFLAGS = $(PROGRAM_CFLAGS)
%C%_alerts_fcgi_LDFLAGS = $(PROGRAM_LINK)
%C%_alerts_fcgi_LDADD = $(FCGI_PROGRAM_LIBS)
pkglibexec_PROGRAMS += %D%/reports.fcgi
%C%_reports_fcgi_SOURCES = %D%/reports.c %D%/page.h
%C%_reports_fcgi_CFLAGS = $(PROGRAM_CFLAGS)
%C%_reports_fcgi_LDFLAGS = $(PROGRAM_LINK)
%C%_reports_fcgi_LDADD = $(FCGI_PROGRAM_LIBS)

# admin
pkglibexec_PROGRAMS += %D%/admin.fcgi
%C%_admin_fcgi_SOURCES = %D%/admin.c %D%/admin.h %D%/admin_verify.c
%C%_admin_fcgi_CFLAGS = $(PROGRAM_CFLAGS)
%C%_admin_fcgi_LDFLAGS = $(PROGRAM_LINK)
%C%_admin_fcgi_LDADD = $(FCGI_PROGRAM_LIBS)

# The API block of README.md, after a change of a route table.
.PHONY: routes
routes: $(pkglibexec_PROGRAMS)
	/usr/bin/python3 -B $(srcdir)/tests/harness/api_block.py --write $(srcdir)/README.md $$(printf '%s\n' $^ | grep '\.fcgi$$')
