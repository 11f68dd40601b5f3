#!/bin/sh
# style.sh - limits and banned functions that no other tool checks
set -u
cd "$(dirname "$0")/../.."
bad=0
complain() { echo "$1"; bad=1; }

for f in $(git ls-files 'common/*.[ch]' 'server/*.[ch]' 'bot/*.[ch]'); do
    n=$(wc -l <"$f")
    case "$f" in
    *.h) [ "$n" -le 150 ] || complain "$f: header of $n lines (150)" ;;
    *) [ "$n" -le 500 ] || complain "$f: $n lines (500)" ;;
    esac
    case "$f" in
    *.h) sed -n 2p "$f" | grep -q "^ \* $(basename "$f") - " ||
        complain "$f: does not begin with its name and purpose" ;;
    esac
done

# Tests, too, are told by subject.
for f in $(git ls-files 'tests/*.c'); do
    n=$(wc -l <"$f")
    [ "$n" -le 500 ] || complain "$f: $n lines (500)"
done

banned='(^|[^a-z_A-Z0-9])(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|sscanf|alloca|system|popen|assert|sleep|usleep)\('
code=$(git ls-files 'common/*.[ch]' 'server/*.[ch]' 'bot/*.[ch]')
# shellcheck disable=SC2086
grep -nE "$banned" $code && complain "banned functions (see above)"
# Code of agents knows bot/hooks.h alone.
# shellcheck disable=SC2086
grep -nE '(^|[^a-z_A-Z0-9])(malloc|calloc|realloc|free|strdup|strndup)\(' \
    $(echo "$code" | grep -vE '^common/mem\.c$|^bot/agents/') && complain "memory outside mem.h"
# shellcheck disable=SC2086
grep -nE '(^|[^a-z_A-Z0-9])(printf|fprintf)\(' \
    $(echo "$code" | grep -vE '/main\.c$|^common/(log|mem)\.c$|^common/opt.*\.c$') &&
    complain "printf outside main.c and log.c"
git grep -nE '\b(TODO|FIXME|XXX|HACK)\b' -- '*.c' '*.h' Makefile '*.md' |
    grep -v '^tests/lint/' && complain "unfinished work in the text"
exit $bad
