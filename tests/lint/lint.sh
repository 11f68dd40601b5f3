#!/bin/sh
# lint.sh - clang-format, style limits, clang-tidy, cppcheck over all files
set -u
cd "$(dirname "$0")/../.."
files=$(git ls-files '*.c' '*.h')
sources=$(git ls-files '*.c')
bad=0

echo "  FORMAT"
# shellcheck disable=SC2086
clang-format --dry-run -Werror $files || bad=1
echo "  STYLE"
tests/lint/style.sh || bad=1
# Declarations stand at the top of a function or block: no variableScope.
echo "  CPPCHECK"
# shellcheck disable=SC2086
cppcheck --std=c11 --enable=warning,style,performance,portability \
    --suppress=missingIncludeSystem --inline-suppr --error-exitcode=1 \
    --suppressions-list=tests/lint/cppcheck.txt --quiet -j2 -I. \
    $sources || bad=1
echo "  TIDY"
# Several files in one run make version 14 see uninitialised va_lists.
printf '%s\n' $sources | xargs -P2 -I{} sh -c \
    'clang-tidy --quiet "$1" -- -std=c11 -I. -DDIALOUT_VERSION=\"0\" \
        >"/tmp/tidy.$$" 2>/dev/null || { cat "/tmp/tidy.$$"; rm -f "/tmp/tidy.$$"; exit 1; }
     rm -f "/tmp/tidy.$$"' sh {} || bad=1
exit $bad
