#!/bin/sh
# run.sh BUILD - the simulators against the official clients
#
# Clients come from npm by name and version, no script of theirs is run, and
# live in BUILD/peers. Closes with "N passed, N failed".
set -eu
cd "$(dirname "$0")/../../.."
build=${1:-build}
here=tests/sim/peers
packages='openai@6.49.0 @deepgram/sdk@5.13.0 @cartesia/cartesia-js@4.2.0
    ws@8.18.0 plivo@4.79.0'

for tool in node npm; do
    command -v $tool >/dev/null || {
        echo "test-peers: $tool is missing (Debian: apt install nodejs npm)" >&2
        echo "0 passed, 1 failed"
        exit 1
    }
done

# Installed once; again when a version above changes.
# shellcheck disable=SC2086
wanted=$(echo $packages)
if [ "$(cat "$build/peers/installed" 2>/dev/null)" != "$wanted" ]; then
    rm -rf "$build/peers"
    mkdir -p "$build/peers"
    # shellcheck disable=SC2086
    npm install --ignore-scripts --no-audit --no-fund --no-save --silent \
        --prefix "$build/peers" $packages
    echo "$wanted" >"$build/peers/installed"
fi

tests/sim/lib/mkcert.sh "$build/peers/tls"
exec env NODE_NO_WARNINGS=1 \
    NODE_EXTRA_CA_CERTS="$build/peers/tls/ca.pem" \
    node $here/all.mjs "$build"
