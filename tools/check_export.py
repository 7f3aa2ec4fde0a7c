#!/usr/bin/env python3
"""Loads what `holdpoint export` wrote in the library that trainers read it with, and checks every row.

    python3 -m venv V && V/bin/pip install datasets==5.2.0 trl==1.16.0
    V/bin/python tools/check_export.py FOLDER

FOLDER holds one export: chat, dpo, dpo-openai or csv. The format is told from the manifest; what each row must be is what the trainers'
documentation says (TRL's dataset formats, OpenAI's formats for supervised and for preference fine-tuning). Prints what was loaded as JSON;
ends with 1 and names the first row that is not what it should be.
"""

import hashlib
import json
import sys
from pathlib import Path

import datasets
from trl.data_utils import is_conversational

ROLES = {"system", "user", "assistant"}


def check(holds, what):
    if not holds:
        sys.exit(f"check_export: {what}")


def is_talk(messages, last, where):
    """Messages with a role and words, of which the last is of `last`."""
    check(isinstance(messages, list) and messages, f"{where}: there are no messages")
    for message in messages:
        check(set(message) == {"role", "content"}, f"{where}: a message has {sorted(message)}")
        check(message["role"] in ROLES, f"{where}: the role {message['role']!r}")
        check(isinstance(message["content"], str) and message["content"].strip(), f"{where}: a message without words")
    check(messages[-1]["role"] == last, f"{where}: the last word is of {messages[-1]['role']!r}")


def chat(row, where):
    check(set(row) == {"messages"}, f"{where}: {sorted(row)}")
    check(is_conversational(row), f"{where}: TRL sees no conversation")
    is_talk(row["messages"], "assistant", where)
    check(any(message["role"] == "user" for message in row["messages"]), f"{where}: nobody asks")


def dpo(row, where):
    check(set(row) == {"prompt", "chosen", "rejected"}, f"{where}: {sorted(row)}")
    check(is_conversational(row), f"{where}: TRL sees no conversation")
    is_talk(row["prompt"], "user", where)
    for name in ("chosen", "rejected"):
        is_talk(row[name], "assistant", where)
        check(len(row[name]) == 1, f"{where}: {name} is not one answer")
    check(row["chosen"] != row["rejected"], f"{where}: both answers are the same")


def dpo_openai(row, where):
    check(set(row) == {"input", "preferred_output", "non_preferred_output"}, f"{where}: {sorted(row)}")
    is_talk(row["input"]["messages"], "user", where)
    for name in ("preferred_output", "non_preferred_output"):
        is_talk(row[name], "assistant", where)
        check(len(row[name]) == 1, f"{where}: {name} is not one answer")
    check(row["preferred_output"] != row["non_preferred_output"], f"{where}: both answers are the same")


def table(row, where):
    check(row["question"] and row["answer"], f"{where}: question or answer is missing")


FORMATS = {"chat": chat, "dpo": dpo, "dpo-openai": dpo_openai, "csv": table}


def main(folder):
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    rule = FORMATS[manifest["format"]]
    loader = "csv" if manifest["format"] == "csv" else "json"
    parts = {}
    for file in manifest["files"]:
        path = folder / file["name"]
        check(hashlib.sha256(path.read_bytes()).hexdigest() == file["sha256"], f"{file['name']} is not what the manifest says")
        part = file["name"].split(".")[0]
        if part in ("train", "validation"):
            parts[part] = str(path)
    loaded = datasets.load_dataset(loader, data_files=parts, cache_dir=str(folder / ".cache"))
    rows = {}
    for part, data in loaded.items():
        for number, row in enumerate(data, 1):
            rule(row, f"{part}, row {number}")
        rows[part] = len(data)
    told = {file["name"].split(".")[0]: file["rows"] for file in manifest["files"]}
    for part, count in rows.items():
        check(told[part] == count, f"{part}: the manifest says {told[part]} rows, and {count} were loaded")
    print(json.dumps({"format": manifest["format"], "datasets": datasets.__version__, **rows}))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
