# SPDX-License-Identifier: Apache-2.0
"""The simulated iPhone against a server of Python's own library: what it says, obeys and forgets, by somebody else's property lists."""
import http.server
import json
import os
import plistlib
import subprocess
import threading

import harness
from harness import claim

TOPIC = "com.apple.mgmt.External.sim"
LIFE = 4  # seconds of the lease that runs out

folder = harness.folder("sim-iphone-")
server = harness.Server("apple_topic = %s\n" % TOPIC).start()


class Mdm(http.server.BaseHTTPRequestHandler):
    """Gives what is in `commands`, one after another; keeps what it hears. After a NotNow it has nothing more to say."""
    commands, heard, checkins, busy = [], [], [], False

    def do_PUT(self):
        said, out = plistlib.loads(self.rfile.read(int(self.headers["Content-Length"]))), b""
        if self.path == "/checkin":
            assert self.headers["Content-Type"] == "application/x-apple-aspen-mdm-checkin", self.headers
            Mdm.checkins.append(said)
        else:
            Mdm.heard.append(said)
            if said["Status"] != "NotNow" and Mdm.commands:
                out = plistlib.dumps({"CommandUUID": "c-%d" % len(Mdm.heard), "Command": Mdm.commands.pop(0)}, fmt=Mdm.fmt)
        self.send_response(503 if Mdm.busy else 200)
        self.send_header("Content-Length", str(len(out)))
        self.end_headers()
        self.wfile.write(out)

    fmt = plistlib.FMT_XML

    def log_message(self, *_):
        pass


mdm = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mdm)
threading.Thread(target=mdm.serve_forever, daemon=True).start()


def lock(life, **restrictions):
    return {"RequestType": "InstallProfile", "Payload": plistlib.dumps({
        "PayloadType": "Configuration", "PayloadVersion": 1, "PayloadIdentifier": "org.example.lock", "PayloadUUID": "LOCK-1",
        "DurationUntilRemoval": float(life), "PayloadContent": [dict({
            "PayloadType": "com.apple.applicationaccess", "PayloadVersion": 1, "PayloadIdentifier": "org.example.lock.r",
            "PayloadUUID": "LOCK-2"}, **restrictions)]})}


class Phone:
    """It polls only when it is told to: each test begins a conversation of its own."""

    def __init__(self):
        invited, self.profile = os.path.join(folder, "invited.mobileconfig"), os.path.join(folder, "changed.mobileconfig")
        server.cli("person", "add", "aigul", "--name", "A", "--badge", "1001")
        server.cli_text("invite", "aigul", "--kind", "ios-device", "--out", invited)
        with open(invited, "rb") as stream:
            profile = plistlib.load(stream)
        for payload in profile["PayloadContent"]:
            if payload["PayloadType"] == "com.apple.mdm":
                payload["ServerURL"] = "http://127.0.0.1:%d/server" % mdm.server_port
                payload["CheckInURL"] = "http://127.0.0.1:%d/checkin" % mdm.server_port
        with open(self.profile, "wb") as stream:
            plistlib.dump(profile, stream)
        self.start()

    def start(self):
        before, self.early = len(Mdm.heard), []
        self.process = subprocess.Popen([harness.program("bosaga-sim"), "iphone", "--state", os.path.join(folder, "phone"), "--profile",
                                         self.profile, "--poll", "0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        harness._processes.append(self.process)
        self.first = self.line()
        harness.wait_for("it asks once when it starts", lambda: len(Mdm.heard) > before)

    def line(self):
        return self.early.pop(0) if self.early else self.read()

    def read(self):
        text = self.process.stdout.readline()
        assert text, "bosaga-sim ended with %s" % self.process.wait(harness.PATIENCE)
        return json.loads(text)

    def say(self, word):
        self.process.stdin.write(word.encode() + b"\n")
        self.process.stdin.flush()
        while (line := self.read()) != {"heard": word}:
            self.early.append(line)

    def converse(self, *commands, word="poll", until="Idle"):
        """Let it fetch these commands; what it answered."""
        Mdm.commands[:] = commands
        before = len(Mdm.heard)
        self.say(word)
        harness.wait_for("its answers", lambda: len(Mdm.heard) > before + (len(commands) if until == "Idle" else 1))
        return Mdm.heard[before + 1:]


phone = Phone()


@claim
def it_checks_in_once():
    assert [m["MessageType"] for m in Mdm.checkins] == ["Authenticate", "TokenUpdate"], Mdm.checkins
    token = Mdm.checkins[1]
    assert len(token["Token"]) == 32 and len(token["PushMagic"]) == 36 and token["Topic"] == TOPIC, token
    assert token["Token"].hex() == phone.first["token"] and len({m["UDID"] for m in Mdm.checkins}) == 1
    assert [d["id"] for d in server.cli("device", "list", "--person", "aigul")["items"]] == [phone.first["device"]]


@claim
def a_locked_screen_says_not_now_and_asks_again_when_unlocked():
    phone.say("lock")
    answers = phone.converse(lock(3600, allowCamera=False), {"RequestType": "ProfileList"}, until="NotNow")
    assert [a["Status"] for a in answers] == ["NotNow"], answers
    answers = phone.converse(lock(3600, allowCamera=False), {"RequestType": "Restrictions"}, word="unlock")
    change = phone.line()
    assert change["restricted"] == ["camera"] and change["why"] == "install", change
    assert [a["Status"] for a in answers] == ["Acknowledged"] * 2, answers
    assert answers[1]["GlobalRestrictions"]["restrictedBool"]["allowCamera"] == {"value": False}, answers[1]


@claim
def binary_commands_are_read_too():
    Mdm.fmt = plistlib.FMT_BINARY
    answers = phone.converse({"RequestType": "ProfileList"}, {"RequestType": "DeviceInformation", "Queries": ["OSVersion"]},
                             {"RequestType": "EraseDevice"})
    Mdm.fmt = plistlib.FMT_XML
    assert [a["Status"] for a in answers] == ["Acknowledged", "Acknowledged", "Error"], answers
    assert {"PayloadIdentifier": "org.example.lock", "PayloadUUID": "LOCK-1", "PayloadType": "Configuration"} in answers[0]["ProfileList"]
    assert answers[1]["QueryResponses"] == {"OSVersion": "17.5.1"} and answers[2]["ErrorChain"][0]["ErrorCode"] == 12021, answers


@claim
def killed_and_started_again_it_is_the_same_phone_with_the_same_profile():
    device = phone.first
    harness.stop(phone.process, 9)
    phone.start()
    assert phone.first == device and len(Mdm.checkins) == 2
    answers = phone.converse({"RequestType": "Restrictions"})
    assert answers[0]["GlobalRestrictions"]["restrictedBool"]["allowCamera"] == {"value": False}


@claim
def a_lift_lifts():
    answers = phone.converse({"RequestType": "RemoveProfile", "Identifier": "org.example.lock"})
    change = phone.line()
    assert answers[0]["Status"] == "Acknowledged" and change["restricted"] == [] and change["why"] == "remove", change


@claim
def its_lease_ends_while_nobody_answers_and_also_while_it_is_off():
    for off in (False, True):
        phone.converse(lock(LIFE, allowCamera=False, allowScreenShot=False))
        change = phone.line()
        assert change["restricted"] == ["camera", "screen_capture"], change
        until, Mdm.busy = change["until"], True
        if off:
            harness.stop(phone.process, 9)
            phone.start()
        change = phone.line()
        assert change["restricted"] == [] and change["why"] == "lease" and change["at"] >= until, (change, until)
        Mdm.busy = False


@claim
def leaving_is_said_and_ends_it():
    phone.say("checkout")
    assert phone.process.wait(harness.PATIENCE) == 0
    assert Mdm.checkins[-1]["MessageType"] == "CheckOut" and len(Mdm.checkins) == 3, Mdm.checkins
    server.stop()


harness.main()
