#!/bin/sh
# run.sh BUILD - server and one bot with ./.env, both logs on one screen
#
# Ctrl-C goes to the whole group, so each program ends in its own order; when
# one ends by itself the other is ended, too.
set -u
build=$1
pipes=$(mktemp -d)
mkfifo "$pipes/bot" "$pipes/server"
sed -u 's/^/bot    | /' <"$pipes/bot" >&2 &
sed -u 's/^/server | /' <"$pipes/server" >&2 &
"$build/dialout-bot" >"$pipes/bot" 2>&1 &
bot=$!
"$build/dialout-server" >"$pipes/server" 2>&1 &
server=$!

end() {
    trap '' INT TERM
    kill "$bot" "$server" 2>/dev/null
    wait
    rm -rf "$pipes"
    exit "$1"
}
trap 'end 0' INT TERM
while kill -0 "$bot" 2>/dev/null && kill -0 "$server" 2>/dev/null; do
    sleep 0.5
done
end 1
