#!/usr/bin/env python3
"""A LangChain agent whose tool calls wait for people: the interrupt goes to Holdpoint as it is, and its answer resumes the graph.

    pip install langchain==1.5.0 langgraph==1.2.22
    HOLDPOINT_TOKEN=hp_… python3 agent.py

The chat model here says what it was told to, so that you can try it without one; put yours in its place.
"""

import json
import os
import urllib.request
import uuid

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

URL = os.environ.get("HOLDPOINT_URL", "http://127.0.0.1:8787") + "/api/v1/adapters/langchain?wait_s=50"


@tool
def refund(order: str, amount: float) -> str:
    """Refund an order."""
    print(f"Refunding {amount:.2f} for order {order}.")
    return "refunded"


class Scripted(GenericFakeChatModel):
    def bind_tools(self, tools, **kwargs):
        return self


def decisions(thread, interrupt):
    """Asks Holdpoint, again and again, until people have decided."""
    body = json.dumps({"thread_id": thread, "interrupt_id": interrupt.id, **interrupt.value}).encode()
    headers = {"Authorization": "Bearer " + os.environ["HOLDPOINT_TOKEN"], "Content-Type": "application/json"}
    while True:
        with urllib.request.urlopen(urllib.request.Request(URL, body, headers), timeout=90) as answer:
            told = json.loads(answer.read())
            if answer.status == 200:
                return told
        print("Still waiting for a person.")


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
