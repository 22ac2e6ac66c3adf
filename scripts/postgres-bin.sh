#!/bin/sh
# Prints the directory of initdb and pg_ctl. Debian keeps them out of PATH, one directory for each version.
set -eu
for dir in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) $(pg_config --bindir 2>/dev/null || :); do
	if [ -x "$dir/initdb" ] && [ -x "$dir/pg_ctl" ] && [ -x "$dir/postgres" ]; then
		echo "$dir"
		exit
	fi
done
if found=$(command -v initdb) && command -v pg_ctl >/dev/null && command -v postgres >/dev/null; then
	dirname "$found"
	exit
fi
exit 1
