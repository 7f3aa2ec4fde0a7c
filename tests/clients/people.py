"""The people of the house, for the scripts beside this one: decide about every approval as its description says.

A description that ends in `decide {"type": …}` is decided like that; where an agent cannot choose the description, its
argument `decide` says it. Anything else is left waiting. Needs HOLDPOINT_URL and HOLDPOINT_REVIEWER, a token that may review.
"""

import json
import os
import threading
import time
import urllib.error
import urllib.request

URL = os.environ["HOLDPOINT_URL"]


def ask(method, path, body=None, token=None):
    """One request to the API: the status and the JSON."""
    request = urllib.request.Request(URL + path, method=method)
    request.add_header("Authorization", "Bearer " + (token or os.environ["HOLDPOINT_REVIEWER"]))
    data = None
    if body is not None:
        request.add_header("Content-Type", "application/json")
        data = json.dumps(body).encode()
    try:
        with urllib.request.urlopen(request, data, timeout=90) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read() or b"null")


def wish_of(approval):
    """What the approval asks its reviewer to do; none if it says nothing."""
    if "decide" in approval["args"]:
        return json.loads(approval["args"]["decide"])
    _, found, wish = (approval.get("description") or "").partition("decide ")
    return json.loads(wish) if found else None


def decide_for_ever():
    """Looks at what waits, and decides what says how."""
    while True:
        status, page = ask("GET", "/api/v1/actions?status=waiting&limit=200")
        assert status == 200, page
        for approval in page["items"]:
            wish = wish_of(approval)
            if wish and not approval["decision"]:
                wish["args_hash"] = approval["args_hash"]
                status, answer = ask("POST", f"/api/v1/approvals/{approval['id']}/decision", wish)
                assert status in (200, 409), answer
        time.sleep(0.2)


def start():
    """In the background, as long as the script runs."""
    threading.Thread(target=decide_for_ever, daemon=True).start()
