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


def write(path, text):
    with open(path, "w") as f:
        f.write(text)
    return path


def bot_env(work):
    agents = os.path.join(work, "agents")
    os.makedirs(agents, exist_ok=True)
    write(os.path.join(agents, "bench.json"), json.dumps(AGENT))
    write(os.path.join(agents, "default.json"), json.dumps(AGENT))
    return {"BOT_LISTEN": "127.0.0.1:0", "BOT_SECRET": SECRET, "BOT_DRAIN": "0", "BOT_CAPACITY": "4000",
            "AGENTS_DIR": agents, "GREETINGS_DIR": os.path.join(work, "greetings"), "LOG_LEVEL": "warn"}


def start_null(programs, vad):
    env = dict(bot_env(programs.work), STT="null", LLM="null", TTS="null", BENCH_VAD=vad)
    return programs.start("bench/bench_bot", [], env, BOT_CORE)


def start_full(programs):
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
    env = dict(bot_env(work), TLS_CA_FILE=os.path.join(tls, "ca.pem"),
               DEEPGRAM_API_KEY="k", OPENAI_API_KEY="k", CARTESIA_API_KEY="k",
               DEEPGRAM_URL="wss" + urls["deepgram-sim"].split("https", 1)[1],
               OPENAI_BASE_URL=urls["openai-sim"] + "/v1",
               CARTESIA_URL="wss" + urls["cartesia-sim"].split("https", 1)[1])
    return programs.start("dialout-bot", [], env, BOT_CORE)


def load(programs, bot, url, steps, windows, seconds, **limits):
    args = [os.path.join(programs.build, "bench/bench_load"), "--port", url.rsplit(":", 1)[1], "--secret", SECRET,
            "--wav", WAV, "--bot", str(bot.pid),
            "--others", ",".join(str(p.pid) for p in programs.running if p is not bot), "--steps", ",".join(map(str, steps)),
            "--windows", str(windows), "--seconds", str(seconds)]
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


def limit(start, build, work, cpu):
    """The largest number of calls held, and what ended it."""
    guess = 0.55e6 / cpu
    steps = [int(guess * (1 + 0.12 * i)) for i in range(7)]
    programs = Programs(build, work)
    try:
        bot, url = start(programs)
        rows = load(programs, bot, url, steps, 1, SECONDS, late_us=LATE_US, busy=BUSY)
    finally:
        programs.stop()
    held = [r for r in rows if good(r)]
    last = rows[-1]
    if good(last):
        why = "the highest tried"
    elif last["others_busy"] >= BUSY:
        why = "the simulators' core was full first"
    elif last["talking"] < last["calls"]:
        why = "calls were lost beyond"
    else:
        why = "packets were late beyond"
    return {"held": held[-1] if held else None, "why": why, "last": last}


def good(r):
    return r["late_us"][1] < LATE_US and r["others_busy"] < BUSY and r["talking"] == r["calls"]


NAMES = {"off": "media path, voice detection off", "null": "media path, voice detection on",
         "full": "whole pipeline, TLS to the simulators"}


def report(results):
    out = ["# Calls per core", "",
           f"{platform.machine()}, Linux {platform.release()}, {len(os.sched_getaffinity(0))} cores; bot on core "
           f"{BOT_CORE}, all else on core {CORE}. Medians of {RUNS} windows of {SECONDS} s at {CALLS} calls; the "
           "person speaks 40 % of the time, so does the bot."]
    if not REAL_TIME:
        out += ["", "The real-time class (chrt -f) is not permitted here: no lateness is quoted."]
    if QUICK:
        out += ["", "A smoke run: the figures say nothing."]
    out += ["", "| | CPU us per call-second | lowest - highest | KiB a call | speech out | 0.7 s / CPU |",
            "|---|---|---|---|---|---|"]
    for key, r in results.items():
        rows = r["cost"]["rows"]
        cpus = [w["cpu_us"] for w in rows]
        out.append(f"| {NAMES[key]} | {r['cost']['cpu']:.0f} | {min(cpus):.0f} - {max(cpus):.0f} | "
                   f"{r['cost']['kib']:.0f} | {median(rows, lambda w: w['out']):.0%} | "
                   f"{0.7e6 / r['cost']['cpu']:.0f} |")
    out += ["", "| | end of speech to first audio, ms (p50, p99) | start to first audio, ms |" +
            (" late p50, p99, us |" if REAL_TIME else ""), "|---|---|---|" + ("---|" if REAL_TIME else "")]
    for key, r in results.items():
        rows = r["cost"]["rows"]
        mid = lambda name, i: median(rows, lambda w: w[name][i])  # noqa: E731
        less = sum(LATENCY.values()) if key == "full" else 0
        line = (f"| {NAMES[key]} | " + ("-" if key == "off" else f"{mid('answer_ms', 0) - less:.0f}, "
                f"{mid('answer_ms', 1) - less:.0f}") + f" | {mid('greet_ms', 0) - (LATENCY['tts'] if less else 0):.0f} |")
        out.append(line + (f" {mid('late_us', 0):.0f}, {mid('late_us', 1):.0f} |" if REAL_TIME else ""))
    out += ["", f"What the simulators declare is taken off: {LATENCY} ms."]
    for key, r in results.items():
        if r.get("limit") and REAL_TIME:
            held = r["limit"]["held"]
            out.append("")
            out.append(f"{NAMES[key]}: **{held['calls'] if held else 0} calls** with p99 lateness under "
                       f"{LATE_US // 1000} ms ({r['limit']['why']}" +
                       (f"; bot {held['bot_busy']:.0f} % busy, the other core {held['others_busy']:.0f} %, "
                        f"p99 {held['late_us'][1]} us, {held['cpu_us']:.0f} us a call-second" if held else "") + ").")
    return "\n".join(out) + "\n"


def main(build):
    dir = os.path.join(build, "bench")
    results = {}
    starts = {"off": lambda p: start_null(p, "off"), "null": lambda p: start_null(p, "on"), "full": start_full}
    with tempfile.TemporaryDirectory(prefix="dialout-bench-") as work:
        for key in [k for k in ("off", "null", "full") if k in ONLY]:
            print(f"  {NAMES[key]} ...", flush=True)
            results[key] = {"cost": cost(starts[key], build, work)}
            if key != "off" and not QUICK:
                results[key]["limit"] = limit(starts[key], build, work, results[key]["cost"]["cpu"])
    text = report(results)
    write(os.path.join(dir, "report.md"), text)
    write(os.path.join(dir, "report.json"), json.dumps(results, indent=1))
    print("\n" + text)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: bench.py BUILD")
    main(os.path.abspath(sys.argv[1]))
