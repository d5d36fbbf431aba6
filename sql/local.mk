# Migrations, functions and the price catalogue: installed and distributed as a whole tree, so a new file needs no line here.
DATA_TREES = sql

# The golden dump, after a migration.
.PHONY: schema
schema:
	$(srcdir)/tests/harness/schema.sh >$(srcdir)/sql/schema.sql.new && mv $(srcdir)/sql/schema.sql.new $(srcdir)/sql/schema.sql
