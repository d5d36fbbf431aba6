#include "lib/db.h"

static const struct {
	const char *name, *sql;
} statements[STMT_COUNT + 1] = {
#define STATEMENT(name, sql) [STMT_##name] = { #name, sql },
#include "lib/statement.def"
#undef STATEMENT
};

const char *
budget_statement_sql(enum budget_statement statement)
{
	return statements[statement].sql;
}

const char *
budget_statement_name(enum budget_statement statement)
{
	return statements[statement].name;
}
