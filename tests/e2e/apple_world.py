# SPDX-License-Identifier: Apache-2.0
"""A server with a rule, and a phone that obeys its commands, or not. The phone is apple_phone.py's: Python and openssl, nothing of ours."""
import datetime
import glob
import json
import os
import plistlib
import time

import apple_phone
import harness
import plane

POLICY = """
bosaga: 1
places:
  - id: house
    name: {kk: Үй, ru: Дом, en: House}
    gates: [{id: north}]
    phone_lease: %(lease)s
rules:
  - id: no-camera
    who: {all: true}
    where: [house]
    restrict: [%(restrict)s]%(apps)s
    because: {kk: Құпия, ru: Секрет, en: Secret}
    stage: all
"""

LOCKED, FREED = ["InstallProfile", "Restrictions"], ["RemoveProfile", "Restrictions"]


class Phone(apple_phone.Phone):
    """What a phone does with its profiles: installed, removed, asked about."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.lock = None        # the installed lock profile
        self.locked = False     # its screen
        self.disobeys = False
        self.refuses = set()    # commands that are answered so:
        self.refusal = "Error"
        self.on = {"PersonalHotspot", "Bluetooth"}  # switches of a supervised phone
        self.stiff = set()      # those that Settings cannot switch

    def said_idle(self, status="Idle", uuid=None, **more):
        message = {"Status": status, "UDID": self.udid, **more}
        if uuid:
            message["CommandUUID"] = uuid
        answer = self.put("/mdm/server", plistlib.dumps(message))
        assert answer.status == 200, (answer.status, answer.body)
        return plistlib.loads(answer.body) if answer.body else None

    def holds(self, key):
        """The value that its profile gives to a key; None: none."""
        return None if self.lock is None else self.lock["PayloadContent"][0].get(key)

    def allows_camera(self):
        return self.holds("allowCamera") is not False

    def set(self, setting):
        """One setting. @return its own answer"""
        if setting["Item"] in self.stiff:
            return {"Item": setting["Item"], "Status": "Error", "ErrorChain": [{"ErrorDomain": "MCSettingsErrorDomain", "ErrorCode": 43000}]}
        assert setting["Enabled"] is False, "nothing is ever switched on"
        self.on.discard(setting["Item"])
        return {"Item": setting["Item"], "Status": "Acknowledged"}

    def obey(self, command):
        """What it answers: a status and more."""
        kind = command["RequestType"]
        if kind in self.refuses:
            chain = [{"ErrorDomain": "MCInstallationErrorDomain", "ErrorCode": 4001, "LocalizedDescription": "no", "USEnglishDescription": "Cannot do it"}]
            return self.refusal, {"ErrorChain": chain}
        if kind == "InstallProfile":
            if self.locked:
                return "NotNow", {}
            if not self.disobeys:
                self.lock = plistlib.loads(command["Payload"])
                assert self.lock["PayloadIdentifier"] == "kz.bosaga.lock", self.lock
        elif kind == "Settings":
            return "Acknowledged", {"Settings": [self.set(setting) for setting in command["Settings"]]}
        elif kind == "RemoveProfile":
            assert command["Identifier"] == "kz.bosaga.lock", command
            if not self.disobeys:
                self.lock = None
        elif kind == "Restrictions":
            keys = ("allowCamera", "allowScreenShot", "allowPersonalHotspotModification", "allowBluetoothModification", "allowHostPairing",
                    "allowFilesUSBDriveAccess")
            allowed = {key: {"value": self.holds(key) is not False} for key in keys}
            said = {"restrictedBool": allowed}
            if self.holds("blockedAppBundleIDs"):
                said["union"] = {"blockedAppBundleIDs": {"values": self.holds("blockedAppBundleIDs")}}
            return "Acknowledged", {"GlobalRestrictions": said}
        elif kind == "ProfileList":
            own = [{"PayloadIdentifier": p["PayloadIdentifier"], "PayloadUUID": p["PayloadUUID"]} for p in [self.lock] if p]
            return "Acknowledged", {"ProfileList": own}
        return "Acknowledged", {}

    def converse(self):
        """A whole conversation. @return the RequestTypes that it was asked for"""
        asked, command = [], self.said_idle()
        while command is not None:
            asked.append(command["Command"]["RequestType"])
            assert len(asked) < 6, asked
            status, more = self.obey(command["Command"])
            command = self.said_idle(status, command["CommandUUID"], **more)
        return asked


class Timed(harness.Server):
    """A server whose clock is moved by a file."""

    offset = 0

    def start(self):
        self.set(self.offset)
        options = os.environ.get("ASAN_OPTIONS", "")
        # The sanitizers' library would like to be the first, and faketime is, which without the last word ends each timed wait at once.
        env = dict(os.environ, ASAN_OPTIONS=(options + ":" if options else "") + "verify_asan_link_order=0:quarantine_size_mb=4",
                   LD_PRELOAD=glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")[0],
                   FAKETIME_TIMESTAMP_FILE=self.state + ".time", FAKETIME_NO_CACHE="1", FAKETIME_DONT_FAKE_MONOTONIC="1",
                   FAKETIME_FORCE_MONOTONIC_FIX="0")
        self.process = harness.start([harness.program("bosagad"), "--state", self.state, "--config", self.config], self.log, env=env)
        harness.wait_for("bosagad answers", self.answers)
        return self

    def kill(self):
        super().kill()
        for path in glob.glob("/dev/shm/*faketime_*_%d" % self.process.pid):  # what libfaketime could not take away
            os.unlink(path)

    def set(self, offset):
        """The server's clock is `offset` seconds from ours from now on."""
        self.offset = offset
        with open(self.state + ".new", "w", encoding="ascii") as stream:
            stream.write("%+d\n" % offset)
        os.rename(self.state + ".new", self.state + ".time")

    def now(self):
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.offset)


class World:
    crossed = None  # the second of the last crossing

    def __init__(self, lease="4h", config="", kind="ios-device", restrict="camera, microphone", apps="", system="17.5.1", server=harness.Server):
        self.server = server(apple_phone.CONFIG + config).start()
        self.faults = apple_phone.faults(self.server)
        plane.add_person(self.server, "aigerim", "B1")
        plane.apply_policy(self.server, POLICY % {"lease": lease, "restrict": restrict, "apps": apps and "\n    apps: [%s]" % apps})
        self.phone = Phone(self.server, challenge=apple_phone.invite(self.server, "aigerim", kind))
        self.phone.begin(OSVersion=system)

    def show(self):
        return plane.must(plane.call(self.server, "GET", "/api/v1/devices/" + self.phone.id))

    def state(self, function="camera"):
        return {r["function"]: r["state"] for r in self.show()["restricted"]}.get(function)

    def second(self):
        """The second that the server's clock shows."""
        return int(time.time()) + getattr(self.server, "offset", 0)

    def cross(self, direction, place="house"):
        while direction == "in" and self.second() == self.crossed:  # in the second of another it would move nothing (V11)
            time.sleep(0.02)
        answer = plane.must(plane.call(self.server, "POST", "/api/v1/crossings",
                                       {"place": place, "gate": "north", "direction": direction, "device": self.phone.id}))
        self.crossed = self.second()
        return answer

    def out(self, kind):
        """Wait until a command is out that begins so, and give the phone's first Idle."""
        return harness.wait_for("a command is out", lambda: self.show()["phone"]["desired"] == kind)

    def come(self, desired=("camera",)):
        self.cross("in")
        self.out(list(desired))

    def end(self):
        metrics = plane.must(plane.call(self.server, "GET", "/metrics")).body.decode()
        assert apple_phone.faults(self.server) == self.faults
        assert self.server.stop() == 0, "its end, which with sanitizers tells of leaks, too"
        return metrics


def numbers(world):
    """What /metrics says, by names without `bosaga_`."""
    metrics = plane.must(plane.call(world.server, "GET", "/metrics")).body.decode()
    lines = [line.removeprefix("bosaga_").rsplit(" ", 1) for line in metrics.splitlines() if not line.startswith("#")]
    return {name: int(value) for name, value in lines}


def stored(world):
    """How many batches the store has taken."""
    return numbers(world)["store_batches_total"]


def told(world, what, patience=harness.PATIENCE):
    """Wait until the phone, which asks again and again, has been told so."""
    harness.wait_for("told %s" % what[0], lambda: world.phone.converse() == what, patience, 0.2)


def turnstile(world):
    token = plane.must(plane.call(world.server, "POST", "/api/v1/gates", {"place": "house", "gate": "north", "kind": "turnstile"}))["token"]

    def ask(method, path, body=None, wait=None):
        headers = {"Prefer": "wait=%d" % wait} if wait else {}
        return plane.must(plane.people(world.server, method, path, body, headers, token=token))
    return ask


class Pushes:
    """The stand-in for APNs, and what it was sent."""

    def __init__(self):
        self.folder = harness.folder("apns-")
        self.port = harness.free_ports(1)
        harness.run([harness.program("bosaga-sim"), "apns", "--dir", self.folder, "--topic", apple_phone.TOPIC])
        self.process = None

    def config(self):
        return "".join("apple_push_%s = %s\n" % (k, v) for k, v in (
            ("endpoint", "localhost:%d" % self.port), ("ca", self.folder + "/ca.pem"), ("certificate", self.folder + "/push.pem"),
            ("key", self.folder + "/push.key")))

    def start(self):
        self.process = harness.start([harness.program("bosaga-sim"), "apns", "--listen", "127.0.0.1:%d" % self.port, "--dir", self.folder,
                                      "--topic", apple_phone.TOPIC], self.folder + ".log")

    def stop(self):
        harness.stop(self.process)

    def sent(self):
        path = os.path.join(self.folder, "pushes.jsonl")
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as stream:
            return [json.loads(line) for line in stream if line.endswith("\n")]
