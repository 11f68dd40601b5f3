#!/bin/sh
# run.sh - do the programs of `make run` live and end together?
#
# Starts deploy/run.sh in a folder with a .env of its own, on free ports: both
# logs come out, the end of each program is the end of both, a Ctrl-C ends
# them, and nothing stays behind. Wants `make all`.
set -eu
cd "$(dirname "$0")/../.."
build=$(pwd)/${BUILD:-build}
run=$(pwd)/deploy/run.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

check() {
    what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "ok    $what"
    else
        failed=$((failed + 1))
        echo "FAIL  $what"
    fi
}

settings() {
    cat >"$work/.env" <<END
PLIVO_AUTH_ID=MAXXXXXXXXXXXXXXXXXX
PLIVO_AUTH_TOKEN=simulated-auth-token
PLIVO_PHONE_NUMBER=+15557654321
DEEPGRAM_API_KEY=k
OPENAI_API_KEY=k
CARTESIA_API_KEY=k
LISTEN=127.0.0.1:0
BOT_LISTEN=127.0.0.1:0
$1
END
}

until_true() {
    tries=150
    until "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.1
    done
}

begin() {
    # A session of its own, as a terminal's foreground job is a group of its
    # own; env undoes the shell's ignoring of SIGINT for what is in the
    # background.
    (cd "$work" && exec env -i PATH="$PATH" HOME="$HOME" setsid env \
        --default-signal=INT "$run" "$build") >"$work/log" 2>&1 &
    group=$!
    until_true both_serve
}

both_serve() {
    grep -q '^bot    | listening url=' "$work/log" &&
        grep -q '^server | listening url=' "$work/log"
}

# Processes of the group, by what the kernel says. comm may have blanks: all
# after its bracket counts.
members() {
    for stat in /proc/[0-9]*/stat; do
        line=$(cat "$stat" 2>/dev/null) || continue
        # shellcheck disable=SC2086
        set -- ${line##*) }
        [ "$1" != Z ] && [ "$3" = "$group" ] && echo "${stat#/proc/}" |
            cut -d/ -f1
    done
    return 0
}
none_left() { [ -z "$(members)" ]; }
pid_of() {
    for pid in $(members); do
        [ "$(readlink "/proc/$pid/exe")" != "$build/$1" ] || echo "$pid"
    done
}

# ended CODE: the whole ends so, and leaves no process and no folder.
ended() {
    code=0
    until_true none_left || { kill -9 $(members); return 1; }
    wait "$group" || code=$?
    [ "$code" = "$1" ] || { echo "      exit code $code"; return 1; }
}

settings ""
check "both logs are on one screen" begin
kill -s INT -- "-$group"
check "Ctrl-C ends both" ended 0
check "begins again" begin
kill "$(pid_of dialout-bot)"
check "the bot's end is the server's" ended 1
check "begins again" begin
kill -9 "$(pid_of dialout-server)"
check "the server's end is the bot's" ended 1
check "begins again" begin
kill "$group"
check "so does a SIGTERM to the script alone" ended 0
settings "ENV=nonsense"
(cd "$work" && env -i PATH="$PATH" HOME="$HOME" "$run" "$build") \
    >"$work/log" 2>&1 && code=0 || code=$?
check "a setting that is wrong is named, and nothing is started" \
    eval '[ $code = 2 ] && grep -q ENV "$work/log"'
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
