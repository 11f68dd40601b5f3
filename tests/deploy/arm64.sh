#!/bin/sh
# arm64.sh [PATTERN] - does everything build for arm64, and compute the same?
#
# In a bare root: the cross compiler, arm64's libraries beside it by dpkg's
# multiarch, the runtime of the engines for arm64; then the programs, the
# simulators and all tests are built, and the unit tests run under qemu-user.
# Their own sum is the last but one line. PATTERN picks among the test
# programs: "unit/" unless given, "flow/" for the conversations, too.
#
# Takes three quarters of an hour, most of it for speech models in an emulator,
# and 3 GB. KEEP=1 keeps the room for another run.
# shellcheck source=tests/deploy/room.sh
. "$(dirname "$0")/room.sh"
room=arm64
pattern=${1:-unit/}
log=$ROOMS/arm64.log
mkdir -p "$ROOMS"
: >"$log"

# The Makefile's list, each library as arm64 has it.
packages() {
    echo gcc-aarch64-linux-gnu qemu-user git make ca-certificates \
        python3-phonenumbers npm asterisk-core-sounds-en-wav openssl
    for p in libc6-dev $(sed -n '/^DEPS_BUILD/,/[^\\]$/p' Makefile |
        tr ' \\\t' '\n\n\n' | grep -E '^lib.*-dev$|-evlib-') flite1-dev check; do
        echo "$p:arm64"
    done
}

typed() {
    echo "      \$ $1"
    room_run $room root "$1" >>"$log" 2>&1 </dev/null ||
        { tail -n 40 "$log" | sed 's/^/      /'; return 1; }
}

if [ -z "${KEEP:-}" ] || [ ! -d "$ROOMS/$room/root/dialout" ]; then
    room_new $room
    check "a bare root learns of arm64" typed \
        "dpkg --add-architecture arm64 && apt-get -qq update"
    check "compiler, emulator and libraries" typed \
        "DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
        --no-install-recommends install $(packages | tr '\n' ' ')"
fi
rm -rf "$ROOMS/$room/srv/dialout.git"
room_source $room
check "the source, as it is committed" typed "
    if [ -d dialout ]; then
        git -C dialout fetch -q && git -C dialout reset -q --hard FETCH_HEAD
    else
        git clone -q /srv/dialout.git dialout
    fi"
# Where a machine has no runtime this says so and ends with 1.
refused() {
    ! room_run $room root "MACHINE=riscv64 dialout/deploy/models.sh all" \
        >"$log.refused" 2>&1 && grep -q 'no ONNX Runtime for riscv64' \
        "$log.refused"
}
check "models.sh says clearly what it has no runtime for" refused
check "models, with the runtime for arm64" typed \
    "MACHINE=aarch64 dialout/deploy/models.sh all"
check "programs, simulators and tests are built" typed "cd dialout &&
    make -j$(nproc) CC=aarch64-linux-gnu-gcc BUILD=build/arm64 tests"
is_arm() {
    for p in dialout-server dialout-bot plivo-sim unit/test_silero; do
        # e_machine, the 19th byte: 183 is AArch64.
        machine=$(od -An -tu1 -j18 -N1 \
            "$ROOMS/$room/root/dialout/build/arm64/$p") || return 1
        [ "$machine" -eq 183 ] || { echo "      $p: $machine"; return 1; }
    done
}
check "they are programs for arm64" is_arm
speaks() {
    room_run $room root "cd dialout && qemu-aarch64 build/arm64/$1 --version" \
        2>&1 | grep -q "^$1 [0-9]"
}
check "dialout-server starts" speaks dialout-server
check "dialout-bot starts" speaks dialout-bot

echo "      unit tests under qemu-user"
tests() {
    # A time limit only ends what hangs: the emulator is 20 to 40 times slower.
    room_run $room root "cd dialout && TEST_TIME_SCALE=40 \
        TEST_RUNNER=qemu-aarch64 tests/run.sh build/arm64 $pattern" \
        >"$log.tests" 2>&1 </dev/null
    code=$?
    cat "$log.tests" >>"$log"
    grep -E "^  build/|^ +[^ ]+:[0-9]+:[FE]:" "$log.tests" || true
    return $code
}
check "they pass" tests
tail -n 1 "$log.tests"
[ -n "${KEEP:-}" ] || room_free $room
finish
