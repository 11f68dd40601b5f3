#!/bin/sh
# deps.sh packages NAME...   install the Debian packages that are missing; a
#                            name models:light, :turn or :all stands for what
#                            fetching these models takes, if any is missing
# deps.sh models light|turn|all   fetch models (see deploy/models.sh)
#
# Says nothing and costs nothing when nothing is missing.
set -eu
here=$(dirname "$0")

has_pip() {
    command -v pip >/dev/null || /usr/bin/python3 -m pip -V >/dev/null 2>&1
}

lack() { "$here/models.sh" "${1#models:}" --lack "$2"; }

missing_packages() {
    for p in "$@"; do
        case "$p" in
        clang) command -v clang >/dev/null && continue ;;
        npm) command -v npm >/dev/null && continue ;;
        pip) has_pip && continue ;;
        models:*)
            # One list at once: nobody asks an administrator twice.
            command -v npm >/dev/null || ! lack "$p" npm || printf 'npm '
            has_pip || ! lack "$p" pip || printf 'python3-pip '
            continue
            ;;
        esac
        [ "$p" != pip ] || p=python3-pip
        dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null |
            grep -qx installed || printf '%s ' "$p"
    done
}

apt() {
    "$@" env DEBIAN_FRONTEND=noninteractive apt-get -qq update &&
        "$@" env DEBIAN_FRONTEND=noninteractive \
            apt-get -qq -y --no-install-recommends install $missing
}

# Debian's PostgreSQL comes with a server that runs: the tests start their own,
# and nobody has asked for another. A setting that is there already stays.
clusters=/etc/postgresql-common
no_cluster() {
    case " $missing" in *" postgresql "*) ;; *) return 0 ;; esac
    [ -e $clusters/createcluster.conf ] ||
        "$@" sh -c "mkdir -p $clusters &&
            echo 'create_main_cluster = false' >$clusters/createcluster.conf"
}

packages() {
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    if ! command -v apt-get >/dev/null; then
        echo "deps: this is not Debian; install the like of: $missing" >&2
        exit 1
    fi
    echo "deps: installing $missing"
    if [ "$(id -u)" = 0 ]; then
        no_cluster env && apt env
    elif sudo -n true 2>/dev/null; then
        no_cluster sudo -n && apt sudo -n
    else
        echo "deps: packages are missing; ask an administrator to run" >&2
        echo "    sudo apt-get install --no-install-recommends $missing" >&2
        exit 1
    fi >/dev/null
}

what=$1
shift
case "$what" in
packages) packages "$@" ;;
models) exec "$here/models.sh" "$@" ;;
*) echo "deps: unknown: $what" >&2; exit 2 ;;
esac
