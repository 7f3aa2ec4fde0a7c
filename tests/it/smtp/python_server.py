"""A mail server of somebody else's for one test: prints its port, then each mail it accepted as one line of JSON."""

import email
import email.policy
import json
import sys
import threading


def tell(to, data):
    message = email.message_from_bytes(data, policy=email.policy.default)
    text = message.get_body(("plain",)).get_content()
    print(json.dumps({"to": list(to), "subject": message["subject"], "text": text}), flush=True)


def with_aiosmtpd():
    from aiosmtpd.controller import Controller

    class Handler:
        async def handle_DATA(self, server, session, envelope):
            tell(envelope.rcpt_tos, envelope.content)
            return "250 OK"

    controller = Controller(Handler(), hostname="127.0.0.1", port=0)
    controller.start()
    print(controller.server.sockets[0].getsockname()[1], flush=True)


def with_smtpd():
    import asyncore
    import smtpd

    class Server(smtpd.SMTPServer):
        def process_message(self, peer, mailfrom, rcpttos, data, **options):
            tell(rcpttos, data)

    server = Server(("127.0.0.1", 0), None)
    print(server.socket.getsockname()[1], flush=True)
    threading.Thread(target=asyncore.loop, kwargs={"timeout": 0.1}, daemon=True).start()


try:
    with_aiosmtpd()
except ImportError:
    try:
        with_smtpd()
    except ImportError:
        sys.exit(0)
sys.stdin.read()
