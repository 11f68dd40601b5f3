#!/bin/sh
# run.sh BUILD - calls per core, latency, memory; see bench.py
set -eu
cd "$(dirname "$0")/../.."
exec python3 tests/bench/bench.py "$1"
