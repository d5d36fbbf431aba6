# Jobs. To add a job `name` (source name.c, which defines its struct job and main):
#   pkglibexec_PROGRAMS += %D%/name
#   %C%_name_SOURCES = %D%/name.c $(JOB_FILES)
#   %C%_name_CFLAGS = $(PROGRAM_CFLAGS)
#   %C%_name_LDFLAGS = $(PROGRAM_LINK)
#   %C%_name_LDADD = lib/libbudget.la
# and a row in etc/schedule.tsv, a line in etc/budget.crontab.
JOB_FILES = cron/job.c cron/job.h

# store: holds, keys, partitions; the private schedule
pkglibexec_PROGRAMS += %D%/holds-expire %D%/partitions %D%/request-keys %D%/sessions %D%/schedule
%C%_holds_expire_SOURCES = %D%/holds_expire.c %D%/sweep.h $(JOB_FILES)
%C%_holds_expire_CFLAGS = $(PROGRAM_CFLAGS)
%C%_holds_expire_LDFLAGS = $(PROGRAM_LINK)
%C%_holds_expire_LDADD = lib/libbudget.la
%C%_partitions_SOURCES = %D%/partitions.c $(JOB_FILES)
%C%_partitions_CFLAGS = $(PROGRAM_CFLAGS)
%C%_partitions_LDFLAGS = $(PROGRAM_LINK)
%C%_partitions_LDADD = lib/libbudget.la
%C%_request_keys_SOURCES = %D%/request_keys.c %D%/sweep.h $(JOB_FILES)
%C%_request_keys_CFLAGS = $(PROGRAM_CFLAGS)
%C%_request_keys_LDFLAGS = $(PROGRAM_LINK)
%C%_request_keys_LDADD = lib/libbudget.la
%C%_sessions_SOURCES = %D%/sessions.c %D%/sweep.h $(JOB_FILES)
%C%_sessions_CFLAGS = $(PROGRAM_CFLAGS)
%C%_sessions_LDFLAGS = $(PROGRAM_LINK)
%C%_sessions_LDADD = lib/libbudget.la
%C%_schedule_SOURCES = %D%/schedule.c %D%/schedule_table.c %D%/schedule.h
%C%_schedule_CFLAGS = $(PROGRAM_CFLAGS)
%C%_schedule_LDFLAGS = $(PROGRAM_LINK)
%C%_schedule_LDADD = lib/libbudget.la

# verify: the nightly proof
pkglibexec_PROGRAMS += %D%/verify
%C%_verify_SOURCES = %D%/verify.c $(JOB_FILES)
%C%_verify_CFLAGS = $(PROGRAM_CFLAGS)
%C%_verify_LDFLAGS = $(PROGRAM_LINK)
%C%_verify_LDADD = lib/libbudget.la

# corrections: runs that requests began, usage without a price
pkglibexec_PROGRAMS += %D%/reprice %D%/true-up
%C%_reprice_SOURCES = %D%/reprice.c %D%/runs.c %D%/runs.h $(JOB_FILES)
%C%_reprice_CFLAGS = $(PROGRAM_CFLAGS)
%C%_reprice_LDFLAGS = $(PROGRAM_LINK)
%C%_reprice_LDADD = lib/libbudget.la
%C%_true_up_SOURCES = %D%/true_up.c %D%/runs.c %D%/runs.h $(JOB_FILES)
%C%_true_up_CFLAGS = $(PROGRAM_CFLAGS)
%C%_true_up_LDFLAGS = $(PROGRAM_LINK)
%C%_true_up_LDADD = lib/libbudget.la

# prices: fetched, verified, applied
pkglibexec_PROGRAMS += %D%/price-update
%C%_price_update_SOURCES = %D%/price_update.c %D%/price_update.h %D%/price_update_feed.c %D%/price_update_say.c $(JOB_FILES)
%C%_price_update_CFLAGS = $(PROGRAM_CFLAGS)
%C%_price_update_LDFLAGS = $(PROGRAM_LINK)
%C%_price_update_LDADD = lib/libbudget.la

# supervisor of a home: holds sockets, starts and restarts what serves
pkglibexec_PROGRAMS += %D%/supervise
%C%_supervise_SOURCES = %D%/supervise.c %D%/supervise_service.c %D%/supervise.h
%C%_supervise_CFLAGS = $(PROGRAM_CFLAGS)
%C%_supervise_LDFLAGS = $(PROGRAM_LINK)
