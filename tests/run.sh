#!/bin/sh
# run.sh BUILD [--threads | PATTERN] - run test programs, two at a time
#
# Prints one line a program, the output of those that failed, and closes with
# the sum: "N passed, N failed". --threads: only what has threads. What another
# machine's programs run under is named by TEST_RUNNER, such as qemu-aarch64.
set -u
build=$1
pattern=${2:-}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
trap 'exit 130' INT TERM

list() {
    for dir in unit conform flow e2e; do
        for prog in "$build/$dir"/*; do
            [ -x "$prog" ] && [ -f "$prog" ] || continue
            src="tests/${prog#"$build"/}.c"
            [ -f "$src" ] || continue
            case "$pattern" in
            "") ;;
            --threads)
                # The loop of the bot has no threads; these parts have.
                grep -qE '"(server|common|bot/engine)/' "$src" || continue
                grep -qE '"bot/(net|worker|session)' "$src" && continue
                [ "$dir" = e2e ] && continue
                ;;
            *) case "$prog" in *"$pattern"*) ;; *) continue ;; esac ;;
            esac
            echo "$prog"
        done
    done
}

export BUILD_DIR="$build"
list >"$out/list"
if [ ! -s "$out/list" ]; then
    echo "no test matches"
    echo "0 passed, 1 failed"
    exit 1
fi

# shellcheck disable=SC2016
xargs -P "${TEST_JOBS:-2}" -I{} sh -c '
    log=$1/$(echo "$2" | tr / _)
    began=$(date +%s)
    ${TEST_RUNNER:-} "$2" >"$log.log" 2>&1 </dev/null
    code=$?
    line=$(grep -E "^[0-9]+ passed, [0-9]+ failed$" "$log.log" | tail -1)
    if [ -z "$line" ]; then line="0 passed, 1 failed"; fi
    if [ $code -ne 0 ]; then
        case "$line" in *" 0 failed") line="0 passed, 1 failed" ;; esac
        sed "s/^/    /" "$log.log" | tail -80
    fi
    echo "$line" >"$log.sum"
    printf "  %-40s %s (%s s)\n" "$2" "$line" "$(($(date +%s) - began))"
' sh "$out" {} <"$out/list"

cat "$out"/*.sum | awk '{p += $1; f += $3}
    END {printf "%d passed, %d failed\n", p, f; exit f > 0}'
