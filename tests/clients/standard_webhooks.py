"""Checks real deliveries with the reference verifier of Standard Webhooks, and that it refuses what was touched.

Reads from standard input: both secrets of an exchange, a delivery from before it and one from during it.
"""

import json
import sys
import time
from datetime import datetime, timezone

from standardwebhooks import Webhook, WebhookVerificationError

asked = json.load(sys.stdin)
old, new = Webhook(asked["old"]), Webhook(asked["new"])
wrong = Webhook("whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")


def accepts(checker, delivery, **changes):
    headers = {**delivery["headers"], **changes.pop("headers", {})}
    try:
        return checker.verify(changes.get("body", delivery["body"]), headers)
    except WebhookVerificationError:
        return None


before, during = asked["before"], asked["during"]
event = accepts(old, before)
assert event["type"] == "conversation.created" and event["data"]["seq"] > 0, event
assert accepts(new, before) is None, "it was signed before there was another secret"
assert accepts(old, during) and accepts(new, during), "both secrets sign while one is exchanged"
assert before["headers"]["webhook-id"] != during["headers"]["webhook-id"]

# Whatever is touched is refused.
assert accepts(wrong, before) is None and accepts(wrong, during) is None
assert accepts(old, before, body=before["body"].replace("created", "Created")) is None
assert accepts(old, before, body=before["body"] + " ") is None
assert accepts(old, before, headers={"webhook-id": during["headers"]["webhook-id"]}) is None
assert accepts(old, before, headers={"webhook-signature": during["headers"]["webhook-signature"]}) is None
later = str(int(before["headers"]["webhook-timestamp"]) + 60)
assert accepts(old, before, headers={"webhook-timestamp": later}) is None, "the time is signed as well"

# One that is correctly signed and old was recorded by somebody, and is refused too.
an_hour_ago = int(time.time()) - 3600
signature = old.sign(before["headers"]["webhook-id"], datetime.fromtimestamp(an_hour_ago, timezone.utc), before["body"])
stale = {"webhook-timestamp": str(an_hour_ago), "webhook-signature": signature}
assert accepts(old, before, headers=stale) is None

print("well")
