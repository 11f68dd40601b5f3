#!/bin/sh
# run.sh BUILD - server and one bot with ./.env, both logs on one screen
#
# Ctrl-C goes to the whole group; each program then ends in its own order.
# When one ends by itself the other is ended, too.
set -u
build=$1

# The bot tells whether its settings ask for engines and their models.
choices=$("$build/dialout-bot" --check) || exit 2
case "$choices" in
*STT=embedded* | *TTS=embedded*)
    "$(dirname "$0")/deps.sh" packages models:all &&
        "$(dirname "$0")/deps.sh" models all || exit 1
    ;;
esac

pipes=$(mktemp -d) || exit 1
mkfifo "$pipes/bot" "$pipes/server"
sed -u 's/^/bot    | /' <"$pipes/bot" >&2 &
sed -u 's/^/server | /' <"$pipes/server" >&2 &
"$build/dialout-bot" >"$pipes/bot" 2>&1 &
bot=$!
"$build/dialout-server" >"$pipes/server" 2>&1 &
server=$!

# To the bot a SIGINT means now; with SIGTERM it would wait for its calls. The
# shell has it ignored for what runs in its background, but both programs want
# it themselves. One that already has it loses nothing by a second.
end() {
    trap '' INT TERM HUP
    kill -INT "$bot" "$server" 2>/dev/null
    wait
    rm -rf "$pipes"
    exit "$1"
}
trap 'end 0' INT TERM HUP
while kill -0 "$bot" 2>/dev/null && kill -0 "$server" 2>/dev/null; do
    sleep 0.5
done
end 1
