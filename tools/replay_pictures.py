#!/usr/bin/env python3
"""Draws the pictures of docs/replay.md and docs/earned-autonomy.md from what `holdpoint replay --json` printed.

    for limit in 0.03 0.04 0.05 0.06 0.07 0.08; do
        holdpoint replay FILE.jsonl --limit $limit --json >replay-$limit.json
    done
    tools/replay_pictures.py docs/pictures replay-*.json

Writes `autonomy-curve.svg` (how much goes out at which limit) and `autonomy-months.svg` (month after month, for the 6 % limit or the
last file). Every figure stands in the picture as a number, too.
"""

import json
import sys
from pathlib import Path

WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 60, 20, 48, 52
INK, SOFT, STRONG, PALE = "#1f2933", "#6b7785", "#1d5fa8", "#a9c4e2"


def text(x, y, words, anchor="middle", colour=INK, size=13):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{words}</text>'


def picture(title, description, parts):
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="system-ui, sans-serif"><title>{title}</title><desc>{description}</desc>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
    )
    return "\n".join([head, text(LEFT, 24, title, "start", INK, 15), *parts, "</svg>"]) + "\n"


def across(share):
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def up(share):
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def percent(share, digits=0):
    return f"{100 * share:.{digits}f} %"


def grid():
    lines = []
    for step in range(0, 101, 25):
        y = up(step / 100)
        lines.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#d9dfe5"/>')
        lines.append(text(LEFT - 8, y + 4, f"{step} %", "end", SOFT, 12))
    return lines


def bars(groups):
    """Groups of (label, [(share, colour)])."""
    parts = grid()
    room = 1 / len(groups)
    for at, (label, shares) in enumerate(groups):
        width = room * 0.8 / len(shares)
        for nth, (share, colour) in enumerate(shares):
            left = across(at * room + room * 0.1 + nth * width)
            right = across(at * room + room * 0.1 + (nth + 1) * width) - 3
            parts.append(
                f'<rect x="{left:.1f}" y="{up(share):.1f}" width="{right - left:.1f}" height="{up(0) - up(share):.1f}" '
                f'fill="{colour}"/>'
            )
            parts.append(text((left + right) / 2, up(share) - 5, percent(share), size=12))
        parts.append(text(across(at * room + room / 2), up(0) + 18, label))
    return parts


def legend(entries):
    parts, x = [], LEFT
    for colour, words in entries:
        parts.append(f'<rect x="{x}" y="{HEIGHT - 20}" width="12" height="12" fill="{colour}"/>')
        parts.append(text(x + 18, HEIGHT - 10, words, "start", INK, 12))
        x += 30 + 7 * len(words)
    return parts


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    runs = sorted((json.loads(Path(name).read_text()) for name in sys.argv[2:]), key=lambda run: run["limit"])
    open_runs = [run for run in runs if run["automation"] is not None]
    curve = bars(
        [
            (f"limit {percent(run['limit'])}", [(run["automation"], STRONG), (run["automation_hindsight"], PALE)])
            for run in open_runs
        ]
    )
    curve += legend([(STRONG, "sent without a person, certified"), (PALE, "possible in hindsight, knowing every truth")])
    title = "How much the gate lets out at which limit"
    (folder / "autonomy-curve.svg").write_text(picture(title, "The same figures stand in the table below.", curve))

    run = next((run for run in runs if abs(run["limit"] - 0.06) < 1e-9), runs[-1])
    months = bars([(f"month {at + 1}", [(month["sent"], STRONG)]) for at, month in enumerate(run["by_month"])])
    for at, month in enumerate(run["by_month"]):
        if month["sent_bad_rate"] is not None:
            centre = across((at + 0.5) / len(run["by_month"]))
            months.append(text(centre, up(0) - 8, f"{percent(month['sent_bad_rate'], 1)} bad", colour="#ffffff", size=12))
    months += legend([(STRONG, f"sent without a person at a limit of {percent(run['limit'])}, average of all shuffles")])
    title = "Month after month: nothing at first, then what was earned"
    (folder / "autonomy-months.svg").write_text(picture(title, "Share of all answers that went out.", months))


if __name__ == "__main__":
    main()
