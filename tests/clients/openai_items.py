"""Holdpoint's OpenAI adapter with the real types of the openai library: an approval request as the Responses API gives it, and an
answer that it takes. HOLDPOINT_TOKEN is the agent's token."""

import json
import os
import uuid
from concurrent.futures import ThreadPoolExecutor

from openai.types.responses.response_input_item import McpApprovalResponse as InputItem
from openai.types.responses.response_output_item import McpApprovalRequest
from pydantic import TypeAdapter
from openai.types.responses import ResponseInputItem

import people

TOKEN = os.environ["HOLDPOINT_TOKEN"]


def decided(wish):
    request = McpApprovalRequest(
        id=f"mcpr_{uuid.uuid4().hex}",
        type="mcp_approval_request",
        name="delete_repository",
        arguments=json.dumps({"repository": "shop", "decide": json.dumps(wish)}),
        server_label="github",
    )
    for _ in range(10):
        status, item = people.ask("POST", "/api/v1/adapters/openai?wait_s=20", request.to_dict(), TOKEN)
        if status == 200:
            answer = TypeAdapter(ResponseInputItem).validate_python(item)
            assert isinstance(answer, InputItem) and answer.approval_request_id == request.id, answer
            again, _ = people.ask("POST", "/api/v1/adapters/openai", request.to_dict(), TOKEN)
            assert again == (409 if answer.approve else 200), again
            return answer
        assert status == 202, (status, item)
    raise AssertionError("nobody decided")


people.start()
with ThreadPoolExecutor() as pool:
    yes = pool.submit(decided, {"type": "approve"})
    no = pool.submit(decided, {"type": "reject", "message": "Keep it"})
    assert yes.result().approve
    assert not no.result().approve and no.result().reason == "Keep it"
broken = {"type": "mcp_approval_request", "id": "mcpr_1", "name": "x", "arguments": "[1]", "server_label": "s"}
assert people.ask("POST", "/api/v1/adapters/openai", broken, TOKEN)[0] == 422
print("items: well")
