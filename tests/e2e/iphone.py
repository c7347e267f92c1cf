# SPDX-License-Identifier: Apache-2.0
"""A simulated iPhone, by Apple's own protocol: in by badge until it is verified, out, with a locked screen, and without the server (A29, Z4-Z9)."""
import json
import os
import subprocess
import threading
import time

import harness
from harness import claim

STAY = 20  # seconds: the lease of the last claims

POLICY = """bosaga: 1
places:
  - id: house
    name: {kk: Министрліктер үйі, ru: Дом министерств, en: House of Ministries}
    gates: [{id: north}]
    max_stay: %s
rules:
  - id: no-camera
    who: {units: [ministry]}
    where: [house]
    restrict: [camera]
    because: {kk: Қызметтік ақпаратты қорғау, ru: Защита служебной информации, en: To protect service information}
    stage: all
  - id: no-radio
    who: {units: [archive]}
    where: [house]
    restrict: [camera, hotspot, bluetooth]
    because: {kk: Мұрағатты қорғау, ru: Защита архива, en: To protect the archive}
    stage: all
"""

folder = harness.folder("iphone-")
apns = os.path.join(folder, "apns")
apns_port = harness.free_ports(1)
harness.run([harness.program("bosaga-sim"), "apns", "--dir", apns])
server = harness.Server("""apple_push_certificate = %(dir)s/push.pem
apple_push_key = %(dir)s/push.key
apple_push_ca = %(dir)s/ca.pem
apple_push_endpoint = 127.0.0.1:%(port)d
""" % {"dir": apns, "port": apns_port}).start()


def apply(stay):
    path = os.path.join(folder, "policy.yaml")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(POLICY % stay)
    server.cli("policy", "apply", path)


class Iphone:
    """`bosaga-sim iphone` of a new person: what it printed is in `lines`."""

    def __init__(self, person, badge, *options, unit="ministry", kind="ios-device"):
        self.person, self.badge, self.options = person, badge, options
        self.profile = os.path.join(folder, person + ".mobileconfig")
        server.cli("person", "add", person, "--name", person, "--unit", unit, "--badge", badge)
        server.cli_text("invite", person, "--kind", kind, "--out", self.profile)
        self.start()

    def start(self):
        self.lines = []
        with open(os.path.join(folder, self.person + ".log"), "ab") as log:
            self.process = subprocess.Popen(
                [harness.program("bosaga-sim"), "iphone", "--state", os.path.join(folder, self.person), "--profile", self.profile, *self.options],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        harness._processes.append(self.process)
        threading.Thread(target=self._read, args=(self.process, self.lines), daemon=True).start()
        self.device = self.wait(lambda line: "device" in line, "is enrolled")["device"]

    @staticmethod
    def _read(process, lines):
        for line in process.stdout:
            lines.append(json.loads(line))

    def wait(self, condition, what, since=0):
        def found():
            if self.process.poll() is not None and not any(condition(line) for line in self.lines[since:]):
                with open(os.path.join(folder, self.person + ".log"), encoding="utf-8") as log:
                    raise AssertionError("bosaga-sim ended with %d: %s" % (self.process.returncode, log.read()[-2000:]))
            return [line for line in self.lines[since:] if condition(line)]
        return harness.wait_for("%s %s" % (self.person, what), found)[0][0]

    def say(self, word):
        since = len(self.lines)
        self.process.stdin.write(word.encode() + b"\n")
        self.process.stdin.flush()
        self.wait(lambda line: line.get("heard") == word, "heard " + word, since)

    def change(self):
        """What it printed last; its lines may come a moment after the server's word."""
        return ([{"restricted": []}] + [line for line in self.lines if "restricted" in line])[-1]

    def restricted(self):
        return self.change()["restricted"]

    def wait_restricted(self):
        harness.wait_for("%s has no camera" % self.person, lambda: self.restricted() == ["camera"])

    def cross(self, direction):
        """Nobody walks in within the second in which they walked out: such a crossing is stale (D3.3)."""
        time.sleep(1.1)
        return server.cli("crossing", "add", "--place", "house", "--gate", "north", "--badge", self.badge, "--" + direction)

    def shown(self):
        return server.cli("device", "show", self.device)

    def state(self):
        """What the server says of its camera; None: nothing."""
        return {r["function"]: r["state"] for r in self.shown()["restricted"]}.get("camera")

    def wait_state(self, state):
        harness.wait_for("the server calls the camera of %s %s" % (self.person, state), lambda: self.state() == state)


def times(phone):
    return [phone[name] for name in ("desired_at", "acknowledged_at", "verified_at")]


apply("14h")
aigul = Iphone("aigul", "1001", "--apns-dir", apns, "--apns-listen", "127.0.0.1:%d" % apns_port)


@claim
def a_badge_in_restricts_the_phone_and_the_server_knows_when():
    assert aigul.state() is None and aigul.restricted() == []
    aigul.cross("in")
    aigul.wait_state("verified")
    aigul.wait_restricted()
    phone = aigul.shown()["phone"]
    assert phone["desired"] == phone["verified"] == ["camera"], phone
    assert None not in times(phone) and times(phone) == sorted(times(phone)), phone
    harness.note("desired, acknowledged, verified: %s" % ", ".join(times(phone)))


@claim
def a_badge_out_lifts_it():
    aigul.cross("out")
    aigul.wait(lambda line: line.get("restricted") == [] and line["why"] != "lease", "is free")
    harness.wait_for("the server knows it", lambda: aigul.shown()["phone"]["verified"] == [])
    assert aigul.state() is None


@claim
def a_locked_screen_is_asked_again_and_meanwhile_nothing_is_called_restricted():
    aigul.say("lock")
    aigul.cross("in")
    harness.wait_for("the server knows that the screen is locked", lambda: aigul.shown()["phone"]["locked_since"])
    assert aigul.state() == "desired" and aigul.restricted() == []
    aigul.say("unlock")
    aigul.wait_state("verified")
    aigul.wait_restricted()
    assert aigul.shown()["phone"]["locked_since"] is None


@claim
def the_phone_is_the_same_after_a_restart():
    device = aigul.device
    harness.stop(aigul.process, 9)
    aigul.start()
    assert aigul.device == device
    aigul.cross("out")
    aigul.wait(lambda line: line.get("restricted") == [], "is free")
    harness.wait_for("the server knows it", lambda: aigul.shown()["phone"]["verified"] == [])


@claim
def acknowledged_is_not_restricted():
    liar = Iphone("liar", "1002", "--disobey", "--poll", "1")
    liar.cross("in")
    liar.wait_state("unverified")
    phone = liar.shown()["phone"]
    assert liar.restricted() == [] and phone["verified"] in (None, []) and phone["verified_at"], phone
    assert liar.state() == "unverified"
    liar.cross("out")
    harness.stop(liar.process)


@claim
def a_phone_that_knows_no_restrictions_is_verified_by_its_list():
    """It shares its key pair with another, as the many phones of a load test do, and has a certificate and a life of its own."""
    other = Iphone("other", "1003", "--no-restrictions", "--poll", "1", "--key", os.path.join(folder, "aigul", "rsa.pem"))
    assert other.device != aigul.device and not os.path.exists(os.path.join(folder, "other", "rsa.pem"))
    other.cross("in")
    other.wait_state("verified")
    other.wait_restricted()
    other.cross("out")
    other.wait(lambda line: line.get("restricted") == [], "is free")
    harness.stop(other.process)


@claim
def a_supervised_phone_has_its_radios_switched_off_and_gets_the_switches_back():
    own = Iphone("bota", "1004", "--supervised", "--poll", "1", unit="archive", kind="ios-supervised")
    own.cross("in")
    harness.wait_for("all is verified", lambda: own.shown()["phone"]["verified"] == ["camera", "hotspot", "bluetooth"])
    harness.wait_for("bota has neither", lambda: own.restricted() == ["camera", "hotspot", "bluetooth"])
    own.cross("out")
    own.wait(lambda line: line.get("restricted") == [], "is free")
    harness.wait_for("the server knows it", lambda: own.shown()["phone"]["verified"] == [])
    harness.stop(own.process)


@claim
def without_the_server_the_phone_frees_itself_at_the_end_of_its_lease():
    apply("%ds" % STAY)
    aigul.cross("in")
    aigul.wait_state("verified")
    aigul.wait_restricted()
    until = aigul.change()["until"]
    server.kill()
    change = aigul.wait(lambda line: line.get("why") == "lease", "frees itself")
    assert change["restricted"] == [] and change["at"] >= until, (change, until)
    server.start()
    phone = aigul.shown()["phone"]  # still as before, and over; or the lift has been verified already
    assert phone["verified"] == [] or phone["verified_until"] <= change["at"], (phone, change)
    assert aigul.state() in (None, "unverified"), aigul.shown()


@claim
def an_owner_who_removes_the_profile_is_free_at_once():
    apply("14h")
    aigul.cross("out")
    aigul.cross("in")
    aigul.wait_state("verified")
    aigul.say("checkout")
    assert aigul.process.wait(harness.PATIENCE) == 0
    harness.wait_for("it is free", lambda: aigul.change().get("why") == "remove")
    assert aigul.restricted() == []
    harness.wait_for("the server knows that it leaves", lambda: aigul.shown()["state"] == "leaving")
    server.stop()


harness.main()
