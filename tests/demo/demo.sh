#!/bin/sh
# demo.sh BUILD - one whole call on this machine, with no account
#
# The demonstration is a Python program because it starts, watches and ends
# three others; it uses nothing but the standard library.
exec "${PYTHON:-python3}" "$(dirname "$0")/demo.py" "$@"
