#!/bin/sh
# mutate.sh - does a test notice when a row of the turn's rules is missing?
#
# Builds bot/turn.c once for each row of its table, without that row, and runs
# the flow tests and the table's unit tests against it. A row that nobody
# misses is printed, and fails the run. Takes a few minutes; not part of
# `make test`.
set -eu
cd "$(dirname "$0")/../.."
build=${1:-build/mutate}
rows=$(grep -n '^	{TURN_' bot/turn.c | cut -d: -f1)
good=$(mktemp)
cp bot/turn.c "$good"
trap 'cp "$good" bot/turn.c; rm -f "$good"' EXIT INT TERM

programs="$build/unit/test_turn"
for f in tests/flow/flow_*.c; do
    programs="$programs $build/flow/$(basename "$f" .c)"
done
# shellcheck disable=SC2086
make -s BUILD="$build" OPT="-O1" $programs >/dev/null

missed=0 n=0
for row in $rows; do
    n=$((n + 1))
    sed "${row}d" "$good" >bot/turn.c
    # shellcheck disable=SC2086
    make -s BUILD="$build" OPT="-O1" $programs >/dev/null
    noticed=
    for p in $programs; do
        if ! "$p" >/dev/null 2>&1; then
            noticed=$(basename "$p")
            break
        fi
    done
    rule=$(sed -n "${row}s/[	 ]\{1,\}/ /gp" "$good")
    if [ -n "$noticed" ]; then
        echo "  $noticed misses$rule"
    else
        echo "  NOBODY misses$rule"
        missed=$((missed + 1))
    fi
done
echo "$((n - missed)) of $n rows are missed when they are gone"
[ "$missed" = 0 ]
