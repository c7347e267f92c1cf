#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""B3a, B4 and B7 of a whole bosagad: release build, its own process, SQLite on this disk.

B3a: one report a POST, durable, plain HTTP on loopback (device_tls = proxy), beside rows by hand in the same run. Needs no root.
B4 and B7: by bench_http.py against this server: handshake with a device's certificate and its orders; idle long polls of orders,
woken by one crossing.
"""
import json
import os
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
N_POLLS = 15000


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
    value, beside = statistics.median(results), statistics.median(raw)
    say("B3a", "one POST of one report, durable, plain HTTP on loopback, %d connections" % N_DEVICES, value, "1/s",
        ">= 8000 and >= half of raw rows", value >= 8000 and value >= beside / 2, raw=beside, ratio=round(value / beside, 2), runs=results,
        shared_with="the load client on the same 2 cores")


def b4_b7():
    server = harness.Server().start()
    plane.add_person(server, "one", "B1")
    plane.apply_policy(server)
    phone = plane.add_phone(server, "one")
    etag = plane.settled(phone).headers["ETag"]
    with open(phone.certificate, encoding="ascii") as stream:
        leaf = stream.read().split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n"
    with open(phone.certificate, "w", encoding="ascii") as stream:
        stream.write(leaf)
    wake = ("curl -s -o /dev/null --unix-socket %s -H Content-Type:application/json "
            "-d '{\"place\":\"house\",\"gate\":\"north\",\"direction\":\"in\",\"badge\":\"B1\"}' http://localhost/api/v1/crossings" % server.socket)
    common = [sys.executable, os.path.join(ROOT, "bench", "bench_http.py"), "--url", "127.0.0.1:%d" % (server.port + 1), "--pid",
              str(server.process.pid), "--cert", phone.certificate, "--key", phone.key, "--path", "/v1/device/orders"]
    subprocess.run(common, check=True)
    done = subprocess.run([os.path.join(BIN, "http_load"), "poll", "--port", str(server.port + 1), "--pid", str(server.process.pid), "--path",
                           "/v1/device/orders", "--n", str(N_POLLS), "--parallel", "4", "--cert", phone.certificate, "--key", phone.key,
                           "--header", "If-None-Match: %s" % etag, "--header", "Prefer: wait=60", "--wake", wake], stdout=subprocess.PIPE,
                          text=True, check=True)
    out = json.loads(done.stdout)
    say("B7", "memory of one of %d idle long polls, bosagad" % out["woken"], out["kib"], "KiB", "<= 20 KiB", out["kib"] <= 20,
        again=out["again"])
    say("B7", "wake of all %d by one crossing, bosagad" % out["woken"], out["wake_s"], "s", "<= 5 s",
        out["wake_s"] <= 5 and out["woken"] == N_POLLS)
    server.stop()


try:
    b3a()
    b4_b7()
finally:
    harness.cleanup()
