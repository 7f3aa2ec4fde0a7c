#!/usr/bin/env python3
"""An agent that asks a person before it acts. Standard library only.

    export HOLDPOINT_URL=http://127.0.0.1:8787 HOLDPOINT_TOKEN=hp_…
    python3 agent.py A-1007 49.90

It proposes a refund, waits for the decision, takes what was approved and runs exactly that.
"""

import json
import os
import sys
import urllib.error
import urllib.request

URL = os.environ.get("HOLDPOINT_URL", "http://127.0.0.1:8787")
TOKEN = os.environ["HOLDPOINT_TOKEN"]


def ask(method, path, body=None):
    request = urllib.request.Request(URL + path, method=method)
    request.add_header("Authorization", "Bearer " + TOKEN)
    data = None
    if body is not None:
        request.add_header("Content-Type", "application/json")
        data = json.dumps(body).encode()
    try:
        # Longer than the longest wait: whoever hangs up before has lost the answer.
        with urllib.request.urlopen(request, data, timeout=90) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        sys.exit(f"Holdpoint refused it: {json.loads(refused.read())['detail']}")


def refund(order, amount):
    """The side effect. Here it only says so."""
    print(f"Refunding {amount:.2f} for order {order}.")


def main():
    order, amount = sys.argv[1], float(sys.argv[2])
    approval = ask(
        "POST",
        "/api/v1/approvals",
        {
            # Yours: the same id again finds the same approval, so a crash asks nobody twice.
            "tool_call_id": f"refund-{order}",
            "name": "refund",
            "args": {"order": order, "amount": amount},
            "description": f"Order {order} arrived broken; the customer wants the money back.",
            "risk": "high",
        },
    )
    print(f"Waiting for a person: {approval['url']}")
    while approval["status"] == "pending":
        approval = ask("GET", f"/api/v1/approvals/{approval['id']}?wait_s=50")

    if approval["status"] != "approved":
        why = (approval["decision"] or {}).get("message")
        sys.exit(f"Not refunded: {approval['status']}." + (f" They said: {why}" if why else ""))

    # What was approved may differ from what was proposed, and can be taken once. Run what comes back and nothing else.
    approved_hash = approval["decision"]["args_hash"]
    taken = ask("POST", f"/api/v1/approvals/{approval['id']}/consume", {"args_hash": approved_hash})
    refund(**taken["args"])


main()
