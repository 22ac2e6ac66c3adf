#!/bin/sh
# Runs a command with a private PostgreSQL, named by PRATU_TEST_POSTGRES. A server that is named already is used as it
# is; where none is installed the command runs without, and its suites say that they are skipped.
#   scripts/with-postgres.sh [--durable] command …
# --durable leaves fsync on, for figures; without it nothing survives a crash of the machine, which no test needs.
set -eu
here=$(dirname "$0")
settings="-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
if [ "$1" = --durable ]; then
	settings=
	shift
fi
if [ -n "${PRATU_TEST_POSTGRES:-}" ] || ! bin=$("$here/postgres-bin.sh"); then
	exec "$@"
fi

# The path of a socket has 107 bytes at most, so this isn't below TMPDIR.
dir=$(mktemp -d /tmp/pratu-pg.XXXXXX)
as=
if [ "$(id -u)" = 0 ]; then # PostgreSQL refuses to run as root
	as="runuser -u postgres --"
	chown postgres "$dir"
	chmod 711 "$dir"
fi

# The watcher ends the server when the last holder of the pipe is gone: also when this script is killed.
mkfifo "$dir/alive"
(
	trap '' INT TERM HUP
	cat "$dir/alive" >/dev/null
	[ ! -f "$dir/data/postmaster.pid" ] || $as "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1 || :
	rm -rf "$dir"
) </dev/null >/dev/null 2>&1 &
watcher=$!
exec 9>"$dir/alive"

(
	cd "$dir"
	exec 9>&-
	$as "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C -N >"$dir/initdb.log" 2>&1 ||
		{ cat "$dir/initdb.log" >&2; exit 1; }
	$as "$bin/pg_ctl" -D "$dir/data" -l "$dir/data/log" -w -t 60 \
		-o "-k $dir -c listen_addresses='' -c max_connections=300 $settings" start >/dev/null ||
		{ cat "$dir/data/log" >&2; exit 1; }
) </dev/null

PRATU_TEST_POSTGRES="postgres://postgres@/postgres?host=$dir&sslmode=disable"
PRATU_TEST_POSTGRES_PID=$(head -n 1 "$dir/data/postmaster.pid")
export PRATU_TEST_POSTGRES PRATU_TEST_POSTGRES_PID
code=0
"$@" || code=$?
exec 9>&-
wait "$watcher" || :
exit "$code"
