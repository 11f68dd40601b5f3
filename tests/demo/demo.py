"""demo.py BUILD [VARIANT] - one whole call on this machine, with no account

Starts plivo-sim (Plivo and the person called), dialout-bot and
dialout-server on free ports, sends the README's curl, shows what happens and
leaves the recording, the transcript and a picture of the latencies behind.
Variants are other calls, each with what must hold of it: see variants.py.
DEMO_TTS=flite speaks with a voice that costs next to nothing.
"""
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.dont_write_bytecode = True
import check
import latency
import variants
import wer

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
READY_SEC, CALL_SEC = 60, 180
PAUSE_MS = 10000  # a hole of the line's that is longer is none inside a reply
PHONE = "+15551234567"
BODY = {"user": {"id": "user123", "firstName": "John", "lastName": "Doe", "accountType": "premium"}}
AUTH = {"PLIVO_AUTH_ID": "MAXXXXXXXXXXXXXXXXXX", "PLIVO_AUTH_TOKEN": "simulated-auth-token",
        "PLIVO_PHONE_NUMBER": "+15557654321"}
TTY = sys.stdout.isatty()


def paint(code, text):
    return f"\033[{code}m{text}\033[0m" if TTY else text


class Programs:
    """The three programs; they end when this does."""

    def __init__(self, build, work):
        self.build, self.work, self.running = build, work, []

    def start(self, name, args, env):
        ready = os.path.join(self.work, name + ".ready")
        log = open(os.path.join(self.work, name + ".log"), "wb")
        base = {k: os.environ[k] for k in ("PATH", "HOME", "XDG_CACHE_HOME", "TMPDIR") if k in os.environ}
        proc = subprocess.Popen([os.path.join(self.build, name), "--ready-file", ready] + args,
                                cwd=self.work, env={**base, **env}, stdin=subprocess.DEVNULL,
                                stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        log.close()
        self.running.append((name, proc))
        until = time.monotonic() + READY_SEC
        while not os.path.exists(ready):
            if proc.poll() is not None or time.monotonic() > until:
                fail(f"{name} did not start:\n{self.log(name)}")
            time.sleep(0.02)
        with open(ready) as f:
            return f.read().strip()

    def log(self, name):
        with open(os.path.join(self.work, name + ".log"), errors="replace") as f:
            return f.read()

    def dead(self):
        return [name for name, proc in self.running if proc.poll() is not None]

    def stop(self):
        for _, proc in reversed(self.running):
            if proc.poll() is None:
                proc.send_signal(signal.SIGTERM)
        for _, proc in reversed(self.running):
            try:
                proc.wait(timeout=10)
            except subprocess.TimeoutExpired:
                proc.kill()
                proc.wait()


class Failure(Exception):
    pass


def fail(text):
    raise Failure(text)


def get(url):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as r:
        return json.load(r)


def said_by_script(path):
    """The callee's sentences, in the order of the script."""
    sentences, parts = [], []
    with open(path) as f:
        for line in f:
            m = re.search(r"# says: (.*)", line)
            if m:
                parts.append(m.group(1).strip())
            elif line.startswith(("wait-", "barge-in", "hangup")) and parts:
                sentences.append(" ".join(parts))
                parts = []
    return sentences + ([" ".join(parts)] if parts else [])


class Screen:
    """Prints what is new in the ledger's record of the call."""

    def __init__(self):
        self.began, self.state, self.shown = time.monotonic(), None, 0

    def line(self, what, text=""):
        print(f"  {paint('2', f'{time.monotonic() - self.began:6.1f} s')}  {what:10} {text}", flush=True)

    def update(self, call):
        if call["state"] != self.state:
            self.state = call["state"]
            self.line(paint("36", self.state))
        turns = call.get("turns", [])
        for t in turns[self.shown:]:
            who = paint("33", "callee") if t["role"] == "callee" else paint("32", "bot   ")
            mark = paint("31", " (interrupted)") if t.get("interrupted") else ""
            took = ""
            times = t.get("latency") or {}
            if t["role"] == "bot" and times.get("speech_end") is not None and times.get("first_audio") is not None:
                took = paint("2", f"  [{times['first_audio']:.0f} ms after the callee]")
            self.line(who, f"{t['text']}{mark}{took}")
        self.shown = len(turns)


def turns_with_times(turns):
    """(what the callee said, the answer's times) of each answered turn."""
    rows, asked = [], "(the bot speaks first)"
    for t in turns:
        if t["role"] == "callee":
            asked = t["text"]
        elif t.get("latency"):
            # "speech_end" is a time of the call, the others count from it.
            times = {k: v for k, v in t["latency"].items() if v is not None}
            if "speech_end" in times:
                rows.append((asked, {**times, "speech_end": 0}))
    return rows


def run(build, out, work, variant):
    programs = Programs(build, work)
    try:
        return call(programs, out, work, variant)
    finally:
        programs.stop()


def call(programs, out, work, variant):
    agents, script = os.path.join(ROOT, "bot", "agents"), os.path.join(HERE, "callee.txt")
    if variant:
        agents, script = variants.prepare(variant, HERE, ROOT, work)
    record = os.path.join(work, "record")
    os.mkdir(record)
    sim = programs.start("plivo-sim", ["--script", script, "--record", record, "--pause", str(PAUSE_MS),
                                       "--journal", os.path.join(work, "journal.jsonl")], {})
    common = {"ENV": "local", "PLIVO_API_URL": sim, **AUTH}
    if os.environ.get("DEMO_TTS"):
        common.update(STT="embedded", LLM="script", TTS=os.environ["DEMO_TTS"])
    print("  starting the bot: recogniser and voice are loaded from the models of `make deps`", flush=True)
    bot = programs.start("dialout-bot", [], {**common, "BOT_LISTEN": "127.0.0.1:0",
                                             "AGENTS_DIR": agents, "GREETINGS_DIR": os.path.join(work, "greetings")})
    server = programs.start("dialout-server", [], {**common, "LISTEN": "127.0.0.1:0", "BOT_URL": bot})

    body = json.dumps({"phone_number": PHONE, "body": BODY})
    print(f"\n  $ curl -X POST {server}/start \\\n      -H 'Content-Type: application/json' \\\n      -d '{body}'")
    answer = subprocess.run(["curl", "-sS", "--noproxy", "*", "-X", "POST", server + "/start",
                             "-H", "Content-Type: application/json", "-d", body],
                            capture_output=True, text=True, timeout=60)
    print("  " + (answer.stdout or answer.stderr).strip() + "\n", flush=True)
    try:
        started = json.loads(answer.stdout)
        url = f"{server}/calls/{started['call_id']}"
    except (ValueError, KeyError):
        fail("the call was not started:\n" + programs.log("dialout-server"))

    screen, until = Screen(), time.monotonic() + CALL_SEC
    while True:
        record_of_call = get(url)
        screen.update(record_of_call)
        if record_of_call.get("ended_at"):
            break
        if programs.dead():
            name = programs.dead()[0]
            fail(f"{name} ended:\n{programs.log(name)[-3000:]}")
        if time.monotonic() > until:
            fail("the call did not end:\n" + programs.log("dialout-bot")[-3000:])
        time.sleep(0.1)
    # The bot's last events may follow the hangup by a moment.
    settle = time.monotonic() + 2
    while time.monotonic() < settle:
        record_of_call = get(url)
        screen.update(record_of_call)
        time.sleep(0.1)
    return report(record_of_call, record, out, script, work, programs.build, variant)


def print_checks(build, work, out, record_of_call, variant):
    """Measure the recording and say so; the number of limits that were missed."""
    wav, journal = os.path.join(out, "call.wav"), os.path.join(work, "journal.jsonl")
    if variant:
        done = variants.Call(build, work, wav, journal, record_of_call)
        rows, heard = variants.VARIANTS[variant](done), done.heard
    else:
        rows, heard = check.check(build, work, wav, journal, record_of_call.get("turns", []),
                                  BODY["user"]["firstName"])
    print("\n  checked, on the recording:")
    for what, figure, limit, held in rows:
        mark = paint("32", "ok    ") if held else paint("31", "MISSED")
        print(f"    {mark} {what:40} {figure:>12}   ({limit})")
    missed = sum(not row[3] for row in rows)
    if missed:
        print(f"    read back: {heard.strip()}")
    return missed


def report(record_of_call, record, out, script, work, build, variant):
    turns = record_of_call.get("turns", [])
    os.makedirs(out, exist_ok=True)
    wavs = sorted(glob.glob(os.path.join(record, "*.wav")))
    if not wavs:
        fail("no recording was written")
    shutil.copyfile(wavs[0], os.path.join(out, "call.wav"))
    with open(os.path.join(out, "transcript.json"), "w") as f:
        json.dump(record_of_call, f, indent=2, ensure_ascii=False)
        f.write("\n")
    with open(os.path.join(out, "latency.svg"), "w") as f:
        f.write(latency.svg(turns_with_times(turns)))
    for name in ("journal.jsonl", "dialout-bot.log", "dialout-server.log", "plivo-sim.log"):
        path = os.path.join(work, name)
        if os.path.exists(path):
            shutil.copyfile(path, os.path.join(out, name))

    end = record_of_call.get("end") or {}
    print(f"\n  ended by {end.get('by')}: {end.get('cause')}")
    want = said_by_script(script)
    have = [t["text"] for t in turns if t["role"] == "callee"]
    wrong, n = wer.rate(" ".join(want), " ".join(have))
    print(f"  the callee's script: {' / '.join(want)}")
    print(f"  the bot understood:  {' / '.join(have)}")
    print(f"  word error rate: {wrong} of {n} words ({100 * wrong / max(n, 1):.0f} %)")
    here = os.path.relpath(out)
    print(f"\n  {here}/call.wav         callee left, bot right\n"
          f"  {here}/transcript.json  who said what, and when\n"
          f"  {here}/latency.svg      where the milliseconds went")
    spoken = [t for t in turns if t["role"] == "bot" and t["text"]]
    if not spoken or (not variant and (len(spoken) < 3 or not have)):
        fail("that was no conversation: see the logs in " + here)
    missed = print_checks(build, work, out, record_of_call, variant)
    if missed:
        fail(f"{missed} of the limits missed: see the logs in {here}")
    return 0


def main():
    build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
    variant = sys.argv[2] if len(sys.argv) > 2 else ""
    if variant and variant not in variants.VARIANTS:
        print("demo: the variants are " + ", ".join(variants.VARIANTS), file=sys.stderr)
        return 2
    out = os.path.join(build, "demo", variant)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print("dialout demo: a simulated telephone, a human voice, everything else is real", flush=True)
    with tempfile.TemporaryDirectory(prefix="dialout-demo.") as work:
        try:
            return run(build, out, work, variant)
        except Failure as f:
            print(f"demo: {f}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("\ndemo: ended", file=sys.stderr)
            return 130


if __name__ == "__main__":
    sys.exit(main())
