"""EC2's instance metadata service, version 2, as far as a machine of ours asks it.

Run by path in a network of its own: ``imds_main.py ADDRESS STATE``, where STATE is a directory
whose files are the answers, by the last part of the path (``target-lifecycle-state`` and so on).
"""

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TOKEN = "token"
ROLE = "carrete"
ACCOUNT = "123456789012"
ADDRESS_S = 30


class Metadata(BaseHTTPRequestHandler):
    """Answers with tokens to whoever asks for one, and with the rest to whoever has one."""

    state: Path

    def do_PUT(self) -> None:
        self._answer(200, TOKEN if self.path == "/latest/api/token" else "")

    def do_GET(self) -> None:
        if self.headers.get("X-aws-ec2-metadata-token") != TOKEN:
            self._answer(401, "")
            return
        path = self.path.removeprefix("/latest/meta-data/").strip("/")
        if path == "iam/security-credentials":
            self._answer(200, ROLE)
        elif path == f"iam/security-credentials/{ROLE}":
            self._answer(200, credentials())
        else:
            file = self.state / path.rpartition("/")[2]
            self._answer(200, file.read_text()) if file.is_file() else self._answer(404, "")

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def credentials() -> str:
    """Temporary ones, whose key is an account's number: LocalStack takes that as the account."""
    soon = datetime.now(UTC) + timedelta(hours=6)
    return json.dumps(
        {
            "Code": "Success",
            "Type": "AWS-HMAC",
            "AccessKeyId": ACCOUNT,
            "SecretAccessKey": "test",
            "Token": "test",
            "Expiration": soon.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "LastUpdated": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    )


def serve(address: str) -> None:
    """Serve as soon as the address is there: it is given to this network after the start."""
    end = time.monotonic() + ADDRESS_S
    while True:
        try:
            server = ThreadingHTTPServer((address, 80), Metadata)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            server.serve_forever()


if __name__ == "__main__":
    Metadata.state = Path(sys.argv[2])
    serve(sys.argv[1])
