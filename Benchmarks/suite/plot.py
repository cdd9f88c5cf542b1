"""The results as bars, in SVG."""
from xml.sax.saxutils import escape

from . import realtime, whole

PANELS = (
    (whole.PART, "WAV, 48 kHz stereo", "CPU seconds for an hour of 48 kHz stereo, as fast as the device gives"),
    (realtime.CPU, "WAV, 48 kHz stereo", "ms of CPU for each second in real time, 48 kHz stereo"),
    (realtime.WAKEUPS, "WAV, 48 kHz stereo", "wake-ups in each second in real time, 48 kHz stereo"),
)
WIDTH, LEFT, BAR, GAP, TITLE = 720, 150, 18, 6, 34


def svg(results):
    """None where no panel was measured."""
    drawn, y = [], 12
    for part, case, title in PANELS:
        subjects = results.values.get(part, {}).get(case, {})
        if not subjects:
            continue
        drawn.append(f'<text x="12" y="{y + 16}" class="title">{escape(title)}</text>')
        y += TITLE
        medians = {subject: results.median(part, case, subject) for subject in subjects}
        largest = max(medians.values()) or 1
        for subject, median in medians.items():
            drawn += bar(y, subject, median, largest, results.spread(part, case, subject))
            y += BAR + GAP
        y += 14
    if not drawn:
        return None
    style = (
        "text{font:13px sans-serif;fill:#333}.title{font-weight:bold}.name{text-anchor:end}"
        ".other{fill:#9db2c9}.own{fill:#d9622b}.spread{stroke:#333;stroke-width:1}"
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}">'
    paper = f'<rect width="{WIDTH}" height="{y}" fill="#fff"/>'
    return "\n".join([head, f"<style>{style}</style>", paper, *drawn, "</svg>", ""])


def bar(y, subject, median, largest, spread):
    room = WIDTH - LEFT - 80
    length = max(1, room * median / largest)
    low, high = (LEFT + min(room * 1.1, room * value / largest) for value in spread)
    kind = "own" if subject == "tapeline" else "other"
    yield f'<text x="{LEFT - 8}" y="{y + 14}" class="name">{escape(subject)}</text>'
    yield f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" class="{kind}"/>'
    yield f'<line x1="{low:.1f}" y1="{y + BAR / 2}" x2="{high:.1f}" y2="{y + BAR / 2}" class="spread"/>'
    yield f'<text x="{max(LEFT + length, high) + 6:.1f}" y="{y + 14}">{median:.2f}</text>'
