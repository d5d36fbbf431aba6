# Builds the tree, away from the sources: BUILD/src is a copy of them, BUILD/obj the objects, BUILD/app the installation.
# The source tree is only read, so it may be read-only, configured in place, or shared by several builds. Sourced.

BUILD_TREES="configure.ac Makefile.am README.md run_budget.sh run_tests.sh lib cgi-bin cron clients sql www etc tests"
# What a build inside the source tree leaves there: never copied, or make would take it for its own.
BUILD_IGNORE=(! -name '*.o' ! -name '*.lo' ! -name '*.la' ! -name '*.fcgi' ! -name .dirstamp ! -name '*.log' ! -name '*.trs'
	! -path '*/.libs/*' ! -path '*/.deps/*' ! -path '*/__pycache__/*' ! -path clients/cli/budget
	! '(' -path 'cron/*' ! -name '*.*' ')' ! '(' -path 'tests/unit/test_*' ! -name '*.c' ')')

# Copies what changed and deletes what is gone, keeping times, so that make rebuilds what it must.
build_sync() {
	local build=$1
	mkdir -p "$build/src"
	(
		cd "$SOURCE" || exit 1
		# shellcheck disable=SC2086 # words wanted
		find $BUILD_TREES -type f "${BUILD_IGNORE[@]}" 2>/dev/null | LC_ALL=C sort
	) >"$build/files.new" || return 1
	[ ! -e "$build/files" ] ||
		LC_ALL=C comm -23 "$build/files" "$build/files.new" | (cd "$build/src" && tr '\n' '\0' | xargs -0r rm -f)
	(cd "$SOURCE" && tar -cf - -T "$build/files.new") | tar -xf - --no-same-owner -C "$build/src" || return 1
	mv "$build/files.new" "$build/files"
}

build_steps() {
	local build=$1
	shift
	cd "$build/src" || return 1
	if [ ! -x configure ] || [ -n "$(find configure.ac Makefile.am ./*/local.mk -newer configure 2>/dev/null)" ]; then
		autoreconf -fi && touch configure || return 1
	fi
	mkdir -p "$build/obj" && cd "$build/obj" || return 1
	if [ ! -e Makefile ] || [ "$(cat flags 2>/dev/null)" != "$*" ] || [ ../src/configure -nt config.status ]; then
		../src/configure -q --prefix="$build/app" --sysconfdir="$build/app/etc" "$@" && printf '%s' "$*" >flags || return 1
	fi
	# shellcheck disable=SC2086 # words wanted
	make -s -j"$(nproc)" ${BUILD_TARGETS:-all} && rm -rf "$build/app/share/budget" && make -s install
}

# build_app BUILD CONFIGURE-FLAG…: up to date after it, or a message with the end of the compiler's words.
build_app() {
	local build=$1 lock
	shift
	mkdir -p "$build" 2>/dev/null && [ -w "$build" ] ||
		die $EX_NOPERM "cannot write $build: set BUDGET_BUILD_DIR to a folder that can be written"
	exec {lock}>"$build/lock"
	flock "$lock"
	if [ -e "$build/stamp" ] && [ "$(cat "$build/stamp")" = "$*" ] && ! build_is_stale "$build"; then
		exec {lock}>&-
		return 0
	fi
	[ -e "$build/stamp" ] || say "Building (log: $build/build.log) …"
	rm -f "$build/stamp"
	touch "$build/stamp.new"
	if ! build_sync "$build" || ! (build_steps "$build" "$@") >"$build/build.log" 2>&1; then
		tail -n 30 "$build/build.log" >&2
		die $EX_SOFTWARE "the build failed; everything it said is in $build/build.log"
	fi
	printf '%s' "$*" >>"$build/stamp.new"
	touch -r "$build/files" "$build/stamp.new"
	mv "$build/stamp.new" "$build/stamp"
	exec {lock}>&-
}

# True when a source is newer than the stamp, or the list of sources is another.
build_is_stale() {
	local build=$1
	# shellcheck disable=SC2086 # words wanted
	[ -n "$(cd "$SOURCE" && find $BUILD_TREES -type f "${BUILD_IGNORE[@]}" -newer "$build/stamp" -print -quit 2>/dev/null)" ] ||
		! (cd "$SOURCE" && find $BUILD_TREES -type f "${BUILD_IGNORE[@]}" 2>/dev/null | LC_ALL=C sort) | cmp -s - "$build/files"
}
