"""A collector that is not ours: decodes what it gets with opentelemetry-proto, and tells it on stderr, one line of JSON each.

receiver.py [CERTIFICATE KEY [CLIENT_AUTHORITIES]]: with a certificate it speaks TLS, with authorities it asks for the
client's. Its first line is the port that it listens to on loopback.
"""
import base64
import gzip
import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def tell(line):
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def with_hexadecimal_ids(value):
    """OTLP's JSON from protobuf's."""
    if isinstance(value, list):
        return [with_hexadecimal_ids(item) for item in value]
    if not isinstance(value, dict):
        return value
    ids = ("traceId", "spanId", "parentSpanId")
    return {
        key: base64.b64decode(item).hex() if key in ids else with_hexadecimal_ids(item) for key, item in value.items()
    }


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        if self.headers["Content-Type"] == "application/x-protobuf":
            request = ExportTraceServiceRequest.FromString(body)
            # Not one field that opentelemetry-proto does not know, and none written in an odd way.
            assert request.SerializeToString(deterministic=True) == body
            message = with_hexadecimal_ids(MessageToDict(request, use_integers_for_enums=True))
        else:
            message = json.loads(body)
        headers = {name.lower(): value for name, value in self.headers.items()}
        tell(json.dumps({"path": self.path, "headers": headers, "message": message}))
        self.send_response(200)
        self.send_header("Content-Type", self.headers["Content-Type"])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(HTTPServer):
    def handle_error(self, request, client_address):
        tell(f"error: {sys.exc_info()[1]}")


server = Server(("127.0.0.1", 0), Handler)
if len(sys.argv) > 1:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    if len(sys.argv) > 3:
        context.load_verify_locations(sys.argv[3])
        context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
tell(f"port {server.server_address[1]}")
server.serve_forever()
