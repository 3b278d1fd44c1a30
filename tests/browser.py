"""A browser that opens pages, and a listener on loopback that hears what runs in them."""

import http.server
import shutil
import subprocess
import tempfile
import threading
from contextlib import contextmanager

import pytest
from class_course import SECONDS

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

_OPTIONS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    # Nothing but loopback is asked for anything.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--virtual-time-budget=8000",
]


def opened(url, *options):
    """The document at a URL as it is after its scripts ran."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [CHROMIUM, *_OPTIONS, f"--user-data-dir={profile}", *options, "--dump-dom", url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    assert "<html" in done.stdout, done.stderr
    return done.stdout


class Listener(http.server.ThreadingHTTPServer):
    """Serves the pages it is given, and notes which payloads called."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.pages, self.called = {}, set()

    def show(self, html):
        """Puts a page on a URL of its own."""
        path = f"/page/{len(self.pages)}"
        self.pages[path] = html.encode()
        return self.url + path


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/fired/"):
            self.server.called.add(int(self.path.removeprefix("/fired/")))
        page = self.server.pages.get(self.path)
        self.send_response(200 if page else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(page or b"")

    def log_message(self, *args):
        pass


@contextmanager
def listening():
    """A listener, for as long as the context lasts."""
    with Listener() as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        yield listener
        listener.shutdown()


in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium to open pages with")
