"""Cases for test_plivo_verify.c, on standard output.

The text that Plivo signs is built here once more, from the description alone,
so that the C code is not its own judge. Lines, fields separated by tabs:

    B id token url form nonce signature    the request as Plivo sent it
    M want field text                      one field changed; 1: still good

A change is still good exactly when the text that is signed stays the same.
"""

import json
import random
import sys
from urllib.parse import quote_plus, unquote_to_bytes

# What stands for structure, and neighbours that may be mistaken for it.
BYTES = b"&=+%#?./:,;aA0 \xc3"


def pairs(encoded):
    found = []
    for part in encoded.split(b"&"):
        if part:
            key, _, value = part.partition(b"=")
            found.append(tuple(unquote_to_bytes(x.replace(b"+", b" "))
                               for x in (key, value)))
    return sorted(found)


def signed(url, form, nonce):
    base, _, query = url.partition(b"#")[0].partition(b"?")
    qs = b"&".join(k + b"=" + v for k, v in pairs(query))
    bs = b"".join(k + v for k, v in pairs(form))
    text = base
    if qs or bs:
        text += b"?" + qs
    if qs and bs:
        text += b"."
    return text + bs + b"." + nonce


def encode(params):
    out = []
    for key, value in params.items():
        for one in value if isinstance(value, list) else [value]:
            out.append(quote_plus(key) + "=" + quote_plus(one))
    return "&".join(out).encode()


def every_byte(text):
    """All texts that differ from this one in one byte."""
    for i, old in enumerate(text):
        for new in {*BYTES, old ^ 1, old ^ 0x20}:
            if new != old and new >= 0x20 and new != 0x7f:
                yield text[:i] + bytes([new]) + text[i + 1:]


def spelt_anew(encoded, rand):
    """The same parameters, written in other ways."""
    parts = encoded.split(b"&")
    yield b"&".join(reversed(parts))
    yield b"&" + b"&&".join(parts) + b"&"
    yield encoded.replace(b"+", b"%20")
    yield b"&".join(b"=".join(
        b"".join(b"%%%02x" % b for b in unquote_to_bytes(
            half.replace(b"+", b" ")))
        for half in part.split(b"=", 1)) for part in parts)
    for _ in range(4):
        yield b"&".join(rand.sample(parts, len(parts)))
        yield b"&".join(rand.sample(parts, len(parts))[1:])
    yield encoded + b"&" + parts[0]
    yield encoded + b"&x"


def variants(url, form, rand):
    head, mark, query = url.partition(b"#")[0].partition(b"?")
    yield "url", url + b"#ct=2000&rt=5000"
    yield "url", url + b"?"
    yield "url", url + b"/"
    for new in spelt_anew(query, rand) if mark else ():
        yield "url", head + b"?" + new
    for new in spelt_anew(form, rand) if form else ():
        yield "form", new


def put(*fields):
    sys.stdout.buffer.write(b"\t".join(fields) + b"\n")


def main():
    rand = random.Random(1)
    for vec in json.load(open(sys.argv[1], encoding="utf-8")):
        if vec["version"] != "V3" or vec["id"] in ("C10", "C28"):
            continue
        url, form = vec["url"].encode(), b""
        params = encode(vec["params"] or {})
        if vec["method"] == "POST":
            form = params
        elif params:
            head, mark, frag = url.partition(b"#")
            url = head + (b"&" if b"?" in head else b"?") + params
            url += mark + frag
        nonce, sig = vec["nonce"].encode(), vec["signature"].encode()
        want = vec["signed_string"].encode()
        assert signed(url, form, nonce) == want, vec["id"]
        put(b"B", vec["id"].encode(), vec["auth_token"].encode(), url, form,
            nonce, sig)
        for new in every_byte(sig):
            put(b"M", b"0", b"signature", new)
        for new in every_byte(nonce):
            put(b"M", b"0", b"nonce", new)
        for field, new in [*(("url", t) for t in every_byte(url)),
                           *(("form", t) for t in every_byte(form)),
                           *variants(url, form, rand)]:
            have = signed(new if field == "url" else url,
                          new if field == "form" else form, nonce)
            put(b"M", b"%d" % (have == want), field.encode(), new)


main()
