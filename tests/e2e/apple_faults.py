#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What goes wrong and what changes while a phone is inside: rules Z4 to Z10, Z20 to Z22, A81 to A85, A95.

The phone is that of apple_world.py. Pushes go to the stand-in for APNs.
"""
import datetime
import threading
import time

import apple_phone
import harness
import plane
from apple_world import FREED, LOCKED, POLICY, Phone, Pushes, Timed, World, told, turnstile
from harness import claim, note

WINDOWED = """
bosaga: 1
places:
  - id: house
    name: {kk: Үй, ru: Дом, en: House}
    gates: [{id: north}]
    phone_lease: 4h
rules:
  - id: no-camera
    who: {all: true}
    where: [house]
    windows: [["%s", "%s"]]
    lead: 0m
    restrict: [camera]
    because: {kk: Құпия, ru: Секрет, en: Secret}
    stage: all
"""


@claim
def a_phone_that_says_yes_and_stays_free_is_sealed():
    world = World(restrict="camera", config="admission_timeout = 1h\n", server=Timed)
    world.phone.disobeys = True
    ask = turnstile(world)
    verdict = ask("POST", "/v1/crossings", {"badge": "B1", "direction": "in"})
    assert verdict["verdict"] == "pending", verdict
    told(world, LOCKED)
    assert world.state() == "unverified", world.show()["restricted"]
    assert ask("GET", "/v1/crossings/" + verdict["id"])["verdict"] == "pending"
    world.server.set(3601)
    verdict = ask("GET", "/v1/crossings/" + verdict["id"], wait=30)
    assert verdict["verdict"] == "seal", verdict
    note(verdict["why"])
    world.end()


@claim
def a_phone_that_never_asks_is_sealed_and_its_reason_shown():
    world = World(restrict="camera", config="admission_timeout = 1s\n")
    ask = turnstile(world)
    crossing = ask("POST", "/v1/crossings", {"badge": "B1", "direction": "in"})
    verdict = ask("GET", "/v1/crossings/" + crossing["id"], wait=30)
    assert (verdict["verdict"], world.state()) == ("seal", "desired"), (verdict, world.show())
    assert "in time" in verdict["why"], verdict
    assert ask("GET", "/v1/crossings/" + crossing["id"]) == verdict, "and so it stays"
    told(world, LOCKED)
    later = ask("GET", "/v1/crossings/" + crossing["id"])
    assert (later["verdict"], world.state()) == ("admit", "verified"), later
    world.end()


@claim
def a_place_that_admits_what_cannot_be_restricted_still_seals_what_is_not_proven():
    world = World(restrict="camera", config="admission_timeout = 1h\n", server=Timed)
    policy = (POLICY % {"lease": "4h", "restrict": "camera", "apps": ""}).replace(
        "phone_lease:", "remedies: {camera: {impossible: admit}}\n    phone_lease:")
    plane.apply_policy(world.server, policy)
    ask = turnstile(world)
    crossing = ask("POST", "/v1/crossings", {"badge": "B1", "direction": "in"})
    assert crossing["verdict"] == "pending", crossing
    world.server.set(3601)
    assert ask("GET", "/v1/crossings/" + crossing["id"], wait=30)["verdict"] == "seal"
    world.end()


@claim
def a_window_ends_while_the_phone_is_inside():
    world = World(server=Timed)
    ends = world.server.now().replace(second=0, microsecond=0) + datetime.timedelta(minutes=30)
    plane.apply_policy(world.server, WINDOWED % ("2026-01-01T00:00:00Z", ends.strftime("%Y-%m-%dT%H:%M:%SZ")))
    world.come()
    told(world, LOCKED)
    assert 1 <= world.phone.lock["DurationUntilRemoval"] <= 1800, "the window's end comes before the lease's"
    world.server.set(int((ends - world.server.now()).total_seconds()) - 2)  # the rest comes by itself
    told(world, FREED)
    assert world.server.now() >= ends
    world.end()


@claim
def an_exemption_frees_and_its_end_restricts_without_a_longer_lease():
    world = World(server=Timed)
    tokens = {}
    for name in ("one", "two"):
        plane.must(plane.call(world.server, "POST", "/api/v1/admins", {"name": name, "role": "policy"}))
        tokens[name] = plane.must(plane.call(world.server, "POST", "/api/v1/tokens", {"admin": name}))["token"]

    def post(path, body, by):
        return plane.must(plane.people(world.server, "POST", path, body, token=tokens[by]))

    world.come()
    told(world, LOCKED)
    until = world.show()["phone"]["verified_until"]
    asked = {"person": "aigerim", "functions": ["camera"], "until": "2999-01-01T00:00:00Z", "reason": "a meeting"}
    asked["until"] = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    exemption = post("/api/v1/exemptions", asked, "one")["id"]
    post("/api/v1/exemptions/%s/approve" % exemption, {}, "two")
    told(world, FREED)
    world.server.set(600)
    post("/api/v1/exemptions/%s/end" % exemption, {}, "one")
    told(world, LOCKED)
    again = world.show()["phone"]["verified_until"]
    assert again <= until, "the decision's own end is that of the crossing: %s, before: %s" % (again, until)
    world.end()


@claim
def a_release_frees_and_the_next_crossing_restricts():
    world = World()
    world.come()
    told(world, LOCKED)
    plane.must(plane.call(world.server, "POST", "/api/v1/devices/%s/release" % world.phone.id, {"reason": "stuck"}))
    told(world, FREED)
    world.cross("out")
    world.cross("in")
    told(world, LOCKED)
    world.end()


@claim
def another_policy_never_frees_in_between():
    world = World()
    world.come()
    told(world, LOCKED)

    def looked_at():
        metrics = plane.must(plane.call(world.server, "GET", "/metrics")).body.decode().splitlines()
        return sum(int(line.split()[1]) for line in metrics if line.startswith(("bosaga_orders_made_total ", "bosaga_orders_kept_total ")))

    for said in ("Secret", "Very secret"):
        n = looked_at()
        plane.apply_policy(world.server, (POLICY % {"lease": "3h", "restrict": "camera", "apps": ""}).replace("Secret", said))
        until = time.monotonic() + harness.PATIENCE
        while looked_at() == n:
            assert "RemoveProfile" not in world.phone.converse() and time.monotonic() < until
        assert "RemoveProfile" not in world.phone.converse()
    assert world.phone.lock["DurationUntilRemoval"] <= 3 * 3600, "the place's lease is shorter now"
    world.end()


@claim
def a_person_who_leaves_is_freed():
    world = World()
    world.come()
    told(world, LOCKED)
    plane.must(plane.call(world.server, "POST", "/api/v1/people/aigerim/leave", {}))
    told(world, FREED)
    world.end()


@claim
def a_phone_that_is_enrolled_anew_inside_is_restricted_again():
    world = World()
    world.come()
    told(world, LOCKED)
    old = world.phone
    world.phone = Phone(world.server, challenge=apple_phone.invite(world.server, "aigerim"), udid=old.udid)
    world.phone.begin()
    assert world.phone.id != old.id
    told(world, LOCKED)
    assert plane.must(plane.call(world.server, "GET", "/api/v1/devices/" + old.id))["state"] == "revoked"
    world.end()


@claim
def one_that_checks_out_is_told_nothing_more():
    world = World()
    world.come()
    told(world, LOCKED)
    assert world.phone.checkin("CheckOut").status == 200
    assert world.phone.converse() == []
    harness.wait_for("it is leaving", lambda: world.show()["state"] == "leaving")
    refused = plane.call(world.server, "POST", "/api/v1/crossings",
                         {"place": "house", "gate": "north", "direction": "in", "device": world.phone.id})
    assert refused.status in (404, 409), refused.body
    assert world.phone.token_update().status == 400, "its enrolment has ended"
    world.end()


@claim
def a_push_that_could_not_go_out_goes_out_after_a_kill_and_when_apple_is_back():
    pushes = Pushes()
    world = World(config=pushes.config())
    world.come()
    world.server.kill()
    world.server.start()
    world.faults = apple_phone.faults(world.server)
    assert pushes.sent() == []
    pushes.start()
    harness.wait_for("the push of before goes out", pushes.sent, 3 * harness.PATIENCE)
    told(world, LOCKED)
    n = len(pushes.sent())
    world.cross("out")
    harness.wait_for("the lift is pushed", lambda: len(pushes.sent()) > n, 3 * harness.PATIENCE)
    told(world, FREED)
    pushes.stop()
    world.end()


class Held:
    """A question of a turnstile that the server holds, and what it was answered."""

    def __init__(self, world, ask, crossing):
        self.said = None
        self.begun = time.monotonic()
        self.thread = threading.Thread(target=self.wait, args=(ask, crossing))
        harness.wait_for("none is held", lambda: not held(world))
        self.thread.start()
        harness.wait_for("it is held", lambda: held(world))

    def wait(self, ask, crossing):
        self.said = ask("GET", "/v1/crossings/" + crossing["id"], wait=60)
        note("%s after %.2f s: %s" % (self.said["verdict"], time.monotonic() - self.begun, self.said["why"]))

    def answer(self):
        self.thread.join(2 * harness.PATIENCE)
        return self.said


def held(world):
    """How many questions the server holds on the plane of turnstiles."""
    metrics = plane.must(plane.call(world.server, "GET", "/metrics")).body.decode()
    return int(metrics.split('bosaga_held_requests{plane="people"} ')[1].split()[0])


@claim
def Z22_who_waits_at_the_gate_hears_unlock_your_phone_at_once_and_waits_on():
    world = World(restrict="camera", config="admission_timeout = 1h\n")
    world.phone.locked = True
    ask = turnstile(world)
    crossing = ask("POST", "/v1/crossings", {"badge": "B1", "direction": "in"})
    assert crossing["verdict"] == "pending" and "unlock" not in crossing["why"], crossing
    world.out(["camera"])
    first = Held(world, ask, crossing)
    assert world.phone.converse() == ["InstallProfile"]
    said = first.answer()
    assert said["verdict"] == "pending" and "unlock" in said["why"], said
    second = Held(world, ask, crossing)
    assert world.phone.converse() == ["InstallProfile"]
    time.sleep(1.5)  # the server looks every second
    assert held(world) == 1 and second.said is None, "it has heard that, and nothing else is known"
    world.phone.locked = False
    told(world, LOCKED)
    said = second.answer()
    if said["verdict"] == "pending":  # unlocked, and for a moment not proved yet
        assert "unlock" not in said["why"], said
        said = ask("GET", "/v1/crossings/" + crossing["id"], wait=60)
    assert said["verdict"] == "admit", said
    world.end()


@claim
def Z9_how_long_it_took_is_counted_from_the_crossing_to_the_proof():
    world = World(server=Timed)
    now = 0
    assert (world.show()["phone"]["evidence_at"], world.show()["phone"]["took_s"]) == (None, None)
    for direction, desired, asked in (("in", ["camera"], LOCKED), ("out", [], FREED)):
        world.cross(direction)
        world.out(desired)
        shown = world.show()["phone"]
        assert shown["evidence_at"] is not None and shown["took_s"] is None, shown
        now += 40
        world.server.set(now)
        told(world, asked)
        shown = world.show()["phone"]
        note("%s: evidence %s, verified %s, %s s" % (direction, shown["evidence_at"], shown["verified_at"], shown["took_s"]))
        assert shown["took_s"] == seconds(shown["verified_at"]) - seconds(shown["evidence_at"]) and shown["took_s"] >= 40, shown
        assert shown["offered_at"] is None, "no command is out any more"
        assert "took_s" in world.server.cli_text("device", "show", world.phone.id)
    world.end()


@claim
def Z9_what_is_told_again_after_a_refusal_took_since_the_crossing():
    world = World(server=Timed)
    world.phone.refuses = {"InstallProfile"}
    world.come()
    evidence = world.show()["phone"]["evidence_at"]
    assert world.phone.converse() == ["InstallProfile"]
    world.phone.refuses = set()
    world.server.set(100)
    told(world, LOCKED)
    shown = world.show()["phone"]
    assert shown["evidence_at"] == evidence and shown["took_s"] >= 100, shown
    metrics = world.end()
    assert 'bosaga_time_to_restrict_seconds_bucket{le="60"} 0' in metrics and "bosaga_time_to_restrict_seconds_count 1" in metrics, metrics


def seconds(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


if __name__ == "__main__":
    harness.main()
