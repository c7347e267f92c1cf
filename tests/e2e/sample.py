# SPDX-License-Identifier: Apache-2.0
"""./dev run without its build: an iPhone of the sample ministry frees itself when the server is killed. Nobody comes and goes by itself here."""
import json
import os
import shlex
import signal
import time

import harness
from harness import claim

LEASE = 20  # seconds
PERSON, BADGE = "person-9", "1009"  # who has an iPhone


class Sample:
    """tools/run-sample, whose log has what its programs say."""

    def __init__(self):
        self.state = harness.folder("sample-")
        self.log = self.state + "/log"
        programs = harness.folder("sample-bin-")
        for name in ("bosaga", "bosagad", "bosaga-sim"):
            os.symlink(harness.program(name), os.path.join(programs, name))
        script = os.path.join(harness.SOURCE, "tools", "run-sample")
        self.process = harness.start([script, "--state", self.state, "--port", str(harness.free_ports(4)), "--pause", "1000000"], self.log,
                                     env=dict(os.environ, BOSAGA_BIN=programs), cwd="/", start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            harness.stop(self.process)
        finally:  # what it started and did not stop
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as stream:
            return stream.read()

    def has_said(self, text, since=0):
        assert self.process.poll() is None, self.said()[-3000:]
        return text in self.said()[since:]

    def cli(self, *words):
        out = harness.run([harness.program("bosaga"), *words, "--socket", os.path.join(self.state, "server", "admin.sock"), "--json"])
        return json.loads(out) if out.strip() else None

    def iphone(self):
        """The device of PERSON as the server shows it."""
        devices = self.cli("device", "list")["items"]
        return next((self.cli("device", "show", d["id"]) for d in devices if d["person"] == PERSON), None)

    def child(self, name):
        with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid), encoding="ascii") as stream:
            for pid in map(int, stream.read().split()):
                with open("/proc/%d/comm" % pid, encoding="ascii") as comm:
                    if comm.read().strip() == name:
                        return pid
        raise AssertionError("run-sample has no %s" % name)


def camera(shown):
    return {r["function"]: r["state"] for r in shown["restricted"]}.get("camera")


def shorten_leases(sample):
    with open(os.path.join(harness.SOURCE, "docs", "sample", "ministry.yaml"), encoding="utf-8") as stream:
        policy = stream.read()
    assert "    grace: 3m\n" in policy
    path = os.path.join(sample.state, "short.yaml")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(policy.replace("    grace: 3m\n", "    grace: 3m\n    phone_lease: %ds\n" % LEASE))
    sample.cli("policy", "apply", path)


@claim
def a_phone_of_the_sample_is_verified_and_frees_itself_without_the_server_which_says_unverified_when_it_is_back():
    with Sample() as sample:
        harness.wait_for("the server is up", lambda: sample.has_said("# server: "))
        # All of them: a phone that still enrols when the server is killed ends bosaga-sim, and with it the others.
        harness.wait_for("its phones are enrolled", lambda: sample.has_said(" phones come and go at "))
        harness.wait_for("its iPhone has checked in", lambda: (sample.iphone() or {}).get("phone"))
        shorten_leases(sample)
        before = len(sample.said())  # on a slow machine the lease may end while we look on
        sample.cli("crossing", "add", "--place", "house", "--gate", "north", "--badge", BADGE, "--in")
        harness.wait_for("it is verified", lambda: camera(sample.iphone()) == "verified")
        shown = sample.iphone()
        phone = shown["phone"]
        assert phone["desired"] == phone["verified"] == ["camera"], shown
        assert phone["desired_at"] <= phone["acknowledged_at"] <= phone["verified_at"] < phone["verified_until"], phone
        os.kill(sample.child("bosagad"), signal.SIGKILL)
        killed = time.monotonic()
        harness.wait_for("it frees itself", lambda: sample.has_said("iPhone of %s: everything on (lease)" % PERSON, before))
        harness.note("%.1f s after the server was killed" % (time.monotonic() - killed))
        assert harness.stop(sample.process) == 0 and sample.said().endswith("# stopped\n"), sample.said()[-2000:]
    again = next(line for line in sample.said().splitlines() if line.startswith("# Start it again: "))
    server = harness.start(shlex.split(again.split(": ", 1)[1]), sample.log)

    def back():
        try:
            return sample.iphone()
        except harness.Refused:
            return None
    assert camera(harness.wait_for("bosagad is back", back)[0]) == "unverified"
    present = {p["device"]: (p["state"], p["restricted"]) for p in sample.cli("presence")["items"]}
    assert present[shown["id"]] == ("unverified", []), present
    assert harness.stop(server) == 0


harness.main()
