"""Drives Holdpoint's LangChain adapter with the real human-in-the-loop middleware, in both of its modes: a scripted chat model asks
for tools, the interrupts go to Holdpoint as they are, and its answers resume the graph. HOLDPOINT_TOKEN is the agent's token."""

import json
import os
import uuid

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

import people

TOKEN = os.environ["HOLDPOINT_TOKEN"]
ran = []


@tool
def refund(order: str, amount: float) -> str:
    """Refund an order."""
    ran.append(("refund", order, amount))
    return f"refunded {amount}"


@tool
def ask_colleague(question: str) -> str:
    """Ask a colleague."""
    raise AssertionError("a person answers this")


class Scripted(GenericFakeChatModel):
    """A chat model that says what it was told to."""

    def bind_tools(self, tools, **kwargs):
        return self


def calls(*wanted):
    return AIMessage(
        content="",
        tool_calls=[{"name": name, "args": args, "id": f"call_{uuid.uuid4().hex}"} for name, args in wanted],
    )


def description(call, _state, _runtime):
    """The script's wish for this call stands in its order's name: the middleware shows it to the person."""
    wishes = {
        "approve": {"type": "approve"},
        "edit": {"type": "edit", "args": {"order": "edit", "amount": 1.5}},
        "reject": {"type": "reject", "message": "Not this one"},
    }
    wish = wishes.get(call["args"].get("order"), {"type": "respond", "message": "The blue one"})
    return "A test. decide " + json.dumps(wish)


def held(thread, interrupt, mode):
    """Asks Holdpoint about an interrupt until it is decided."""
    body = {"thread_id": thread, "interrupt_id": interrupt.id, **interrupt.value}
    for _ in range(10):
        status, answer = people.ask("POST", "/api/v1/adapters/langchain?wait_s=20", body, TOKEN)
        if status == 200:
            again, refused = people.ask("POST", "/api/v1/adapters/langchain", body, TOKEN)
            if '"approve"' in json.dumps(answer) or '"edit"' in json.dumps(answer):
                assert again == 409, (again, refused)
            return answer if mode == "batched" else {interrupt.id: answer}
        assert status == 202 and answer["status"] == "pending", (status, answer)
    raise AssertionError("nobody decided")


def story(mode):
    ran.clear()
    model = Scripted(
        messages=iter(
            [
                calls(
                    ("refund", {"order": "approve", "amount": 3}),
                    ("refund", {"order": "edit", "amount": 99}),
                    ("refund", {"order": "reject", "amount": 7}),
                    ("ask_colleague", {"question": "Which colour?"}),
                ),
                AIMessage(content="Done."),
            ]
        )
    )
    refunds = {"allowed_decisions": ["approve", "edit", "reject"], "description": description}
    questions = {"allowed_decisions": ["respond", "reject"], "description": description}
    middleware = HumanInTheLoopMiddleware(
        interrupt_on={"refund": refunds, "ask_colleague": questions}, interrupt_mode=mode
    )
    agent = create_agent(model, [refund, ask_colleague], middleware=[middleware], checkpointer=InMemorySaver())
    thread = uuid.uuid4().hex
    config = {"configurable": {"thread_id": thread}}
    result = agent.invoke({"messages": [("user", "Refund them")]}, config)
    asked = 0
    while result.get("__interrupt__"):
        interrupts = result["__interrupt__"]
        asked += len(interrupts)
        if mode == "batched":
            resume = held(thread, interrupts[0], mode)
        else:
            resume = {}
            for interrupt in interrupts:
                resume.update(held(thread, interrupt, mode))
        result = agent.invoke(Command(resume=resume), config)
    assert asked == (1 if mode == "batched" else 4), asked
    assert sorted(ran) == [("refund", "approve", 3.0), ("refund", "edit", 1.5)], ran
    said = {message.tool_call_id: str(message.content) for message in result["messages"] if message.type == "tool"}
    texts = "\n".join(said.values())
    assert len(said) == 4 and "Not this one" in texts and "The blue one" in texts, said
    assert result["messages"][-1].content == "Done."
    print(f"{mode}: well")


people.start()
story("batched")
story("per_call")
