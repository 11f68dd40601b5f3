#!/bin/sh
# install.sh BUILD DESTDIR PREFIX [all|bot|remove] - `make install`'s work
#
# all     programs, agents and their code, its header, models that are in the cache, units
# bot     the bot alone, as an image needs it
# remove  takes away what "all" put there, as `make uninstall` does
#
# Configuration that is there already stays as it is, also when the rest goes:
# the settings, and agents that were edited. So does the ledger.
set -eu
build=$1
dest=$2
prefix=$3
part=${4:-all}
here=$(dirname "$0")
models=${XDG_CACHE_HOME:-$HOME/.cache}/dialout/models
umask 022

put() { install -D -m "$1" "$2" "$dest$3"; }
put_new() { [ -e "$dest$3" ] || put "$@"; }
if [ "$part" = remove ]; then
    put() { rm -f "$dest$3"; }
    put_new() { ! cmp -s "$2" "$dest$3" || rm -f "$dest$3"; }
fi

put 755 "$build/dialout-bot" "$prefix/bin/dialout-bot"
for f in "$here"/../bot/agents/*.json "$here"/../bot/agents/*.script; do
    put_new 644 "$f" "/etc/dialout/agents/$(basename "$f")"
done
for f in "$build"/agents/*.so; do
    [ ! -f "$f" ] || put 755 "$f" "$prefix/lib/dialout/agents/$(basename "$f")"
done
for f in "$models"/*; do
    [ ! -f "$f" ] || put 644 "$f" "/usr/share/dialout/models/$(basename "$f")"
done
[ "$part" = bot ] && exit 0

put 755 "$build/dialout-server" "$prefix/bin/dialout-server"
put 644 "$here/../bot/hooks.h" "$prefix/include/dialout/hooks.h"
put_new 600 "$here/../env.example" /etc/dialout/env
for unit in dialout-server.service dialout-bot@.service; do
    filled=$(mktemp)
    sed "s|@PREFIX@|$prefix|g" "$here/systemd/$unit" >"$filled"
    put 644 "$filled" "/usr/lib/systemd/system/$unit"
    rm "$filled"
done
if [ "$part" = remove ]; then
    # Nothing but models is put there, by whatever cache they came.
    rm -rf "$dest/usr/share/dialout"
    rmdir "$dest/etc/dialout/agents" "$dest/etc/dialout" \
        "$dest$prefix/lib/dialout/agents" "$dest$prefix/lib/dialout" \
        "$dest$prefix/include/dialout" 2>/dev/null || true
    for left in "$dest/etc/dialout" "$dest/var/lib/dialout" \
        "$dest"/var/lib/dialout-bot-*; do
        [ ! -e "$left" ] || echo "left: $left"
    done
    exit 0
fi
echo "installed below ${dest:-/}: edit /etc/dialout/env, then"
echo "  systemctl daemon-reload"
echo "  systemctl enable --now dialout-server dialout-bot@7861"
