"""bench.py BUILD - how many calls a core carries, and what each costs

The bot runs alone on one core, in real-time class where that is permitted;
the load generator and the providers' simulators share the other. Prints tables
and writes them to BUILD/bench/report.md. Settings: BENCH_RUNS (5) windows of
BENCH_SECONDS (8) each; BENCH_CALLS (200); BENCH_QUICK=1, a smoke run that says
nothing about speed; BENCH_ONLY=null,off,full.
"""
import glob
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WAV = "/usr/share/asterisk/sounds/en_US_f_Allison/demo-congrats.wav"
SECRET = "0123456789abcdef0123456789abcdef"
READY_SEC = 20
LATE_US, BUSY = 5000, 85
LIMIT_STEPS, LIMIT_SECONDS = 9, 1.5
LATENCY = {"stt": 150, "llm": 300, "tts": 120}  # [ms] that simulators declare
QUICK = os.environ.get("BENCH_QUICK") == "1"
RUNS = int(os.environ.get("BENCH_RUNS", 1 if QUICK else 5))
SECONDS = int(os.environ.get("BENCH_SECONDS", 2 if QUICK else 8))
CALLS = int(os.environ.get("BENCH_CALLS", 20 if QUICK else 200))
ONLY = os.environ.get("BENCH_ONLY", "null,off,full").split(",")
AGENT = {"instructions": "You are a friendly assistant on the telephone.",
         "greeting": "Hello there.", "greet_after_ms": 1, "tools": ["end_call"]}
ANSWER = "Of course there is one payment left that is due on Friday."
QUESTION = "Could you tell me what is still open?"


def bot_and_other_core():
    cores = sorted(os.sched_getaffinity(0))
    return (cores[1], cores[0]) if len(cores) > 1 else (cores[0], cores[0])


BOT_CORE, CORE = bot_and_other_core()


def real_time():
    return shutil.which("chrt") and subprocess.run(
        ["chrt", "-f", "20", "true"], capture_output=True).returncode == 0


REAL_TIME = bool(real_time())


class Programs:
    def __init__(self, build, work):
        self.build, self.work, self.running = build, work, []

    def start(self, program, args, env, core, name=None):
        name = name or program.replace("/", "-")
        ready, log = (os.path.join(self.work, name + e) for e in (".ready", ".log"))
        if os.path.exists(ready):
            os.unlink(ready)
        base = {k: os.environ[k] for k in ("PATH", "HOME", "XDG_CACHE_HOME", "MODELS_DIR") if k in os.environ}
        pin = ["taskset", "-c", str(core)] + (["chrt", "-f", "20"] if REAL_TIME else [])
        with open(log, "wb") as out:
            proc = subprocess.Popen(pin + [os.path.join(self.build, program), "--ready-file", ready] + args,
                                    cwd=self.work, env={**base, **env}, stdin=subprocess.DEVNULL,
                                    stdout=out, stderr=subprocess.STDOUT)
        self.running.append(proc)
        until = time.monotonic() + READY_SEC
        while not os.path.exists(ready):
            if proc.poll() is not None or time.monotonic() > until:
                with open(log, errors="replace") as f:
                    sys.exit(f"bench: {program} did not start:\n{f.read()[-2000:]}")
            time.sleep(0.02)
        with open(ready) as f:
            return proc, f.read().strip()

    def stop(self):
        for proc in reversed(self.running):
            proc.send_signal(signal.SIGTERM)
        for proc in reversed(self.running):
            try:
                proc.wait(10)
            except subprocess.TimeoutExpired:
                proc.kill()
                proc.wait()
        self.running = []


def stolen():
    """Ticks of the bot's core that a hypervisor gave to others, and all."""
    with open("/proc/stat") as f:
        v = next(line.split()[1:9] for line in f if line.startswith(f"cpu{BOT_CORE} "))
    return int(v[7]), sum(map(int, v))


def write(path, text):
    with open(path, "w") as f:
        f.write(text)
    return path


def bot_env(work):
    agents = os.path.join(work, "agents")
    os.makedirs(agents, exist_ok=True)
    write(os.path.join(agents, "bench.json"), json.dumps(AGENT))
    write(os.path.join(agents, "default.json"), json.dumps(AGENT))
    return {"BOT_LISTEN": "127.0.0.1:0", "BOT_SECRET": SECRET, "BOT_DRAIN": "0", "BOT_CAPACITY": "4000", "TURN_MODEL": "none",
            "AGENTS_DIR": agents, "GREETINGS_DIR": os.path.join(work, "greetings"), "LOG_LEVEL": "warn"}


def start_null(programs, vad):
    env = dict(bot_env(programs.work), STT="deepgram", LLM="openai", TTS="cartesia", DEEPGRAM_API_KEY="k",
               OPENAI_API_KEY="k", CARTESIA_API_KEY="k", BENCH_VAD=vad)
    return programs.start("bench/bench_bot", [], env, BOT_CORE)


def start_full(programs, settings=None):
    work = programs.work
    tls = os.path.join(work, "tls")
    subprocess.run(["sh", os.path.join(ROOT, "tests/sim/lib/mkcert.sh"), tls], check=True)
    secure = ["--tls-cert", os.path.join(tls, "cert.pem"), "--tls-key", os.path.join(tls, "key.pem")]
    urls = {}
    for name, args in (
            ("deepgram-sim", ["--loop", "--script", write(os.path.join(work, "heard.txt"), QUESTION + "\n"),
                              "--latency-ms", str(LATENCY["stt"]), "--finalize-ms", str(LATENCY["stt"])]),
            ("openai-sim", ["--script", write(os.path.join(work, "answers.txt"), f"when user *\nsay {ANSWER}\n"),
                            "--ttft-ms", str(LATENCY["llm"])]),
            ("cartesia-sim", ["--latency-ms", str(LATENCY["tts"])])):
        urls[name] = programs.start(name, secure + args, {}, CORE)[1]
    env = dict(bot_env(work), **(settings or {}), TLS_CA_FILE=os.path.join(tls, "ca.pem"),
               DEEPGRAM_API_KEY="k", OPENAI_API_KEY="k", CARTESIA_API_KEY="k",
               DEEPGRAM_URL="wss" + urls["deepgram-sim"].split("https", 1)[1],
               OPENAI_BASE_URL=urls["openai-sim"] + "/v1",
               CARTESIA_URL="wss" + urls["cartesia-sim"].split("https", 1)[1])
    return programs.start("dialout-bot", [], env, BOT_CORE)


def load(programs, bot, url, steps, windows, seconds, **limits):
    args = [os.path.join(programs.build, "bench/bench_load"), "--port", url.rsplit(":", 1)[1], "--secret", SECRET,
            "--wav", WAV, "--bot", str(bot.pid),
            "--others", ",".join(str(p.pid) for p in programs.running if p is not bot), "--steps", ",".join(map(str, steps)),
            "--windows", str(windows), "--ms", str(int(1000 * seconds))]
    for k, v in limits.items():
        args += ["--" + k.replace("_", "-"), str(v)]
    pin = ["taskset", "-c", str(CORE)] + (["chrt", "-f", "30"] if REAL_TIME else [])
    out = subprocess.run(pin + args, capture_output=True, text=True)
    rows = [json.loads(line) for line in out.stdout.splitlines()]
    if out.returncode or not rows:
        log = "".join(open(p, errors="replace").read()[-1500:] for p in glob.glob(programs.work + "/*bot*.log"))
        sys.exit(f"bench: the load generator failed: {out.stderr}\n{log}")
    return rows


def median(rows, get):
    return statistics.median(get(r) for r in rows)


def cost(start, build, work):
    """Figures at CALLS calls; memory from the slope between two numbers."""
    programs = Programs(build, work)
    try:
        bot, url = start(programs)
        few = max(CALLS // 10, 1)
        small = load(programs, bot, url, [few], 1, 1)[-1]
        programs.stop()
        bot, url = start(programs)
        rows = load(programs, bot, url, [CALLS], RUNS, SECONDS)
    finally:
        programs.stop()
    if rows[-1]["talking"] != CALLS:
        sys.exit(f"bench: only {rows[-1]['talking']} of {CALLS} calls are left")
    return {"rows": rows, "cpu": median(rows, lambda r: r["cpu_us"]),
            "kib": (rows[-1]["rss_kib"] - small["rss_kib"]) / (CALLS - few)}


def steps_from(cpu):
    """Numbers of calls to try, from half a core's worth of them on."""
    first = max(round(0.5e6 / cpu / 50), 2) * 50
    step = max(round(first * 0.2 / 25), 1) * 25
    return [first // 2] + [first + i * step for i in range(LIMIT_STEPS)]


def limit(start, build, work, cpu):
    """The largest number of calls held, and what ended it."""
    programs = Programs(build, work)
    try:
        bot, url = start(programs)
        rows = load(programs, bot, url, steps_from(cpu), RUNS, LIMIT_SECONDS, late_us=LATE_US, busy=BUSY)
    finally:
        programs.stop()
    steps = [middle([r for r in rows if r["calls"] == n]) for n in sorted({r["calls"] for r in rows})]
    held = [r for r in steps if good(r)]
    last = steps[-1]
    if good(last):
        why = "the highest tried"
    elif last["others"] >= BUSY:
        why = f"at {last['calls']} the simulators' core was {last['others']:.0f} % busy"
    elif last["talking"] < last["calls"]:
        why = f"calls were lost at {last['calls']}"
    else:
        why = f"at {last['calls']} p99 was {last['p99'] / 1000:.1f} ms, the bot's core {last['bot']:.0f} % busy"
    return {"held": held[-1] if held else None, "why": why, "steps": steps,
            "others_first": last["others"] >= BUSY}


def middle(rows):
    """Medians of the windows of one step."""
    return {"calls": rows[0]["calls"], "talking": min(r["talking"] for r in rows),
            "p99": median(rows, lambda r: r["late_us"][1]), "others": median(rows, lambda r: r["others_busy"]),
            "bot": median(rows, lambda r: r["bot_busy"]), "cpu": median(rows, lambda r: r["cpu_us"])}


def good(r):
    return r["p99"] < LATE_US and r["others"] < BUSY and r["talking"] == r["calls"]


NAMES = {"off": "media path, voice detection off", "null": "media path", "full": "whole pipeline"}
LEAST = {"null": (900, 900), "full": (2400, 250)}  # [us a call-second], [calls]
HEAD = """# Calls per core

{machine}, Linux {kernel}, {cores} cores; load average {load} before it began.
The bot runs on core {bot}, the load generator and the simulators on core {core}.
{class_} Each call sends 50 packets of 20 ms a second; the person speaks
40 % of the time and so does the bot. Media path: providers that do nothing, voice
detection on. Whole pipeline: Deepgram's, OpenAI's and Cartesia's simulators over
TLS. Smart Turn, whose cost is told by bench_turn, is
off. Medians of {runs} windows of {seconds} s at {calls} calls."""


def table(head, rows):
    lines = [head, ["---"] * len(head)] + rows
    return ["", *("| " + " | ".join(str(c) for c in line) + " |" for line in lines)]


def cost_row(key, r):
    rows = r["cost"]["rows"]
    cpus = [w["cpu_us"] for w in rows]
    least = f"{LEAST[key][0]}" if key in LEAST else "-"
    return [NAMES[key], f"**{r['cost']['cpu']:.0f}**", f"{min(cpus):.0f} - {max(cpus):.0f}", least,
            f"{r['cost']['kib'] * 1024:.0f}", f"{median(rows, lambda w: w['out']):.0%}"]


def time_row(key, r):
    rows = r["cost"]["rows"]
    mid = lambda name, i: median(rows, lambda w: w[name][i])  # noqa: E731
    less = sum(LATENCY.values()) if key == "full" else 0
    answer = "-" if key == "off" else f"{mid('answer_ms', 0) - less:.0f}, {mid('answer_ms', 1) - less:.0f}"
    return [NAMES[key], answer, f"{mid('greet_ms', 0) - (LATENCY['tts'] if less else 0):.0f}"] + (
        [f"{mid('late_us', 0) / 1000:.2f}, {mid('late_us', 1) / 1000:.2f}"] if REAL_TIME else [])


def held_row(key, r):
    held, lim, cpu = r["limit"]["held"], r["limit"], r["cost"]["cpu"]
    calls = held["calls"] if held else 0
    if lim["others_first"]:
        calls = max(calls, int(0.7e6 / (held or {"cpu": cpu})["cpu"]))
    return [NAMES[key], f"**{calls}**", LEAST[key][1]] + (
        [f"{held['p99'] / 1000:.2f}", f"{held['bot']:.0f} %", f"{held['others']:.0f} %", f"{held['cpu']:.0f}"]
        if held else ["-"] * 4) + [lim["why"] + (" first: 0.7 s / CPU is given" if lim["others_first"] else "")]


def report(results, load_before, steal):
    class_ = ("Both are in the real-time class (chrt -f)." if REAL_TIME else
              "The real-time class (chrt -f) is not permitted here: no lateness and no limit is quoted.")
    out = [HEAD.format(machine=platform.machine(), kernel=platform.release(), cores=len(os.sched_getaffinity(0)),
                       load=load_before, bot=BOT_CORE, core=CORE, class_=class_, runs=RUNS, seconds=SECONDS,
                       calls=CALLS)]
    if QUICK:
        out += ["", "A smoke run: the figures say nothing."]
    out += table(["bot alone", "CPU us per call-second", "lowest - highest", "at most", "bytes per call", "speech out"],
                 [cost_row(k, r) for k, r in results.items()])
    out += table(["", "end of speech to first audio, ms (p50, p99)", "start to first audio, ms"] +
                 (["lateness p50, p99, ms"] if REAL_TIME else []), [time_row(k, r) for k, r in results.items()])
    out += ["", "Off these times is what the simulators declare: " +
            ", ".join(f"{k} {v}" for k, v in LATENCY.items()) + " ms."]
    limits = {k: r for k, r in results.items() if r.get("limit")}
    if limits and REAL_TIME:
        out += table(["calls held by one core", f"p99 lateness < {LATE_US // 1000} ms", "at least", "p99, ms",
                      "bot's core", "simulators'", "us per call-second", "what ended it"],
                     [held_row(k, r) for k, r in limits.items()])
        out += ["", f"Medians of {RUNS} windows of {LIMIT_SECONDS} s a step. A core's business is that of our own "
                "programs: others on the machine get what they leave."]
    if steal >= 0.5:
        out += ["", f"A hypervisor gave {steal:.0f} % of the bot's core to others meanwhile; what is late may be its doing."]
    return "\n".join(out) + "\n"


def main(build):
    dir = os.path.join(build, "bench")
    results = {}
    load_before = f"{os.getloadavg()[0]:.1f}"
    before = stolen()
    starts = {"off": lambda p: start_null(p, "off"), "null": lambda p: start_null(p, "on"), "full": start_full}
    with tempfile.TemporaryDirectory(prefix="dialout-bench-") as work:
        for key in [k for k in ("off", "null", "full") if k in ONLY]:
            print(f"  {NAMES[key]}: {RUNS} x {SECONDS} s at {CALLS} calls", flush=True)
            results[key] = {"cost": cost(starts[key], build, work)}
            if key != "off" and not QUICK and REAL_TIME:
                print(f"  {NAMES[key]}: how many calls", flush=True)
                results[key]["limit"] = limit(starts[key], build, work, results[key]["cost"]["cpu"])
    after = stolen()
    text = report(results, load_before, 100 * (after[0] - before[0]) / max(after[1] - before[1], 1))
    write(os.path.join(dir, "report.md"), text)
    write(os.path.join(dir, "report.json"), json.dumps(results, indent=1))
    print("\n" + text)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: bench.py BUILD")
    main(os.path.abspath(sys.argv[1]))
