#!/usr/bin/python3
"""plan.py - the world's telephone numbers: their lengths and time zones

    plan.py extract         libphonenumber's data, as Debian's package
                            python3-phonenumbers has them, as text
    plan.py table PLAN.txt  that text as a C table

The text has three kinds of lines: "=N zones" names a set of time zones, "+CODE
lengths N" is a country code with the lengths of its numbers (without the code)
and the set of the whole country, "PREFIX N" is a prefix, with its country
code, whose people live in fewer zones.

A prefix is left out where any number of it may be carried about: a mobile
telephone is wherever its owner is. The whole country's set holds there. In
countries whose mobile numbers belong to a place, the place counts. In North
America nobody can tell which numbers are mobile: a number there may ring in all
zones of its area code, whatever follows.
"""
import itertools
import os
import sys

ZONEINFO = '/usr/share/zoneinfo'


def read_links():
    """Names of zones that are others under an older name."""
    links = {}
    with open(os.path.join(ZONEINFO, 'tzdata.zi')) as f:
        for line in f:
            if line.startswith('L '):
                _, target, name = line.split()
                links[name] = target
    return links


def samples(national, lengths):
    """National numbers that begin so, spread over what may follow."""
    for length in lengths:
        free = length - len(national)
        if free < 0:
            continue
        heads = itertools.product('0123456789', repeat=min(free, 2))
        for head in heads:
            for fill in '2357':
                yield national + ''.join(head) + fill * (free - len(head))


def is_carried_about(phonenumbers, code, national, lengths):
    for number in samples(national, lengths):
        parsed = phonenumbers.PhoneNumber(
            country_code=int(code), national_number=int(number),
            italian_leading_zero=number.startswith('0') or None,
            number_of_leading_zeros=(
                len(number) - len(number.lstrip('0')) or None))
        kind = phonenumbers.number_type(parsed)
        if kind == phonenumbers.PhoneNumberType.UNKNOWN:
            continue
        if not phonenumbers.is_number_type_geographical(kind, int(code)):
            return True
    return False


def by_area_code(zones_of):
    """North America by its area codes alone."""
    areas = {}
    for prefix in [p for p in zones_of if p[0] == '1' and len(p) > 1]:
        areas.setdefault(prefix[:4], set()).update(zones_of.pop(prefix))
    zones_of.update((p, tuple(sorted(z))) for p, z in areas.items())


def extract():
    import phonenumbers
    from phonenumbers.tzdata import TIMEZONE_DATA
    links = read_links()
    zones_of = {prefix: tuple(sorted({links.get(z, z) for z in zones}))
                for prefix, zones in TIMEZONE_DATA.items()}
    by_area_code(zones_of)
    lengths_of = {}
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items():
        lengths = set()
        for region in regions:
            meta = (phonenumbers.PhoneMetadata.metadata_for_nongeo_region(
                        code, None) if region == '001' else
                    phonenumbers.PhoneMetadata.metadata_for_region(
                        region, None))
            lengths |= set(meta.general_desc.possible_length)
        # E.164 has no more than fifteen digits, with the code.
        lengths_of[str(code)] = sorted(
            n for n in lengths if n + len(str(code)) <= 15)
    codes = {}
    for prefix in zones_of:
        codes[prefix] = next(prefix[:n] for n in (1, 2, 3)
                             if prefix[:n] in lengths_of)
    kept = {}
    for prefix in sorted(zones_of):
        code = codes[prefix]
        if prefix == code:
            continue
        if is_carried_about(phonenumbers, code, prefix[len(code):],
                            lengths_of[code]):
            zones_of[prefix] = zones_of.get(code)
        above = next((prefix[:n] for n in range(len(prefix) - 1, 0, -1)
                      if prefix[:n] in kept), code)
        if zones_of[prefix] != kept.get(above, zones_of.get(code)):
            kept[prefix] = zones_of[prefix]
    sets = sorted(set(kept.values()) |
                  {zones_of[c] for c in lengths_of if c in zones_of})
    version = phonenumbers.__version__
    print('# Made by deploy/plan.py extract from libphonenumber', version)
    for i, zones in enumerate(sets):
        print('=%d %s' % (i, ' '.join(zones)))
    for code in sorted(lengths_of):
        at = sets.index(zones_of[code]) if code in zones_of else '-'
        print('+%s %s %s' % (code, ','.join(map(str, lengths_of[code])), at))
    for prefix in sorted(kept):
        print(prefix, sets.index(kept[prefix]))


def table(path):
    sets, codes, prefixes = [], [], []
    with open(path) as f:
        for line in f:
            word = line.split()
            if not word or line.startswith('#'):
                continue
            if line.startswith('='):
                sets.append(word[1:])
            elif line.startswith('+'):
                mask = sum(1 << int(n) for n in word[1].split(','))
                codes.append((word[0][1:], mask,
                              -1 if word[2] == '-' else int(word[2])))
            else:
                prefixes.append((word[0], int(word[1])))
    print('/* Made by deploy/plan.py from %s. */' % os.path.basename(path))
    print('#include "server/plan_table.h"\n')
    for i, zones in enumerate(sets):
        print('static const char *const set_%d[] = {%s, NULL};' %
              (i, ', '.join('"%s"' % z for z in zones)))
    print('\nconst char *const *const plan_sets[] = {')
    for i in range(len(sets)):
        print('\tset_%d,' % i)
    print('};\nconst size_t plan_sets_n = %d;' % len(sets))
    print('\nconst struct plan_code plan_codes[] = {')
    for code in sorted(codes):
        print('\t{"%s", 0x%x, %d},' % code)
    print('};\nconst size_t plan_codes_n = %d;' % len(codes))
    print('\nconst struct plan_prefix plan_prefixes[] = {')
    for prefix in sorted(prefixes):
        print('\t{"%s", %d},' % prefix)
    print('};\nconst size_t plan_prefixes_n = %d;' % len(prefixes))


def main(args):
    if args == ['extract']:
        extract()
    elif len(args) == 2 and args[0] == 'table':
        table(args[1])
    else:
        sys.exit(__doc__)


main(sys.argv[1:])
