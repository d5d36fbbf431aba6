# The command `budget` (clients/cli), the Python and the JavaScript client.
# To add the command:
#   bin_PROGRAMS += %D%/cli/budget
#   %C%_cli_budget_SOURCES = %D%/cli/….c
#   %C%_cli_budget_CFLAGS = $(PROGRAM_CFLAGS)
#   %C%_cli_budget_LDFLAGS = $(PROGRAM_LINK)
#   %C%_cli_budget_LDADD = lib/libbudget.la
bin_PROGRAMS += %D%/cli/budget
%C%_cli_budget_SOURCES = %D%/cli/main_db.c
%C%_cli_budget_CFLAGS = $(PROGRAM_CFLAGS)
%C%_cli_budget_LDFLAGS = $(PROGRAM_LINK)
%C%_cli_budget_LDADD = lib/libbudget.la

# store: the verbs that need no server
%C%_cli_budget_SOURCES += %D%/cli/cmd_db.c %D%/cli/cmd_db.h %D%/cli/cmd_settings.c
