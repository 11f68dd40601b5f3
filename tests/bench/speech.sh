#!/bin/sh
# speech.sh BUILD - the embedded recogniser and voice; see speech.py
set -eu
cd "$(dirname "$0")/../.."
exec python3 tests/bench/speech.py "$1"
