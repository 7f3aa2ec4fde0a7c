"""Drives Holdpoint's MCP server with the official Python client: over standard input and output and over streamable HTTP, each with
the protocol of today and with the handshake of before. HOLDPOINT_BIN is the program, HOLDPOINT_TOKEN the agent's token."""

import asyncio
import json
import os

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

import people

TOKEN = os.environ["HOLDPOINT_TOKEN"]
TOOLS = ["request_approval", "check_approval", "ask_person", "search_knowledge", "hand_over"]


def stdio():
    return StdioServerParameters(
        command=os.environ["HOLDPOINT_BIN"],
        args=["mcp", "--url", people.URL],
        env={"HOLDPOINT_TOKEN": TOKEN},
    )


def http():
    client = httpx2.AsyncClient(headers={"Authorization": "Bearer " + TOKEN}, timeout=90)
    return streamable_http_client(people.URL + "/mcp", http_client=client)


async def call(client, tool, **arguments):
    result = await client.call_tool(tool, arguments)
    assert result.content[0].type == "text" and result.content[0].text, result
    told = result.structured_content
    assert bool(result.is_error) == (told["status"] == "refused"), result
    return told


def decided(**decision):
    return "A test. decide " + json.dumps(decision)


async def is_approved(client):
    arguments = {"order": "A-7", "amount": 12.5, "note": "später – \"ok\""}
    told = await call(client, "request_approval", action="refund", arguments=arguments, description=decided(type="approve"))
    assert told["status"] == "approved" and told["consumed"] and not told["edited"], told
    assert told["run"] == {"name": "refund", "arguments": arguments}, told
    again = await call(client, "check_approval", approval_id=told["approval_id"], wait_s=0)
    assert again["status"] == "consumed" and "run" not in again, again


async def is_edited_after_it_was_pending(client):
    wish = decided(type="edit", args={"amount": 5}, message="Half is enough")
    told = await call(client, "request_approval", action="refund", arguments={"amount": 10}, description=wish, wait_s=0)
    assert told["status"] == "pending" and "run" not in told, told
    for _ in range(6):
        told = await call(client, told["ask_again"]["tool"], **told["ask_again"]["arguments"], wait_s=5)
        if told["status"] != "pending":
            break
    assert told["status"] == "approved" and told["edited"] and told["message"] == "Half is enough", told
    assert told["run"]["arguments"] == {"amount": 5}, told


async def is_rejected(client):
    wish = decided(type="reject", message="Not this customer")
    told = await call(client, "request_approval", action="refund", arguments={}, description=wish, risk="low")
    assert told["status"] == "rejected" and told["message"] == "Not this customer" and "run" not in told, told


async def is_answered(client):
    told = await call(client, "ask_person", question="Which colour? " + decided(type="respond", message="The blue one"))
    assert told["status"] == "answered" and told["answer"] == "The blue one", told


async def finds_knowledge(client):
    told = await call(client, "search_knowledge", question="Is the shop open on Saturday, and from when?", limit=2)
    assert told["status"] == "found" and 1 <= len(told["passages"]) <= 2, told
    assert told["passages"][0]["document_id"] or told["passages"][0]["verified_answer_id"], told


async def is_refused(client):
    unknown = "0193b1c2-0000-7000-8000-000000000001"
    for tool, arguments in [
        ("check_approval", {"approval_id": unknown, "wait_s": 0}),
        ("hand_over", {"conversation_id": unknown, "reason": "A test"}),
        ("request_approval", {"action": "refund", "arguments": {}, "wait_s": 56}),
        ("request_approval", {"action": "refund", "arguments": {"text": "x" * 70_000}}),
    ]:
        told = await call(client, tool, **arguments)
        assert told["status"] == "refused" and told["detail"], told


async def converse(name, server, mode):
    async with Client(server, mode=mode, read_timeout_seconds=90) as client:
        listed = await client.list_tools()
        assert [tool.name for tool in listed.tools] == TOOLS, listed
        await asyncio.gather(
            is_approved(client),
            is_edited_after_it_was_pending(client),
            is_rejected(client),
            is_answered(client),
            finds_knowledge(client),
            is_refused(client),
        )
    print(f"{name}, {mode}: well")


async def main():
    people.start()
    await asyncio.gather(
        converse("stdio", stdio(), "legacy"),
        converse("stdio", stdio(), "auto"),
        converse("http", http(), "legacy"),
        converse("http", http(), "auto"),
    )


asyncio.run(main())
