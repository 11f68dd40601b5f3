"""check.py - is what the callee heard what the bot says it spoke?

The bot's channel of the recording is read by a recogniser that did not hear
the call (the small net; the call's texts are the large one's), and the
journal of the simulated telephone is searched for holes in what was played.
"""
import array
import json
import os
import subprocess
import sys
import wave

import wer

HZ, FRAME = 8000, 160
QUIET = 60              # root mean square of a frame without speech
PAUSE = 35              # frames: a longer silence parts two stretches
MARGIN = 10             # frames of it that stay on each side
LONGEST = 19 * 50       # frames of a stretch
FULL_SCALE = 32000      # the loudest code of mu-law is 32,124
WORDS_LEAST, ERRORS_MOST = 60, 10.0
HOLE_MOST_MS = 40


def channel(path, which):
    with wave.open(path, "rb") as w:
        if (w.getnchannels(), w.getsampwidth(), w.getframerate()) != (2, 2, HZ):
            raise ValueError(f"{path} is not stereo, 16 bit, {HZ} Hz")
        samples = array.array("h", w.readframes(w.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples[which::2]


def stretches(v):
    """(from, to) in samples of what is spoken without a long pause."""
    loud = [sum(x * x for x in v[i:i + FRAME]) > QUIET * QUIET * FRAME
            for i in range(0, len(v) - FRAME + 1, FRAME)]
    found, begin, last = [], None, None
    for i, is_loud in enumerate(loud + [False] * (PAUSE + 1)):
        if is_loud:
            begin, last = i if begin is None else begin, i
        if begin is not None and (i - last > PAUSE or i - begin >= LONGEST - 2 * MARGIN):
            found.append((max(0, begin - MARGIN) * FRAME, min(len(v), (last + 1 + MARGIN) * FRAME)))
            begin = None
    return found


def read_back(build, work, v, net):
    """The text of a channel, as the recogniser @net hears it."""
    files = []
    for n, (begin, end) in enumerate(stretches(v)):
        path = os.path.join(work, f"stretch{n}.raw")
        with open(path, "wb") as f:
            v[begin:end].tofile(f)
        files.append(path)
    if not files:
        return ""
    done = subprocess.run([os.path.join(build, "demo-hear"), net] + files,
                          capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise ValueError("demo-hear: " + done.stderr.strip())
    return " ".join(done.stdout.split("\n"))


def holes(journal):
    """Milliseconds that the telephone had nothing to play inside a reply: (where
    the bot's pacing made it so, where the voice was late).

    The bot's marks tell them apart. The last one of a reply has ".end" in its
    name; where the voice keeps the line waiting a mark stands, too, and the
    journal says so."""
    pacing, voice, ended = [], [], True
    with open(journal) as f:
        for line in f:
            e = json.loads(line)
            if e.get("event") == "played":
                ended = e["name"].endswith(".end")
            elif e.get("event") == "cleared":
                ended = True
            elif e.get("event") == "underrun" and not ended:
                (voice if e["after_checkpoint"] else pacing).append(e["ms"])
    return pacing, voice


def check(build, work, wav, journal, turns, name):
    """[(what, figure, limit, held)] of the finished call."""
    v = channel(wav, 1)
    said = " ".join(t["text"] for t in turns if t["role"] == "bot")
    heard = read_back(build, work, v, "tiny")
    wrong, n = wer.rate(said, heard)
    percent = 100 * wrong / max(n, 1)
    peak = max((abs(x) for x in v), default=0)
    pacing, voice = holes(journal)
    longest = max(pacing, default=0)
    there = name.lower() in wer.words(said) and name.lower() in wer.words(heard)
    return [("words the bot says it spoke", f"{n}", f"at least {WORDS_LEAST}", n >= WORDS_LEAST),
            ("word errors, read back by another net", f"{percent:.1f} % ({wrong})",
             f"at most {ERRORS_MOST:.0f} %", percent <= ERRORS_MOST),
            (f"\"{name}\" of the custom data was heard", "yes" if there else "no", "yes", there),
            ("loudest sample of the bot", f"{peak}", f"below {FULL_SCALE}", 0 < peak < FULL_SCALE),
            ("longest hole that pacing made", f"{longest} ms", f"at most {HOLE_MOST_MS} ms",
             longest <= HOLE_MOST_MS),
            ("silence while the voice was late", f"{sum(voice)} ms", "no limit; 0 where it keeps up",
             True)], heard
