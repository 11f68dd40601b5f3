"""variants.py - the demo's other calls: who is called, by whom, what must hold

Each is judged by the recording of both directions and by the ledger's record of
the call; see demo.py for how it is made.
"""
import array
import json
import math
import os
import random
import shutil
import sys
import wave

import check
import wer

LOUD = 350       # root mean square of a frame that is a sound of the callee
FRAME_MS = 20
PAUSE = 20       # frames: a longer silence parts two utterances
STOP_MOST_MS = 900
GAP_MOST_MS = 3000
MESSAGE_MOST_MS = 4000  # the engine in process has all of it to speak first
ERRORS_MOST = 25.0  # of some twenty words, of which one or two are names
MESSAGE = "Hello, this is the clinic with a message for {{user.firstName|you}}. Please call us back on Monday. Goodbye."


def frames(v, level):
    return [math.sqrt(sum(x * x for x in v[i:i + check.FRAME]) / check.FRAME) >= level
            for i in range(0, len(v) - check.FRAME + 1, check.FRAME)]


def utterances(loud):
    """[from, to) in frames."""
    found = []
    for i, on in enumerate(loud):
        if on and found and i - found[-1][1] <= PAUSE:
            found[-1][1] = i + 1
        elif on:
            found.append([i, i + 1])
    return found


def longest_gap(loud, begin, end):
    """The longest silence between two sounds, in frames."""
    longest, last = 0, None
    for i in range(begin, end):
        if loud[i]:
            longest = max(longest, i - last - 1 if last is not None else 0)
            last = i
    return longest


class Call:
    """What is known of a finished call."""

    def __init__(self, build, work, wav, journal, record):
        self.journal, self.record = journal, record
        self.samples = [check.channel(wav, side) for side in (0, 1)]
        self.callee, self.bot = frames(self.samples[0], LOUD), frames(self.samples[1], check.QUIET)
        self.turns = record.get("turns", [])
        self.spoken = [t for t in self.turns if t["role"] == "bot" and t["text"]]

        # By a recogniser that did not hear the call.
        self.heard = check.read_back(build, work, self.samples[1], "tiny")


def yes(there):
    return "yes" if there else "no"


def error_row(said, heard):
    wrong, n = wer.rate(said, heard)
    percent = 100 * wrong / max(n, 1)
    return ("word errors, read back by another net", f"{percent:.0f} % of {n}", f"at most {ERRORS_MOST:.0f} %",
            n > 0 and percent <= ERRORS_MOST)


# ---- a barge-in ----------------------------------------------------------------

def barge_in(call):
    begin, end = utterances(call.callee)[-1]
    over = any(call.bot[max(0, begin - 15):begin])
    stopped = max((i + 1 for i in range(begin, end) if call.bot[i]), default=begin)
    ms = FRAME_MS * (stopped - begin)
    said = [i for i, t in enumerate(call.turns) if t["role"] == "callee"]
    cut = said and said[-1] > 0 and call.turns[said[-1] - 1].get("interrupted")
    answered = call.turns and call.turns[-1]["role"] == "bot"
    return [("the callee cut in while the bot spoke", yes(over), "yes", over),
            ("the bot was heard on for", f"{ms} ms", f"at most {STOP_MOST_MS} ms", over and ms <= STOP_MOST_MS),
            ("the answer is marked as interrupted", yes(cut), "yes", bool(cut)),
            ("what the callee said was answered", yes(answered), "yes", bool(answered)),
            error_row(" ".join(t["text"] for t in call.spoken), call.heard)]


# ---- a cough -------------------------------------------------------------------

def make_cough(path):
    """Three bursts of breath, as loud as speech."""
    rng, v, low = random.Random(7), array.array("h"), 0.0
    for burst_ms, pause_ms in ((190, 130), (170, 160), (210, 400)):
        n = burst_ms * 8
        for i in range(n):
            low += 0.45 * (rng.uniform(-1, 1) - low)
            rise = min(1.0, i / 80) * math.exp(-3.2 * i / n)
            v.append(int(15000 * rise * low))
        v.extend([0] * (pause_ms * 8))
    if sys.byteorder == "big":
        v.byteswap()
    with wave.open(path, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(check.HZ)
        w.writeframes(v.tobytes())


def cough(call):
    begin, end = utterances(call.callee)[-1]
    over = any(call.bot[max(0, begin - 15):begin])
    last = max((i for i, on in enumerate(call.bot) if on), default=0)
    gap = FRAME_MS * longest_gap(call.bot, begin - 15, last + 1)
    # The voice in process may itself be late: that is not the cough's doing.
    late = max(check.holes(call.journal)[1], default=0)
    cut = any(t.get("interrupted") for t in call.spoken)
    on = FRAME_MS * max(0, last - end)
    return [("it came while the bot spoke", yes(over), "yes", over),
            ("length of the cough", f"{FRAME_MS * (end - begin)} ms", "at least 500 ms",
             FRAME_MS * (end - begin) >= 500),
            ("the bot spoke on behind it for", f"{on} ms", "at least 1000 ms", on >= 1000),
            ("its longest pause from then on", f"{gap} ms", f"at most {GAP_MOST_MS} ms + {late} ms of a late voice",
             gap <= GAP_MOST_MS + late),
            ("the answer was heard whole", yes(not cut), "yes", not cut and call.turns[-1]["role"] == "bot"),
            error_row(" ".join(t["text"] for t in call.spoken), call.heard)]


# ---- a mailbox -----------------------------------------------------------------

def voicemail(call):
    begin, end = utterances(call.callee)[-1]  # the beep
    first = next((i for i, on in enumerate(call.bot) if on), None)
    before = sum(call.bot[:end])
    text = MESSAGE.replace("{{user.firstName|you}}", "John")
    ended = next((e for e in call.record.get("events", []) if e.get("type") == "ended"), {})
    who = json.dumps(ended)
    ender = (call.record.get("end") or {}).get("by")
    return [("the beep ended at", f"{FRAME_MS * end} ms", "it beeped", end - begin >= 5),
            ("sounds of the bot before that", f"{FRAME_MS * before} ms", "none", before == 0),
            ("the message began behind it after", f"{FRAME_MS * (first - end) if first else '-'} ms",
             f"at most {MESSAGE_MOST_MS} ms", first is not None and FRAME_MS * (first - end) <= MESSAGE_MOST_MS),
            ("taken for a mailbox", yes("voicemail" in who), "yes", "voicemail" in who),
            ("hung up by", str(ender), "not by the callee", ender not in (None, "callee")),
            error_row(text, call.heard)]


VARIANTS = {"barge-in": barge_in, "cough": cough, "voicemail": voicemail}


def prepare(variant, here, root, work):
    """The folder of agents and the callee's script, for @variant."""
    agents = os.path.join(root, "bot", "agents")
    script = os.path.join(work, "callee.txt")
    shutil.copyfile(os.path.join(here, f"callee-{variant}.txt"), script)
    if variant == "cough":
        make_cough(os.path.join(work, "cough.wav"))
    if variant == "voicemail":
        ours = os.path.join(work, "agents")
        shutil.copytree(agents, ours)
        with open(os.path.join(ours, "default.json")) as f:
            agent = json.load(f)
        agent["machine"] = {"message": MESSAGE}
        with open(os.path.join(ours, "default.json"), "w") as f:
            json.dump(agent, f)
        agents = ours
    return agents, script
