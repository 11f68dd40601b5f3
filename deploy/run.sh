#!/bin/sh
# run.sh BUILD - server and one bot with ./.env, both logs on one screen
set -u
build=$1
trap 'trap - INT TERM EXIT; kill $bot $server 2>/dev/null; wait' INT TERM EXIT
"$build/dialout-bot" 2>&1 | sed -u 's/^/bot    | /' &
bot=$!
"$build/dialout-server" 2>&1 | sed -u 's/^/server | /' &
server=$!
wait
