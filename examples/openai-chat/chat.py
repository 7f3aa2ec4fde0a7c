"""A chat with one of Holdpoint's agents, through OpenAI's client. Usage: chat.py AGENT"""

import os
import sys
import uuid

from openai import OpenAI, OpenAIError

holdpoint = OpenAI(
    base_url=os.environ.get("HOLDPOINT_URL", "http://127.0.0.1:8787") + "/v1",
    api_key=os.environ["HOLDPOINT_TOKEN"],
    timeout=70,
)
conversation = f"terminal-{uuid.uuid4()}"


def answer(question):
    """Shows what is said until it is the answer."""
    said = holdpoint.chat.completions.create(
        model=sys.argv[1],
        messages=[{"role": "user", "content": question}],
        metadata={"conversation_id": conversation},
        # Whoever sits here wants to know soon that somebody is looking at it.
        extra_headers={"Idempotency-Key": str(uuid.uuid4()), "Holdpoint-Wait": "5"},
    )
    shown = None
    while True:
        text, status = said.choices[0].message.content, said.holdpoint["status"]
        if text != shown:
            print(f"[{said.holdpoint['author']}] {text}", flush=True)
            shown = text
        if status in ("answered", "closed"):
            return
        said = holdpoint.chat.completions.retrieve(said.id, extra_headers={"Holdpoint-Wait": "55"})


print("Ask something; an empty line ends it.")
for line in sys.stdin:
    if not line.strip():
        break
    try:
        answer(line.strip())
    except OpenAIError as refused:
        print(f"Refused: {refused}", file=sys.stderr)
