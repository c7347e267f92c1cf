#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A phone is told what to restrict, and says what became of it: rules A87 to A95, A120 to A139, Z4 to Z10 and Z20 to Z22.

The phone is apple_phone.py: Python and openssl, nothing of ours. What it restricts is decided here, from the profile that it gets.
"""
import plistlib
import time

import apple_phone
import harness
import plane
from harness import claim, note

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


class Phone(apple_phone.Phone):
    """What a phone does with its profiles: installed, removed, asked about."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.lock = None        # the installed lock profile
        self.locked = False     # its screen
        self.disobeys = False
        self.refuses = set()    # commands that are answered Error
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
            return "Error", {"ErrorChain": chain}
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


class World:
    def __init__(self, lease="4h", config="", kind="ios-device", restrict="camera, microphone", apps="", system="17.5.1"):
        self.server = harness.Server(apple_phone.CONFIG + config).start()
        self.faults = apple_phone.faults(self.server)
        plane.add_person(self.server, "aigerim", "B1")
        plane.apply_policy(self.server, POLICY % {"lease": lease, "restrict": restrict, "apps": apps and "\n    apps: [%s]" % apps})
        self.phone = Phone(self.server, challenge=apple_phone.invite(self.server, "aigerim", kind))
        self.phone.begin(OSVersion=system)

    def show(self):
        return plane.must(plane.call(self.server, "GET", "/api/v1/devices/" + self.phone.id))

    def state(self, function="camera"):
        return {r["function"]: r["state"] for r in self.show()["restricted"]}.get(function)

    def cross(self, direction):
        return plane.must(plane.call(self.server, "POST", "/api/v1/crossings",
                                     {"place": "house", "gate": "north", "direction": direction, "device": self.phone.id}))

    def out(self, kind):
        """Wait until a command is out that begins so, and give the phone's first Idle."""
        return harness.wait_for("a command is out", lambda: self.show()["phone"]["desired"] == kind)

    def come(self, desired=("camera",)):
        self.cross("in")
        self.out(list(desired))

    def end(self):
        metrics = plane.must(plane.call(self.server, "GET", "/metrics")).body.decode()
        assert apple_phone.faults(self.server) == self.faults
        self.server.stop()
        return metrics


@claim
def a_phone_that_comes_in_is_restricted_and_free_again_when_it_leaves():
    world = World()
    phone = world.phone
    assert phone.converse() == []
    world.come()
    assert world.state() == "desired"
    command = phone.said_idle()
    assert command["Command"]["RequestType"] == "InstallProfile", command
    assert phone.said_idle()["CommandUUID"] == command["CommandUUID"], "given again, the same"
    status, more = phone.obey(command["Command"])
    following = phone.said_idle(status, command["CommandUUID"], **more)
    assert world.state() == "acknowledged", world.show()
    assert following["Command"]["RequestType"] == "Restrictions"
    status, more = phone.obey(following["Command"])
    assert phone.said_idle(status, following["CommandUUID"], **more) is None
    assert (world.state(), phone.allows_camera()) == ("verified", False)
    assert 4 * 3600 - 120 <= phone.lock["DurationUntilRemoval"] <= 4 * 3600, phone.lock
    shown = world.show()["phone"]
    note("desired %(desired_at)s, offered %(offered_at)s, acknowledged %(acknowledged_at)s, verified %(verified_at)s until %(verified_until)s" % shown)
    assert shown["desired_at"] <= shown["acknowledged_at"] <= shown["verified_at"] < shown["verified_until"]
    assert world.state("microphone") is None or world.state("microphone") == "desired"  # impossible on iPhones: never told
    world.cross("out")
    world.out([])
    assert phone.converse() == ["RemoveProfile", "Restrictions"]
    assert (phone.lock, world.show()["phone"]["verified"]) == (None, [])
    assert phone.converse() == []
    metrics = world.end()
    assert "bosaga_time_to_restrict_seconds_count 1" in metrics and "bosaga_time_to_lift_seconds_count 1" in metrics, metrics


@claim
def a_locked_screen_keeps_the_command_and_the_gate_says_unlock():
    world = World()
    phone = world.phone
    plane.must(plane.call(world.server, "POST", "/api/v1/gates", {"place": "house", "gate": "north", "kind": "turnstile"}))
    phone.locked = True
    world.come()
    assert phone.converse() == ["InstallProfile"]
    first = world.show()["phone"]["locked_since"]
    assert first is not None and world.state() == "desired"
    assert phone.converse() == ["InstallProfile"], "offered again at the next Idle"
    assert world.show()["phone"]["locked_since"] == first
    phone.locked = False
    assert phone.converse() == ["InstallProfile", "Restrictions"]
    assert (world.state(), world.show()["phone"]["locked_since"]) == ("verified", None)
    world.end()


@claim
def an_error_is_shown_with_its_reason_and_told_again_later():
    world = World()
    phone = world.phone
    phone.refuses = {"InstallProfile"}
    world.come()
    assert phone.converse() == ["InstallProfile"]
    shown = world.show()
    assert "Cannot do it" in shown["phone"]["trouble"] and "4001" in shown["phone"]["trouble"], shown
    assert world.state() == "unverified", shown["restricted"]
    assert phone.converse() == [], "not at once"
    world.end()


@claim
def acknowledged_without_obeying_is_never_restricted():
    world = World()
    phone = world.phone
    phone.disobeys = True
    world.come()
    assert phone.converse() == ["InstallProfile", "Restrictions"]
    assert world.state() == "unverified", world.show()
    assert world.show()["phone"]["verified"] == []
    world.cross("out")  # its profile may be there all the same
    world.out([])
    phone.disobeys = False
    assert phone.converse() == ["RemoveProfile", "Restrictions"]
    world.end()


@claim
def a_client_that_knows_one_way_only_is_asked_the_other():
    world = World()
    phone = world.phone
    phone.refuses = {"Restrictions", "RemoveProfile"}
    world.come()
    assert phone.converse() == ["InstallProfile", "Restrictions", "ProfileList"]
    assert world.state() == "verified", world.show()
    world.cross("out")
    world.out([])
    # The neutral profile takes the lock's place.
    assert phone.converse() == ["RemoveProfile", "InstallProfile", "Restrictions", "ProfileList"]
    assert phone.allows_camera()
    shown = world.show()["phone"]
    assert (shown["verified"], shown["trouble"], shown["trouble_at"]) == ([], None, None), shown
    world.end()


@claim
def answers_to_other_commands_and_repeated_ones_change_nothing():
    world = World()
    phone = world.phone
    world.come()
    command = phone.said_idle()
    assert phone.said_idle("Acknowledged", "5F0D8A1C-0000-4000-8000-000000000000")["CommandUUID"] == command["CommandUUID"], "as Idle"
    assert phone.said_idle("Error", "no-such-command", ErrorChain=[])["CommandUUID"] == command["CommandUUID"]
    following = phone.said_idle("Acknowledged", command["CommandUUID"])
    assert phone.said_idle("Acknowledged", command["CommandUUID"]) == following, "the same again"
    assert world.show()["phone"]["trouble"] is None
    world.end()


@claim
def a_newer_wish_replaces_the_one_that_was_not_delivered():
    world = World()
    phone = world.phone
    world.come()
    for direction, desired in (("out", []), ("in", ["camera"])):
        time.sleep(1.1)  # crossings of one second move nothing (V11)
        world.cross(direction)
        world.out(desired)
    assert phone.converse() == ["InstallProfile", "Restrictions"], "one conversation, no backlog"
    assert world.state() == "verified"
    world.end()


@claim
def after_the_lease_the_phone_is_unverified_until_it_proves_its_lift():
    world = World(lease="5s")
    phone = world.phone
    world.come()
    assert phone.converse() == ["InstallProfile", "Restrictions"]
    assert (world.state(), 1 <= phone.lock["DurationUntilRemoval"] <= 5) == ("verified", True), phone.lock
    world.server.kill()
    time.sleep(6)
    world.server.start()
    world.faults = apple_phone.faults(world.server)
    assert world.state() == "unverified", world.show()
    harness.wait_for("the lift is told", lambda: world.show()["phone"]["desired"] == [])
    assert world.state() == "unverified", world.show()
    phone.lock = None  # it has freed itself
    assert phone.converse() == ["RemoveProfile", "Restrictions"]
    assert world.state() is None, world.show()
    world.cross("in")
    harness.wait_for("restricted anew", lambda: phone.converse() == ["InstallProfile", "Restrictions"])
    world.end()


@claim
def a_revoked_phone_still_gets_its_lift():
    world = World()
    phone = world.phone
    world.come()
    phone.converse()
    plane.must(plane.call(world.server, "POST", "/api/v1/devices/%s/revoke" % phone.id, {"reason": "lost"}))
    harness.wait_for("lifted", lambda: phone.converse() == ["RemoveProfile", "Restrictions"])
    assert phone.lock is None
    world.end()


@claim
def a_server_killed_between_commit_and_answer_goes_on_where_it_was():
    world = World()
    phone = world.phone
    world.come()
    command = phone.said_idle()
    world.server.kill()
    world.server.start()
    world.faults = apple_phone.faults(world.server)
    assert phone.said_idle()["CommandUUID"] == command["CommandUUID"], "the same command"
    assert phone.converse() == ["InstallProfile", "Restrictions"]
    assert world.state() == "verified"
    world.end()


RADIOS = ["camera", "hotspot", "bluetooth"]


@claim
def a_supervised_phone_switches_its_radios_off_before_they_are_kept_so():
    world = World(kind="ios-supervised", restrict="bluetooth, hotspot, camera, apps", apps="com.example.game")
    phone = world.phone
    world.come(RADIOS + ["apps"])
    command = phone.said_idle()
    items = [{"Item": item, "Enabled": False} for item in ("PersonalHotspot", "Bluetooth")]
    assert command["Command"] == {"RequestType": "Settings", "Settings": items}, command
    status, more = phone.obey(command["Command"])
    following = phone.said_idle(status, command["CommandUUID"], **more)
    assert following["Command"]["RequestType"] == "InstallProfile", following
    assert [world.state(f) for f in RADIOS] == ["desired"] * 3, "a setting that was made is no profile"
    status, more = phone.obey(following["Command"])
    following = phone.said_idle(status, following["CommandUUID"], **more)
    assert following["Command"]["RequestType"] == "Restrictions", following
    status, more = phone.obey(following["Command"])
    assert phone.said_idle(status, following["CommandUUID"], **more) is None
    assert phone.on == set() and phone.holds("blockedAppBundleIDs") == ["com.example.game"], phone.lock
    assert [world.state(f) for f in RADIOS + ["apps"]] == ["verified"] * 4, world.show()
    world.cross("out")
    world.out([])
    assert phone.converse() == ["RemoveProfile", "ProfileList"], "no answer to Restrictions names all apps that are not blocked"
    assert (phone.lock, phone.on, world.show()["phone"]["verified"]) == (None, set(), []), "the owner switches them on again"
    world.end()


@claim
def a_supervised_phone_of_an_older_system_proves_its_lift_by_its_restrictions():
    world = World(kind="ios-supervised", restrict="bluetooth, hotspot, camera", system="13.7")
    phone = world.phone
    world.come(RADIOS)
    assert phone.converse() == ["Settings", "InstallProfile", "Restrictions"]
    assert [world.state(f) for f in RADIOS] == ["verified"] * 3, world.show()
    world.cross("out")
    world.out([])
    assert phone.converse() == ["RemoveProfile", "Restrictions"]
    assert (phone.lock, phone.on, world.show()["phone"]["verified"]) == (None, set(), []), world.show()
    world.end()


@claim
def what_a_phone_could_not_switch_off_is_not_verified_and_the_rest_is():
    world = World(kind="ios-supervised", restrict="bluetooth, hotspot, camera")
    phone = world.phone
    phone.stiff = {"Bluetooth"}
    world.come(RADIOS)
    assert phone.converse() == ["Settings", "InstallProfile", "Restrictions"]
    assert [world.state(f) for f in RADIOS] == ["verified", "verified", "unverified"], world.show()
    shown = world.show()["phone"]
    assert (shown["verified"], shown["trouble"]) == (["camera", "hotspot"], "Settings: not switched off: bluetooth"), shown
    time.sleep(1.1)  # crossings of one second move nothing (V11)
    world.cross("out")
    world.out([])
    assert phone.converse() == ["RemoveProfile", "ProfileList"]
    assert world.show()["phone"]["trouble"] is None
    phone.stiff = set()
    time.sleep(1.1)
    world.come(RADIOS)
    assert phone.converse() == ["Settings", "InstallProfile", "Restrictions"]
    assert [world.state(f) for f in RADIOS] == ["verified"] * 3, world.show()
    world.end()


@claim
def a_phone_that_knows_no_settings_is_restricted_in_the_rest_and_freed_of_all():
    world = World(kind="ios-supervised", restrict="bluetooth, hotspot, camera")
    phone = world.phone
    phone.refuses = {"Settings", "Restrictions"}
    world.come(RADIOS)
    assert phone.converse() == ["Settings", "InstallProfile", "Restrictions", "ProfileList"]
    assert [world.state(f) for f in RADIOS] == ["verified", "unverified", "unverified"], world.show()
    world.cross("out")
    world.out([])
    assert phone.converse() == ["RemoveProfile", "ProfileList"]
    assert (phone.lock, world.show()["phone"]["verified"]) == (None, []), world.show()
    world.end()


@claim
def the_gate_waits_for_the_proof_and_seals_after_the_time_out():
    world = World(config="admission_timeout = 2s\n")
    phone = world.phone
    token = plane.must(plane.call(world.server, "POST", "/api/v1/gates", {"place": "house", "gate": "north", "kind": "turnstile"}))["token"]

    def ask(method, path, body=None, wait=None):
        headers = {"Prefer": "wait=%d" % wait} if wait else {}
        return plane.must(plane.people(world.server, method, path, body, headers, token=token))

    verdict = ask("POST", "/v1/crossings", {"badge": "B1", "direction": "in"})
    assert verdict["verdict"] == "pending", verdict
    phone.locked = True
    world.out(["camera"])
    phone.converse()
    begun = time.monotonic()
    verdict = ask("GET", "/v1/crossings/" + verdict["id"], wait=30)
    assert verdict["verdict"] == "seal", verdict
    note("sealed after %.1f s: %s" % (time.monotonic() - begun, verdict["why"]))
    assert "unlock" in verdict["why"].lower(), verdict
    phone.locked = False
    phone.converse()
    assert ask("GET", "/v1/crossings/" + verdict["id"])["verdict"] in ("admit", "seal")  # the microphone's remedy is the place's
    world.end()


if __name__ == "__main__":
    harness.main()
