#!/usr/bin/env bash
# Installs what the tests need, and runs all of them: the whole suite on a debug
# build, then those that run programs on the programs that are shipped, then the
# quickstart. Ends with a line 'N passed, N failed'.
set -uo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
step() { printf '\n== %s\n' "$*"; }

# shellcheck source=systemd/dependencies.sh
. systemd/dependencies.sh

step "what the tests need"
command -v swift >/dev/null || { echo "Swift is missing: see swift.org/install" >&2; exit 1; }
install_packages libsodium-dev gpgconf gpg-agent libassuan-dev python3-gpg strace file util-linux \
  passwd procps python3 python3-nacl python3-dotenv direnv fish zsh groff-base git openssl systemd \
  systemd-container dbus vim-tiny less postgresql-client valgrind || exit 1

passed=0
failed=0
skipped=0
reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT

# What the tests have tried, a line each time: `kills 12`.
COFFER_TEST_COUNTS=$reports/counts
export COFFER_TEST_COUNTS

# part NAME COMMAND...: a part that passes or fails as a whole.
part() {
  step "$1"
  if "${@:2}"; then
    passed=$((passed + 1))
  else
    echo "FAILED: $1"
    failed=$((failed + 1))
  fi
}

# suite NAME OPTION...: tests of the package, counted one by one. What has passed
# is left out of what it prints.
suite() {
  step "$1"
  local report=$reports/$((passed + failed)) status=0
  swift test --xunit-output "$report.xml" "${@:2}" 2>&1 | {
    grep -vE '^(◇|✔ (Suite|Test ")|\[[0-9]+/|Test Suite|.*Executed 0 tests|↳ (Testing|Target)|.*started\.$|$)' ||
      true
  }
  status=${PIPESTATUS[0]}
  count() { grep -o "<testsuite [^>]*" "$report-swift-testing.xml" 2>/dev/null | grep -o "$1=\"[0-9]*\"" | tr -dc 0-9; }
  local all bad left
  all=$(count tests) bad=$(count failures) left=$(count skipped)
  if [ "$status" != 0 ] && [ "${bad:-0}" = 0 ]; then
    echo "FAILED: $1 ended with status $status"
    bad=$((${bad:-0} + 1))
  fi
  passed=$((passed + ${all:-0} - ${bad:-0} - ${left:-0}))
  failed=$((failed + ${bad:-0}))
  skipped=$((skipped + ${left:-0}))
}

part "format" swift format lint --strict --recursive Sources Tests Package.swift
part "debug build" swift build --build-tests
suite "all tests, on the debug build"
part "a plain release build" swift build -c release
part "the programs that are shipped" bash systemd/build.sh .build/tested
COFFER_TEST_PROGRAMS=$root/.build/tested
export COFFER_TEST_PROGRAMS
suite "the tests that run programs, on those that are shipped" --skip-build --filter ProgramTests
unset COFFER_TEST_PROGRAMS
# Each target gets so many seconds; `bash Tests/fuzz.sh` alone takes ten minutes each.
fuzz() { bash Tests/fuzz.sh 20 | tee "$reports/fuzz" && tail -n 1 "$reports/fuzz" |
  sed -n 's/^\([0-9]*\) fuzz executions$/fuzz executions \1/p' >>"$COFFER_TEST_COUNTS"; }
part "fuzzers, 20 seconds each" fuzz
part "quickstart" bash systemd/quickstart.sh
part "quickstart, once more" bash systemd/quickstart.sh

if [ -s "$COFFER_TEST_COUNTS" ]; then
  printf '\n'
  awk '{ n = $NF; $NF = ""; sub(/ $/, ""); sum[$0] += n }
    END { for (what in sum) printf "tried: %d %s\n", sum[what], what }' "$COFFER_TEST_COUNTS" | sort -k 3
fi
if [ "$skipped" -gt 0 ]; then
  printf '\n%s skipped (the reason stands beside each)\n' "$skipped"
fi
printf '\n%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
