"""turn_reference.py WHEEL MODEL >tests/data/turn_reference.txt

What the reference implementation makes of the Asterisk prompts: the features
and verdicts that test_smart_turn.c compares ours with. WHEEL is pipecat-ai's,
whose own code computes the features; MODEL is the net out of it. Needs numpy,
soxr and onnxruntime from PyPI, so it is run by hand when the model changes.

    features NAME HZ: value ...   of the whole prompt, taken as sound of HZ;
                                  the K-th value is number K * 16127 % 64000
    verdict NAME MS PROBABILITY STABLE   of the prompt's first MS (0: all of it)

The net computes with 8 bit integers, and where it is undecided the last digit
of a feature turns its verdict: STABLE is 1 if it stays the same under noise
far below the tolerance of 0.001, in each of sixteen tries.

A prompt has been through u-law and has 200 ms of silence behind, as the net
hears it when the voice detector says stop.
"""
import glob
import os
import sys
import types
import wave
import zipfile

import numpy as np
import onnxruntime
import soxr

PROMPTS = "/usr/share/asterisk/sounds/en_US_f_Allison"
WINDOW = 8 * 16000
LONGEST = 12 * 8000
VALUES = 400
TRIES = 16
NOISE = 1e-4
FEATURES = ["vm-goodbye", "demo-congrats", "conf-adminmenu-162", "digits/5",
            "agent-pass", "tt-monkeys"]


def reference(wheel):
    name = "pipecat/audio/turn/smart_turn/_whisper_features.py"
    module = types.ModuleType("reference")
    with zipfile.ZipFile(wheel) as z:
        exec(compile(z.read(name), name, "exec"), module.__dict__)
    return module.compute_whisper_log_mel_features


def through_ulaw(v):
    size = np.minimum(np.abs(v.astype(np.int32)), 32635) + 132
    shift = np.floor(np.log2(size)).astype(np.int32) - 4
    size = (((size >> shift) << shift) | (1 << (shift - 1))) - 132
    return (np.sign(v) * size + (v == 0) * size).astype(np.int16)


def prompt(name):
    with wave.open(f"{PROMPTS}/{name}.wav") as w:
        v = np.frombuffer(w.readframes(w.getnframes()), np.int16)
    return through_ulaw(v)


def heard(pcm, hz):
    """The last eight seconds at 16 kHz; silence goes in front."""
    v = np.concatenate([pcm, np.zeros(hz // 5, np.int16)])
    v = v[: len(v) // (hz // 100) * (hz // 100)]
    v = v.astype(np.float32)[-8 * hz:] / 32768
    if hz != 16000:
        v = soxr.resample(v, hz, 16000, quality="HQ")
    v = v[-WINDOW:]
    return np.pad(v, (WINDOW - len(v), 0))


def pause(pcm):
    """The quietest moment about the middle, in steps of 20 ms."""
    n = len(pcm) // 160
    power = [np.mean(pcm[i * 160:i * 160 + 160].astype(float) ** 2)
             for i in range(n)]
    first, last = n * 2 // 5, n * 7 // 10
    return (first + int(np.argmin(power[first:last]))) * 20


def judge(net, v):
    return net.run(None, {"input_features": v[None].astype(np.float32)})[0].item()


def stable(net, v, complete):
    noise = np.random.default_rng(1)
    return all((judge(net, v + noise.normal(0, NOISE, v.shape)) > 0.5) ==
               complete for _ in range(TRIES))


def main():
    features = reference(sys.argv[1])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    net = onnxruntime.InferenceSession(sys.argv[2], options)
    for name in FEATURES:
        for hz in 16000, 8000:
            v = features(heard(prompt(name), hz)).ravel()
            some = [v[k * 16127 % v.size] for k in range(VALUES)]
            print(f"features {name} {hz}:", *(f"{x:.4f}" for x in some))
    for path in sorted(glob.glob(f"{PROMPTS}/*.wav"))[::3]:
        name = os.path.basename(path)[:-4]
        pcm = prompt(name)
        if not 8000 <= len(pcm) <= LONGEST:
            continue
        for ms in 0, pause(pcm):
            v = features(heard(pcm[: ms * 8] if ms else pcm, 8000))
            p = judge(net, v)
            print(f"verdict {name} {ms} {p:.4f} {stable(net, v, p > 0.5):d}")


main()
