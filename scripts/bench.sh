#!/bin/sh
# First the costs of single steps, then the whole program under load. Figures on a busy machine mislead.
set -eu
cd "$(dirname "$0")/.."
go test -run '^$' -bench . -benchmem ./... | grep -v '^?\|no test files\|^PASS$\|^ok '
go -C bench test -run '^$' -bench . -cpu 1 ./limits
exec scripts/with-postgres.sh --durable go -C bench run . "$@"
