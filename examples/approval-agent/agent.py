#!/usr/bin/env python3
"""An agent that asks a person before it acts. Standard library only.

    export HOLDPOINT_URL=http://127.0.0.1:8787 HOLDPOINT_TOKEN=hp_…
    python3 agent.py A-2041 49.90

It proposes a refund, waits for the decision, takes what was approved and runs exactly that.
"""

import json
import os
import sys
import urllib.error
import urllib.request

URL = os.environ.get("HOLDPOINT_URL", "http://127.0.0.1:8787")
TOKEN = os.environ.get("HOLDPOINT_TOKEN") or sys.exit("Set HOLDPOINT_TOKEN to a token with the scope propose.")


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
        sys.exit(f"Holdpoint refused it ({refused.code}): {detail(refused.read())}")
    except (OSError, ValueError) as error:
        sys.exit(f"No answer from {URL}: {getattr(error, 'reason', error)}. Run it again: it finds the same approval.")


def detail(body):
    """The sentence of a refusal; what stands before the server may answer in another shape."""
    try:
        return json.loads(body)["detail"]
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")[:200]


def refund(order, amount):
    """The side effect. Here it only says so."""
    print(f"Refunding {amount:.2f} for order {order}.")


def main():
    try:
        order, amount = sys.argv[1], float(sys.argv[2])
    except (IndexError, ValueError):
        sys.exit("Usage: agent.py ORDER AMOUNT, like: agent.py A-2041 49.90")
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
    if approval["status"] == "pending":
        print(f"Waiting for a person: {approval['url']}", flush=True)
    while approval["status"] == "pending":
        approval = ask("GET", f"/api/v1/approvals/{approval['id']}?wait_s=50")

    if approval["status"] == "consumed":
        sys.exit("This was taken before; look whether it was done.")
    if approval["status"] != "approved":
        why = (approval["decision"] or {}).get("message")
        sys.exit(f"Not refunded: {approval['status']}." + (f" They said: {why}" if why else ""))

    # What was approved may differ from what was proposed, and can be taken once. Run what comes back and nothing else.
    approved_hash = approval["decision"]["args_hash"]
    taken = ask("POST", f"/api/v1/approvals/{approval['id']}/consume", {"args_hash": approved_hash})
    refund(**taken["args"])


main()
