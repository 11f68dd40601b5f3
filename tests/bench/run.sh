#!/bin/sh
# run.sh BUILD - calls per core, latency, memory (bench.py), and what the parts
# of the media path cost by themselves; some ten minutes, then it ends
set -eu
cd "$(dirname "$0")/../.."
models=${MODELS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/dialout/models}
core=$(($(nproc) - 1))
began=$(date +%s)
echo "  bench: calls upon one core, some ten minutes; best on an idle machine"
python3 tests/bench/bench.py "$1"
echo "  bench_media"
taskset -c "$core" "$1/bench/bench_media"
echo "  bench_silero"
taskset -c "$core" "$1/bench/bench_silero" "$models/silero-8k.bin"
echo "  bench: $(($(date +%s) - began)) s; the tables are in $1/bench/report.md"
