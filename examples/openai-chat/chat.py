"""A chat with one of Holdpoint's agents, through OpenAI's client. Usage: chat.py AGENT"""

import os
import sys
import uuid

from openai import APIConnectionError, APIStatusError, OpenAI, OpenAIError

AGENT = sys.argv[1] if len(sys.argv) == 2 else sys.exit("Usage: chat.py AGENT, like: chat.py Juno")
URL = os.environ.get("HOLDPOINT_URL", "http://127.0.0.1:8787")
holdpoint = OpenAI(
    base_url=URL + "/v1",
    api_key=os.environ.get("HOLDPOINT_TOKEN") or sys.exit("Set HOLDPOINT_TOKEN to a token with the scope converse."),
    timeout=70,
)
conversation = f"terminal-{uuid.uuid4()}"


def answer(question):
    """Shows what is said until it is the answer."""
    said = holdpoint.chat.completions.create(
        model=AGENT,
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


print("Ask something; an empty line ends it.", flush=True)
for line in sys.stdin:
    if not line.strip():
        break
    try:
        answer(line.strip())
    except APIStatusError as refused:
        said = refused.body.get("message") if isinstance(refused.body, dict) else None
        print(f"Holdpoint refused it ({refused.status_code}): {said or refused}", file=sys.stderr)
    except APIConnectionError as error:
        print(f"No answer from {URL}: {error.__cause__ or error}", file=sys.stderr)
    except OpenAIError as error:
        print(f"That did not work: {error}", file=sys.stderr)
