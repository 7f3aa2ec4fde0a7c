#!/usr/bin/env python3
"""A receiver of Holdpoint's webhooks.

    pip install standardwebhooks
    export HOLDPOINT_WEBHOOK_SECRET=whsec_…
    python3 receiver.py 8800

It checks each signature, takes each webhook once, and notices what comes late.
"""

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

from standardwebhooks import Webhook, WebhookVerificationError

CHECKER = Webhook(os.environ["HOLDPOINT_WEBHOOK_SECRET"])
LOCK = Lock()
# In a real receiver these are rows: a webhook may come again after a restart.
SEEN = set()
NEWEST = {}


def take(webhook_id, event):
    """What a real receiver does with an event. True if it is new."""
    with LOCK:
        # The same webhook has the same id, however often it is sent.
        if webhook_id in SEEN:
            print("again", webhook_id, event["type"])
            return False
        SEEN.add(webhook_id)
        # Webhooks may overtake one another; `seq` says in which order things happened.
        about, seq = event["data"].get("conversation_id"), event["data"].get("seq", 0)
        is_late = seq < NEWEST.get(about, 0)
        NEWEST[about] = max(seq, NEWEST.get(about, 0))
        print("new", webhook_id, event["type"], f"seq={seq}", "late" if is_late else "in order")
        return True


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get("content-length", 0))
        if length > 1_000_000:
            return self.answer(413)
        # The signature is over these bytes: check them before anything reads them.
        body = self.rfile.read(length)
        try:
            event = CHECKER.verify(body, dict(self.headers))
        except WebhookVerificationError as refused:
            print("refused", refused)
            return self.answer(401)
        take(self.headers["webhook-id"], event)
        # Answer at once, also to what came before. Longer work belongs elsewhere.
        self.answer(204)

    def answer(self, status):
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8800
    server = ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    print(f"Listening on http://127.0.0.1:{port}/", flush=True)
    server.serve_forever()
