#!/usr/bin/env python3
"""A Responses API loop whose MCP approval requests are decided by Holdpoint's people.

    pip install openai==3.54.0
    HOLDPOINT_TOKEN=hp_… python3 approve.py

Without OPENAI_API_KEY one request is made up, so that you can try it without a model.
"""

import json
import os
import urllib.request
import uuid

from openai import OpenAI
from openai.types.responses.response_output_item import McpApprovalRequest

URL = os.environ.get("HOLDPOINT_URL", "http://127.0.0.1:8787") + "/api/v1/adapters/openai?wait_s=50"


def approval(item):
    """The answer to an `mcp_approval_request`, as the next request to the model takes it."""
    headers = {"Authorization": "Bearer " + os.environ["HOLDPOINT_TOKEN"], "Content-Type": "application/json"}
    while True:
        request = urllib.request.Request(URL, item.to_json().encode(), headers)
        with urllib.request.urlopen(request, timeout=90) as answer:
            told = json.loads(answer.read())
            if answer.status == 200:
                return told
        print("Still waiting for a person.")


if not os.environ.get("OPENAI_API_KEY"):
    made_up = {"id": f"mcpr_{uuid.uuid4().hex}", "type": "mcp_approval_request", "name": "refund", "server_label": "shop"}
    arguments = json.dumps({"order": "A-1007", "amount": 49.9})
    print(approval(McpApprovalRequest(**made_up, arguments=arguments)))
    raise SystemExit

client = OpenAI()
tools = [{"type": "mcp", "server_label": "shop", "server_url": os.environ["SHOP_MCP_URL"], "require_approval": "always"}]
model = os.environ.get("OPENAI_MODEL", "gpt-5")
response = client.responses.create(model=model, tools=tools, input="Refund order A-1007: it arrived broken.")
while asked := [item for item in response.output if item.type == "mcp_approval_request"]:
    answers = [approval(item) for item in asked]
    response = client.responses.create(model=model, tools=tools, previous_response_id=response.id, input=answers)
print(response.output_text)
