#!/usr/bin/env bash
# Who may include whom: lib < cgi-bin/fcgi < programs of cgi-bin; lib < cron, clients. Foreign libraries have one door each.
. "$(dirname "$0")/../harness/lint.sh"
mapfile -t all < <(sources c h)

includes() { # includes PATTERN ALLOWED: #include lines that match, outside the allowed files
	printf '%s\n' "${all[@]}" | grep -Ev "$2" | tr '\n' '\0' | xargs -0r grep -nE "^#[[:space:]]*include[[:space:]]+[<\"]$1"
}

includes '(cgi-bin|cron|clients|tests)/' '^(cgi-bin|cron|clients|tests)/' | rule 'lib includes nothing above itself'
includes '(cron|clients|tests)/' '^(cron|clients|tests)/' | rule 'the web programs include neither jobs nor clients'
includes '(cgi-bin|clients|tests)/' '^(lib|cgi-bin|clients|tests)/' | rule 'jobs include neither web programs nor clients'
includes '(cgi-bin|cron|tests)/' '^(lib|cgi-bin|cron|tests)/' | rule 'clients include neither web programs nor jobs'
printf '%s\n' "${all[@]}" | grep '^cgi-bin/fcgi/' | tr '\n' '\0' | xargs -0r grep -nE '#include "cgi-bin/[^/"]+"' |
	rule 'the runtime of the programs knows no resource'
includes 'libpq-fe' '^(lib/(db|pool|statement|migrate[a-z_]*)\.[ch]|cgi-bin/events\.c|tests/)' | rule 'libpq has one door: the database modules'
includes 'json-c/|json\.h>' '^(lib/(json[a-z_]*|field[a-z_]*)\.[ch]|tests/)' | rule 'json-c has one door: lib/json'
includes 'curl/' '^(lib/http(_url)?\.c|tests/)' | rule 'libcurl has one door: lib/http'
includes '(fcgiapp|fcgi_stdio|fcgios)\.h' '^(cgi-bin/fcgi/|tests/)' | rule 'FastCGI has one door: cgi-bin/fcgi'
includes 'libxml/' '^(lib/source/html\.c|tests/)' | rule 'libxml2 has one door: lib/source/html'
includes 'zlib\.h' '^(lib/unpack\.c|tests/)' | rule 'zlib has one door: lib/unpack'
includes 'yaml\.h' '^(lib/settings[a-z_]*\.c|tests/)' | rule 'libyaml has one door: the settings'
includes '(error|log|text|json|http|field|auth|route)\.h"' '^$' | rule 'own headers are named by their path'
done_testing
