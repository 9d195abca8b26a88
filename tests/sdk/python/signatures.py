"""HTTP message signatures as a stranger verifies them: the code of docs/receiving.md, run as it stands there.

Receives deliveries of a running Waypost (WAYPOST_URL, WAYPOST_KEY) at a real socket in every content mode, and fails unless
`http-message-signatures` accepts each as it came and refuses it with an attribute, the body, the method or the URL changed.
"""

import json
import os
import pathlib
import re
import sys
import threading
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from http_message_signatures import InvalidSignature

DOCUMENT = pathlib.Path(__file__).parents[3] / "docs" / "receiving.md"
MODES = ("structured", "binary", "data")


def sample():
    """The first Python block under the heading, as a module's names."""
    section = DOCUMENT.read_text().split("## HTTP message signatures", 1)[1]
    code = re.search(r"```python\n(.*?)```", section, re.DOTALL).group(1)
    names = {}
    exec(compile(code, str(DOCUMENT), "exec"), names)
    return names


def api(method, path, value=None):
    headers = {"authorization": f"Bearer {os.environ['WAYPOST_KEY']}", "content-type": "application/json"}
    body = None if value is None else json.dumps(value).encode()
    request = urllib.request.Request(os.environ["WAYPOST_URL"] + path, body, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


class Receiver(BaseHTTPRequestHandler):
    """Keeps what arrives, by path."""

    arrived = {}
    changed = threading.Condition()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        with self.changed:
            self.arrived[self.path] = (dict(self.headers.items()), body)
            self.changed.notify_all()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def holds(verify, *request):
    try:
        verify(*request)
    except InvalidSignature:
        return False
    return True


def main():
    names, kind = sample(), f"com.example.signed.{uuid.uuid4().hex}"
    receiver = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    base, keys = f"http://127.0.0.1:{receiver.server_port}", {}
    for mode in MODES:
        config = {"content_mode": mode, "signature": {"http_message": "ed25519"}}
        created = api("POST", "/v1/subscriptions", {"sink": f"{base}/{mode}?a=b", "types": [kind], "config": config})
        # Old and new key sign, and a receiver that knows both accepts both.
        api("POST", f"/v1/subscriptions/{created['id']}/secrets/rotate", {})
        keys[f"/{mode}?a=b"] = names["PublicKeys"](api("GET", f"/v1/subscriptions/{created['id']}/public-keys")["data"])
        assert len(keys[f"/{mode}?a=b"].keys) == 2
    event = {"specversion": "1.0", "id": "1", "source": "/signed", "type": kind, "subject": "a b \u20ac", "data": {"total": 1}}
    request = urllib.request.Request(
        os.environ["WAYPOST_URL"] + "/v1/events",
        json.dumps(event).encode(),
        {"authorization": f"Bearer {os.environ['WAYPOST_KEY']}", "content-type": "application/cloudevents+json"},
    )
    urllib.request.urlopen(request, timeout=30).close()
    with Receiver.changed:
        assert Receiver.changed.wait_for(lambda: len(Receiver.arrived) == len(MODES), timeout=60), Receiver.arrived
    checked = 0
    for path, (headers, body) in Receiver.arrived.items():
        url, verify = base + path, names["verify"]
        assert holds(verify, keys[path], "POST", url, headers, body), path
        spoilt = [
            ("PUT", url, headers, body),
            ("POST", base + "/other", headers, body),
            ("POST", url, headers, body + b" "),
            ("POST", url, headers | {"ce-added": "x"}, body),
        ]
        spoilt += [("POST", url, headers | {name: "x"}, body) for name in headers if name.lower().startswith("ce-")]
        for changed in spoilt:
            assert not holds(verify, keys[path], *changed), (path, changed)
            checked += 1
    assert checked == 3 * 4 + 5, checked
    print(f"signatures: {len(MODES)} deliveries verified, {checked} changed ones refused")
    return 0


if __name__ == "__main__":
    sys.exit(main())
