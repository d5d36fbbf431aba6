# Jobs. To add a job `name` (source name.c, which defines its struct job and main):
#   pkglibexec_PROGRAMS += %D%/name
#   %C%_name_SOURCES = %D%/name.c $(JOB_FILES)
#   %C%_name_CFLAGS = $(PROGRAM_CFLAGS)
#   %C%_name_LDFLAGS = $(PROGRAM_LINK)
#   %C%_name_LDADD = lib/libbudget.la
# and a row in etc/schedule.tsv (the private schedule and the crontab come from it).
JOB_FILES =

# supervisor of a home: holds sockets, starts and restarts what serves
pkglibexec_PROGRAMS += %D%/supervise
%C%_supervise_SOURCES = %D%/supervise.c %D%/supervise_service.c %D%/supervise.h
%C%_supervise_CFLAGS = $(PROGRAM_CFLAGS)
%C%_supervise_LDFLAGS = $(PROGRAM_LINK)
