"""Answers every path like /actuator/health of Kafdrop: UP if the broker of KAFKA_BROKERCONNECT takes a connection."""

import os
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOST, PORT = os.environ["KAFKA_BROKERCONNECT"].split(",")[0].rsplit(":", 1)


def broker_is_up() -> bool:
    try:
        socket.create_connection((HOST, int(PORT)), 2).close()
    except OSError:
        return False
    return True


class Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        up = broker_is_up()
        body = b'{"status":"UP"}' if up else b'{"status":"DOWN"}'
        self.send_response(200 if up else 503)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("", int(os.environ.get("SERVER_PORT", "9000"))), Health).serve_forever()
