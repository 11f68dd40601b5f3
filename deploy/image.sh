#!/bin/sh
# image.sh ROOT - turn a bare Debian 12 root into the bot's image
#
# The Dockerfile runs this with "/" inside its container. With another folder
# (made by mmdebstrap, say) the source is copied there and the same happens in
# a chroot, which is how the tests build the image without Docker. What was
# needed only to build is removed again.
set -eu
root=$1
src=$(cd "$(dirname "$0")/.." && pwd)

if [ "$root" != / ]; then
    mkdir -p "$root/usr/src/dialout"
    # Neither what was built for this machine nor anybody's keys.
    (cd "$src" && tar cf - --exclude ./build --exclude ./.git \
        --exclude './.env*' .) | tar xof - -C "$root/usr/src/dialout"
    chroot "$root" /usr/src/dialout/deploy/image.sh /
    rm -rf "$root/usr/src/dialout"
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export DEBIAN_FRONTEND=noninteractive HOME="$work" XDG_CACHE_HOME="$work"
apt="apt-get -qq -y --no-install-recommends"
apt-get -qq update
before=$(apt-mark showmanual)
run="libwebsockets17 libwebsockets-evlib-uv libuv1 libcurl4 libjansson4
    libmbedcrypto7 libflite1 ca-certificates"
# shellcheck disable=SC2086
$apt install $run make >/dev/null

cd "$src"
make --no-print-directory deps-build
deploy/deps.sh models turn
make --no-print-directory -j"$(nproc)" BUILD="$work/build" \
    "$work/build/dialout-bot"
strip "$work/build/dialout-bot"
deploy/install.sh "$work/build" "" /usr bot

# shellcheck disable=SC2086
{
    apt-mark auto '.*'
    apt-mark manual $before $run
    $apt -o APT::AutoRemove::RecommendsImportant=false \
        -o APT::AutoRemove::SuggestsImportant=false purge --auto-remove
    apt-get clean
} >/dev/null 2>&1
rm -rf /var/lib/apt/lists/*
# Debian has a group "dialout" already: whoever may use serial ports.
getent passwd dialout-bot >/dev/null ||
    useradd --system --user-group --home-dir /nonexistent \
        --shell /usr/sbin/nologin dialout-bot
