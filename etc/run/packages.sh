# What has to be on the machine, and getting it there. Looks for the things themselves, so that another distribution on
# which they were installed by hand will do. Sourced.

# thing → Debian package
REQUIRED="
command:cc=gcc command:make=make command:autoreconf=autoconf command:automake=automake command:libtoolize=libtool
command:pkg-config=pkg-config file:/usr/include/stdio.h=libc6-dev command:curl=curl command:openssl=openssl
file:/etc/ssl/certs/ca-certificates.crt=ca-certificates
pc:json-c=libjson-c-dev pc:libpq=libpq-dev pc:libcurl=libcurl4-openssl-dev pc:libsodium=libsodium-dev pc:yaml-0.1=libyaml-dev
pc:zlib=zlib1g-dev pc:libxml-2.0=libxml2-dev pc:fcgi=libfcgi-dev postgresql:15=postgresql command:lighttpd=lighttpd
module:mod_deflate=lighttpd-mod-deflate module:mod_openssl=lighttpd-mod-openssl"

# Server programs of the newest PostgreSQL that will do, or nothing. A cluster that exists decides by its version.
postgresql_bin() {
	local version dir
	for dir in $(ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin 2>/dev/null | sort -rV) "$(dirname "$(command -v postgres || echo /none/x)")"; do
		[ -x "$dir/initdb" ] || continue
		version=$("$dir/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
		if [ -n "${1:-}" ]; then
			[ "$version" = "$1" ] || continue
		elif [ "$version" -lt 15 ]; then
			continue
		fi
		echo "$dir"
		return 0
	done
	return 1
}

lighttpd_module() {
	local dir
	for dir in /usr/lib/lighttpd /usr/lib64/lighttpd /usr/lib/*/lighttpd /usr/local/lib/lighttpd; do
		[ ! -e "$dir/$1.so" ] || return 0
	done
	return 1
}

has() { # has KIND:NAME
	case $1 in
	command:*) command -v "${1#*:}" >/dev/null ;;
	pc:*) pkg-config --exists "${1#*:}" 2>/dev/null ;;
	file:*) [ -e "${1#*:}" ] ;;
	module:*) lighttpd_module "${1#*:}" ;;
	postgresql:*) postgresql_bin >/dev/null ;;
	fuzzer:*) ls /usr/lib/llvm-*/lib/clang/*/lib/*/libclang_rt.fuzzer[-_.]* >/dev/null 2>&1 ;;
	python:*) /usr/bin/python3 -c "import ${1#*:}" 2>/dev/null ;;
	postgresql-extension:*) ls /usr/share/postgresql/*/extension/"${1#*:}".control >/dev/null 2>&1 ;;
	esac
}

# missing_packages THING=PACKAGE…: the packages of what is not there, in one line.
missing_packages() {
	local pair packages=
	for pair in "$@"; do
		has "${pair%%=*}" || packages="$packages ${pair#*=}"
	done
	echo "${packages# }"
}

# ensure_packages THING=PACKAGE…: installs what is missing, or says in one line what to install.
ensure_packages() {
	local packages sudo=
	packages=$(missing_packages "$@")
	[ -n "$packages" ] || return 0
	local hint="install what is missing, then start again: apt-get install -y --no-install-recommends $packages"
	command -v apt-get >/dev/null || die $EX_UNAVAILABLE "this is not Debian; install the equivalents of: $packages"
	if ! is_root; then
		command -v sudo >/dev/null || die $EX_UNAVAILABLE "no sudo here; as root $hint"
		if sudo -n true 2>/dev/null; then
			sudo="sudo -n"
		elif [ -t 0 ] && [ -t 2 ]; then
			sudo="sudo"
		else
			die $EX_UNAVAILABLE "sudo wants a password and there is no terminal; as root $hint"
		fi
	fi
	say "Installing: $packages"
	# shellcheck disable=SC2086 # words wanted
	$sudo bash "$ETC/run/install-packages.sh" $packages ||
		die $EX_UNAVAILABLE "the packages could not be installed (see ${TMPDIR:-/tmp}/budget-packages.log); as root $hint"
	# shellcheck disable=SC2086
	packages=$(missing_packages "$@")
	[ -z "$packages" ] || die $EX_UNAVAILABLE "still missing after the installation: $packages"
}
