/* What this build is and where its files are. */
#ifndef BUDGET_LIB_VERSION_H
#define BUDGET_LIB_VERSION_H

/** Version of the package ("0.1.0"). A literal. */
const char *budget_version(void);

/**
 * Folder that holds sql/ and www/: the installed one, unless the environment's BUDGET_DATA_DIR names another (an installed
 * tree that was moved, or the source tree in tests). Borrowed.
 */
const char *budget_data_dir(void);

#endif
