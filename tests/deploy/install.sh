#!/bin/sh
# install.sh - what does `make install` put where, and does it work there?
#
# Installs below a folder of its own by DESTDIR, with umask 077 and another
# PREFIX, looks at every file and its mode, lets systemd judge the units, runs
# both programs from there with the file that the units read, installs again
# over edited files, and uninstalls. Wants `make all`, systemd-analyze and the
# light models.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
work=$(mktemp -d)
root=$work/root
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

# One cache with two models, whatever this machine has.
mkdir -p "$work/cache/dialout/models"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/dialout/models
for f in "$cache/silero-8k.bin" "$cache"/.silero-8k.bin.*; do
    cp -p "$f" "$work/cache/dialout/models/"
done
echo other >"$work/cache/dialout/models/other.onnx"

make_it() {
    (umask 077 && XDG_CACHE_HOME="$work/cache" make --no-print-directory \
        BUILD="$build" DESTDIR="$root" PREFIX=/opt/d "$1") >"$work/log" 2>&1 ||
        { cat "$work/log"; return 1; }
}

# mode path, for all that is not a folder; folders must be open to all.
layout() { (cd "$root" && find . ! -type d -printf '%m %p\n' | sort -k2); }
wanted() {
    cat <<'END'
644 ./etc/dialout/agents/default.json
644 ./etc/dialout/agents/default.script
600 ./etc/dialout/env
755 ./opt/d/bin/dialout-bot
755 ./opt/d/bin/dialout-server
644 ./opt/d/include/dialout/hooks.h
755 ./opt/d/lib/dialout/agents/survey.so
644 ./usr/lib/systemd/system/dialout-bot@.service
644 ./usr/lib/systemd/system/dialout-server.service
644 ./usr/share/dialout/models/other.onnx
644 ./usr/share/dialout/models/silero-8k.bin
END
    # Whatever other agents come with the source.
    for f in bot/agents/*.json bot/agents/*.script; do
        echo "644 ./etc/dialout/agents/$(basename "$f")"
    done
}
as_wanted() {
    wanted | sort -u -k2 >"$work/wanted"
    layout >"$work/have"
    diff "$work/wanted" "$work/have"
}
folders_open() {
    [ -z "$(find "$root" -mindepth 1 -type d ! -perm 755)" ]
}

check "make install, with a umask that is tight" make_it install
check "every file is in its place, with its mode" as_wanted
check "every folder can be entered by all" folders_open

# An agent's code needs the header alone.
own_code() {
    mkdir -p "$work/own"
    cat >"$work/own/mine.c" <<'END'
#include <dialout/hooks.h>

static const struct dialout_hooks mine = {
	.abi = DIALOUT_ABI, .size = sizeof(mine), .name = "mine"};

DIALOUT_HOOKS(mine);
END
    (cd "$work/own" && "${CC:-cc}" -std=c11 -Wall -Wextra -Wpedantic -Werror \
        -shared -fPIC -I"$root/opt/d/include" -o mine.so mine.c)
}
check "an agent's own code builds with the installed header" own_code

unit() { echo "$root/usr/lib/systemd/system/$1"; }
verify() {
    mkdir -p "$work/units"
    # It looks for the programs where the units name them.
    for u in dialout-server.service dialout-bot@.service; do
        sed "s|/opt/d/bin|$root/opt/d/bin|" "$(unit $u)" >"$work/units/$u"
    done
    cp "$work/units/dialout-bot@.service" \
        "$work/units/dialout-bot@7861.service"
    systemd-analyze verify --man=no "$work/units/dialout-server.service" \
        "$work/units/dialout-bot@7861.service" >"$work/log" 2>&1 ||
        { cat "$work/log"; return 1; }
    # Of other units of this machine, it may say what it likes.
    if grep -F dialout "$work/log"; then return 1; fi
}
has() { grep -qx "$2" "$(unit "$1")"; }
check "systemd finds nothing wrong with the units" verify
check "the units name the installed programs" eval '
    has dialout-server.service "ExecStart=/opt/d/bin/dialout-server" &&
    has dialout-bot@.service "ExecStart=/opt/d/bin/dialout-bot"'
for u in dialout-server.service dialout-bot@.service; do
    check "$u: told when ready, watched, restarted, no root" eval '
        has $u Type=notify && has $u "WatchdogSec=[1-9].*" &&
        has $u Restart=on-failure && has $u DynamicUser=yes &&
        has $u EnvironmentFile=/etc/dialout/env'
done

# systemd strips no comment behind a value and expands nothing.
plain_settings() {
    ! grep -vE '^(#.*|[A-Z_]+=[^ #"$'"'"']*|)$' "$root/etc/dialout/env"
}
check "systemd reads the settings as we do" plain_settings

# run NAME FILE: --check with the settings of FILE alone, from the installed
# place. MODELS_DIR and AGENTS_DIR stand in for what DESTDIR moved away.
run() {
    # shellcheck disable=SC2046
    (cd / && env -i $(grep -E '^[A-Z_]+=.' "$2") \
        AGENTS_DIR="$root/etc/dialout/agents" \
        MODELS_DIR="$root/usr/share/dialout/models" \
        "$root/opt/d/bin/$1" --check) >"$work/log" 2>&1
}
fill() {
    sed -e 's/^ENV=.*/ENV=production/' \
        -e 's|^#*PUBLIC_URL=.*|PUBLIC_URL=https://voice.example.com|' \
        -e 's/^#*API_KEY=.*/API_KEY=0123456789abcdef/' \
        -e 's|^#*BOT_URL=.*|BOT_URL=http://127.0.0.1:7861|' \
        -e 's/^#*BOT_SECRET=.*/BOT_SECRET=0123456789abcdef0123456789abcdef/' \
        -e 's|^#*BOT_PUBLIC_URL=.*|BOT_PUBLIC_URL=wss://voice.example.com|' \
        -e 's/^\(PLIVO_AUTH_ID\)=$/\1=MAXXXXXXXXXXXXXXXXXX/' \
        -e 's/^\(PLIVO_PHONE_NUMBER\)=$/\1=+15557654321/' \
        -e 's/^\([A-Z_]*\(_KEY\|_TOKEN\)\)=$/\1=k/' "$root/etc/dialout/env"
}
named() {
    ! run "$1" "$root/etc/dialout/env" && grep -q "$2" "$work/log"
}
check "settings as installed: the server names what is missing" \
    named dialout-server PLIVO_AUTH_ID
fill >"$work/filled"
both_run() {
    for p in dialout-server dialout-bot; do
        run $p "$work/filled" || { cat "$work/log"; return 1; }
    done
}
check "filled in, both programs are content" both_run

cp "$work/filled" "$root/etc/dialout/env"
echo '{"instructions": "mine"}' >"$root/etc/dialout/agents/mine.json"
echo '{"instructions": "mine, too"}' >"$root/etc/dialout/agents/default.json"
check "make install again" make_it install
kept() {
    cmp "$work/filled" "$root/etc/dialout/env" &&
        grep -q too "$root/etc/dialout/agents/default.json"
}
check "leaves what was edited" kept

mkdir -p "$root/var/lib/dialout" "$root/var/lib/dialout-bot-7861"
echo calls >"$root/var/lib/dialout/dialout.db"
echo events >"$root/var/lib/dialout-bot-7861/events-a.spool"
check "make uninstall" make_it uninstall
only_mine() {
    cat >"$work/wanted" <<'END'
./etc/dialout/agents/default.json
./etc/dialout/agents/mine.json
./etc/dialout/env
./var/lib/dialout-bot-7861/events-a.spool
./var/lib/dialout/dialout.db
END
    (cd "$root" && find . ! -type d | sort) | diff "$work/wanted" -
}
check "leaves what was edited, and the ledger, and nothing else" only_mine
told() { grep -q "left: .*/etc/dialout$" "$work/log"; }
check "and says so" told
told_bot() { grep -q "left: .*/var/lib/dialout-bot-7861$" "$work/log"; }
check "also of what a bot has not told yet" told_bot
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
