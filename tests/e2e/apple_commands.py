#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A phone is told what to restrict, and says what became of it: rules A87 to A95, A100 to A104, A120 to A139, Z4 to Z10 and Z20 to Z22.

What the phone restricts is decided by itself, from the profile that it gets (apple_world.py).
"""
import datetime
import plistlib
import time

import apple_phone
import harness
import plane
from apple_world import FREED, LOCKED, Phone, Timed, World, numbers, told, turnstile
from harness import claim, note


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
    assert world.state() == "desired", "what is given is not done"
    status, more = phone.obey(command["Command"])
    following = phone.said_idle(status, command["CommandUUID"], **more)
    assert world.state() == "acknowledged", world.show()
    assert following["Command"]["RequestType"] == "Restrictions"
    status, more = phone.obey(following["Command"])
    assert phone.said_idle(status, following["CommandUUID"], **more) is None
    assert (world.state(), phone.allows_camera()) == ("verified", False)
    present = plane.must(plane.call(world.server, "GET", "/api/v1/presence"))["items"]
    assert [(p["device"], p["state"], p["restricted"]) for p in present] == [(phone.id, "verified", ["camera"])], present
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
    ask = turnstile(world)
    phone.locked = True
    crossing = ask("POST", "/v1/crossings", {"badge": "B1", "direction": "in"})
    world.out(["camera"])
    assert phone.converse() == ["InstallProfile"]
    assert "unlock" in ask("GET", "/v1/crossings/" + crossing["id"])["why"]
    first = world.show()["phone"]["locked_since"]
    assert first is not None and world.state() == "desired"
    assert phone.converse() == ["InstallProfile"], "offered again at the next Idle"
    assert world.show()["phone"]["locked_since"] == first
    phone.locked = False
    assert phone.converse() == ["InstallProfile", "Restrictions"]
    assert (world.state(), world.show()["phone"]["locked_since"]) == ("verified", None)
    world.end()


@claim
def a_long_reason_in_kazakh_hides_nothing_of_the_phone():
    world = World()
    world.come()
    command = world.phone.said_idle()
    chain = [{"ErrorDomain": "MCInstallationErrorDomain", "ErrorCode": 4001, "LocalizedDescription": "қате " * 28}]
    world.phone.said_idle("Error", command["CommandUUID"], ErrorChain=chain)
    assert world.show()["phone"]["trouble"].endswith("қате қат"), world.show()
    world.end()


@claim
def an_error_is_shown_with_its_reason_and_told_again_later():
    world = World(server=Timed)
    phone = world.phone
    phone.refuses = {"InstallProfile"}
    world.come()
    assert phone.converse() == ["InstallProfile"]
    shown = world.show()
    assert "Cannot do it" in shown["phone"]["trouble"] and "4001" in shown["phone"]["trouble"], shown
    assert world.state() == "unverified", shown["restricted"]
    phone.refuses = set()
    time.sleep(1.5)  # the server looks every second
    assert phone.converse() == [], "not at once"
    world.server.set(40)
    told(world, LOCKED)
    assert world.state() == "verified" and world.show()["phone"]["trouble"] is None
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
        world.cross(direction)
        world.out(desired)
    assert phone.converse() == ["InstallProfile", "Restrictions"], "one conversation, no backlog"
    assert world.state() == "verified"
    world.end()


@claim
def after_the_lease_the_phone_is_unverified_until_it_proves_its_lift():
    world = World(server=Timed)
    phone = world.phone
    world.come()
    assert phone.converse() == ["InstallProfile", "Restrictions"]
    assert world.state() == "verified"
    world.server.kill()
    world.server.set(4 * 3600 + 1)
    world.server.start()
    world.faults = apple_phone.faults(world.server)
    assert world.state() == "unverified", world.show()
    harness.wait_for("the lift is told", lambda: world.show()["phone"]["desired"] == [])
    assert [p["state"] for p in world.server.cli("presence")["items"]] == ["unverified"], "who watches the house is told as well"
    assert world.state() == "unverified", world.show()
    phone.lock = None  # it has freed itself
    assert phone.converse() == ["RemoveProfile", "Restrictions"]
    assert world.state() is None, world.show()
    assert [p["state"] for p in world.server.cli("presence")["items"]] == ["unverified"], "in, and free"
    world.cross("in")
    harness.wait_for("restricted anew", lambda: phone.converse() == ["InstallProfile", "Restrictions"])
    world.end()


@claim
def a_phone_that_never_answered_is_not_called_verified_when_its_lease_is_over():
    world = World(server=Timed)
    world.come()
    world.server.kill()
    world.server.set(4 * 3600 + 1)
    world.server.start()
    (present,) = world.server.cli("presence")["items"]
    assert present["until"] is None and present["restricted"] == [] and present["state"] == "unverified", present
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


@claim
def only_the_phone_that_a_command_is_for_can_answer_it():
    world = World()
    phone = world.phone
    plane.add_person(world.server, "other")
    other = Phone(world.server, challenge=apple_phone.invite(world.server, "other")).begin()
    fresh = Phone(world.server, challenge=apple_phone.invite(world.server, "aigerim"))
    fresh.enrol()
    world.come()
    command = phone.said_idle()

    def say(udid):
        return plistlib.dumps({"Status": "Acknowledged", "UDID": udid, "CommandUUID": command["CommandUUID"]})
    rows = {
        "by another's certificate": ("certificate-unknown", other.put("/mdm/server", say(phone.udid))),
        "of another phone": ("certificate-unknown", phone.put("/mdm/server", say(other.udid))),
        "before Authenticate": ("conflict", fresh.put("/mdm/server", say(fresh.udid))),
        "of another phone, before Authenticate": ("conflict", fresh.put("/mdm/server", say(phone.udid))),
        "without a certificate": ("certificate-required", apple_phone.call(world.server, "PUT", "/mdm/server", say(phone.udid))),
    }
    for name, (problem, answer) in rows.items():
        assert (answer.status, answer.problem()) == (400, problem), (name, answer.status, answer.body)
        assert command["CommandUUID"].encode() not in answer.body, name
    assert numbers(world)["apple_refused_total"] == len(rows)
    assert (world.state(), world.show()["phone"]["acknowledged_at"]) == ("desired", None), world.show()
    assert phone.said_idle()["CommandUUID"] == command["CommandUUID"], "it is still out"
    assert other.converse() == [] and phone.converse() == LOCKED
    assert world.state() == "verified"
    world.end()


@claim
def a_phone_that_signs_its_messages_converses_as_one_with_a_certificate_of_tls():
    world = World()
    phone = world.phone
    other = Phone(world.server, challenge=apple_phone.invite(world.server, "aigerim")).begin()
    phone.by_signature = True
    world.come()
    command = phone.said_idle()
    body = plistlib.dumps({"Status": "Acknowledged", "UDID": phone.udid, "CommandUUID": command["CommandUUID"]})
    minutes = lambda n: apple_phone.now() + datetime.timedelta(minutes=n)  # noqa: E731
    rows = {
        "stale": ("signature", phone.signature(body, when=minutes(-11))), "future": ("signature", phone.signature(body, when=minutes(11))),
        "of long ago": ("signature", phone.signature(body, when=minutes(-60 * 24 * 300))),
        "of another body": ("signature", phone.signature(body + b" ")), "by another phone": ("certificate-unknown", other.signature(body)),
    }
    for name, (problem, header) in rows.items():
        answer = apple_phone.call(world.server, "PUT", "/mdm/server", body, {"Mdm-Signature": header})
        assert (answer.status, answer.problem()) == (400, problem), (name, answer.status, answer.body)
    assert phone.said_idle()["CommandUUID"] == command["CommandUUID"], "it is still out"
    assert phone.converse() == LOCKED
    assert world.state() == "verified"
    world.cross("out")
    world.out([])
    assert phone.converse() == FREED
    assert phone.lock is None and world.show()["phone"]["verified"] == []
    world.end()


def at_rest(world):
    """Wait until orders and steps are done. The server looks every second for what is due. @return what it has stored, made and stepped"""
    seen, since = written(world), time.monotonic()

    def quiet():
        nonlocal seen, since
        now = written(world)
        if now != seen:
            seen, since = now, time.monotonic()
        return time.monotonic() - since > 3
    harness.wait_for("nothing more is written", quiet)
    return seen


def written(world):
    said = numbers(world)
    return tuple(said[name] for name in ("store_batches_total", "orders_made_total", "steps_total"))


@claim
def each_answer_is_one_write_and_one_that_says_nothing_new_is_none():
    world = World()  # without a push certificate, so that no push is written
    phone = world.phone
    phone.refuses = {"Restrictions"}
    before = at_rest(world)

    def costs(n, said, *more, **chain):
        """Say it, which is to cost so many writes. @return the command that is given: its UUID and what it asks for"""
        nonlocal before
        command = phone.said_idle(*more, **chain)
        after = written(world)
        assert after == (before[0] + n, *before[1:]), (said, before, after)
        before = after
        return command and (command["CommandUUID"], command["Command"])
    for _ in range(5):
        assert costs(0, "Idle, and there is nothing") is None
    world.come()
    before = at_rest(world)
    uuid, command = costs(1, "given")
    for _ in range(3):
        assert costs(0, "given again")[0] == uuid
    assert costs(0, "an answer to no command of ours", "Acknowledged", "no-such-command")[0] == uuid
    assert costs(1, "NotNow", "NotNow", uuid) is None
    for _ in range(2):
        assert costs(0, "NotNow again", "NotNow", uuid) is None
    assert costs(0, "given after NotNow")[0] == uuid
    asked = []
    while uuid is not None:
        asked.append(command["RequestType"])
        status, more = phone.obey(command)
        answered, (uuid, command) = uuid, costs(1, asked[-1], status, uuid, **more) or (None, None)
        for again in ((status, answered), ()):
            given = costs(0, "the same answer again, and Idle", *again, **(more if again else {}))
            assert (given and given[0]) == uuid, (asked, again, given)
    assert asked == ["InstallProfile", "Restrictions", "ProfileList"] and world.state() == "verified", (asked, world.show())
    assert at_rest(world) == before, "nor later"
    world.end()


@claim
def the_numbers_of_a_conversation_with_a_locked_screen_are_those_of_its_messages():
    world = World()
    phone = world.phone
    world.come()
    phone.locked = True
    assert phone.converse() == ["InstallProfile"]
    phone.locked = False
    assert phone.converse() == LOCKED
    harness.wait_for("both of its Idles are counted", lambda: numbers(world)["apple_idles_total"] == 2)
    want = {"idles": 2, "offered": 3, "not_now": 1, "acknowledged": 1, "verified": 1, "errors": 0, "refused": 0, "authenticated": 1, "token_updates": 1,
            "checkouts": 0, "scep_issued": 1, "scep_renewed": 0, "scep_refused": 0}
    said = numbers(world)
    said = {name: said["apple_%s_total" % name] for name in want}
    assert said == want, said
    world.end()


@claim
def a_command_that_a_phone_calls_malformed_is_shown_as_such_and_asked_the_other_way():
    world = World(server=Timed)
    phone = world.phone
    phone.refusal = "CommandFormatError"
    phone.refuses = {"InstallProfile"}
    world.come()
    assert phone.converse() == ["InstallProfile"], "and nothing follows"
    trouble = "CommandFormatError: MCInstallationErrorDomain 4001: Cannot do it"
    assert (world.state(), world.show()["phone"]["trouble"]) == ("unverified", trouble), world.show()
    shown = world.server.cli("device", "show", phone.id)
    assert [r["state"] for r in shown["restricted"] if r["function"] == "camera"] == ["unverified"], shown
    assert shown["phone"]["trouble"] == trouble and trouble in world.server.cli_text("device", "show", phone.id)
    phone.refuses = {"Restrictions"}
    world.server.set(40)
    told(world, ["InstallProfile", "Restrictions", "ProfileList"])
    assert (world.state(), world.show()["phone"]["trouble"]) == ("verified", None), world.show()
    assert numbers(world)["apple_errors_total"] == 2
    world.cross("out")
    world.out([])
    command = phone.said_idle()
    following = phone.said_idle("CommandFormatError", command["CommandUUID"])  # without saying why
    assert (command["Command"]["RequestType"], following["Command"]["RequestType"]) == ("RemoveProfile", "InstallProfile")
    assert world.show()["phone"]["trouble"] == "CommandFormatError without a reason", world.show()
    world.end()


@claim
def the_time_to_restrict_and_to_lift_is_that_from_the_crossing_to_the_proof():
    world = World(server=Timed)
    for n, (direction, desired, what, name) in enumerate((("in", ["camera"], LOCKED, "restrict"), ("out", [], FREED, "lift")), 1):
        begun = world.second()
        world.cross(direction)
        world.out(desired)
        world.server.set(n * 40)
        assert world.phone.converse() == what
        name = "time_to_%s_seconds" % name
        harness.wait_for("it is counted", lambda count=name + "_count": numbers(world)[count])
        said, longest = numbers(world), world.second() - begun
        count, soon, took = (said[name + part] for part in ("_count", '_bucket{le="30"}', "_sum"))
        note("%s: %d s, at most %d" % (name, took, longest))
        assert (count, soon) == (1, 0) and 40 <= took <= longest, (count, soon, took, longest)
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
    world.cross("out")
    world.out([])
    assert phone.converse() == ["RemoveProfile", "ProfileList"]
    assert world.show()["phone"]["trouble"] is None
    phone.stiff = set()
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
    ask = turnstile(world)
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
