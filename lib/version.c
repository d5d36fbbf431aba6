#include "lib/version.h"

#include <stdlib.h>

const char *
budget_version(void)
{
	return BUDGET_PACKAGE_VERSION;
}

const char *
budget_data_dir(void)
{
	const char *moved = getenv("BUDGET_DATA_DIR");

	return moved != NULL && *moved != '\0' ? moved : BUDGET_PACKAGE_DATA;
}
