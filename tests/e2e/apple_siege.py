#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A clock that jumps, a full disk, hostile messages and a crowd, while phones are inside: rules A1 to A6, A82, A87 to A95, V11, Z2 to Z9, Z20 to Z22.

The server runs under libfaketime (Timed of apple_world.py, as is the phone): its clock moves, whose monotonic part goes on.
"""
import copy
import datetime
import http.client
import json
import os
import plistlib
import resource
import socket
import ssl
import threading
import time

import apple_phone
import harness
import plane
from apple_world import FREED, LOCKED, POLICY, Pushes, Timed, World, stored, told, turnstile
from harness import claim, note

HOUR = 3600
N_CROWD, N_PEOPLE, N_THREADS, N_RACES = 200, 9, 8, 20


def left(world):
    """Seconds for which the server calls the phone verified."""
    until = world.show()["phone"]["verified_until"]
    return (datetime.datetime.fromisoformat(until.replace("Z", "+00:00")) - world.server.now()).total_seconds()


def cross_in(world):
    """Come in where nothing has to be told."""
    n = world.show()["orders_serial"]
    world.cross("in")
    harness.wait_for("its orders say that it is inside", lambda: world.show()["orders_serial"] > n)


def apply_window(world, begins, ends):
    window = '\n    windows: [["%s", "%s"]]\n    lead: 0m' % tuple(t.strftime("%Y-%m-%dT%H:%M:%SZ") for t in (begins, ends))
    policy = (POLICY % {"lease": "4h", "restrict": "camera", "apps": ""}).replace("restrict: [camera]", "restrict: [camera]" + window)
    plane.apply_policy(world.server, policy)


def settled(ask, crossing):
    """The verdict once it is one, as a turnstile waits for it."""
    def verdict():
        said = ask("GET", "/v1/crossings/" + crossing["id"], wait=5)
        return said["verdict"] != "pending" and said
    return harness.wait_for("a verdict", verdict)[0]


@claim
def a_clock_that_goes_back_frees_nobody_late_and_a_crossing_counts_as_ever():
    world = World(server=Timed)
    world.server.set(10 * HOUR)
    world.come()
    told(world, LOCKED)
    world.server.set(2 * HOUR)
    world.cross("out")
    told(world, FREED)
    world.cross("in")
    told(world, LOCKED)
    assert world.state() == "verified" and world.phone.lock["DurationUntilRemoval"] <= 4 * HOUR, world.show()
    assert left(world) <= 4 * HOUR, world.show()
    world.end()


@claim
def what_was_proved_before_the_clock_went_back_is_believed_no_more_and_admits_nobody():
    world = World(restrict="camera", server=Timed)
    world.come()
    told(world, LOCKED)
    world.server.set(10 * HOUR)
    told(world, FREED)  # so the server has looked at this time
    world.come()
    told(world, LOCKED)
    world.server.set(9 * HOUR + 1800)  # less than an hour: nobody's orders are made anew for it
    harness.wait_for("it is believed no more", lambda: world.state() == "unverified")
    world.phone.lock = None  # it has freed itself, by its own timer
    ask = turnstile(world)
    crossing = ask("POST", "/v1/crossings", {"badge": "B1", "direction": "in"})
    assert crossing["verdict"] == "pending", crossing
    told(world, LOCKED)
    assert settled(ask, crossing)["verdict"] == "admit" and left(world) <= 4 * HOUR
    world.end()


@claim
def a_verdict_that_is_pending_when_the_clock_jumps_is_settled_in_its_time():
    for jump in (-8 * HOUR, HOUR):
        world = World(restrict="camera", config="admission_timeout = 2s\n", server=Timed)
        ask = turnstile(world)
        world.server.set(10 * HOUR)
        crossing = ask("POST", "/v1/crossings", {"badge": "B1", "direction": "in"})
        assert crossing["verdict"] == "pending", crossing
        world.server.set(10 * HOUR + jump)
        assert settled(ask, crossing)["verdict"] == "seal"
        told(world, LOCKED)
        world.end()


@claim
def a_clock_that_goes_forward_ends_leases_and_nothing_else():
    world = World(server=Timed)
    world.come()
    told(world, LOCKED)
    world.server.set(5 * HOUR)
    assert world.state() == "unverified", "its lease is over, and it has not shown that it is free"
    told(world, FREED)
    world.server.set(5 * HOUR + 10)
    world.cross("in")
    told(world, LOCKED)
    assert world.state() == "verified"
    world.end()


@claim
def a_second_crossing_in_renews_the_lease_and_time_alone_does_not():
    world = World(server=Timed)
    world.come()
    told(world, LOCKED)
    world.server.set(2 * HOUR)
    n = stored(world)
    assert world.phone.token_update(token=b"\x02" * 32).status == 200
    harness.wait_for("its token and a step are stored", lambda: stored(world) >= n + 2)
    assert world.phone.converse() == [] and left(world) <= 2 * HOUR + 1
    world.cross("in")
    told(world, LOCKED)
    assert 4 * HOUR - 120 <= world.phone.lock["DurationUntilRemoval"] <= 4 * HOUR
    assert 3 * HOUR < left(world) <= 4 * HOUR
    world.end()


@claim
def a_window_that_begins_and_ends_while_the_phone_is_inside_needs_no_crossing():
    pushes = Pushes()
    pushes.start()
    world = World(config=pushes.config(), server=Timed)
    minute = world.server.now().replace(second=0, microsecond=0)
    begins, ends = (minute + datetime.timedelta(minutes=m) for m in (60, 90))
    apply_window(world, begins, ends)
    cross_in(world)
    assert world.phone.converse() == [] and pushes.sent() == []
    world.server.set((begins - world.server.now()).total_seconds() + 5)
    harness.wait_for("it is woken to be restricted", lambda: pushes.sent())
    told(world, LOCKED)
    assert world.phone.lock["DurationUntilRemoval"] <= 1800, "the window's end comes before the lease's"
    n = len(pushes.sent())
    world.server.set(world.server.offset + 1801)
    harness.wait_for("it is woken to be freed", lambda: len(pushes.sent()) > n)
    told(world, FREED)
    world.end()
    pushes.stop()


@claim
def a_phone_that_says_yes_and_stays_free_is_told_again_later():
    world = World(server=Timed)
    world.phone.disobeys = True
    world.come()
    assert world.phone.converse() == LOCKED and world.phone.converse() == []
    assert world.state() == "unverified"
    world.phone.disobeys = False
    world.server.set(40)
    told(world, LOCKED)
    assert world.state() == "verified"
    world.end()


@claim
def a_token_that_apple_calls_dead_is_pushed_to_no_more_until_there_is_another():
    pushes = Pushes()
    pushes.start()
    world = World(config=pushes.config(), server=Timed)
    with open(os.path.join(pushes.folder, "behaviour.json"), "w", encoding="ascii") as stream:
        json.dump({"status": 410, "reason": "Unregistered", "timestamp_ms": int(time.time() * 1000)}, stream)
    world.come()
    harness.wait_for("Apple calls it dead", lambda: [p for p in pushes.sent() if p["status"] == 410])
    harness.wait_for("the server knows it", lambda: not world.show()["phone"]["pushing"])
    os.unlink(os.path.join(pushes.folder, "behaviour.json"))
    n = len(pushes.sent())
    world.server.set(2 * HOUR)
    time.sleep(2)  # it looks every second
    assert len(pushes.sent()) == n, "no pushes to a dead token"
    assert world.phone.token_update(token=b"\x02" * 32).status == 200
    harness.wait_for("the new token is pushed to", lambda: [p for p in pushes.sent()[n:] if p["token"] == "02" * 32])
    told(world, LOCKED)
    world.end()
    pushes.stop()


TWO = """
bosaga: 1
places:
  - {id: campus, name: {en: Campus}, gates: [{id: north}], phone_lease: 4h}
  - {id: house, name: {en: House}, gates: [{id: north}], phone_lease: 1h, parent: campus}
  - {id: annex, name: {en: Annex}, gates: [{id: north}], phone_lease: 2h}
rules:
  - {id: no-shots, who: {all: true}, where: [campus, annex], restrict: [screen_capture], because: {en: Secret}, stage: all}
  - {id: no-camera, who: {all: true}, where: [house], restrict: [camera], because: {en: Secret}, stage: all}
"""


@claim
def of_a_place_in_another_the_shorter_lease_counts_and_leaving_it_frees_what_it_alone_restricts():
    world = World()
    plane.apply_policy(world.server, TWO)
    steps = (("in", "campus", ["screen_capture"], 4), ("in", "house", ["camera", "screen_capture"], 1), ("out", "house", ["screen_capture"], 4),
             ("in", "annex", ["screen_capture"], 2), ("out", "annex", [], 0))
    for direction, place, functions, hours in steps:
        world.cross(direction, place)
        told(world, LOCKED if functions else FREED)
        shown = world.show()["phone"]
        assert sorted(shown["verified"]) == functions == sorted(shown["desired"]), (direction, place, shown)
        assert world.phone.allows_camera() == ("camera" not in functions)
        assert hours == 0 or hours * HOUR - 120 <= world.phone.lock["DurationUntilRemoval"] <= hours * HOUR, (place, world.phone.lock)
    world.end()


@claim
def device_show_presence_and_explain_say_the_same():
    world = World(restrict="camera")
    world.come()
    for state in ("desired", "verified"):
        shown = world.server.cli("device", "show", world.phone.id)["restricted"]
        present = world.server.cli("presence")
        present = present.get("items", present) if isinstance(present, dict) else present
        explained = {row["function"]: row for row in world.server.cli("policy", "explain", world.phone.id)}
        assert [(r["function"], r["state"]) for r in shown] == [("camera", state)], shown
        restricted = ["camera"] if state == "verified" else []  # what the phone said that it does
        assert [(p["device"], p["state"], p["restricted"]) for p in present] == [(world.phone.id, state, restricted)], present
        assert [f for f, row in explained.items() if row["restricted"]] == ["camera"], explained
        assert explained["camera"]["rule"] == shown[0]["rule"] == "no-camera", (explained["camera"], shown)
        if state == "desired":
            told(world, LOCKED)
    metrics = world.end()
    assert "bosaga_time_to_restrict_seconds_count 1\n" in metrics and "bosaga_apple_" in metrics, metrics


@claim
def authenticate_again_forgets_what_was_proved_and_restricts_anew():
    world = World()
    world.come()
    told(world, LOCKED)
    world.phone.lock = None  # the enrolment profile went, and the lock with it
    assert world.phone.authenticate().status == 200
    cross_in(world)
    assert world.state() != "verified" and world.phone.converse() == [], "not usable until TokenUpdate"
    assert world.phone.token_update().status == 200
    told(world, LOCKED)
    assert world.state() == "verified"
    world.end()


@claim
def an_answer_that_a_full_disk_does_not_take_is_taken_later():
    world = World()
    world.come()
    command = world.phone.said_idle()
    status, more = world.phone.obey(command["Command"])
    message = plistlib.dumps({"Status": status, "UDID": world.phone.udid, "CommandUUID": command["CommandUUID"], **more})
    resource.prlimit(world.server.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    answer = world.phone.put("/mdm/server", message)
    assert answer.status == 503, (answer.status, answer.body)
    resource.prlimit(world.server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    answer = harness.wait_for("it writes again", lambda: (lambda a: a.status == 200 and a)(world.phone.put("/mdm/server", message)))[0]
    assert plistlib.loads(answer.body)["Command"]["RequestType"] == "Restrictions", answer.body
    assert world.phone.converse() == ["Restrictions"] and world.state() == "verified"
    world.faults = apple_phone.faults(world.server)
    world.end()


@claim
def the_same_message_from_many_connections_at_once_is_one_conversation():
    world = World()
    world.come()

    def at_once(said):
        answers, barrier = [], threading.Barrier(N_THREADS)

        def one():
            barrier.wait()
            answers.append(said())
        threads = [threading.Thread(target=one) for _ in range(N_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(answers) == N_THREADS and all(a == answers[0] for a in answers), answers
        return answers[0]

    command = at_once(world.phone.said_idle)
    status, more = world.phone.obey(command["Command"])
    following = at_once(lambda: world.phone.said_idle(status, command["CommandUUID"], **more))
    assert following["Command"]["RequestType"] == "Restrictions", following
    status, more = world.phone.obey(following["Command"])
    assert at_once(lambda: world.phone.said_idle(status, following["CommandUUID"], **more)) is None
    assert world.state() == "verified"
    metrics = world.end()
    assert "bosaga_time_to_restrict_seconds_count 1\n" in metrics, "counted once"


def keeps_asking(world, stop, said):
    """Idle again and again on one connection, until `stop`. `said`: what it was answered, or why it was not"""
    phone = world.phone
    context = ssl.create_default_context(cafile=plane.root(world.server))
    context.load_cert_chain(phone.issued, phone.key)
    connection = http.client.HTTPSConnection("127.0.0.1", world.server.port + 2, timeout=harness.PATIENCE, context=context)
    try:
        while not stop.is_set():
            connection.request("PUT", "/mdm/server", body=plistlib.dumps({"Status": "Idle", "UDID": phone.udid}))
            answer = connection.getresponse()
            answer.read()
            said.add(answer.status)
    except (OSError, http.client.HTTPException) as error:
        said.add(repr(error))
    finally:
        connection.close()


def race(world):
    """Authenticate while its commands are asked for. @return what those who asked were answered"""
    stop, said = threading.Event(), set()
    threads = [threading.Thread(target=keeps_asking, args=(world, stop, said)) for _ in range(N_THREADS)]
    for thread in threads:
        thread.start()
    try:
        harness.wait_for("they are given its command", lambda: world.show()["phone"]["offered_at"] is not None)
        assert world.phone.authenticate().status == 200
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return said


@claim
def a_phone_that_begins_anew_while_it_asks_is_no_fault_of_ours():
    world = World(kind="ios-supervised", restrict="camera, apps", apps="com.example.game")  # names of apps are a second look at it
    world.come(["camera", "apps"])
    answers = set()
    for _ in range(N_RACES):
        said = race(world)
        assert 200 in said and said <= {200, 400}, said
        answers |= said
        assert world.phone.token_update().status == 200
        world.out(["camera", "apps"])
    note("answered %s" % sorted(answers))
    told(world, LOCKED)
    world.end()


def hostile(udid):
    """Property lists that nobody's phone sends."""
    xml = b'<?xml version="1.0"?>%s<plist version="1.0">%s</plist>'
    idle = b"<key>Status</key><string>Idle</string><key>UDID</key><string>" + udid.encode() + b"</string>"
    body = lambda inside: xml % (b"", b"<dict>" + idle + inside + b"</dict>")  # noqa: E731
    lol = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10 if n else b"lol" * 10) for n in range(10))
    yield "deep", body(b"<key>a</key>" + b"<array>" * 20000 + b"</array>" * 20000)
    yield "deep and open", body(b"<key>a</key>" + b"<dict><key>a</key>" * 10000)
    yield "entities", xml % (b"<!DOCTYPE plist [" + lol + b"]>", b"<dict>" + idle + b"<key>a</key><string>&l9;</string></dict>")
    yield "an entity of a file", xml % (b'<!DOCTYPE plist [<!ENTITY f SYSTEM "file:///etc/passwd">]>',
                                        b"<dict>" + idle + b"<key>a</key><string>&f;</string></dict>")
    yield "many keys", body(b"".join(b"<key>%d</key><true/>" % n for n in range(10001)))
    yield "references", body(b"<key>a</key><string>" + b"&amp;" * 5000 + b"</string>")
    yield "a key twice", body(idle)
    yield "long", body(b"<key>a</key><string>" + b"x" * (256 * 1024) + b"</string>")
    yield "nothing", b""
    yield "noise", os.urandom(4096)
    yield "NUL", body(b"<key>a</key><string>\0</string>")
    # An array that holds itself a hundred times, and one of 2^60 entries.
    for name, entry in (("a loop", b"\xd1\x01\x02\x51a\xaf\x10\x64" + b"\x02" * 100), ("2^60 entries", b"\xd1\x01\x02\x51a\xaf\x13" + b"\x10" + b"\0" * 7)):
        data = b"bplist00" + entry
        yield name, data + bytes([8, 11, 13]) + bytes(6) + b"\x01\x01" + (3).to_bytes(8, "big") + bytes(8) + len(data).to_bytes(8, "big")


def memory(server):
    """The most that it has used so far, in MiB."""
    with open("/proc/%d/status" % server.process.pid, encoding="ascii") as stream:
        return int(next(line.split()[1] for line in stream if line.startswith("VmHWM"))) // 1024


@claim
def hostile_messages_are_400_and_cost_no_memory_and_the_next_is_heard():
    world = World(server=Timed)
    world.come()
    before = memory(world.server)
    for path in ("/mdm/server", "/mdm/checkin"):
        for name, body in hostile(world.phone.udid):
            answer = world.phone.put(path, body)
            assert answer.status in ((413, 400) if name in ("deep", "deep and open", "long") else (400,)), (path, name, answer.status, answer.body)
            assert b"root:" not in answer.body
    for _ in range(3):
        for name, body in hostile(world.phone.udid):
            assert world.phone.put("/mdm/server", body).status in (400, 413), name
    grown = memory(world.server) - before
    note("%d MiB, and %d more" % (before, grown))
    assert grown < 32  # at any time; what leaks is said at the end
    told(world, LOCKED)
    world.end()


@claim
def slow_connections_keep_no_phone_waiting():
    world = World()
    context = ssl.create_default_context(cafile=plane.root(world.server))
    context.load_cert_chain(world.phone.issued, world.phone.key)
    slow = []
    for n in range(60):
        line = socket.create_connection(("127.0.0.1", world.server.port + 2), harness.PATIENCE)
        if n % 2:  # half of them never finish their handshake
            line = context.wrap_socket(line, server_hostname="127.0.0.1")
        slow.append(line)
    for byte in b"PUT /m":
        for n, line in enumerate(slow):
            line.send(bytes([byte]) if n % 2 else b"\x16")
        time.sleep(0.02)
    world.come()
    told(world, LOCKED)
    assert world.state() == "verified"
    for line in slow:
        line.close()
    world.end()


def crowd(world):
    """Phones of ten people, with one key pair among them: each has a certificate of its own."""
    lock, phones, numbers = threading.Lock(), [], iter(range(N_CROWD))

    def enrol():
        for n in numbers:
            with lock:  # csr() writes a file
                phone = copy.copy(world.phone)
                phone.name, phone.udid, phone.nonce = "crowd-%d" % n, "00008110-C%015X" % n, os.urandom(16)
                request = phone.csr(apple_phone.invite(world.server, "person-%d" % (n % N_PEOPLE)))
            envelope = phone.envelope(request)
            phone.keep(phone.ask(phone.message(envelope, attributes=phone.attributes(envelope, "sha256"))))
            assert (phone.authenticate().status, phone.token_update(token=n.to_bytes(32, "big")).status) == (200, 200)
            phones.append(phone)
    share(enrol)
    assert len(phones) == N_CROWD
    return phones


def share(work, n=N_THREADS):
    """Do it in several threads, and fail if one of them does."""
    failed = []

    def one():
        try:
            work()
        except BaseException as error:  # pylint: disable=broad-except
            failed.append(error)
    threads = [threading.Thread(target=one) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def share_all(work, phones):
    """Do it with each of them, in several threads."""
    lock, left_over = threading.Lock(), iter(list(phones))

    def one():
        while True:
            with lock:
                phone = next(left_over, None)
            if phone is None:
                return
            work(phone)
    share(one)


@claim
def a_crowd_that_comes_in_at_once_ends_verified_each_of_them():
    world = World(restrict="camera")
    for n in range(N_PEOPLE):  # and Aigerim: one approval is enough (V30)
        plane.add_person(world.server, "person-%d" % n)
    started = time.monotonic()
    phones = crowd(world)
    note("%d enrolled after %.1f s" % (len(phones), time.monotonic() - started))
    started = time.monotonic()

    def come(phone):
        plane.must(plane.call(world.server, "POST", "/api/v1/crossings",
                              {"place": "house", "gate": "north", "direction": "in", "device": phone.id}))

    def be_told(phone):
        until = time.monotonic() + harness.PATIENCE
        while phone.converse() != LOCKED:
            assert time.monotonic() < until, phone.udid
    share_all(come, phones)
    share_all(be_told, phones)
    note("all verified after %.1f s" % (time.monotonic() - started))
    present = {p["device"]: p["state"] for p in everybody(world)}
    assert present == {phone.id: "verified" for phone in phones}, present
    metrics = world.end()
    assert "bosaga_time_to_restrict_seconds_count %d\n" % N_CROWD in metrics, metrics


def everybody(world):
    path = "/api/v1/presence"
    items, cursor = [], ""
    while cursor is not None:
        page = plane.must(plane.call(world.server, "GET", path + ("?cursor=" + cursor if cursor else "")))
        items += page["items"]
        cursor = page.get("next")
    return items


if __name__ == "__main__":
    harness.main()
