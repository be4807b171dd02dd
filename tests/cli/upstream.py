"""A server for guests to ask, over HTTP or HTTPS."""

import contextlib
import http.server
import ssl
import threading


@contextlib.contextmanager
def upstream(handler, certificate=None):
    """Its port, while it answers with that class of handler. `certificate`: a file with a key and a certificate."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()
