#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "clients/cli/cmd_db.h"

int
main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "db") == 0)
		return cmd_db(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "settings") == 0)
		return cmd_settings(argc - 1, argv + 1);
	fputs("usage: budget db|settings …\n", stderr);
	return EX_USAGE;
}
