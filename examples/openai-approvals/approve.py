#!/usr/bin/env python3
"""A Responses API loop whose MCP approval requests are decided by Holdpoint's people.

    pip install openai==3.54.0
    HOLDPOINT_TOKEN=hp_… python3 approve.py

Without OPENAI_API_KEY one request is made up, so that you can try it without a model.
"""

import json
import os
import sys
import urllib.error
import urllib.request
import uuid

from openai import OpenAI, OpenAIError
from openai.types.responses.response_output_item import McpApprovalRequest

URL = os.environ.get("HOLDPOINT_URL", "http://127.0.0.1:8787")
TOKEN = os.environ.get("HOLDPOINT_TOKEN") or sys.exit("Set HOLDPOINT_TOKEN to a token with the scope propose.")


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


def approval(item):
    """The answer to an `mcp_approval_request`, as the next request to the model takes it."""
    headers = {"Authorization": "Bearer " + TOKEN, "Content-Type": "application/json"}
    print("Waiting for a person.", flush=True)
    while True:
        told, status = asked(urllib.request.Request(URL + "/api/v1/adapters/openai?wait_s=50", item.to_json().encode(), headers))
        if status == 200:
            return told
        print("Still waiting for a person.", flush=True)


if not os.environ.get("OPENAI_API_KEY"):
    made_up = {"id": f"mcpr_{uuid.uuid4().hex}", "type": "mcp_approval_request", "name": "refund", "server_label": "shop"}
    arguments = json.dumps({"order": "A-1007", "amount": 49.9})
    print(approval(McpApprovalRequest(**made_up, arguments=arguments)))
    raise SystemExit

server = os.environ.get("SHOP_MCP_URL") or sys.exit("Set SHOP_MCP_URL to the MCP server whose calls need approval.")
client = OpenAI()
tools = [{"type": "mcp", "server_label": "shop", "server_url": server, "require_approval": "always"}]
model = os.environ.get("OPENAI_MODEL", "gpt-5")
try:
    response = client.responses.create(model=model, tools=tools, input="Refund order A-1007: it arrived broken.")
    while items := [item for item in response.output if item.type == "mcp_approval_request"]:
        answers = [approval(item) for item in items]
        response = client.responses.create(model=model, tools=tools, previous_response_id=response.id, input=answers)
except OpenAIError as refused:
    sys.exit(f"The model was not reached: {refused}")
print(response.output_text)
