/* What a unit test program gives to runner.c. */
#ifndef BUDGET_TESTS_UNIT_H
#define BUDGET_TESTS_UNIT_H

#include <check.h>

/** The suite of this program, by convention one TCase per behaviour group. */
Suite *unit_suite(void);

#endif
