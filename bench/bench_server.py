#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""B3a, B4 and B7 of a whole bosagad: release build, its own process, SQLite on this disk.

B3a: one report a POST, durable, plain HTTP on loopback (device_tls = proxy), beside rows by hand in the same run. Needs no root.
B4 and B7: by bench_http.py against this server: handshake with a device's certificate and its orders; idle long polls of orders,
woken by one crossing, and by a policy that changes the orders of 300 devices. `bench_server.py b7` runs one of them alone.
"""
import json
import os
import resource
import sqlite3
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
os.environ.setdefault("BSG_BUILD", os.path.join(ROOT, "build", "release"))
os.environ.setdefault("BSG_SOURCE_ROOT", ROOT)
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import harness  # noqa: E402
import plane  # noqa: E402

BIN = os.path.join(os.environ["BSG_BUILD"], "bench")
N_DEVICES = 64
N_REPORTS = 40000
N_RUNS = 3
# One descriptor a poll in the server and one in the clients; both inherit this limit.
LIMIT = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, LIMIT))
N_POLLS = 15000 if LIMIT == resource.RLIM_INFINITY else min(15000, LIMIT - 1000)
N_POLLING = 300  # devices that hold them


def say(bench, what, value, unit, target, met, **more):
    print(json.dumps({"bench": bench, "what": what, "value": value, "unit": unit, "target": target, "met": met, **more}), flush=True)


def certificate(phone):
    """The phone's certificate as base64 in one line, as a proxy hands it on."""
    with open(phone.certificate, encoding="ascii") as stream:
        text = stream.read().split("-----BEGIN CERTIFICATE-----")[1].split("-----END")[0].replace("\n", "")
    path = phone.certificate + ".b64"
    with open(path, "w", encoding="ascii") as stream:
        stream.write(text + "\n")
    return path


def raw_rows(folder):
    """Rows by hand, many a commit, measured now: what reports are compared with."""
    done = subprocess.run([os.path.join(BIN, "bench_store"), folder], stdout=subprocess.PIPE, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return next(line["value"] for line in lines if line["what"].startswith("raw rows") and "one a commit" not in line["what"])


def b3a():
    # Enrolled by TLS, then the same state again behind a proxy.
    first = harness.Server().start()
    plane.add_person(first, "many")
    files = [certificate(plane.add_phone(first, "many")) for _ in range(N_DEVICES)]
    first.stop()
    server = harness.Server("device_tls = proxy\n", state=first.state).start()
    results, raw = [], []
    for _ in range(N_RUNS):
        raw.append(raw_rows(os.path.dirname(server.state)))
        done = subprocess.run([os.path.join(BIN, "report_load"), str(server.port + 1), str(N_REPORTS), *files], stdout=subprocess.PIPE,
                              text=True, check=True)
        out = json.loads(done.stdout)
        if out["failed"]:
            sys.exit("%d of %d reports failed" % (out["failed"], out["n"]))
        results.append(out["per_s"])
    server.stop()
    with sqlite3.connect(os.path.join(server.state, "bosaga.db")) as database:
        kept = database.execute("SELECT count(*) FROM report").fetchone()[0]
    if kept != N_RUNS * N_REPORTS:
        sys.exit("%d reports were answered, %d are in the database" % (N_RUNS * N_REPORTS, kept))
    value, beside = statistics.median(results), statistics.median(raw)
    say("B3a", "one POST of one report, durable, plain HTTP on loopback, %d connections" % N_DEVICES, value, "1/s",
        ">= 8000 and >= half of raw rows", value >= 8000 and value >= beside / 2, raw=beside, ratio=round(value / beside, 2), runs=results,
        shared_with="the load client on the same cores")


def start_with_phones(n):
    """A fresh server, its policy, a person with n phones; their orders have settled."""
    server = harness.Server().start()
    plane.add_person(server, "one", "B1")
    plane.apply_policy(server)
    phones = [plane.add_phone(server, "one") for _ in range(n)]
    for phone in phones:
        with open(phone.certificate, encoding="ascii") as stream:
            leaf = stream.read().split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n"
        with open(phone.certificate, "w", encoding="ascii") as stream:
            stream.write(leaf)
    for phone in phones:
        plane.must(phone.orders())  # the first orders are made when they are asked for
    plane.settled(phones[-1])
    return server, [(phone, phone.orders().headers["ETag"]) for phone in phones]


def b4():
    server, [(phone, _)] = start_with_phones(1)
    subprocess.run([sys.executable, os.path.join(ROOT, "bench", "bench_http.py"), "--url", "127.0.0.1:%d" % (server.port + 1), "--pid",
                    str(server.process.pid), "--cert", phone.certificate, "--key", phone.key, "--path", "/v1/device/orders"], check=True)
    server.stop()


def polls(server, phones, wake):
    """N_POLLS idle long polls shared out among the phones, then woken."""
    clients = os.path.join(os.path.dirname(server.state), "clients")
    with open(clients, "w", encoding="ascii") as stream:
        for phone, etag in phones:
            stream.write("%s %s If-None-Match: %s\n" % (phone.certificate, phone.key, etag))
    done = subprocess.run([os.path.join(BIN, "http_load"), "poll", "--port", str(server.port + 1), "--pid", str(server.process.pid),
                           "--path", "/v1/device/orders", "--n", str(N_POLLS), "--parallel", "4", "--clients", clients,
                           "--header", "Prefer: wait=60", "--wake", wake], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def b7(n_phones, event, path, content_type, body):
    """A fresh process, as its memory must not have grown before."""
    server, phones = start_with_phones(n_phones)
    document = os.path.join(os.path.dirname(server.state), "body")
    with open(document, "w", encoding="utf-8") as stream:
        stream.write(body)
    out = polls(server, phones, "curl -s -f -o /dev/null --unix-socket %s -H Content-Type:%s --data-binary @%s http://localhost%s"
                % (server.socket, content_type, document, path))
    whose = "of one device" if n_phones == 1 else "of %d devices" % n_phones
    say("B7", "memory of one of %d idle long polls %s, bosagad" % (N_POLLS, whose), out["kib"], "KiB", "<= 20 KiB", out["kib"] <= 20,
        again=out["again"], failed=out["failed"])
    say("B7", "wake of all %d idle long polls %s by %s, bosagad" % (N_POLLS, whose, event), out["wake_s"], "s", "<= 5 s",
        out["wake_s"] <= 5 and out["woken"] == N_POLLS and out["failed"] == 0, woken=out["woken"],
        shared_with="the clients on the same cores")
    server.stop()


def b7_all():
    b7(1, "a crossing", "/api/v1/crossings", "application/json",
       '{"place": "house", "gate": "north", "direction": "in", "badge": "B1"}')
    b7(N_POLLING, "a policy", "/api/v1/policies", "application/yaml", plane.POLICY.replace("[camera]", "[camera, microphone]"))


parts = {"b3a": b3a, "b4": b4, "b7": b7_all}
try:
    for name in sys.argv[1:] or parts:
        parts[name]()
finally:
    harness.cleanup()
