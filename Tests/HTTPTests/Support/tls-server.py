"""Answers every PUT with 201 over TLS, on a port of 127.0.0.1 that it tells on standard error.

Arguments: the server's certificate and key, and, where clients must have a certificate too, the authorities for those.
"""

import ssl
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_PUT(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        names = dict(pair for part in (self.connection.getpeercert() or {}).get("subject", ()) for pair in part)
        self.send_response(201)
        self.send_header("X-Client", names.get("commonName", "nobody"))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(*sys.argv[1:3])
if len(sys.argv) > 3:
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(sys.argv[3])
server = HTTPServer(("127.0.0.1", 0), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(f"listening on {server.server_port}.", file=sys.stderr, flush=True)
server.serve_forever()
