"""A folder served over HTTP on the loopback interface, for what must be fetched from a URL."""

import functools
import http.server
import threading
from contextlib import contextmanager


@contextmanager
def served(folder):
    """Serve ``folder``; gives the URL of its root, without a slash at the end."""
    with _Server(("127.0.0.1", 0), functools.partial(_Handler, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """Say nothing of clients that hang up once they have seen enough."""


class _Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_arguments):
        pass
