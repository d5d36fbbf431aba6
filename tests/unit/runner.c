/* main() of every unit test program: runs its suite, speaks TAP on stdout. CK_FORK=no helps in a debugger. */
#include <stdlib.h>

#include "tests/unit/unit.h"

int
main(void)
{
	SRunner *runner = srunner_create(unit_suite());
	int failed;

	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
