#!/bin/sh
# mutate.sh BUILD - does a test notice when one of the turn's rules is missing?
#
# Links the flow tests with a bot/turn.c that lacks one row of its table, or one
# of the two events that have no row, and runs them until one fails; the table's
# own unit test comes last. A rule that nobody misses is printed, and fails the
# run. MUTATE=actions also takes the actions out of the rows, one by one; those
# of equivalent.txt, of which README.md says why, nobody can miss. The source
# stays as it is. `make mutate` gives the commands in MUTATE_CC and
# MUTATE_LIBS; some minutes.
set -eu
cd "$(dirname "$0")/../.."
build=$1
work=$build/mutate
rm -rf "$work"
mkdir -p "$work"
: "${MUTATE_CC:?run make mutate}" "${MUTATE_LIBS:?}"

# Those of chance come last: with a rule less they may run for long.
programs='' chance=''
for f in tests/flow/flow_*.c; do
    p=flow/$(basename "$f" .c)
    case $p in
    flow/flow_random | flow/flow_talks) chance="$chance $p" ;;
    *) programs="$programs $p" ;;
    esac
done
programs="$programs $chance unit/test_turn"
export MUTATE_CC MUTATE_LIBS build work programs

# A line for each mutant: its number, an awk program that makes it, its name.
{
    grep -n '^	{TURN_' bot/turn.c | while IFS=: read -r line row; do
        printf 'NR != %s\t%s\n' "$line" "$(echo "$row" | tr -s '\t ' ' ')"
        [ "${MUTATE:-}" = actions ] || continue
        for act in $(echo "$row" | sed 's/},.*//; s/.*,//; s/[|]/ /g'); do
            [ "$act" = 0 ] || printf '%s\t%s\n' \
                "NR == $line {sub(/$act/, 0)} {print}" \
                " (action) $act of $(echo "$row" | tr -s '\t ' ' ')"
        done
    done
    for ev in HANGUP MACHINE; do
        printf '%s\t%s\n' \
            "/^[[:space:]]if [(]ev == TURN_EV_$ev/ {off = 1} !off {print} /^[[:space:]]}/ {off = 0}" \
            " the event $ev"
    done
} | awk '{print NR "\t" $0}' >"$work/list"

# one NUMBER AWK NAME
cat >"$work/one.sh" <<'EOF'
n=$1 dir=$work/$1
mkdir -p "$dir"
awk "$2" bot/turn.c >"$dir/turn.c"
if ! $MUTATE_CC -c -o "$dir/turn.o" "$dir/turn.c" 2>"$dir/log"; then
    echo "  does not compile without$3"
    exit
fi
noticed=''
for p in $programs; do
    # shellcheck disable=SC2086
    if ! $MUTATE_CC -o "$dir/test" "$build/obj/tests/$p.o" "$dir/turn.o" \
        $MUTATE_LIBS 2>"$dir/log"; then
        echo "  does not link without$3"
        exit
    fi
    if ! timeout 90 "$dir/test" >"$dir/log" 2>&1; then
        noticed="$(basename "$p"): $(sed -n 's/.*:[FE]:\([a-z_0-9]*\):.*/\1/p' "$dir/log" | head -1)"
        break
    fi
done
rm -f "$dir/test"
if [ -n "$noticed" ]; then
    echo "  $noticed misses$3"
else
    echo "  NOBODY misses$3"
fi
EOF

tr '\n\t' '\0\0' <"$work/list" |
    xargs -0 -n 3 -P "$(nproc)" sh "$work/one.sh" | tee "$work/report"
all=$(wc -l <"$work/list")
bad=$(grep -c 'NOBODY\|does not' "$work/report" || true)
echo "$((all - bad)) of $all are missed when they are gone"
! grep 'NOBODY\|does not' "$work/report" |
    grep -qvF -f tests/flow/equivalent.txt
