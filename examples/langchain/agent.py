#!/usr/bin/env python3
"""A LangChain agent whose tool calls wait for people: the interrupt goes to Holdpoint as it is, and its answer resumes the graph.

    pip install langchain==1.5.0 langgraph==1.2.22
    HOLDPOINT_TOKEN=hp_… python3 agent.py

The chat model here says what it was told to, so that you can try it without one; put yours in its place.
"""

import json
import os
import sys
import urllib.error
import urllib.request
import uuid

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

URL = os.environ.get("HOLDPOINT_URL", "http://127.0.0.1:8787")
TOKEN = os.environ.get("HOLDPOINT_TOKEN") or sys.exit("Set HOLDPOINT_TOKEN to a token with the scope propose.")


@tool
def refund(order: str, amount: float) -> str:
    """Refund an order."""
    print(f"Refunding {amount:.2f} for order {order}.")
    return "refunded"


class Scripted(GenericFakeChatModel):
    def bind_tools(self, tools, **kwargs):
        return self


def asked(request):
    """The answer and its status; ends with a sentence where there is none."""
    try:
        with urllib.request.urlopen(request, timeout=90) as answer:
            return json.loads(answer.read()), answer.status
    except urllib.error.HTTPError as refused:
        said = refused.read()
        try:
            said = json.loads(said)["detail"]
        except (ValueError, KeyError, TypeError):
            # What stands before the server may answer in another shape.
            said = said.decode(errors="replace")[:200]
        sys.exit(f"Holdpoint refused it ({refused.code}): {said}")
    except (OSError, ValueError) as error:
        sys.exit(f"No answer from {URL}: {getattr(error, 'reason', error)}")


def decisions(thread, interrupt):
    """Asks Holdpoint, again and again, until people have decided."""
    body = json.dumps({"thread_id": thread, "interrupt_id": interrupt.id, **interrupt.value}).encode()
    headers = {"Authorization": "Bearer " + TOKEN, "Content-Type": "application/json"}
    print("Waiting for a person.", flush=True)
    while True:
        told, status = asked(urllib.request.Request(URL + "/api/v1/adapters/langchain?wait_s=50", body, headers))
        if status == 200:
            return told
        print("Still waiting for a person.", flush=True)


call = {"name": "refund", "args": {"order": "A-1007", "amount": 49.9}, "id": "call_1"}
model = Scripted(messages=iter([AIMessage(content="", tool_calls=[call]), AIMessage(content="Done.")]))
people = HumanInTheLoopMiddleware(interrupt_on={"refund": {"allowed_decisions": ["approve", "edit", "reject"]}})
agent = create_agent(model, [refund], middleware=[people], checkpointer=InMemorySaver())

thread = uuid.uuid4().hex
config = {"configurable": {"thread_id": thread}}
result = agent.invoke({"messages": [("user", "My order arrived broken.")]}, config)
while result.get("__interrupt__"):
    result = agent.invoke(Command(resume=decisions(thread, result["__interrupt__"][0])), config)
for message in result["messages"]:
    if message.type == "tool":
        print(f"The model reads: {message.content}")
