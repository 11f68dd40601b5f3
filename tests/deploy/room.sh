# room.sh - bare Debian 12 roots to try the deployment in; sourced, not run
#
# A room is a folder made by mmdebstrap (as root) and entered with unshare and
# chroot: own mounts and processes, the network of the host. What the host
# needs to reach the package archive, npm and PyPI (proxy, certificates,
# registry) is taken from its own settings when a room is made, and from
# nowhere else. Rooms live below $ROOMS, by default /var/tmp/dialout-rooms.

set -eu
cd "$(dirname "$0")/../.."
ROOMS=${ROOMS:-/var/tmp/dialout-rooms}
passed=0
failed=0

[ "$(id -u)" = 0 ] || { echo "$0: needs root, for chroot" >&2; exit 1; }
for tool in mmdebstrap unshare; do
    command -v $tool >/dev/null && continue
    echo "$0: $tool is missing (Debian: apt install mmdebstrap)" >&2
    exit 1
done

# check WHAT COMMAND...: one line, counted.
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

finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
}

# Settings of npm that decide where packages come from, as its environment.
npm_settings() {
    command -v npm >/dev/null || return 0
    for key in registry proxy https-proxy cafile; do
        value=$(npm config get $key 2>/dev/null) || continue
        case "$value" in null | undefined | "") continue ;; esac
        echo "npm_config_$(echo $key | tr - _)=$value"
    done
}

# The same of pip.
pip_settings() {
    command -v pip >/dev/null || return 0
    for key in index-url proxy; do
        value=$(pip config get global.$key 2>/dev/null) || continue
        echo "PIP_$(echo $key | tr a-z- A-Z_)=$value"
    done
}

# room_new ROOM: the bare root, from one tar file that all rooms share.
room_new() {
    mkdir -p "$ROOMS"
    if [ ! -e "$ROOMS/bare.tar" ]; then
        mmdebstrap --quiet --format=tar --variant=minbase bookworm \
            "$ROOMS/bare.part"
        mv "$ROOMS/bare.part" "$ROOMS/bare.tar"
    fi
    room_free "$1"
    mkdir "$ROOMS/$1"
    tar -xf "$ROOMS/bare.tar" -C "$ROOMS/$1" --exclude ./dev
    for f in /etc/apt/apt.conf.d/*prox* /etc/apt/apt.conf \
        /usr/local/share/ca-certificates/*.crt; do
        [ ! -f "$f" ] || install -D -m 644 "$f" "$ROOMS/$1$f"
    done
    cp -L /etc/resolv.conf /etc/hosts "$ROOMS/$1/etc/"
    {
        npm_settings
        pip_settings
        env | grep -iE '^(https?|no|all)_proxy=' || true
    } >"$ROOMS/$1/etc/environment"
}

room_free() { rm -rf --one-file-system "${ROOMS:?}/$1"; }

# room_with ROOM COMMAND...: a command of the host while /proc and /dev of the
# room are there, in namespaces of its own. It gets nothing of our environment
# but what the room needs to reach the network.
room_with() {
    in=$ROOMS/$1
    shift
    # shellcheck disable=SC2016
    unshare --mount --pid --fork --kill-child sh -euf -c '
        room=$1
        shift
        mkdir -p "$room/proc" "$room/dev"
        mount -t proc proc "$room/proc"
        mount -t tmpfs -o mode=755 dev "$room/dev"
        mknod -m 666 "$room/dev/null" c 1 3
        mknod -m 666 "$room/dev/zero" c 1 5
        mknod -m 666 "$room/dev/random" c 1 8
        mknod -m 666 "$room/dev/urandom" c 1 9
        mknod -m 666 "$room/dev/tty" c 5 0
        ln -s /proc/self/fd "$room/dev/fd"
        ln -s /proc/self/fd/1 "$room/dev/stdout"
        ln -s /proc/self/fd/2 "$room/dev/stderr"
        mkdir -m 1777 "$room/dev/shm"
        mkdir "$room/dev/pts"
        mount -t devpts -o newinstance,ptmxmode=666 devpts "$room/dev/pts"
        ln -s pts/ptmx "$room/dev/ptmx"
        exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:\
/sbin:/bin $(cat "$room/etc/environment") "$@"
    ' sh "$in" "$@"
}

# room_run ROOM USER COMMAND: a shell command there, in the user's home.
room_run() {
    room_with "$1" chroot "$ROOMS/$1" su "$2" -s /bin/sh -c "cd ~ && $3"
}

# room_source ROOM: what is committed here, as a repository to clone.
room_source() {
    git clone -q --bare . "$ROOMS/$1/srv/dialout.git"
    git -C "$ROOMS/$1/srv/dialout.git" branch -f trial HEAD
    git -C "$ROOMS/$1/srv/dialout.git" symbolic-ref HEAD refs/heads/trial
}
