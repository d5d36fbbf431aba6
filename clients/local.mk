# The command `budget` (clients/cli), the Python and the JavaScript client.
bin_PROGRAMS += %D%/cli/budget
%C%_cli_budget_SOURCES = %D%/cli/amount.c %D%/cli/amount.h %D%/cli/build.c %D%/cli/cell.c %D%/cli/cli.h \
	%D%/cli/client.c %D%/cli/client.h %D%/cli/cmd_admin.c %D%/cli/cmd_allocate.c %D%/cli/cmd_budgets.c \
	%D%/cli/cmd_limits.c %D%/cli/cmd_policies.c %D%/cli/cmd_prices.c %D%/cli/cmd_record.c %D%/cli/cmd_status.c \
	%D%/cli/cmd_usage.c %D%/cli/complete.c %D%/cli/file.c %D%/cli/help.c %D%/cli/home.c %D%/cli/home.h %D%/cli/list.c %D%/cli/main.c %D%/cli/out.c %D%/cli/out.h %D%/cli/parse.c %D%/cli/run.c \
	%D%/cli/suggest.c %D%/cli/table.c %D%/cli/wait.c %D%/cli/where.c
%C%_cli_budget_CFLAGS = $(PROGRAM_CFLAGS)
%C%_cli_budget_LDFLAGS = $(PROGRAM_LINK)
%C%_cli_budget_LDADD = lib/libbudget.la

# price sources
%C%_cli_budget_SOURCES += %D%/cli/cmd_price_sources.c %D%/cli/cmd_price_sources.h %D%/cli/cmd_price_update.c

# corrections, what would cost less
%C%_cli_budget_SOURCES += %D%/cli/cmd_optimize.c %D%/cli/cmd_optimize.h %D%/cli/cmd_reprice.c %D%/cli/cmd_reprice.h

# verify
%C%_cli_budget_SOURCES += %D%/cli/cmd_verify.c

# store: the verbs that need no server
%C%_cli_budget_SOURCES += %D%/cli/cmd_db.c %D%/cli/cmd_db.h %D%/cli/cmd_settings.c %D%/cli/cmd_spool.c
