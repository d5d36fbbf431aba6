#!/usr/bin/env bash
# What is not written here, and why: memory comes from arenas, errors from one table, output from programs only.
. "$(dirname "$0")/../harness/lint.sh"
mapfile -t code < <(sources c h)
mapfile -t lib < <(printf '%s\n' "${code[@]}" | grep '^lib/')
mapfile -t ours < <(printf '%s\n' "${code[@]}" | grep -v '^tests/')

memory='^(lib/(arena|group|pool|db|json|json_read|http|keys|settings[a-z_]*|migrate[a-z_]*)\.c'
memory="$memory|cron/(supervise[a-z_]*|schedule[a-z_]*)\.c|cgi-bin/fcgi/)"
only '\b(malloc|calloc|realloc|free|strdup|strndup|asprintf)[[:space:]]*\(' "$memory" "${ours[@]}" |
	rule 'memory comes from an arena (outside the base files)'
only '\bgoto\b' '^$' "${ours[@]}" | rule 'no goto'
unsafe='strcpy|strcat|sprintf|vsprintf|gets|strtok|alloca|atof|mktemp|tmpnam|system|popen|localtime|gmtime'
only "\b($unsafe|rand|random|setjmp|longjmp)[[:space:]]*\(" '^$' "${ours[@]}" |
	rule 'no unbounded, unsafe or thread-unsafe calls'
only '\b(printf|puts|putchar|fputs|fprintf|perror|exit|abort)[[:space:]]*\(' '^lib/(log|error)\.c' "${lib[@]}" | rule 'lib never prints and never exits'
only '\bbudget_log[[:space:]]*\(' '^lib/log\.[ch]' "${lib[@]}" | rule 'lib never logs'
only '\b(float|double|strtod)\b' '^(cgi-bin/(status[a-z_]*|health|metrics|fcgi/)|clients/cli/main\.c|lib/json_read\.c)' "${ours[@]}" |
	rule 'money and counts never pass through a double'
only '\btime[[:space:]]*\([[:space:]]*(NULL|0|&)' '^(cron/|lib/(log|uuid|http|keys|source/fetch)\.c|cgi-bin/)' "${ours[@]}" |
	rule 'lib asks the database for the time'
# shellcheck disable=SC2046 # words wanted
grep -nE '\b(TODO|FIXME|XXX)\b' "${code[@]}" $(sources sql js py sh) |
	grep -vE '^tests/(lint|harness)/' | grep -vE '(TODO|FIXME)\([a-z]+\)' | rule 'no TODO without an owner'
# shellcheck disable=SC2046 # words wanted
sizes=$(python3 tests/harness/sizes.py $(sources c h py sh js sql | grep -Ev '^(sql/(catalogue/|schema\.sql)|tests/(unit|sql|http|cli|load)/)'))
grep 'lines in the file' <<<"$sizes" | rule 'a file has at most 400 lines'
grep 'lines in the function' <<<"$sizes" | rule 'a function has at most 70 lines'
grep 'columns' <<<"$sizes" | grep -v '^sql/' | rule 'a line has at most 160 columns, and aims at 120'
done_testing
