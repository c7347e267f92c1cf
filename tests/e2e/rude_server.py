# SPDX-License-Identifier: Apache-2.0
"""The agent before a server that holds nothing, forgets its ETags or refuses: it must neither spin nor give up."""
import collections
import http.server
import os
import re
import ssl
import threading
import time

import harness
from harness import claim, note, wait_for
from ministry import Ministry

BLOCK = re.compile("-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n")
WATCHED = 12  # seconds of counting; a slow machine only counts less

ministry = Ministry()
counts = collections.Counter()
answers = {}


class Rude(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        counts[self.path] += 1
        status, body = answers.get(self.path, (404, b""))
        self.send_response(status)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 304:
            self.wfile.write(body)

    do_GET = do_POST = answer

    def log_message(self, *words):
        pass


def be_rude():
    """Take the place of the device plane, with its certificate."""
    ministry.server.stop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    chain = os.path.join(ministry.folder, "chain.pem")
    with open(chain, "w", encoding="ascii") as out:
        for name in ("tls.pem", "keys/server-ca.pem"):
            with open(os.path.join(ministry.server.state, name), encoding="ascii") as stream:
                text = stream.read()
                out.write(text if name == "tls.pem" else "".join(BLOCK.findall(text)))
    context.load_cert_chain(chain)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", ministry.server.port + 1), Rude)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def count(path, most):
    """Wait for two requests, then count more of them for a while."""
    counts.clear()
    wait_for("%s is asked" % path, lambda: counts[path] >= 2, patience=120)
    counts.clear()
    time.sleep(WATCHED)
    note("%s: %d requests in %d s" % (path, counts[path], WATCHED))
    assert counts[path] <= most, counts


@claim
def orders_that_are_not_held_are_not_asked_in_a_loop():
    ministry.start_agent()
    ministry.cross("in")
    ministry.wait_closed()
    with open(os.path.join(ministry.state, "orders.cose"), "rb") as stream:
        orders = stream.read()
    answers["/v1/device/reports"] = (204, b"")
    answers["/v1/device/orders"] = (304, b"")
    be_rude()
    count("/v1/device/orders", 6)
    answers["/v1/device/orders"] = (200, orders)  # the same again, with no ETag to ask by
    count("/v1/device/orders", 6)


@claim
def refused_reports_are_not_sent_in_a_loop_and_not_forgotten():
    answers["/v1/device/reports"] = (403, b"")
    counts.clear()
    harness.stop(ministry.agent)
    ministry.run_agent()  # it has something to report: its coverage
    wait_for("a report is refused", lambda: counts["/v1/device/reports"] >= 1)
    time.sleep(WATCHED)
    note("%d requests" % counts["/v1/device/reports"])
    assert counts["/v1/device/reports"] <= 2, counts
    assert os.path.getsize(os.path.join(ministry.state, "batch")) > 0


@claim
def what_a_person_does_is_reported_without_waiting_for_the_back_off():
    answers["/v1/device/reports"] = (409, b"")  # the next report would wait for ten minutes
    counts.clear()
    harness.stop(ministry.agent)
    ministry.run_agent()
    wait_for("a report is refused", lambda: counts["/v1/device/reports"] >= 1)
    time.sleep(1)
    answers["/v1/device/reports"] = (204, b"")
    counts.clear()
    ministry.agent_says("break-glass", "--reason", "Өрт")
    wait_for("reports are sent", lambda: counts["/v1/device/reports"] >= 2)  # what waited, and the new ones
    assert ministry.open_inside() == "open"


harness.main()
