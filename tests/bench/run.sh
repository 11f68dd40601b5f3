#!/bin/sh
# run.sh BUILD - calls per core, memory (bench.py), what the parts of the media
# path cost by themselves, and how soon the bot speaks and stops (latency.py);
# some fifteen minutes, then it ends, with 1 if a limit of the last was missed
set -eu
cd "$(dirname "$0")/../.."
models=${MODELS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/dialout/models}
core=$(($(nproc) - 1))
began=$(date +%s)
echo "  bench: calls upon one core, some fifteen minutes; best on an idle machine"
python3 tests/bench/bench.py "$1"
echo "  bench_media"
taskset -c "$core" "$1/bench/bench_media"
echo "  bench_silero"
taskset -c "$core" "$1/bench/bench_silero" "$models/silero-8k.bin"
bad=0
echo "  bench_answer"
tests/bench/answer.sh "$1" || bad=1
echo "  latency"
python3 tests/bench/latency.py "$1" || bad=1
echo "  bench: $(($(date +%s) - began)) s; the tables are in $1/bench/report.md and latency.md"
exit "$bad"
