#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""B4 and B7 for http/ itself: our server with nothing behind it against bare libmicrohttpd, side by side, by turns.

Clients are a second process (http_load), certificates the tests' own. For a server with a store behind it:
  bench_http.py --url HOST:PORT --path /v1/device/orders --pid SERVER --cert FILE --key FILE [--header 'Name: value']…
which measures B4 of that server against the bare one; add --wake COMMAND for B7.
"""
import argparse
import json
import os
import signal
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.path.join(os.environ.get("BSG_BUILD", os.path.join(ROOT, "build", "release")), "bench")
N_RUNS = 3
POLL_HEADERS = ["--header", 'If-None-Match: "1"', "--header", "Prefer: wait=60"]


class Server:
    """A helper server: prints its port, ends on SIGTERM."""

    def __init__(self, name, *arguments):
        self.process = subprocess.Popen([os.path.join(BIN, name), *arguments], stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        self.address = ("127.0.0.1", self.process.stdout.readline().split()[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def load(mode, address, pid, path, n, parallel, more=()):
    command = [os.path.join(BIN, "http_load"), mode, "--host", address[0], "--port", address[1], "--pid", str(pid),
               "--path", path, "--n", str(n), "--parallel", str(parallel), *more]
    out = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    if out["failed"]:
        sys.exit("%d of %d requests failed: %s" % (out["failed"], n, " ".join(command)))
    return out


def say(bench, what, value, unit, target, met, why="", **more):
    line = {"bench": bench, "what": what, "value": value, "unit": unit, "target": target, "met": met, **more}
    if not met and why:
        line["why"] = why
    print(json.dumps(line), flush=True)


def b4(n, servers):
    """servers: [(what, address, pid, path, more)], the first is the bare one."""
    cpu = {what: [] for what, *_ in servers}
    for _ in range(N_RUNS):
        for what, address, pid, path, more in servers:
            cpu[what].append(load("full", address, pid, path, n, 4, more)["cpu_ms"])
    bare = statistics.median(cpu[servers[0][0]])
    for what, *_ in servers[1:]:
        value = statistics.median(cpu[what])
        if what.startswith("bare"):
            say("B4", what, round(value / bare, 3), "x", "", None, cpu_ms=value, bare_cpu_ms=bare)
            continue
        say("B4", "%s, server CPU against bare libmicrohttpd" % what, round(value / bare, 3), "x", "<= 1.25x",
            value <= 1.25 * bare, cpu_ms=value, bare_cpu_ms=bare, requests=n, runs=N_RUNS,
            shared_with="the load client on the same 2 cores")


def b7(what, address, pid, path, n, wake, more=()):
    out = load("poll", address, pid, path, n, 4, [*POLL_HEADERS, "--wake", wake, *more])
    say("B7", "memory of one of %d idle long polls, %s" % (out["woken"], what), out["kib"], "KiB", "<= 20 KiB",
        out["kib"] <= 20, n=n, again=out["again"])
    say("B7", "wake of all %d, %s" % (out["woken"], what), out["wake_s"], "s", "<= 5 s",
        out["wake_s"] <= 5 and out["woken"] == n, n=n)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url")
    parser.add_argument("--path", default="/hello")
    parser.add_argument("--pid", type=int)
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--header", action="append", default=[])
    parser.add_argument("--wake")
    parser.add_argument("--what", default="bosagad")
    parser.add_argument("-n", type=int, default=1000, help="handshakes a run")
    parser.add_argument("--polls", type=int, default=15000)
    a = parser.parse_args()
    with Server("http_bare") as bare:
        if a.url:
            more = ["--cert", a.cert, "--key", a.key] if a.cert else []
            headers = [x for h in a.header for x in ("--header", h)]
            address = tuple(a.url.rsplit(":", 1))
            b4(a.n, [("bare", bare.address, bare.pid, "/", ()),
                     ("full handshake + %s of %s" % (a.path, a.what), address, a.pid, a.path, more + headers)])
            if a.wake:
                b7(a.what, address, a.pid, a.path, a.polls, a.wake, more)
            return
        with Server("http_ours") as ours, Server("http_bare", "epoll") as spinning:
            b4(a.n, [("bare", bare.address, bare.pid, "/", ()),
                     ("bare libmicrohttpd with epoll (why we use poll: docs/adr)", spinning.address, spinning.pid, "/", ()),
                     ("full handshake + request, http/ alone", ours.address, ours.pid, "/hello", ()),
                     ("full handshake + held request, http/ alone", ours.address, ours.pid, "/checkin", ())])
    # Fresh processes: their memory must not have grown before.
    with Server("http_ours") as ours:
        b7("http/ alone", ours.address, ours.pid, "/wait", a.polls, "kill -USR1 %d" % ours.pid)
    with Server("http_bare") as bare:
        b7("bare libmicrohttpd", bare.address, bare.pid, "/wait", min(a.polls, 5000), "kill -USR1 %d" % bare.pid)


main()
