"""speech.py BUILD - how well the bot hears and speaks with no account

Plays 205 sentences of a human voice to the real bot over its media stream, has
its voices read back by its recogniser, and measures how soon they begin. Prints
each figure beside its limit, leaves a picture of the latency of every stage in
BUILD/bench, and fails when a limit is missed.

SPEECH_CALLS: calls at once while the sentences are played, 8 at most (one more
than there are processors).
"""
import gzip
import json
import os
import re
import statistics
import subprocess
import sys

sys.dont_write_bytecode = True
import speech_svg

LIST = "/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz"
SENTENCES = 205
STAGES = [("final", "final text"), ("first_token", "first token"),
          ("first_audio", "first audio"), ("heard", "heard")]
LIMIT_SEC = 3600


def permitted(prefix):
    try:
        return subprocess.run(prefix + ["true"], stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def one_core():
    """(how to run on one processor, in words)."""
    pin = ["taskset", "-c", str(max(os.sched_getaffinity(0)))]
    first = ["chrt", "-f", "10"]
    if permitted(pin + first):
        return pin + first, "one core, under chrt -f"
    if permitted(pin):
        return pin, "one core; chrt -f was not permitted: other programs may have slowed it"
    return [], "not pinned: neither taskset nor chrt was permitted"


def run(build, args, prefix=(), text=b""):
    name = args[0]
    env = {**os.environ, "BUILD_DIR": build}
    done = subprocess.run(list(prefix) + [os.path.join(build, "bench", name)] + args[1:], input=text,
                          stdout=subprocess.PIPE, env=env, timeout=LIMIT_SEC)
    if done.returncode:
        sys.exit(f"bench-speech: {name} ended with {done.returncode}\n{done.stdout.decode()[-2000:]}")
    return done.stdout.decode()


def figure(pattern, text):
    found = re.search(pattern, text)
    if not found:
        sys.exit(f"bench-speech: no figure like {pattern!r} in\n{text[-2000:]}")
    return float(found.group(1))


def stream(build, out, tts, calls, sentences, text):
    """Play sentences to the bot: (what the bench printed, times of the answers)."""
    path = os.path.join(out, f"speech-{tts}-{calls}.jsonl")
    if os.path.exists(path):
        os.unlink(path)
    printed = run(build, ["bench_stream", tts, str(calls), str(sentences), path], text=text)
    with open(path) as f:
        turns = [json.loads(line) for line in f]
    # Whoever spoke on over the answer moved the end of speech behind it.
    return printed, [t for t in turns if (t.get("final") or 0) > 0]


def voices(printed):
    rows, clauses = [], {}
    for name, limit in (("kokoro", 1100), ("flite", 60)):
        first = figure(name + r": first audio (\d+) ms", printed)
        wrong = figure(name + r": first audio .* with ([\d.]+) % word errors", printed)
        values = re.search(name + r": clauses in ms: (.*)", printed).group(1)
        clauses[name] = [float(v) for v in values.split()]
        rows.append((f"{name}: first audio of a five-word clause, median of 25", first, "ms", limit))
        rows.append((f"{name}: word errors, read back by the recogniser", wrong, "%", 5))
    return rows, clauses


def table(rows):
    missed = 0
    for what, value, unit, limit in rows:
        held = value <= limit
        missed += not held
        print(f"  {'ok    ' if held else 'MISSED'}  {what:58} {value:8.2f} {unit:2}  (at most {limit} {unit})")
    return missed


def medians(name, turns):
    print(f"\n  {name}, milliseconds after the end of speech, median (9 of 10 below), {len(turns)} answers:")
    for key, label in STAGES:
        v = sorted(t[key] for t in turns if t.get(key) is not None)
        if v:
            print(f"    {label:12} {statistics.median(v):6.0f} ({v[len(v) * 9 // 10]:.0f})")


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    out = os.path.join(build, "bench")
    calls = int(os.environ.get("SPEECH_CALLS") or min(8, 1 + len(os.sched_getaffinity(0))))
    with gzip.open(LIST) as f:
        text = f.read()

    prefix, how = one_core()
    print(f"bench-speech: the voices ({how})", flush=True)
    rows, clauses = voices(run(build, ["bench_voice"], prefix))
    print("bench-speech: one call, answered by the natural voice, 25 turns in real time", flush=True)
    _, single = stream(build, out, "embedded", 1, 25, text)
    print(f"bench-speech: {SENTENCES} sentences in {calls} calls at once, in real time", flush=True)
    printed, many = stream(build, out, "flite", calls, 1000, text)
    with open(os.path.join(out, "speech-words.txt"), "w") as f:
        f.write(printed)

    n = figure(r"stream: (\d+) sentences", printed)
    rows.insert(0, ("word errors of the recogniser inside the bot", figure(r": ([\d.]+) % word errors", printed),
                    "%", 4))
    print()
    missed = table(rows)
    if n != SENTENCES:
        print(f"  MISSED  {n:.0f} sentences were played, not {SENTENCES}")
        missed += 1
    panels = [("One call, Kokoro", single), (f"{calls} calls at once, flite", many)]
    for name, turns in panels:
        medians(name, turns)
    picture = os.path.join(out, "speech.svg")
    with open(picture, "w") as f:
        f.write(speech_svg.draw(panels, STAGES, clauses, how))
    print(f"\n  {picture}: the latency of each stage\n"
          f"  {out}/speech-words.txt: every sentence that was not understood to the letter")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
