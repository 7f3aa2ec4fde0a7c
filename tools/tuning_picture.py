#!/usr/bin/env python3
"""Draws the picture of docs/tuning.md from what `holdpoint kb tune-eval FOLDER --json` printed.

    holdpoint kb tune-eval FOLDER --json >curves.json
    tools/tuning_picture.py docs/pictures curves.json

Writes `tuning-curve.svg`: how often the right entry is first, by the number of verdicts and how many of the wrong ones name
the right entry. Every figure stands in the picture as a number, too.
"""

import json
import sys
from pathlib import Path

from replay_pictures import PALE, STRONG, bars, legend, percent, picture

MIDDLE, GREY = "#5b8fc7", "#c3cad2"
COLOURS = {0.0: PALE, 0.5: MIDDLE, 1.0: STRONG}


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    curves = json.loads(Path(sys.argv[2]).read_text())
    rows = {(row["verdicts"], row["corrected"]): row for row in curves["rows"]}
    sizes = sorted({verdicts for verdicts, _ in rows})
    cosine = curves["rows"][0]["right_first_cosine"]
    groups = [("no verdicts", [(cosine, GREY)])]
    for size in sizes:
        shares = [(rows[(size, corrected)]["right_first_tuned"], colour) for corrected, colour in COLOURS.items()]
        groups.append((f"{size} verdicts", shares))
    parts = bars(groups)
    parts += legend([(GREY, "plain cosine")] + [(colour, f"{percent(share)} of the wrong ones corrected") for share, colour in COLOURS.items()])
    title = "The right entry comes first, by verdicts learned from"
    description = "The same figures stand in the table below."
    (Path(sys.argv[1]) / "tuning-curve.svg").write_text(picture(title, description, parts))


if __name__ == "__main__":
    main()
