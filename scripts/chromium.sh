#!/bin/sh
# Prints the browser to use.
set -eu
for name in ${PRATU_TEST_CHROMIUM:-} chromium chromium-browser google-chrome-stable google-chrome; do
	if command -v "$name"; then exit; fi
done
exit 1
