#!/bin/sh
# clean.sh [root|sudo|plain]... - is Debian 12 with git and make all it takes?
#
# In a bare root for each: apt install git make, git clone, make demo, make
# test, nothing else typed; as root, as a user whose sudo asks nothing, and as
# a user without sudo, who must get the one line for an administrator and exit
# code 1, then succeeds once that line was typed. Takes an hour and 2 GB, so it
# is no part of `make test`.
# shellcheck source=tests/deploy/room.sh
. "$(dirname "$0")/room.sh"

# The end of a log that says why.
why() {
    {
        grep -E ' [1-9][0-9]* failed|:[FE]:' "$1"
        tail -n 40 "$1"
    } | sed 's/^/      /'
    return 1
}

# typed ROOM USER COMMAND: its output goes to ROOM.log.
typed() {
    echo "      $2\$ $3"
    echo "\$ $3" >>"$ROOMS/$1.log"
    room_run "$1" "$2" "$3" >>"$ROOMS/$1.log" 2>&1 </dev/null ||
        why "$ROOMS/$1.log"
}

begin() {
    : >"$ROOMS/$1.log"
    room_new "$1"
    room_source "$1"
    typed "$1" root "apt-get -q update && apt-get -q -y install git make"
}

user() {
    room_run "$1" root "useradd --create-home --shell /bin/sh jane"
    chown -R --reference="$ROOMS/$1/home/jane" "$ROOMS/$1/srv/dialout.git"
}

demo_left() {
    for f in call.wav transcript.json latency.svg; do
        [ -s "$ROOMS/$1/$2/dialout/build/demo/$f" ] || return 1
    done
}

# all_of ROOM USER HOME: what anybody types.
all_of() {
    check "$2: make demo" typed "$1" "$2" "cd dialout && make demo"
    check "$2: it leaves a recording, a transcript and a picture" \
        demo_left "$1" "$3"
    check "$2: make test" typed "$1" "$2" "cd dialout && make test"
}

clone="git clone -q /srv/dialout.git dialout"

try_root() {
    begin clean-root
    check "root: git clone" typed clean-root root "$clone"
    all_of clean-root root root
    room_free clean-root
}

try_sudo() {
    begin clean-sudo
    user clean-sudo
    typed clean-sudo root "apt-get -q -y install sudo"
    echo "jane ALL=(ALL) NOPASSWD: ALL" >"$ROOMS/clean-sudo/etc/sudoers.d/jane"
    check "jane, who may sudo: git clone" typed clean-sudo jane "$clone"
    all_of clean-sudo jane home/jane
    room_free clean-sudo
}

# refused ROOM: make demo must end with 1 (of make: 2) and print one line.
refused() {
    log=$ROOMS/$1.refused
    if room_run "$1" jane "cd dialout && make demo" >"$log" 2>&1; then
        echo "      it claims success"
        return 1
    fi
    grep -q 'Error 1' "$log" || why "$log" || return 1
    [ "$(grep -c '^    sudo apt-get install' "$log")" = 1 ] || why "$log"
}

try_plain() {
    begin clean-plain
    user clean-plain
    check "jane, who may not: git clone" typed clean-plain jane "$clone"
    check "she gets one line for an administrator" refused clean-plain
    line=$(sed -n 's/^    sudo //p' "$ROOMS/clean-plain.refused")
    check "the administrator types it" typed clean-plain root "$line -y"
    check "jane: make demo" typed clean-plain jane "cd dialout && make demo"
    check "jane: it leaves its files" demo_left clean-plain home/jane
    room_free clean-plain
}

mkdir -p "$ROOMS"
for who in ${*:-root sudo plain}; do
    "try_$who"
done
finish
