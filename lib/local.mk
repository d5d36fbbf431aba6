# libcore.la: everything, for tests and for the shared library. libbudget.la: the same, exporting budget_* only.
# To add a module: append `%D%/name.c %D%/name.h` in your block; a .def file goes there too.
noinst_LTLIBRARIES += %D%/libcore.la
%C%_libcore_la_SOURCES = %D%/version.c %D%/version.h

# base and runtime
%C%_libcore_la_SOURCES += %D%/arena.c %D%/arena.h %D%/budget.h %D%/ctx.c %D%/ctx.h %D%/db.c %D%/db.h %D%/decimal.c %D%/decimal.h \
	%D%/error.c %D%/error.h %D%/field.c %D%/field.h %D%/field_table.c %D%/json.c %D%/json.h %D%/json_read.c %D%/keys.c \
	%D%/keys.h %D%/log.c %D%/log.h %D%/pool.c %D%/pool.h %D%/statement.c %D%/statement.def %D%/text.c %D%/text.h %D%/utf8.c %D%/utf8.h \
	%D%/uuid.c %D%/uuid.h %D%/when.c %D%/when.h %D%/words.c %D%/words.h

# store: settings, migrations
%C%_libcore_la_SOURCES += %D%/migrate.c %D%/migrate.h %D%/migrate_check.c %D%/migrate_file.c %D%/migrate_file.h %D%/rest.c %D%/rest.h %D%/settings.c \
	%D%/settings.h %D%/settings_file.c %D%/settings_layers.c %D%/settings_layers.h %D%/settings_value.c

# client side: http
%C%_libcore_la_SOURCES += %D%/http.c %D%/http.h

# ledger
%C%_libcore_la_SOURCES += %D%/group.c %D%/group.h %D%/ledger.c %D%/ledger.h %D%/ledger_call.c

# price sources
%C%_libcore_la_SOURCES += %D%/source/source.h %D%/source/quote.c %D%/source/quote.h %D%/source/amount.c %D%/source/entry.c \
	%D%/source/registry.c %D%/source/litellm.c %D%/source/litellm.h %D%/source/litellm_name.c %D%/source/llm_prices.c \
	%D%/source/openrouter.c %D%/source/genai.c %D%/source/file.c %D%/source/csv.c %D%/source/csv.h %D%/source/html.c \
	%D%/source/html.h %D%/source/pages.c %D%/source/tables.c %D%/source/llmprices_html.c %D%/source/pretrained.c

# fetching of feeds: addresses, URLs
%C%_libcore_la_SOURCES += %D%/address.c %D%/address.h %D%/http_url.c %D%/source/fetch.c %D%/source/fetch.h

# outage: records kept on disk
%C%_libcore_la_SOURCES += %D%/denials.c %D%/denials.h %D%/fail_mode.c %D%/fail_mode.h %D%/ledger_spool.c %D%/ledger_spool.h %D%/spool.c %D%/spool.h %D%/spool_dead.c %D%/spool_dead.h \
	%D%/spool_files.c %D%/spool_files.h %D%/spool_frame.c %D%/spool_frame.h

# verify
%C%_libcore_la_SOURCES += %D%/verify.c %D%/verify.h

# usage normaliser, telemetry
%C%_libcore_la_SOURCES += %D%/normalise/dialect.h %D%/normalise/dialects.c %D%/normalise/event.c %D%/normalise/event.h \
	%D%/normalise/normalise.c %D%/normalise/normalise.h %D%/normalise/otlp.c %D%/normalise/otlp.h %D%/normalise/response.c \
	%D%/normalise/source.c %D%/unpack.c %D%/unpack.h

# corrections
%C%_libcore_la_SOURCES += %D%/reprice.c %D%/reprice.h

%C%_libcore_la_LIBADD = $(JSON_LIBS) $(PQ_LIBS) $(CURL_LIBS) $(SODIUM_LIBS) $(YAML_LIBS) $(XML_LIBS) $(ZLIB_LIBS)

# The public headers keep their folder, because they name each other as "lib/….h": cc -I$(pkgincludedir).
publicdir = $(pkgincludedir)/lib
public_HEADERS = %D%/arena.h %D%/budget.h %D%/ctx.h %D%/db.h %D%/decimal.h %D%/denials.h %D%/error.h %D%/fail_mode.h %D%/field.h %D%/group.h %D%/http.h \
	%D%/json.h %D%/keys.h %D%/ledger.h %D%/ledger_spool.h %D%/log.h %D%/migrate.h %D%/settings.h %D%/spool.h %D%/spool_dead.h %D%/spool_frame.h %D%/statement.def %D%/text.h %D%/utf8.h \
	%D%/uuid.h %D%/version.h %D%/when.h %D%/words.h

public_HEADERS += %D%/address.h

lib_LTLIBRARIES += %D%/libbudget.la
%C%_libbudget_la_SOURCES =
%C%_libbudget_la_LIBADD = %D%/libcore.la
%C%_libbudget_la_LDFLAGS = $(AM_LDFLAGS) -no-undefined -export-symbols-regex '^budget_'
