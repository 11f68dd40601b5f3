#!/bin/sh
# install.sh BUILD DESTDIR PREFIX [bot] - what `make install` puts where
#
# Configuration that is there already stays as it is. With "bot": the bot
# alone, as an image needs it.
set -eu
build=$1
dest=$2
prefix=$3
part=${4:-all}
here=$(dirname "$0")

put() { install -D -m "$1" "$2" "$dest$3"; }
put_new() { [ -e "$dest$3" ] || put "$@"; }

put 755 "$build/dialout-bot" "$prefix/bin/dialout-bot"
for f in "$here"/../bot/agents/*.json "$here"/../bot/agents/*.script; do
    put_new 644 "$f" "/etc/dialout/agents/$(basename "$f")"
done
models=${XDG_CACHE_HOME:-$HOME/.cache}/dialout/models
if [ -d "$models" ]; then
    for f in "$models"/*; do
        [ -f "$f" ] && put 644 "$f" "/usr/share/dialout/models/$(basename "$f")"
    done
fi
[ "$part" = bot ] && exit 0

put 755 "$build/dialout-server" "$prefix/bin/dialout-server"
put_new 600 "$here/../env.example" /etc/dialout/env
for unit in dialout-server.service dialout-bot@.service; do
    mkdir -p "$dest/usr/lib/systemd/system"
    sed "s|@PREFIX@|$prefix|g" "$here/systemd/$unit" \
        >"$dest/usr/lib/systemd/system/$unit"
    chmod 644 "$dest/usr/lib/systemd/system/$unit"
done
echo "installed below ${dest:-/}: edit /etc/dialout/env, then"
echo "  systemctl daemon-reload"
echo "  systemctl enable --now dialout-server dialout-bot@7861"
