/*
 * Verbs of the command `budget` that need no running server. They return the exit status; argv[0] is the verb itself.
 */
#ifndef BUDGET_CLIENTS_CLI_CMD_DB_H
#define BUDGET_CLIENTS_CLI_CMD_DB_H

/** budget db migrate|check … */
int cmd_db(int argc, char **argv);

/** budget settings [NAME | --shell | --json]: what environment and files of this machine say. */
int cmd_settings(int argc, char **argv);

/** budget spool status|list|retry|drop …: records that the database refuses for good. */
int cmd_spool(int argc, char **argv);

#endif
