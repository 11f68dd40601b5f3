"""speech_svg.py - a picture of the latency of each stage"""
import statistics
from xml.sax.saxutils import escape

COLOURS = ["#4e79a7", "#f28e2b", "#59a14f", "#b07aa1"]
LEFT, WIDTH, ROW = 190, 640, 40


def tick_step(most):
    return next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000) if most / s <= 9)


def strip(out, y, scale, values, colour):
    """Every value as a dot, nine of ten of them as a bar, the median as a line."""
    v = sorted(values)
    low, high = v[len(v) // 10], v[min(len(v) - 1, len(v) * 9 // 10)]
    middle = statistics.median(v)
    out.append(f'<rect x="{LEFT + low * scale:.1f}" y="{y + 9}" width="{max(1, (high - low) * scale):.1f}" '
               f'height="16" fill="{colour}" opacity="0.35"/>')
    for i, x in enumerate(v):
        if x * scale <= WIDTH:
            out.append(f'<circle cx="{LEFT + x * scale:.1f}" cy="{y + 13 + i % 3 * 4}" r="2" fill="{colour}" '
                       'opacity="0.7"/>')
    x = LEFT + middle * scale
    out.append(f'<line x1="{x:.1f}" y1="{y + 4}" x2="{x:.1f}" y2="{y + 30}" stroke="black" stroke-width="2"/>')
    out.append(f'<text x="{LEFT + WIDTH + 12}" y="{y + 22}">{middle:.0f} ms</text>')


def panel(out, y, title, rows):
    """@rows: [(label, values, colour)]. Returns where the next one begins."""
    rows = [r for r in rows if r[1]]
    out.append(f'<text x="16" y="{y + 16}" font-size="15" font-weight="bold">{escape(title)}</text>')
    y += 26
    # A few answers that waited for long must not flatten all others.
    most = max((sorted(v)[min(len(v) - 1, len(v) * 95 // 100)] for _, v, _ in rows), default=0) * 1.1 or 1
    scale, step, height = WIDTH / most, tick_step(most), ROW * len(rows)
    for ms in range(0, int(most) + 1, step):
        x = LEFT + ms * scale
        out.append(f'<line x1="{x:.1f}" y1="{y}" x2="{x:.1f}" y2="{y + height}" stroke="#ddd"/>'
                   f'<text x="{x:.1f}" y="{y + height + 16}" text-anchor="middle" fill="#555">{ms} ms</text>')
    for label, values, colour in rows:
        out.append(f'<text x="{LEFT - 10}" y="{y + 22}" text-anchor="end">{escape(label)}</text>')
        strip(out, y, scale, values, colour)
        y += ROW
    return y + 44


def draw(panels, stages, clauses, how):
    """@panels: [(title, [latencies of an answer])]; @clauses: {voice: [ms]}."""
    body, y = [], 66
    for title, turns in panels:
        rows = [(label, [t[key] for t in turns if t.get(key) is not None], COLOURS[i])
                for i, (key, label) in enumerate(stages)]
        y = panel(body, y, f"{title}: {len(turns)} answers, from the end of the callee's speech", rows)
    for name, values in clauses.items():
        y = panel(body, y, f"{name}: first audio of a clause of five words ({how})",
                  [(name, values, COLOURS[2])])
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 90}" height="{y}" '
            'font-family="sans-serif" font-size="13">', '<rect width="100%" height="100%" fill="white"/>',
            '<text x="16" y="28" font-size="18">The latency of each stage, speech computed in process</text>',
            '<text x="16" y="48" fill="#555">a dot: one answer; the bar: from the first to the ninth of ten; '
            'the line: the median</text>']
    return "\n".join(head + body + ["</svg>\n"])
