#!/bin/sh
# run.sh BUILD [PATTERN] - run the fuzz targets, FUZZ_SECONDS (60) each, two at
# a time. Seeds are in corpus/NAME; what is found beyond them is kept in
# BUILD/corpus, inputs that break something in BUILD/found.
set -u
build=$1
pattern=${2:-}
seconds=${FUZZ_SECONDS:-60}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$build/found"

export build seconds out
# shellcheck disable=SC2016
ls tests/fuzz/fuzz_*.c | grep -F -- "$pattern" | xargs -P "${TEST_JOBS:-2}" -I{} sh -c '
    name=$(basename "$1" .c)
    short=${name#fuzz_}
    mkdir -p "$build/corpus/$short" "tests/fuzz/corpus/$short"
    if "$build/fuzz/$name" -max_total_time="$seconds" -max_len=4096 \
        -timeout=10 -rss_limit_mb=2048 -close_fd_mask=1 -print_final_stats=1 \
        -artifact_prefix="$build/found/$short-" \
        "$build/corpus/$short" "tests/fuzz/corpus/$short" \
        >"$out/$short.log" 2>&1; then
        echo "1 passed, 0 failed" >"$out/$short.sum"
        runs=$(sed -n "s/^stat::number_of_executed_units: *//p" "$out/$short.log")
        printf "  %-20s %s inputs\n" "$short" "${runs:-no}"
    else
        echo "0 passed, 1 failed" >"$out/$short.sum"
        printf "  %-20s FAILED\n" "$short"
        grep -v "^#" "$out/$short.log" | tail -60 | sed "s/^/    /"
    fi
' sh {}

cat "$out"/*.sum 2>/dev/null | awk '{p += $1; f += $3}
    END {printf "%d passed, %d failed\n", p, f; exit f > 0 || !p}'
