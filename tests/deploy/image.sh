#!/bin/sh
# image.sh - does the bot's image work where there is no Docker to try it?
#
# deploy/image.sh, which is all that the Dockerfile does, turns a bare root
# into the image. The bot then runs there as the image's user and as process
# 1, as in a container; simulators and dialout-server run outside, and whole
# calls come to /ws?body=. Wants `make all` and make deps' packages here.
# shellcheck source=tests/deploy/room.sh
. "$(dirname "$0")/room.sh"
room=image
build=$(pwd)/${BUILD:-build}
work=$(mktemp -d)
pids=
trap 'end' EXIT
trap 'exit 130' INT TERM

end() {
    # shellcheck disable=SC2086
    [ -z "$pids" ] || kill -9 $pids 2>/dev/null || true
    wait
    [ -z "${KEEP:-}" ] || cp "$work/bot.log" "$ROOMS/image-bot.log"
    rm -rf "$work"
}

# until_true SECONDS COMMAND...
until_true() {
    tries=$(($1 * 10))
    shift
    until "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.1
    done
}

# start NAME OPTION... with the environment in $env: $url is then its address.
start() {
    name=$1
    shift
    mkdir -p "$work/$name"
    # shellcheck disable=SC2086
    (cd "$work/$name" && exec env -i PATH="$PATH" $env "$build/$name" \
        --ready-file "$work/$name/ready" "$@") >"$work/$name/log" 2>&1 &
    pids="$pids $!"
    until_true 20 test -s "$work/$name/ready" || {
        cat "$work/$name/log"
        exit 1
    }
    url=$(cat "$work/$name/ready")
}

rest() { curl -sS --noproxy '*' --max-time 20 "$@"; }
status() { rest -o /dev/null -w '%{http_code}' "$1" 2>/dev/null || true; }
is() { [ "$(status "$2")" = "$1" ]; }
journal() { grep -q "$1" "$work/journal"; }
bot_lives() { kill -0 "$bot" 2>/dev/null; }

start_bot() {
    # PORT=0 takes a free one; the unshare in between becomes no process of
    # the image: the bot is its number 1.
    # shellcheck disable=SC2016
    room_with $room setpriv --no-new-privs chroot \
        --userspec=dialout-bot:dialout-bot "$ROOMS/$room" env $bot_env PORT=0 BOT_ACCEPT=any ENV=production \
        BOT_AGENT=trial /usr/bin/dialout-bot >"$work/bot.log" 2>&1 &
    outer=$!
    until_true 20 grep -q '^listening url=' "$work/bot.log" || {
        cat "$work/bot.log"
        exit 1
    }
    bot_url=$(sed -n 's/^listening url=//p' "$work/bot.log")
    bot=$outer
    while below=$(cat "/proc/$bot/task/$bot/children") && [ -n "$below" ]; do
        bot=${below% }
    done
    pids="$pids $bot"
}

# The words of the callee's script are whatever deepgram-sim makes of them.
cat >"$work/callee" <<'END'
answer after 200
begin stream
silence 300
play hello.wav
wait-bot-speech max 8000
wait-bot-silence 900 max 20000
silence 200
play auth-thankyou.wav
wait-bot-speech max 8000
wait-bot-silence 900 max 20000
hangup
END
printf 'hello\nthank you\n' >"$work/sentences"
printf 'when user thank\nsay You are welcome.\n' >"$work/rules"
printf 'hello\njohn\nyou\nare\nwelcome\n' >"$work/words"

echo "      deploy/image.sh in a bare root: takes minutes"
make_image() {
    # KEEP=1 keeps the image for another trial; a new program is then put in.
    if [ -n "${KEEP:-}" ] && [ -d "$ROOMS/$room/etc/dialout" ]; then
        install "$build/dialout-bot" "$ROOMS/$room/usr/bin/dialout-bot"
        return
    fi
    room_new $room
    room_with $room "$(pwd)/deploy/image.sh" "$ROOMS/$room" \
        >"$ROOMS/image.log" 2>&1
}
check "deploy/image.sh makes an image" make_image
no_leftovers() {
    for f in usr/bin/gcc usr/bin/make usr/bin/npm usr/bin/node usr/bin/python3 \
        usr/src/dialout root/.npm root/.cache; do
        [ ! -e "$ROOMS/$room/$f" ] || { echo "      /$f"; return 1; }
    done
    echo "      $(du -sm "$ROOMS/$room" | cut -f1) MB"
}
# An agent that says what it was given.
sed '/"greeting"/s/:.*/: "Hello {{user.firstName|there}}.",/' \
    "$ROOMS/$room/etc/dialout/agents/default.json" \
    >"$ROOMS/$room/etc/dialout/agents/trial.json"
check "what was needed to build it is gone" no_leftovers

env=
start deepgram-sim --script "$work/sentences" --loop --key k
bot_env="DEEPGRAM_API_KEY=k DEEPGRAM_URL=ws${url#http}"
start openai-sim --script "$work/rules" --key k
bot_env="$bot_env OPENAI_API_KEY=k OPENAI_BASE_URL=$url/v1"
start cartesia-sim --key k
bot_env="$bot_env CARTESIA_API_KEY=k CARTESIA_URL=ws${url#http}"
start plivo-sim --script "$work/callee" --journal "$work/journal" --quiet \
    --words "$work/words" --record "$work" --fail-on-violation
plivo=$url

start_bot
of_user() {
    want=$(chroot "$ROOMS/$room" id -u dialout-bot)
    grep -q "^Uid:.$want.$want.$want.$want$" "/proc/$bot/status" &&
        grep -q '^NSpid:.*[^0-9]1$' "/proc/$bot/status"
}
check "the bot runs there as a user, as process 1" of_user
check "/livez is 200" is 200 "$bot_url/livez"
check "/readyz is 200" until_true 10 is 200 "$bot_url/readyz"

env="ENV=local LISTEN=127.0.0.1:0 PLIVO_API_URL=$plivo
    PLIVO_AUTH_ID=MAXXXXXXXXXXXXXXXXXX PLIVO_AUTH_TOKEN=simulated-auth-token
    PLIVO_PHONE_NUMBER=+15557654321 BOT_WS_URL=ws${bot_url#http}/ws"
start dialout-server
server=$url

dial() {
    rest -X POST "$server/start" -H 'Content-Type: application/json' -d '{
        "phone_number": "+15551234567",
        "body": {"user": {"firstName": "John"}}}' |
        grep -q '"call_initiated"'
}

# count WORD: how often the simulated telephone noted it.
count() { grep -c "$1" "$work/journal" || true; }
at_least() { [ "$(count "$2")" -ge "$1" ]; }
in_the_end() {
    until_true 60 at_least "$1" '"event":"ended"' && return
    tail -n 20 "$work/journal"
    return 1
}

check "a call is placed to it, its data in /ws?body=" dial
check "the callee hangs up in the end" in_the_end 1
check "the callee heard the name that was in the data" \
    at_least 1 '"event":"word".*"word":"john"'
check "and the answer to the callee's words" \
    at_least 1 '"event":"word".*"word":"welcome"'

before=$(count '"event":"hears"')
check "a second call is placed" dial
check "it is under way" until_true 20 at_least $((before + 1)) '"event":"hears"'
hears=$(count '"event":"word"')
kill "$bot"
check "SIGTERM in mid-call: no new calls" \
    until_true 5 is 503 "$bot_url/readyz"
check "but the bot lives" is 200 "$bot_url/livez"
check "the call goes on to its own end" in_the_end 2
more_was_heard() {
    [ "$(count '"event":"word".*"word":"welcome"')" -ge 2 ] &&
        [ "$(count '"event":"word"')" -gt "$hears" ]
}
check "its callee heard the rest" more_was_heard
code=0
wait "$outer" || code=$?
check "then the bot ends by itself, with 0" [ $code = 0 ]
no_violations() {
    for sim in deepgram openai cartesia; do
        v=$(rest "$(cat "$work/$sim-sim/ready")/sim/violations")
        [ -z "$v" ] || { echo "      $sim: $v"; return 1; }
    done
}
check "no provider was asked for what it does not have" no_violations
[ -n "${KEEP:-}" ] || room_free $room
finish
