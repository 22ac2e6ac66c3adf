#!/bin/sh
# go test fuzzes one target of one package at a time.
set -eu
cd "$(dirname "$0")/.."
time=${1:-30s}
go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./... | while read -r package; do
	go test -list '^Fuzz' "$package" | grep '^Fuzz' | while read -r target; do
		echo "$package $target"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package" </dev/null || exit 1
	done || exit 1
done
