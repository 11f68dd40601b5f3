"""latency.py - a picture of where a turn's milliseconds went"""
from xml.sax.saxutils import escape

STAGES = [("final", "final text", "#4e79a7"), ("first_token", "first token", "#f28e2b"),
          ("first_audio", "first audio", "#59a14f"), ("heard", "heard", "#b07aa1")]


def svg(turns):
    """@turns: [(label, {"speech_end": ms, "final": ms, ...})], any of them absent."""
    rows, most = [], 500
    for label, t in turns:
        begin = t.get("speech_end")
        if begin is None:
            continue
        spans, at = [], begin
        for key, name, colour in STAGES:
            if t.get(key) is None:
                continue
            if t[key] > at:
                spans.append((at - begin, t[key] - begin, name, colour))
                at = t[key]
        if spans:
            rows.append((label, spans))
            most = max(most, spans[-1][1])

    left, width, row, top = 230, 640, 34, 70
    height = top + row * len(rows) + 50
    scale = width / (most * 1.08)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 40}" height="{height}" '
           'font-family="sans-serif" font-size="13">',
           '<rect width="100%" height="100%" fill="white"/>',
           '<text x="16" y="26" font-size="17">From the end of the callee\'s speech to the bot\'s voice</text>']
    x = 16
    for _, name, colour in STAGES:
        out.append(f'<rect x="{x}" y="40" width="12" height="12" fill="{colour}"/>'
                   f'<text x="{x + 18}" y="51">{name}</text>')
        x += 30 + 8 * len(name)
    step = next(s for s in (100, 200, 250, 500, 1000, 2000, 5000) if most / s <= 9)
    for ms in range(0, int(most * 1.08) + 1, step):
        gx = left + ms * scale
        out.append(f'<line x1="{gx:.1f}" y1="{top - 6}" x2="{gx:.1f}" y2="{height - 34}" stroke="#ddd"/>'
                   f'<text x="{gx:.1f}" y="{height - 16}" text-anchor="middle" fill="#555">{ms} ms</text>')
    for i, (label, spans) in enumerate(rows):
        y = top + i * row
        short = label if len(label) <= 30 else label[:29] + "\u2026"
        out.append(f'<text x="{left - 10}" y="{y + 18}" text-anchor="end">{escape(short)}</text>')
        for begin, end, _, colour in spans:
            out.append(f'<rect x="{left + begin * scale:.1f}" y="{y + 4}" height="20" fill="{colour}" '
                       f'width="{max(1, (end - begin) * scale):.1f}"/>')
        out.append(f'<text x="{left + spans[-1][1] * scale + 6:.1f}" y="{y + 18}" fill="#333">'
                   f'{round(spans[-1][1])}</text>')
    out.append("</svg>\n")
    return "\n".join(out)
