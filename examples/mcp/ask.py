#!/usr/bin/env python3
"""Asks a person for approval through MCP: pip install mcp==2.3.0, then HOLDPOINT_TOKEN=hp_… python3 ask.py [ORDER]"""

import asyncio
import os
import shutil
import sys

from mcp import Client, StdioServerParameters

ORDER = sys.argv[1] if len(sys.argv) > 1 else "A-3055"
TOKEN = os.environ.get("HOLDPOINT_TOKEN") or sys.exit("Set HOLDPOINT_TOKEN to a token with the scope propose.")
BINARY = os.environ.get("HOLDPOINT_BIN", "holdpoint")
if not shutil.which(BINARY):
    sys.exit(f"There is no program “{BINARY}”: set HOLDPOINT_BIN to its path, like target/release/holdpoint.")
HOLDPOINT = StdioServerParameters(
    command=BINARY,
    args=["mcp", "--url", os.environ.get("HOLDPOINT_URL", "http://127.0.0.1:8787")],
    env={"HOLDPOINT_TOKEN": TOKEN},
)


async def main():
    async with Client(HOLDPOINT) as client:
        action = {
            "action": "refund",
            "arguments": {"order": ORDER, "amount": 49.9},
            "description": "It arrived broken",
            # Yours: whoever hangs up and asks again under this id finds the same question, and nobody is asked twice.
            "request_id": f"mcp-refund-{ORDER}",
        }
        told = await call(client, "request_approval", action)
        while told["status"] == "pending":
            print("Still waiting for a person.", flush=True)
            told = await call(client, "check_approval", {"approval_id": told["approval_id"]})
        return told


async def call(client, tool, arguments):
    answer = await client.call_tool(tool, arguments)
    # A refusal has its sentence in words.
    return answer.structured_content or {"status": "refused", "message": answer.content[0].text}


try:
    told = asyncio.run(main())
except Exception as error:
    # What ended `holdpoint mcp` stands above, in its own words.
    while getattr(error, "exceptions", None):
        error = error.exceptions[0]
    sys.exit(f"Nobody could be asked: {error}")
if told["status"] == "consumed":
    sys.exit("This was taken before; look whether it was done.")
print("Run exactly this:" if "run" in told else "Do not run it:", told.get("run", told))
