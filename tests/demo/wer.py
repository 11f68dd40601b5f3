"""wer.py - word error rate, with the ways of writing the same words made one"""
import re

ONES = ("zero one two three four five six seven eight nine ten eleven twelve "
        "thirteen fourteen fifteen sixteen seventeen eighteen nineteen").split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def spoken(n):
    """A number as words, up to a million."""
    if n < 20:
        return ONES[n]
    if n < 100:
        rest = n % 10
        return TENS[n // 10 - 2] + (" " + ONES[rest] if rest else "")
    if n < 1000:
        rest = n % 100
        return ONES[n // 100] + " hundred" + (" " + spoken(rest) if rest else "")
    rest = n % 1000
    return spoken(n // 1000) + " thousand" + (" " + spoken(rest) if rest else "")


def clock(m):
    hour, minute = int(m.group(1)), int(m.group(2))
    if minute == 0:
        return spoken(hour) + " "
    return spoken(hour) + " " + ("oh " if minute < 10 else "") + spoken(minute) + " "


def words(text):
    """Lower case, numbers as words, no marks; "p.m." and "PM" alike."""
    text = text.lower().replace("\u2019", "'")
    text = re.sub(r"\b([ap])(?:\.\s?|\s)m\b\.?", r"\1m", text)
    text = re.sub(r"\b(\d{1,2}):(\d\d)\b", clock, text)
    text = re.sub(r"\b(\d{1,2})\s?([ap]m)\b", r"\1 \2", text)
    text = re.sub(r"\d+", lambda m: " " + spoken(int(m.group(0)[:6])) + " ", text)
    text = text.replace("'", "")
    # "good-bye" is one word, "twenty-five" are two.
    text = re.sub(r"([a-z]+)-(?=[a-z])", lambda m: m.group(1) + (" " if m.group(1) in TENS else ""), text)
    found = re.sub(r"[^a-z ]+", " ", text).split()
    # "three o'clock" and "three" in front of am or pm are the same time.
    return [w for i, w in enumerate(found)
            if not (w == "oclock" and i + 1 < len(found) and found[i + 1] in ("am", "pm"))]


def errors(want, have):
    """Edits that turn one list of words into the other."""
    row = list(range(len(have) + 1))
    for i, w in enumerate(want, 1):
        last, row[0] = row[0], i
        for j, h in enumerate(have, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (w != h))
    return row[-1]


def rate(want, have):
    """(errors, words) of two texts."""
    want, have = words(want), words(have)
    return errors(want, have), len(want)
