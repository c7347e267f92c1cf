# SPDX-License-Identifier: Apache-2.0
"""Crossings, orders, reports, presence: from the gate to the phone and back, over plain HTTP."""
import contextlib
import datetime
import os
import sqlite3
import threading
import time
import uuid

import harness
from harness import claim, note, wait_for
import plane

server = None


def world():
    global server
    if server is None:
        server = harness.Server("admission_timeout = 1h\n").start()  # but where a claim is about it
        for name, badge in (("aigerim", "B1"), ("nurlan", "B2"), ("phoneless", "B3")):
            plane.add_person(server, name, badge)
        plane.apply_policy(server)
    return server


def rfc3339(moment):
    return datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def device(phone):
    return plane.must(plane.call(server, "GET", "/api/v1/devices/" + phone.id))


class Waiting(threading.Thread):
    """A phone that holds a long poll."""

    def __init__(self, phone, etag, wait=50):
        super().__init__(daemon=True)
        self.phone, self.etag, self.wait = phone, etag, wait
        self.answer = None
        self.start()
        time.sleep(0.3)

    def result(self):
        self.join(harness.PATIENCE)
        assert self.answer is not None, "the long poll did not return"
        return self.answer

    def run(self):
        self.answer = self.phone.orders(self.etag, self.wait)


@claim
def a_crossing_wakes_the_phone_with_new_orders_and_an_exit_too():
    world()
    phone = plane.add_phone(server, "aigerim")
    before = plane.settled(phone)
    for direction in ("in", "out"):
        poll = Waiting(phone, before.headers["ETag"])
        started = time.monotonic()
        answer = plane.must(plane.cross(server, direction, badge="B1"))
        after = poll.result()
        note("%s: new orders %.3f s after the gate asked" % (direction, time.monotonic() - started))
        assert after.status == 200 and plane.serial(after) == plane.serial(before) + 1, (after.status, before.headers, after.headers)
        assert answer["applied"] and answer["verdict"] == ("pending" if direction == "in" else "admit"), answer
        assert after.body != before.body
        before = after
    assert phone.orders(before.headers["ETag"]).status == 304
    assert phone.orders('"1-0000000000000000"').body == before.body


@claim
def an_unchanged_long_poll_ends_with_304_after_the_wait_and_never_before():
    phone = plane.add_phone(world(), "aigerim")
    etag = plane.settled(phone).headers["ETag"]
    started = time.monotonic()
    assert phone.orders(etag, 2).status == 304
    assert time.monotonic() - started > 1.9


@claim
def a_crossing_with_the_same_id_counts_once():
    phone = plane.add_phone(world(), "nurlan")
    etag = plane.settled(phone).headers["ETag"]
    one = str(uuid.uuid4())
    moment = rfc3339(time.time())
    first = plane.must(plane.cross(server, "in", person="nurlan", id=one, at=moment))
    etag = phone.orders(etag, 30).headers["ETag"]
    second = plane.must(plane.cross(server, "in", person="nurlan", id=one, at=moment))
    assert first["id"] == second["id"] == one and second["applied"]
    assert phone.orders(etag, 2).status == 304
    other = plane.cross(server, "out", person="nurlan", id=one, at=moment)
    assert other.status == 409, other.body


@claim
def a_crossing_that_named_no_time_is_the_same_when_its_id_comes_again_later():
    world()
    plane.add_person(server, "again", "B17")
    phone = plane.add_phone(server, "again")
    token, one, two = turnstile(), str(uuid.uuid4()), str(uuid.uuid4())
    before = plane.serial(plane.settled(phone))
    plane.must(plane.cross(server, "in", badge="B17", id=one))
    entered = plane.serial(plane.settled(phone))
    assert entered == before + 1
    time.sleep(1.2)  # another second, so another time of asking
    assert plane.must(plane.cross(server, "in", badge="B17", id=one))["applied"]
    out = {"id": two, "badge": "B17", "direction": "out"}
    first = plane.must(plane.people(server, "POST", "/v1/crossings", out, token=token))
    time.sleep(1.2)
    assert plane.must(plane.people(server, "POST", "/v1/crossings", out, token=token)) == first
    assert plane.serial(plane.settled(phone)) == entered + 1, "each moved the phone once"
    assert plane.cross(server, "in", badge="B17", id=one, at=rfc3339(time.time() - 3600)).status == 409
    assert plane.cross(server, "out", badge="B17", id=one).status == 409
    epoch = plane.must(plane.cross(server, "in", badge="B17", at="1970-01-01T00:00:00Z"))
    assert not epoch["applied"], "the first second of 1970 is a time, not its absence"
    listed = plane.must(plane.call(server, "GET", "/api/v1/crossings?person=again"))["items"]
    assert sorted(c["id"] for c in listed) == sorted([one, two, epoch["id"]])
    plane.must(plane.call(server, "POST", "/api/v1/people/again/leave"))  # one person alone approved for ten


@claim
def the_address_of_a_turnstile_is_one_or_the_token_is_not_made():
    world()
    for address in ("not an address", "192.0.2.300", "192.0.2.1/24", "localhost"):
        answer = plane.call(server, "POST", "/api/v1/gates", {"place": "house", "gate": "north", "kind": "turnstile", "from": address})
        assert (answer.status, answer.problem()) == (400, "invalid"), (address, answer.body)
    gate = plane.must(plane.call(server, "POST", "/api/v1/gates", {"place": "house", "gate": "north", "kind": "turnstile",
                                                                   "from": "2001:DB8:0::1"}))
    assert gate["from"] == "2001:db8::1", "as peers are known"


@claim
def a_phone_that_waits_is_discharged_the_moment_it_is_revoked_or_its_owner_leaves():
    world()
    for name, end in (("ender", "/api/v1/people/ender/leave"), ("loser", None)):
        plane.add_person(server, name)
        phone = plane.add_phone(server, name)
        plane.must(plane.cross(server, "in", device=phone.id))
        before = plane.settled(phone)
        poll = Waiting(phone, before.headers["ETag"])
        plane.must(plane.call(server, "POST", end or "/api/v1/devices/%s/revoke" % phone.id, {}))
        after = poll.result()
        assert after.status == 200 and plane.serial(after) == plane.serial(before) + 1, (name, after.status)
        assert len(after.body) < len(before.body), "a discharge names no place and no rule"
        present = plane.must(plane.call(server, "GET", "/api/v1/presence"))["items"]
        assert phone.id not in [p["device"] for p in present]
    plane.must(plane.call(server, "POST", "/api/v1/people/loser/leave"))


@claim
def a_crossing_from_the_future_is_refused_and_a_little_ahead_is_not():
    world()
    answer = plane.cross(server, "in", badge="B1", at=rfc3339(time.time() + 90))
    assert (answer.status, answer.problem()) == (422, "from-the-future"), answer.body
    assert plane.cross(server, "in", badge="B1", at=rfc3339(time.time() + 30)).status == 200


@claim
def an_older_crossing_is_kept_and_moves_nothing():
    phone = plane.add_phone(world(), "phoneless")
    now = time.time()
    plane.must(plane.cross(server, "in", device=phone.id, at=rfc3339(now)))
    etag = plane.settled(phone).headers["ETag"]
    late = plane.must(plane.cross(server, "out", device=phone.id, at=rfc3339(now - 100)))
    assert not late["applied"], late
    assert phone.orders(etag, 2).status == 304
    listed = plane.must(plane.call(server, "GET", "/api/v1/crossings?person=phoneless"))["items"]
    assert [(c["direction"], c["applied"]) for c in listed] == [("in", True), ("out", False)], listed
    plane.must(plane.call(server, "POST", "/api/v1/devices/%s/revoke" % phone.id))


@claim
def an_unknown_badge_place_or_gate_is_refused_and_says_what_to_do():
    world()
    assert plane.cross(server, "in", badge="nobody").problem() == "no-such-crosser"
    assert plane.cross(server, "in", person="nobody").problem() == "no-such-crosser"
    assert plane.cross(server, "in", badge="B1", gate="west").problem() == "no-gate"
    assert plane.cross(server, "in", badge="B1", place="moon").problem() == "no-gate"
    assert plane.cross(server, "in").status == 400
    assert plane.cross(server, "in", badge="B1", person="aigerim").status == 400
    assert plane.cross(server, "sideways", badge="B1").status == 400


def turnstile(**more):
    body = {"place": "house", "gate": "north", "kind": "turnstile"}
    body.update(more)
    return plane.must(plane.call(server, "POST", "/api/v1/gates", body))["token"]


@claim
def to_a_turnstile_an_unknown_badge_and_a_person_without_a_phone_look_alike():
    world()
    plane.add_person(server, "without", "B4")
    token = turnstile()
    answers = []
    for badge in ("B4", "nobody"):
        one = plane.people(server, "POST", "/v1/crossings", {"badge": badge, "direction": "in"}, token=token)
        two = plane.people(server, "GET", "/v1/crossings/" + one.json()["id"], token=token)
        for answer in (one, two):
            body = answer.json()
            body.pop("id")
            answers.append((answer.status, sorted(answer.headers.keys()), body))
    assert all(a == answers[0] for a in answers), answers
    assert answers[0][2]["verdict"] == "refuse", answers


@claim
def a_turnstile_token_works_from_its_address_only_and_for_its_own_crossings():
    world()
    here, elsewhere = turnstile(**{"from": "127.0.0.1"}), turnstile(**{"from": "192.0.2.1"})
    crossing = {"badge": "B1", "direction": "out"}
    first = plane.people(server, "POST", "/v1/crossings", crossing, token=here)
    assert first.status == 200, first.body
    assert plane.people(server, "POST", "/v1/crossings", crossing, token=elsewhere).status == 401
    foreign = plane.people(server, "GET", "/v1/crossings/" + first.json()["id"], token=turnstile()).json()
    assert foreign["verdict"] == "refuse"
    assert first.json()["verdict"] == "admit"


@claim
def the_verdict_is_pending_until_the_phone_proves_its_restriction():
    world()
    plane.add_person(server, "proof", "B5")
    phone = plane.add_phone(server, "proof")
    before = plane.settled(phone)
    token = turnstile()
    crossing = plane.people(server, "POST", "/v1/crossings", {"badge": "B5", "direction": "in"}, token=token).json()
    assert crossing["verdict"] == "pending" and crossing["remedy"] in ("seal", "deposit"), crossing
    orders = phone.orders(before.headers["ETag"], 30)
    now, instance = int(time.time()), os.urandom(16)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(plane.people(
        server, "GET", "/v1/crossings/" + crossing["id"], headers={"Prefer": "wait=50"}, token=token)))
    thread.start()
    time.sleep(0.3)
    stale = plane.status_report(plane.serial(before), now, {plane.CAMERA: plane.VERIFIED})
    assert plane.report(phone, plane.batch(instance, 1, stale)).status == 204
    assert device(phone)["restricted"][0]["state"] == "desired", "a report under older orders proves nothing"
    claimed = plane.status_report(plane.serial(orders), now, {plane.CAMERA: plane.ACKNOWLEDGED})
    assert plane.report(phone, plane.batch(instance, 2, claimed)).status == 204
    assert device(phone)["restricted"][0]["state"] == "acknowledged"
    time.sleep(0.3)
    assert not answers, "acknowledged is not verified"
    proof = plane.status_report(plane.serial(orders), now, {plane.CAMERA: plane.VERIFIED})
    assert plane.report(phone, plane.batch(instance, 3, proof)).status == 204
    thread.join(harness.PATIENCE)
    assert answers and answers[0].json()["verdict"] in ("admit", "seal"), answers and answers[0].body
    shown = device(phone)["restricted"]
    assert [(r["function"], r["rule"], r["place"], r["state"]) for r in shown] == [("camera", "no-camera", "house", "verified")], shown
    here = [p for p in plane.must(plane.call(server, "GET", "/api/v1/presence"))["items"] if p["device"] == phone.id]
    assert here[0]["place"] == "house" and here[0]["restricted"] == ["camera"] and here[0]["state"] == "verified", here


@claim
def Z20_gates_do_not_wait_longer_than_the_time_for_admission():
    global server
    usual = world()
    try:
        server = harness.Server("admission_timeout = 2s\n").start()
        plane.add_person(server, "late", "B1")
        plane.apply_policy(server)
        phone = plane.add_phone(server, "late")
        before = plane.settled(phone)
        gates = [turnstile(), turnstile()]
        crossings = [plane.must(plane.people(server, "POST", "/v1/crossings", {"badge": "B1", "direction": "in", "at": rfc3339(time.time() - ago)},
                                             token=gate)) for ago, gate in ((30, gates[0]), (0, gates[1]))]
        assert crossings[1]["verdict"] in ("pending", "seal"), crossings
        answers = [None, None]

        def wait(i):
            answers[i] = plane.people(server, "GET", "/v1/crossings/" + crossings[1]["id"], token=gates[1],
                                      headers={"Prefer": "wait=50", "Accept-Language": ("ru", "kk")[i]}).json()

        threads = [threading.Thread(target=wait, args=(i,)) for i in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(harness.PATIENCE)
        assert [a and a["verdict"] for a in answers] == ["seal", "seal"], answers
        assert answers[0]["why"] == "Телефон не подтвердил ограничение вовремя", answers
        assert answers[1]["why"] == "Телефон шектелгенін уақытында растамады", answers
        # The same crossing again is as old as it was.
        assert plane.people(server, "GET", "/v1/crossings/" + crossings[1]["id"], token=gates[1]).json()["verdict"] == "seal"
        orders = phone.orders(before.headers["ETag"], 30)
        proof = plane.status_report(plane.serial(orders), int(time.time()), {plane.CAMERA: plane.VERIFIED})
        assert plane.report(phone, plane.batch(os.urandom(16), 1, proof)).status == 204
        later = plane.people(server, "GET", "/v1/crossings/" + crossings[1]["id"], token=gates[1]).json()
        assert "вовремя" not in later["why"] and later["why"] != "The phone did not prove its restriction in time", later
        server.stop()
    finally:
        server = usual


@claim
def reports_sent_again_change_nothing_and_a_second_agent_is_told_apart():
    world()
    plane.add_person(server, "twins", "B6")
    phone = plane.add_phone(server, "twins")
    serial = plane.serial(plane.settled(phone))
    one, two, now = os.urandom(16), os.urandom(16), int(time.time())
    body = plane.batch(one, 1, plane.status_report(serial, now, {}))
    assert plane.report(phone, body).status == 204
    assert plane.report(phone, body).status == 204
    assert not device(phone)["conflict"]
    answer = plane.report(phone, plane.batch(two, 1, plane.status_report(serial, now, {})))
    assert (answer.status, answer.problem()) == (409, "conflict"), answer.body
    assert device(phone)["conflict"]
    assert plane.report(phone, plane.batch(one, 2, plane.status_report(serial, now, {}))).status == 204


@claim
def a_batch_that_is_not_as_described_is_refused_whole():
    world()
    plane.add_person(server, "broken")
    phone = plane.add_phone(server, "broken")
    good = plane.batch(os.urandom(16), 1, plane.status_report(1, int(time.time()), {}))
    for body in (b"", good[:-1], good + b"\x00", b"\xbf\xff", plane.cbor({1: b"x", 2: 1, 3: []}), os.urandom(200)):
        assert plane.report(phone, body).status == 400, body
    assert plane.report(phone, b"\x00" * 20000).status == 413
    assert phone.call("POST", "/v1/device/reports", good, {"Content-Type": "application/json"}).status == 415


@claim
def a_phone_that_leaves_gets_its_discharge_and_may_report_no_more():
    world()
    plane.add_person(server, "quits", "B7")
    phone = plane.add_phone(server, "quits")
    before = plane.settled(phone)
    now, instance = int(time.time()), os.urandom(16)
    assert plane.report(phone, plane.batch(instance, 1, plane.leaving_report(now))).status == 204
    after = phone.orders(before.headers["ETag"], 30)
    assert after.status == 200 and len(after.body) < len(before.body)
    assert plane.report(phone, plane.batch(instance, 2, plane.status_report(1, now, {}))).status == 403
    assert device(phone)["state"] == "leaving"
    actions = [e["action"] for e in plane.must(plane.call(server, "GET", "/api/v1/audit?limit=1000"))["items"] if e["subject"] == phone.id]
    assert actions == ["enrol", "device-leaving"], actions


@claim
def the_helpdesk_releases_a_phone_and_the_next_crossing_ends_that():
    world()
    plane.add_person(server, "stuck", "B8")
    phone = plane.add_phone(server, "stuck")
    plane.must(plane.cross(server, "in", badge="B8", at=rfc3339(time.time() - 5)))
    wait_for("restricted", lambda: [r["function"] for r in device(phone)["restricted"]] == ["camera"])
    etag = plane.settled(phone).headers["ETag"]
    assert plane.call(server, "POST", "/api/v1/devices/%s/release" % phone.id, {}).status == 400, "a reason is needed"
    released = plane.must(plane.call(server, "POST", "/api/v1/devices/%s/release" % phone.id, {"reason": "camera stuck"}))
    assert released["restricted"] == [] and released["released"]
    assert phone.orders(etag, 30).status == 200
    time.sleep(1.1)  # a later second: a crossing in the release's own second is not later than it
    plane.must(plane.cross(server, "in", badge="B8"))
    assert [r["function"] for r in device(phone)["restricted"]] == ["camera"]
    entry = [e for e in plane.must(plane.call(server, "GET", "/api/v1/audit?limit=1000"))["items"] if e["action"] == "device-release"]
    assert entry[-1]["reason"] == "camera stuck"


@contextlib.contextmanager
def changed_behind_the_server(table, column, value, device_id):
    """A number of a device that no answer of ours can come to, until the end of the block."""
    def change(to):
        server.kill()
        with sqlite3.connect(os.path.join(server.state, "bosaga.db")) as database:
            (before,) = database.execute("SELECT %s FROM %s WHERE id = ?" % (column, table), (device_id,)).fetchone()
            database.execute("UPDATE %s SET %s = ? WHERE id = ?" % (table, column), (to, device_id))
        server.start()
        return before
    before = change(value)
    try:
        yield
    finally:
        change(before)


@claim
def a_burst_of_crossings_is_watched_to_its_end():
    """Watchers are told ten times a second at most: what came meanwhile they are told afterwards, not at the end of their wait."""
    world()
    plane.add_person(server, "watched", "B10")
    plane.add_phone(server, "watched")
    answers = []

    def watch():
        answer, gate = plane.call(server, "GET", "/api/v1/presence"), None
        while gate != "south" and answer.status == 200:
            answer = plane.call(server, "GET", "/api/v1/presence", headers={"If-None-Match": answer.headers["ETag"], "Prefer": "wait=50"})
            gate = next((p["gate"] for p in answer.json()["items"] if p["person"] == "watched"), None) if answer.status == 200 else None
            answers.append(answer.status)

    thread = threading.Thread(target=watch)
    thread.start()
    for i in range(12):  # a second apart, as a gate brings them that could not be heard for a while
        plane.must(plane.cross(server, "in" if i % 2 else "out", badge="B10", gate="north" if i < 11 else "south",
                               at=rfc3339(time.time() - 12 + i)))
    thread.join(harness.PATIENCE)
    note("%d answers to 12 crossings" % len(answers))
    assert not thread.is_alive() and set(answers) == {200}, answers


@claim
def presence_is_watched_by_long_poll():
    world()
    time.sleep(0.5)
    etag = plane.call(server, "GET", "/api/v1/presence").headers["ETag"]
    assert plane.call(server, "GET", "/api/v1/presence", headers={"If-None-Match": etag}).status == 304
    answers = []
    thread = threading.Thread(target=lambda: answers.append(plane.call(
        server, "GET", "/api/v1/presence", headers={"If-None-Match": etag, "Prefer": "wait=50"})))
    thread.start()
    time.sleep(0.3)
    plane.must(plane.cross(server, "in", badge="B10"))
    thread.join(harness.PATIENCE)
    assert answers and answers[0].status == 200 and answers[0].headers["ETag"] != etag
    assert "watched" in [p["person"] for p in answers[0].json()["items"]]


@claim
def presence_is_read_page_by_page_and_leaves_nobody_out():
    """V16. A phone that nothing can be told of is in all the same."""
    world()
    for badge in ("B10", "B1"):
        plane.must(plane.cross(server, "in", badge=badge))
    whole = plane.must(plane.call(server, "GET", "/api/v1/presence"))
    assert len(whole["items"]) > 1 and whole["next"] is None
    pages, cursor = [], ""
    while cursor is not None:
        page = plane.must(plane.call(server, "GET", "/api/v1/presence?limit=1&cursor=" + cursor))
        pages += page["items"]
        assert len(page["items"]) <= 1
        cursor = page["next"]
    assert [p["device"] for p in pages] == [p["device"] for p in whole["items"]]
    for bad in ("cursor=nonsense", "limit=0", "limit=1001", "page=2"):
        assert plane.call(server, "GET", "/api/v1/presence?" + bad).status == 400, bad
    watched = next(p["device"] for p in pages if p["person"] == "watched")
    with changed_behind_the_server("device", "serial", 0xffffffff, watched):
        (broken,) = [p for p in plane.must(plane.call(server, "GET", "/api/v1/presence"))["items"] if p["device"] == watched]
        assert (broken["state"], broken["restricted"], broken["until"]) == ("unverified", [], None), broken


@claim
def explain_names_the_rule_where_the_camera_is_restricted_and_why_not_elsewhere():
    world()
    phone = plane.add_phone(server, "aigerim")
    inside = {r["function"]: r for r in plane.must(plane.call(server, "GET", "/api/v1/devices/%s/explain?in=house" % phone.id))}
    outside = {r["function"]: r for r in plane.must(plane.call(server, "GET", "/api/v1/devices/%s/explain" % phone.id))}
    assert inside["camera"]["restricted"] and inside["camera"]["rule"] == "no-camera", inside["camera"]
    assert not outside["camera"]["restricted"] and outside["camera"]["why_not"], outside["camera"]
    assert plane.call(server, "GET", "/api/v1/devices/%s/explain?in=moon" % phone.id).status == 404


@claim
def a_gate_credential_holds_a_key_a_signed_message_and_the_secrets_of_its_days():
    world()
    made = plane.must(plane.call(server, "POST", "/api/v1/gates/credential", {"place": "house", "gate": "south"}))
    assert made["key"].startswith("-----BEGIN PRIVATE KEY-----")
    assert bytes.fromhex(made["credential"])[0] == 0xd2
    days = [d["day"] for d in made["day_secrets"]]
    assert rfc3339(time.time())[:10] in days and made["expires"][:10] in days
    assert len({d["secret"] for d in made["day_secrets"]}) == len(days) and all(len(d["secret"]) == 64 for d in made["day_secrets"])
    again = plane.must(plane.call(server, "POST", "/api/v1/gates/credential", {"place": "house", "gate": "south"}))
    assert again["key"] != made["key"] and again["day_secrets"] == made["day_secrets"]


harness.main()
