#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""B3 and B3e of a whole bosagad, and a fleet that polls: release build, SQLite on this disk, plain HTTP as behind a proxy. B6 is bench_flip.py.

The registry is seeded while the server is down; enrolment, orders, steps and conversations are its own. Nobody pushes here: the load
lets each phone poll. A proxy would keep a connection for many phones, so each phone's first request has its certificate verified.
BSG_DEVICES says how many devices, for a quick look.
"""
import json
import os
import sqlite3
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
os.environ.setdefault("BSG_BUILD", os.path.join(ROOT, "build", "release"))
os.environ.setdefault("BSG_SOURCE_ROOT", ROOT)
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import harness  # noqa: E402

N = int(os.environ.get("BSG_DEVICES", "100000"))
N_PART = min(1000, N // 4)  # enrolled first, and last: is it slower among many?
CONFIG = "apple_url = https://phones.example\napple_topic = com.apple.mgmt.External.bench\n"
PROXY = "apple_tls = proxy\n"


# By perf with 40,000 phones, all requests together.
WHY = ("40 % is the kernel (sockets, pages read, threads woken); by task, 19 % the writer, 14 % looking up the phone by its certificate, "
       "9 % reading property lists, 6 % writing them")


def say(bench, what, value, unit, target="", met=None, **more):
    print(json.dumps({"bench": bench, "what": what, "value": value, "unit": unit, "target": target, "met": met,
                      "shared_with": "the load on the same cores", **more}), flush=True)


def policy():
    day = [time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(time.time() + s)) for s in (-3600, 43200)]
    return json.dumps({"bosaga": 1, "places": [{"id": "house", "gates": [{"id": "north"}]}],
                       "rules": [{"id": "no-camera", "who": {"all": True}, "restrict": ["camera"], "windows": [day], "lead": "0m"}]})


def cpu_of(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Apns:
    """Where a load will stand in for APNs, and what the server must know of it."""

    def __init__(self):
        self.folder, self.port = harness.folder("bench-apns-"), harness.free_ports(1)
        harness.run([harness.program("bosaga-sim"), "apns", "--dir", self.folder, "--topic", "com.apple.mgmt.External.bench"])
        self.config = ("apple_push_certificate = %(dir)s/push.pem\napple_push_key = %(dir)s/push.key\napple_push_ca = %(dir)s/ca.pem\n"
                       "apple_push_endpoint = 127.0.0.1:%(port)d\n" % {"dir": self.folder, "port": self.port})


class Bench:
    def __init__(self, n=N, rules=None, config=PROXY):
        server = harness.Server(CONFIG + config).start()
        server.stop()
        self.files = harness.folder("bench-apple-")
        self.certificates = os.path.join(self.files, "certificates")
        with open(os.path.join(self.files, "policy"), "w", encoding="utf-8") as stream:
            stream.write(rules or policy())
        self.run("seed", server.state, n, self.certificates, os.path.join(self.files, "policy"))
        self.server = harness.Server(CONFIG + config, state=server.state).start()

    @staticmethod
    def run_program(name, *words):
        program = os.path.join(os.environ["BSG_BUILD"], "bench", name)
        done = subprocess.run([program, *map(str, words)], stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout) if done.stdout else None

    def restart(self, config):
        self.server.stop()
        self.server = harness.Server(CONFIG + config, state=self.server.state).start()

    def run(self, *words):
        return self.run_program("apple_load", *words)

    def stop(self):
        self.server.stop()
        harness.cleanup()

    def cpu(self):
        return cpu_of(self.server.process.pid)

    def memory(self):
        with open("/proc/%d/status" % self.server.process.pid, encoding="ascii") as status:
            fields = dict(line.split(":", 1) for line in status)
        return round(int(fields["VmHWM"].split()[0]) / 1024)

    def load(self, what, first, n):
        """@return what the load says, with the server's CPU in ms for each phone."""
        before = self.cpu()
        out = self.run(what, self.server.port + 2, self.certificates, first, n)
        out["cpu_ms"] = round((self.cpu() - before) / n * 1000, 4)
        out["rate"] = round(n / out["seconds"])
        return out

    def count(self, query):
        with sqlite3.connect("file:%s/bosaga.db?mode=ro" % self.server.state, uri=True) as database:
            return database.execute(query).fetchone()[0]

    def settled(self, query, wanted):
        started = time.monotonic()
        while self.count(query) != wanted:
            if time.monotonic() - started > 900:
                sys.exit("%s: %r, not %d" % (query, self.count(query), wanted))
            time.sleep(0.1)
        return time.monotonic() - started


def main():
    bench = Bench()
    bench.settled("SELECT count(*) FROM device WHERE serial > 0", N)
    first = bench.load("enrol", 0, N_PART)
    bench.settled("SELECT count(*) FROM apple_device WHERE command != 0", N_PART)
    bench.load("enrol", N_PART, N - 2 * N_PART)
    bench.settled("SELECT count(*) FROM apple_device WHERE command != 0", N - N_PART)
    last = bench.load("enrol", N - N_PART, N_PART)
    waited = bench.settled("SELECT count(*) FROM apple_device WHERE command != 0", N)
    for out, among in ((first, N_PART), (last, N)):
        say("B3e", "over HTTP: Authenticate, TokenUpdate and what follows them, among %d phones" % among, out["cpu_ms"], "ms CPU",
            rate=out["rate"])
    say("B3e", "over HTTP: CPU of an enrolment among %d phones, against %d" % (N, N_PART), round(last["cpu_ms"] / first["cpu_ms"], 2), "x",
        "<= 1.3", last["cpu_ms"] <= 1.3 * first["cpu_ms"], first_steps_s=round(waited, 2))
    talk = bench.load("talk", 0, N)
    say("B3", "over HTTP: Idle, install, Acknowledged, verify, Acknowledged (3 requests), %d phones" % N, talk["cpu_ms"], "ms CPU",
        "<= 0.3 (0.2 for 2 requests)", talk["cpu_ms"] <= 0.3, why="" if talk["cpu_ms"] <= 0.3 else WHY, rate=talk["rate"])
    left = N - talk["restricted"]
    bench.settled("SELECT count(*) FROM apple_device WHERE verified_seq = desired_seq AND verified = 1 AND command = 0", N)
    say("B6", "%d polling iPhones restricted and verified, plain HTTP" % N, talk["seconds"], "s", "none left", left == 0, left=left,
        peak_mib=bench.memory())
    idle = bench.load("idle", 0, N)
    say("B3", "over HTTP: single check-ins without news, %d phones, each certificate verified" % N, idle["rate"], "1/s", ">= 8000",
        idle["rate"] >= 8000, why="" if idle["rate"] >= 8000 else WHY, cpu_ms=idle["cpu_ms"])
    bench.stop()


if __name__ == "__main__":
    main()
