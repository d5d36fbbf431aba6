# libcore.la: everything, for tests and for the shared library. libbudget.la: the same, exporting budget_* only.
# To add a module: append `%D%/name.c %D%/name.h` in your block; a .def file goes there too.
noinst_LTLIBRARIES += %D%/libcore.la
%C%_libcore_la_SOURCES = %D%/version.c %D%/version.h

# base and runtime
%C%_libcore_la_SOURCES += %D%/arena.h %D%/ctx.h %D%/db.h %D%/error.h %D%/field.h %D%/json.h %D%/log.h %D%/text.h %D%/uuid.h

# store: settings, migrations

# client side: http

# ledger

%C%_libcore_la_LIBADD = $(JSON_LIBS) $(PQ_LIBS) $(CURL_LIBS) $(SODIUM_LIBS) $(YAML_LIBS)

lib_LTLIBRARIES += %D%/libbudget.la
%C%_libbudget_la_SOURCES =
%C%_libbudget_la_LIBADD = %D%/libcore.la
%C%_libbudget_la_LDFLAGS = $(AM_LDFLAGS) -no-undefined -export-symbols-regex '^budget_'
