#!/bin/sh
# answer.sh BUILD - who or what has answered a call; see bench_answer.c. Half a
# minute, then 1 if a limit was missed
set -eu
models=${MODELS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/dialout/models}
exec "$1/bench/bench_answer" "$models/silero-8k.bin" /usr/share/asterisk/sounds
