"""The Python SDKs as black boxes: `cloudevents` posts and reads, `standardwebhooks` signs and verifies.

Posts every event in every mode and format to a running Waypost (WAYPOST_URL, WAYPOST_KEY), receives it through one subscription in
structured mode, one in binary mode and one in Protobuf, and fails unless every delivery verifies and reads back as the event that was posted.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import sys
import threading
import uuid
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from cloudevents.core.bindings.http import HTTPMessage, from_http, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
import protobuf_format
from standardwebhooks import Webhook, WebhookVerificationError

SERVER = urlsplit(os.environ["WAYPOST_URL"])
FORMAT = JSONFormat()
RUN = uuid.uuid4().hex
TYPE = f"com.example.python.{RUN}"


def call(method, path, headers, body):
    """One request to Waypost; fails with the answer unless it is a success."""
    connection = http.client.HTTPConnection(SERVER.hostname, SERVER.port, timeout=30)
    connection.request(method, path, body=body, headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    if not 200 <= answer.status < 300:
        raise SystemExit(f"{method} {path} was answered {answer.status}: {text}")
    return json.loads(text) if text else None


def api(method, path, value=None):
    headers = {"authorization": f"Bearer {os.environ['WAYPOST_KEY']}", "content-type": "application/json"}
    return call(method, path, headers, None if value is None else json.dumps(value))


class Receiver(BaseHTTPRequestHandler):
    """Keeps what arrives, by path and `webhook-id`."""

    protocol_version = "HTTP/1.1"
    arrived = {}
    changed = threading.Condition()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        with self.changed:
            self.arrived.setdefault((self.path, self.headers["webhook-id"]), []).append((dict(self.headers.items()), body))
            self.changed.notify_all()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def events():
    """Events with every attribute, hard spellings, and every kind of data. One new set per call."""
    east = timezone(timedelta(hours=5, minutes=30))
    cases = [
        ({"datacontenttype": "application/json"}, {"text": "Grüße, 世界 😀", "list": [1, 2.5, None, True], "nested": {"a": "b"}}),
        ({"datacontenttype": "application/json; charset=utf-8", "subject": "a \"quoted\" 100% € subject"}, {"n": 1}),
        ({"datacontenttype": "text/plain", "time": datetime(2026, 2, 3, 4, 5, 6, 789000, east)}, "plain text, nothing else"),
        ({"datacontenttype": "application/octet-stream"}, bytes(range(256))),
        ({"datacontenttype": "application/vnd.example+json", "dataschema": "https://example.com/schema#v1"}, {"z": 1, "a": 2}),
        ({"comexampleext": "extension value", "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}, None),
    ]
    for attributes, data in cases:
        required = {"id": str(uuid.uuid4()), "source": "/sdk/python", "type": TYPE, "specversion": "1.0"}
        yield CloudEvent({**required, "time": datetime.now(timezone.utc), **attributes}, data)


def structured_batch(batch):
    """A batch of structured events; the SDK has no writer for the array itself."""
    body = b"[" + b",".join(to_structured(event, FORMAT).body for event in batch) + b"]"
    return HTTPMessage({"content-type": "application/cloudevents-batch+json"}, body)


def post_all(path, authorise, modes):
    """Posts a fresh set of events in each mode and gives them back by the identifier Waypost gave them."""
    posted = {}
    for mode in modes:
        batch = list(events())
        if mode == "batched":
            message = structured_batch(batch)
            receipts = call("POST", path, {**message.headers, **authorise(message.body)}, message.body)["data"]
        elif mode == "protobuf batched":
            body = protobuf_format.Batch(events=[protobuf_format.to_message(event) for event in batch]).SerializeToString()
            headers = {"content-type": protobuf_format.BATCH_CONTENT_TYPE, **authorise(body)}
            receipts = call("POST", path, headers, body)["data"]
        elif mode == "protobuf":
            receipts = []
            for event in batch:
                body = protobuf_format.to_message(event).SerializeToString()
                headers = {"content-type": protobuf_format.CONTENT_TYPE, **authorise(body)}
                receipts.append(call("POST", path, headers, body))
        else:
            receipts = []
            for event in batch:
                message = (to_binary if mode == "binary" else to_structured)(event, FORMAT)
                receipts.append(call("POST", path, {**message.headers, **authorise(message.body)}, message.body))
        for receipt, event in zip(receipts, batch, strict=True):
            assert receipt["duplicate"] is False and receipt["deliveries"] >= 3, receipt
            posted[receipt["id"]] = (mode, event)
    return posted


def signature_holds(webhook, secret, headers, body):
    """Asks the library; for data that is no text, which the library can't take, computes what it would."""
    try:
        body.decode()
    except UnicodeDecodeError:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        digest = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
        return f"v1,{base64.b64encode(digest).decode()}" in headers["webhook-signature"].split(" ")
    try:
        webhook.verify(body, headers, json_parse=False)
    except WebhookVerificationError as error:
        print(f"does not verify: {error}", file=sys.stderr)
        return False
    try:
        webhook.verify(body + b" ", headers, json_parse=False)
    except WebhookVerificationError:
        return True
    return False


def mismatch(sent, received):
    """What differs between the event posted and the one that arrived, or None."""
    if sent.get_attributes() != received.get_attributes():
        return f"attributes {received.get_attributes()} instead of {sent.get_attributes()}"
    was, now = sent.get_data(), received.get_data()
    as_bytes = lambda data: data.encode() if isinstance(data, str) else data
    if as_bytes(was) != as_bytes(now):
        return f"data {now!r} instead of {was!r}"
    return None


def read(headers, body):
    """The event of a delivery; the SDK reads all but Protobuf."""
    if headers["content-type"] == protobuf_format.CONTENT_TYPE:
        return protobuf_format.to_event(body)
    return from_http(HTTPMessage(headers, body), FORMAT)


def lossless(base, bearer):
    """Posts a message with every type of attribute and a message as data: a Protobuf sink must get the very bytes."""
    event_type = f"{TYPE}.lossless"
    for path, config in (("/lossless/protobuf", {"format": "protobuf"}), ("/lossless/json", {})):
        api("POST", "/v1/subscriptions", {"sink": base + path, "types": [event_type], "config": config})
    message = protobuf_format.every_type(str(uuid.uuid4()), event_type)
    sent = message.SerializeToString()
    identifier = call("POST", "/v1/events", {"content-type": protobuf_format.CONTENT_TYPE, **bearer}, sent)["id"]
    expected = {("/lossless/protobuf", identifier), ("/lossless/json", identifier)}
    with Receiver.changed:
        if not Receiver.changed.wait_for(lambda: expected <= Receiver.arrived.keys(), timeout=60):
            return ["a message with every type never arrived"]
    faults = []
    if Receiver.arrived["/lossless/protobuf", identifier][0][1] != sent:
        faults.append("a message went through Waypost and came out as other bytes")
    arrived = json.loads(Receiver.arrived["/lossless/json", identifier][0][1])
    texts = {
        "abool": False,
        "anint": -2147483648,
        "astring": "Grüße, 世界 😀",
        "somebytes": base64.b64encode(bytes(range(256))).decode(),
        "auri": "HTTP://Example.com:80/a/../b",
        "areference": "../b?c",
        "atime": "2018-04-05T17:31:00.123456789Z",
        "datacontenttype": "application/protobuf",
        "dataschema": "https://type.googleapis.com/google.protobuf.Timestamp",
        "data_base64": base64.b64encode(message.proto_data.value).decode(),
    }
    return faults + [f"{name} is {arrived.get(name)!r} in JSON, not {text!r}" for name, text in texts.items() if arrived.get(name) != text]


def main():
    receiver = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{receiver.server_port}"
    secrets = {}
    configs = {
        "/structured": {"content_mode": "structured"},
        "/binary": {"content_mode": "binary"},
        "/protobuf": {"format": "protobuf"},
    }
    for path, config in configs.items():
        created = api("POST", "/v1/subscriptions", {"sink": base + path, "types": [TYPE], "config": config})
        secrets[path] = created["secret"]

    bearer = {"authorization": f"Bearer {os.environ['WAYPOST_KEY']}"}
    posted = post_all("/v1/events", lambda _: bearer, ["binary", "structured", "batched", "protobuf", "protobuf batched"])

    producer = api("POST", "/v1/producers", {"name": f"python {RUN}", "kind": "standard_webhooks"})
    signer = Webhook(producer["secrets"][0])

    def sign(body):
        identifier, now = f"msg_{uuid.uuid4().hex}", datetime.now(timezone.utc)
        signature = signer.sign(identifier, now, body.decode())
        return {"webhook-id": identifier, "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}

    posted |= post_all(f"/v1/producers/{producer['id']}/events", sign, ["structured", "batched"])

    expected = {(path, identifier) for path in secrets for identifier in posted}
    with Receiver.changed:
        Receiver.changed.wait_for(lambda: expected <= Receiver.arrived.keys(), timeout=60)
    faults = [f"{path} never got {posted[identifier]}" for path, identifier in expected - Receiver.arrived.keys()]
    for path, identifier in sorted(expected & Receiver.arrived.keys()):
        mode, event = posted[identifier]
        headers, body = Receiver.arrived[path, identifier][0]
        if not signature_holds(Webhook(secrets[path]), secrets[path], headers, body):
            faults.append(f"posted {mode}, delivered to {path}: the signature does not hold")
        difference = mismatch(event, read(headers, body))
        if difference:
            faults.append(f"posted {mode}, delivered to {path}: {difference}")
    faults += lossless(base, bearer)
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"python: {len(expected) - len(faults)} of {len(expected)} deliveries verified and equal")
    return 1 if faults or not expected else 0


if __name__ == "__main__":
    sys.exit(main())
