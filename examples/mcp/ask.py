#!/usr/bin/env python3
"""Asks a person for approval through MCP: pip install mcp==2.3.0, then HOLDPOINT_TOKEN=hp_… python3 ask.py"""

import asyncio
import os

from mcp import Client, StdioServerParameters

HOLDPOINT = StdioServerParameters(
    command=os.environ.get("HOLDPOINT_BIN", "holdpoint"),
    args=["mcp", "--url", os.environ.get("HOLDPOINT_URL", "http://127.0.0.1:8787")],
    env={"HOLDPOINT_TOKEN": os.environ["HOLDPOINT_TOKEN"]},
)


async def main():
    async with Client(HOLDPOINT) as client:
        action = {"action": "refund", "arguments": {"order": "A-1007", "amount": 49.9}, "description": "It arrived broken"}
        told = (await client.call_tool("request_approval", action)).structured_content
        while told["status"] == "pending":
            told = (await client.call_tool("check_approval", {"approval_id": told["approval_id"]})).structured_content
        print("Run exactly this:" if "run" in told else "Do not run it:", told.get("run", told))


asyncio.run(main())
