#!/usr/bin/env python3
"""Makes a retrieval set of a help centre and of this project's own questions about it, for `holdpoint kb eval`.

    tools/help_centre.py HOLDPOINT FOLDER OUT
    HOLDPOINT kb eval OUT/en --json

HOLDPOINT is the program, FOLDER the help centre (Markdown in four languages and PDF), OUT is made. The help centre is imported as an
owner would do it, into a data directory that is thrown away; every passage of it becomes a document of its language's collection, and
every passage of a right page is right for its question. `benches/questions/help-centre.jsonl` has the questions: {language, question,
right: [path]}, and `help-centre-unanswerable.jsonl` those that no page answers. OUT/all holds all languages, OUT/en, es, fr and zh one each.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

LANGUAGES = ("en", "es", "fr", "zh")
QUESTIONS = Path(__file__).resolve().parent.parent / "benches/questions"


def language_of(path):
    """The help centre names its pages `…_en.md`; what says nothing is English."""
    for language in LANGUAGES:
        if path.endswith(f"_{language}.md"):
            return language
    return "en"


def passages(program, folder):
    """Everything that an import makes of the folder."""
    with tempfile.TemporaryDirectory() as data:
        environment = {**os.environ, "HOLDPOINT_DATA_DIR": data}

        def ask(*arguments):
            done = subprocess.run([program, *arguments, "--json"], env=environment, check=True, capture_output=True)
            return json.loads(done.stdout)

        ask("init", "--name", "Help centre")
        report = ask("kb", "import", folder)
        print(f"{report['files']} files, {report['added']} passages", file=sys.stderr)
        found, after = [], None
        while True:
            page = ask("kb", "list", "--limit", "200", *(["--after", after] if after else []))
            found += page["items"]
            after = page["next"]
            if not after:
                return found


def write(folder, documents, questions):
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (("documents", documents), ("questions", questions)):
        lines = (json.dumps(row, ensure_ascii=False) for row in rows)
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(program, folder, out):
    found = passages(program, folder)
    documents = [
        {"collection": language_of(row["source"]), "id": row["id"], "title": row["title"], "body": row["body"]}
        for row in found
    ]
    of_page = {}
    for row in found:
        of_page.setdefault(row["source"], []).append(row["id"])
    questions = []
    lines = [line for name in ("help-centre", "help-centre-unanswerable") for line in (QUESTIONS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    for asked in map(json.loads, lines):
        right = [passage for page in asked["right"] for passage in of_page.get(page, [])]
        if asked["right"] and not right:
            print(f"no passage of {asked['right']}: “{asked['question']}” is left out", file=sys.stderr)
            continue
        questions.append({"collection": asked["language"], "question": asked["question"], "context": [], "right": right})
    write(Path(out) / "all", documents, questions)
    for language in LANGUAGES:
        of_language = [row for row in documents if row["collection"] == language]
        write(Path(out) / language, of_language, [row for row in questions if row["collection"] == language])


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
