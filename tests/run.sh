#!/bin/sh
# run.sh BUILD [--threads | PATTERN] - run test programs
# run.sh BUILD --threads --list      - name them only, built or not
#
# Prints one line a program, the output of those that failed, and closes with
# the sum: "N passed, N failed". --threads: only what has threads. What another
# machine's programs run under is named by TEST_RUNNER, such as qemu-aarch64.
# TEST_JOBS run at a time: three for each core, as most of their time is waiting.
#
# What fails among others is run once more by itself, and told twice: the real
# programs in real time have deadlines, which a machine busy with other tests
# may miss. What a sanitizer has reported is a failure at once, also where the
# test passed.
set -u
build=$1
pattern=${2:-}
what=${3:-run}
jobs=${TEST_JOBS:-$(($(nproc) * 3))}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
trap 'exit 130' INT TERM

# The bot's loop has no threads; these parts have, and so has the server. Ten
# calls in real time and the demonstration's voice are more than an instrumented
# bot carries; --threads therefore takes the plain one (see harness/proc.h).
threads='(server|common|bot/engine)/|tests/fake/(world|relayed|fleet|board)'
none='bot/(net|worker|session|provider)|tests/fake/(booth|ws_pair)'
has_threads() {
    case "$1" in
    tests/e2e/e2e_many.c | tests/e2e/e2e_demo* | tests/flow/*) return 1 ;;
    tests/e2e/*) grep -qE 'town_open|dialout-server' "$1" ;;
    *)
        grep -qE "\"($threads)" "$1" && ! grep -qE "\"($none)" "$1"
        ;;
    esac
}

# The longest come first, lest one of them be left over at the end.
list() {
    for dir in e2e conform unit flow; do
        for src in tests/"$dir"/*.c; do
            prog=$build/$dir/$(basename "$src" .c)
            case "$(basename "$prog")" in
            test_* | flow_* | e2e_*) ;;
            *) continue ;;
            esac
            [ "$what" = --list ] || [ -x "$prog" ] || continue
            case "$pattern" in
            "") ;;
            --threads) has_threads "$src" || continue ;;
            *) case "$prog" in *"$pattern"*) ;; *) continue ;; esac ;;
            esac
            echo "$prog"
        done
    done
}

export BUILD_DIR="$build"
# What a sanitizer finds in a program must end it, or its test would not see.
export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=1}"
list >"$out/list"
if [ "$what" = --list ]; then
    cat "$out/list"
    exit
fi
if [ ! -s "$out/list" ]; then
    echo "no test matches"
    echo "0 passed, 1 failed"
    exit 1
fi

# run JOBS [PREFIX] <LIST
# shellcheck disable=SC2016
run() { xargs -P "$1" -I{} sh -c '
    log=$1/$(echo "$2" | tr / _)
    began=$(date +%s)
    $3 ${TEST_RUNNER:-} "$2" >"$log.log" 2>&1 </dev/null
    code=$?
    line=$(grep -E "^[0-9]+ passed, [0-9]+ failed$" "$log.log" | tail -1)
    if [ -z "$line" ]; then line="0 passed, 1 failed"; fi
    if grep -qE "Sanitizer:|runtime error:" "$log.log"; then
        code=1
        touch "$log.report"
    fi
    if [ $code -ne 0 ]; then
        case "$line" in *" 0 failed") line="0 passed, 1 failed" ;; esac
        echo "$2" >"$log.bad"
        sed "s/^/    /" "$log.log" | tail -80
    fi
    echo "$line" >"$log.sum"
    printf "  %-40s %s (%s s)\n" "$2" "$line" "$(($(date +%s) - began))"
' sh "$out" {} "${2:-}"
}

# Ten calls in real time, measured, and a natural voice have one core to
# themselves; on the other conversations in virtual time go on meanwhile. Where
# everything is slower the calls need both, as far as they need them, and of the
# voice nothing is asked.
alone='e2e/e2e_(many|demo)$'
beside=1
behind=
if [ -n "${TEST_TIME_SCALE:-}" ]; then
    alone='e2e/e2e_many$'
    beside=$(nproc)
    behind='nice -n 19'
fi
grep -E "$alone" "$out/list" >"$out/alone"
grep '/flow/' "$out/list" >"$out/flow"
grep -vE "$alone|/flow/" "$out/list" >"$out/rest"
run 1 <"$out/alone" &
[ -s "$out/alone" ] || beside=$jobs
run "$beside" "$behind" <"$out/flow"
wait
run "$jobs" <"$out/rest"
for bad in "$out"/*.bad; do
    if [ -e "$bad" ] && [ ! -e "${bad%.bad}.report" ]; then
        echo "  once more, alone: $(cat "$bad")"
        mv "$bad" "$bad.again"
        run 1 <"$bad.again"
    fi
done

cat "$out"/*.sum | awk '{p += $1; f += $3}
    END {printf "%d passed, %d failed\n", p, f; exit f > 0}'
