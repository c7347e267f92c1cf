# SPDX-License-Identifier: Apache-2.0
"""What the tests of Apple's protocol share: the C side (tests/tools/apple-tool), and inputs that produce everything it can."""
import atexit
import itertools
import json
import os
import subprocess

from harness import BUILD

FUNCTIONS = ["camera", "microphone", "screen_capture", "internet", "wifi", "hotspot", "bluetooth", "nfc", "usb_data", "location",
             "apps", "debugging"]
ALL = (1 << len(FUNCTIONS)) - 1
KINDS = ["ios-device", "ios-user", "ios-supervised", "watch-apple"]
SYSTEMS = ["", "9.3", "11.0", "12.1.4", "12.2", "13.1", "14.2", "14.5", "15.0", "17.5.1", "18.1"]
COMMANDS = {"InstallProfile": 1, "RemoveProfile": 2, "ProfileList": 3, "DeviceInformation": 4, "SecurityInfo": 5,
            "Restrictions": 6, "Settings": 7}
DEPLOYMENT = "kz.example.bosaga"
SEED = "00112233445566778899aabbccddeeff"
LIMIT, INVALID, DENIED = 2, 1, 3


class Tool:
    def __init__(self):
        self.process = subprocess.Popen([os.path.join(BUILD, "tests/tools/apple-tool")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        atexit.register(self.end)

    def ask(self, op, **request):
        self.process.stdin.write(json.dumps({"op": op, **request}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"apple-tool ended at {op}"
        return json.loads(line)

    def end(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait()


TOOL = Tool()


def made(answer):
    assert "hex" in answer, answer
    return bytes.fromhex(answer["hex"])


def lock_request(kind, functions, system="", apps=("com.example.recorder",), language=2, **more):
    return {"kind": kind, "functions": functions, "os": system, "apps": list(apps) if functions & 1 << 10 else [], "life": 14400,
            "deployment": DEPLOYMENT, "seed": SEED, "organisation": "Example & <Co>", "language": language, **more}


def enrolment_request(kind, language=2, **more):
    return {"kind": kind, "language": language, "deployment": DEPLOYMENT, "seed": SEED, "organisation": "Дом «Пример» & <Co>",
            "root": "3082000102", "scep_url": "https://mdm.example.kz/scep", "scep_name": "bosaga", "challenge": "one-time",
            "common_name": "0123456789abcdef", "fingerprint": "ab" * 32, "topic": "com.apple.mgmt.External.0123",
            "server_url": "https://mdm.example.kz/mdm/server", "checkin_url": "https://mdm.example.kz/mdm/checkin", **more}


def enrolments():
    """(kind, bytes) of every kind of enrolment profile."""
    for kind, language in itertools.product(("ios-device", "ios-supervised"), range(3)):
        for more in ({}, {"root": None, "fingerprint": None, "scep_name": None}):
            yield kind, made(TOOL.ask("enrolment", **enrolment_request(kind, language, **more)))


def locks():
    """(kind, request, bytes or None, answer) of every lock that the table can give: all pairs of functions, all and none, all
    systems; bytes are None where nothing can be restricted."""
    sets = sorted({1 << a | 1 << b for a in range(12) for b in range(12)} | {ALL})
    for kind, system, functions in itertools.product(KINDS, SYSTEMS, sets):
        request = lock_request(kind, functions, system)
        answer = TOOL.ask("lock", **request)
        yield kind, request, made(answer) if answer["covers"] else None, answer


def neutrals():
    for kind, language in itertools.product(KINDS, range(3)):
        yield kind, made(TOOL.ask("neutral", **lock_request(kind, 0, language=language)))


def commands():
    """(kind, bytes) of every command; kind is the least that may get it."""
    profile = made(TOOL.ask("lock", **lock_request("ios-device", 1)))
    requests = [{"type": 1, "profile": profile.hex()}, {"type": 2, "identifier": DEPLOYMENT + ".lock"}, {"type": 5}]
    requests += [{"type": 3, "managed_only": flag} for flag in (False, True)]
    requests += [{"type": 4, "queries": bits} for bits in range(1, 128)]
    requests += [{"type": 6, "profile_restrictions": flag} for flag in (False, True)]
    for request in requests:
        yield "ios-device", made(TOOL.ask("command", uuid="0001-uuid", **request))
    for settings, on in itertools.product(range(1, 4), range(4)):
        yield "ios-supervised", made(TOOL.ask("command", uuid="0001-uuid", type=7, settings=settings, settings_on=on))
