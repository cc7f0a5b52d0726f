#!/usr/bin/env bash
# Feeds the parsers with bytes that nobody has written: libFuzzer, with the address
# sanitizer.
#
#     bash Tests/fuzz.sh [SECONDS] [TARGET...]      600 seconds for each target, all of them
#
# The corpus of a run begins with what the encoders write and with the vectors in
# Tests/FuzzTests/Vectors/TARGET; it is gone afterwards. An input that breaks a promise is
# kept in .build/fuzz/finds: make it small with
#
#     COFFER_FUZZ_TARGET=TARGET .build/fuzz/release/Fuzzer -minimize_crash=1 -runs=100000 FIND
#
# and put it beside the vectors, where the tests replay it. Ends with a line
# 'N fuzz executions'; its status is 1 if there was a find.
set -uo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
seconds=600
case ${1:-} in
  '' | *[!0-9]*) ;;
  *)
    seconds=$1
    shift
    ;;
esac
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(slots records backup wire keytext dotenv mask)

export COFFER_FUZZ=1 SWIFT_BACKTRACE=enable=no
# What a Swift runtime keeps to its end is no leak; a small quarantine is long enough to
# find a use after free within one input.
export ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=16:malloc_context_size=1:handle_abort=1:handle_sigill=1:dump_registers=0
# SwiftPM leaves libFuzzer its `main` for the first option; the compiler takes the second.
build=(swift build -c release --product Fuzzer --scratch-path .build/fuzz --sanitize fuzzer
  -Xswiftc -sanitize=fuzzer,address -Xswiftc -enable-testing -Xcc -fsanitize=address)
if ! report=$("${build[@]}" 2>&1); then
  echo "$report" >&2
  exit 1
fi
fuzzer=$("${build[@]}" --show-bin-path)/Fuzzer
finds=.build/fuzz/finds
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$finds"

total=0
broken=0
for target in "${targets[@]}"; do
  export COFFER_FUZZ_TARGET=$target
  corpus=$work/$target
  mkdir "$corpus"
  if ! COFFER_FUZZ_SEEDS=$corpus "$fuzzer"; then
    broken=$((broken + 1))
    continue
  fi
  cp Tests/FuzzTests/Vectors/"$target"/* "$corpus"/ 2>/dev/null
  seeds=$(find "$corpus" -type f | wc -l)
  status=0
  # The same seed of its own random numbers at each run; the rest is up to the clock.
  "$fuzzer" -seed=4 -max_total_time="$seconds" -max_len="$(COFFER_FUZZ_LENGTH=1 "$fuzzer")" \
    -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$finds/$target-" \
    "$corpus" >"$work/$target.log" 2>&1 || status=$?
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$target.log")
  features=$(grep -o ' ft: [0-9]*' "$work/$target.log" | tail -n 1 | tr -dc 0-9)
  printf '%-8s %12s executions, %6s features, %5s seeds\n' \
    "$target" "${executions:-0}" "${features:-0}" "$seeds"
  total=$((total + ${executions:-0}))
  if [ "$status" != 0 ]; then
    broken=$((broken + 1))
    echo "FOUND: $target ended with status $status" >&2
    grep -vE '^#[0-9]+\s+(NEW|REDUCE|pulse|RELOAD)|^INFO:|^stat::' "$work/$target.log" |
      tail -n 40 >&2
  fi
done
[ "$broken" = 0 ] || echo "$broken targets have finds, the inputs are in $finds" >&2
printf '%s fuzz executions\n' "$total"
[ "$broken" = 0 ]
