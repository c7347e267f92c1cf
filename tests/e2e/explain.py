# SPDX-License-Identifier: Apache-2.0
"""Why a phone is as it is, as the helpdesk asks: break-glass while it runs, leases that ended, signed orders replayed."""
import datetime
import json
import os
import time

import harness
from harness import claim
import plane

POLICY = """
bosaga: 1
places:
  - id: house
    name: {kk: Министрліктер үйі, ru: Дом министерств, en: House of Ministries}
    gates: [{id: north}]
    max_stay: 5h
    break_glass: {minutes: 10, per_day: 2, keep: [wifi]}
    remedies: {debugging: {impossible: deposit}}
  - {id: lab, gates: [{id: north}]}
rules:
  - {id: no-camera, who: {all: true}, where: [house], restrict: [camera, wifi, debugging], because: {kk: Қорғау, ru: Защита, en: To protect}}
  - {id: hours, who: {all: true}, where: [house], restrict: [nfc], windows: [["%s", "%s"]]}
  - {id: lab-hours, who: {all: true}, where: [lab], restrict: [usb_data], windows: [["%s", "%s"]]}
"""
HOUR = 3600

server = None


def rfc3339(moment):
    return datetime.datetime.fromtimestamp(int(moment), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def world():
    """The server; its rule `hours` began two hours ago and goes on for two."""
    global server
    if server is None:
        server = harness.Server().start()
        minute = int(time.time()) // 60 * 60
        hours = (rfc3339(minute - 2 * HOUR), rfc3339(minute + 2 * HOUR))
        plane.apply_policy(server, POLICY % (hours + hours))
    return server


def inside(name, since, place="house"):
    """A phone whose owner came in at a time."""
    world()
    plane.add_person(server, name)
    phone = plane.add_phone(server, name)
    plane.must(plane.cross(server, "in", place=place, device=phone.id, at=rfc3339(since)))
    plane.settled(phone)
    return phone


def explain(phone, query=""):
    answer = plane.call(server, "GET", "/api/v1/devices/%s/explain%s" % (phone.id, query))
    return {r["function"]: r for r in plane.must(answer)}


def tell(phone, pressed, until):
    body = plane.batch(os.urandom(16), 1, plane.break_glass_report(int(pressed), int(until), "fire"))
    assert plane.report(phone, body).status == 204


@claim
def break_glass_is_explained_while_it_runs_and_no_longer():
    now = int(time.time())
    phone = inside("burning", now - HOUR)
    assert all(explain(phone)[f]["restricted"] for f in ("camera", "wifi", "nfc"))
    pressed = now - 60
    tell(phone, pressed, pressed + 600)
    rows = explain(phone)
    for function in ("camera", "nfc"):
        row = rows[function]
        assert not row["restricted"] and row["why_not_code"] == "break_glass", row
        assert row["why_not_time"] == rfc3339(pressed + 600), row
    until = rfc3339(pressed + 600)
    assert rows["camera"]["says"] == {
        "kk": "Шектелмеген. Иесі төтенше жағдайда шектеуді алып тастаған, мына уақытқа дейін: %s." % until,
        "ru": "Не ограничено. Владелец снял ограничения в экстренном случае до %s." % until,
        "en": "Not restricted. The owner has lifted everything in an emergency until %s." % until}
    assert rows["wifi"]["restricted"], "the place keeps it"
    assert explain(phone, "?in=house")["camera"]["restricted"], "a supposed phone has pressed nothing"
    assert explain(phone, "?at=" + rfc3339(pressed - 1))["camera"]["restricted"], "not yet pressed"
    assert explain(phone, "?at=" + rfc3339(pressed))["camera"]["why_not_code"] == "break_glass"
    assert explain(phone, "?at=" + rfc3339(pressed + 599))["camera"]["why_not_code"] == "break_glass"
    assert explain(phone, "?at=" + rfc3339(pressed + 600))["camera"]["restricted"], "it is over"


@claim
def break_glass_under_a_rule_with_hours_counts_though_orders_made_now_have_no_hours_that_passed():
    now = int(time.time())
    phone = inside("chemist", now - HOUR, "lab")
    assert explain(phone)["usb_data"]["restricted"]
    tell(phone, now - 120, now + 480)
    assert explain(phone)["usb_data"]["why_not_code"] == "break_glass"


@claim
def a_crossing_during_break_glass_does_not_hide_it():
    now = int(time.time())
    phone = inside("runner", now - HOUR)
    tell(phone, now - 120, now + 480)
    plane.must(plane.cross(server, "in", device=phone.id, at=rfc3339(now - 60)))
    assert explain(phone)["camera"]["why_not_code"] == "break_glass"
    plane.must(plane.cross(server, "out", device=phone.id, at=rfc3339(now - 30)))
    assert explain(phone)["camera"]["why_not_code"] == "elsewhere"


@claim
def a_press_that_is_over_or_from_a_clock_that_runs_ahead_is_judged_by_the_server():
    now = int(time.time())
    old = inside("old", now - HOUR)
    tell(old, now - 90 * 24 * HOUR, now + HOUR)  # no break-glass lasts longer than a day, and orders of then have expired
    assert explain(old)["camera"]["restricted"]
    over = inside("over", now - HOUR)
    tell(over, now - 300, now - 60)  # its orders of then gave it four minutes
    assert explain(over)["camera"]["restricted"]
    ahead = inside("ahead", now - HOUR)
    tell(ahead, now + 300, now + 900)  # five minutes fast: pressed when we heard of it, at the latest
    row = explain(ahead)["camera"]
    assert row["why_not_code"] == "break_glass" and row["why_not_time"] <= rfc3339(time.time() + 600), row


@claim
def a_lease_that_ended_says_since_when_and_until_when():
    now = int(time.time())
    phone = inside("lunch", now - 6 * HOUR)
    for query in ("", "?in=house&since=" + rfc3339(now - 6 * HOUR)):
        row = explain(phone, query)["camera"]
        assert (row["why_not_code"], row["why_not_time"]) == ("lease_over", rfc3339(now - HOUR)), row
        assert row["says"]["en"] == ("Not restricted. The device was in “House of Ministries” since %s; the restriction ended by itself at %s."
                                     % (rfc3339(now - 6 * HOUR), rfc3339(now - HOUR))), row
    row = explain(phone, "?in=house&since=" + rfc3339(now - HOUR))["camera"]
    assert row["restricted"] and row["until"] == rfc3339(now + 4 * HOUR), row
    for query in ("?since=" + rfc3339(now), "?in=&since=" + rfc3339(now), "?in=house&since=yesterday"):
        answer = plane.call(server, "GET", "/api/v1/devices/%s/explain%s" % (phone.id, query))
        assert (answer.status, answer.problem()) == (400, "invalid"), (query, answer.body)
    asked = {r["function"]: r for r in server.cli("policy", "explain", phone.id, "--in", "house", "--since", rfc3339(now - 6 * HOUR))}
    assert asked["camera"]["why_not_code"] == "lease_over"


@claim
def what_the_phone_cannot_block_says_what_the_gate_asks_instead():
    phone = inside("debugger", int(time.time()))
    row = explain(phone)["debugging"]
    assert row["restricted"] and row["enforced"] == "impossible" and row["remedy"] == "deposit", row
    assert row["says"]["en"].endswith("But this phone cannot block it. Only Android can close developer features; on this device they stay as they are. "
                                      "At the gate the phone is put into a numbered locker."), row["says"]["en"]


@claim
def the_command_line_says_it_in_the_language_asked_for():
    now = int(time.time())
    phone = inside("reader", now)
    for lang, said in (("kk", "Себебі: Қорғау."), ("ru", "Причина: Защита."), ("en", ": To protect.")):
        text = server.cli_text("policy", "explain", phone.id, "--lang", lang)
        line = [l for l in text.splitlines() if l.startswith("camera ")][0]
        assert said in line and line.split()[1:4] == ["yes", "no-camera", "house"], line
    for words, status in ((("--lang", "de"), 2), (("--since", rfc3339(now)), 2)):
        try:
            server.cli_text("policy", "explain", phone.id, *words)
            raise AssertionError("%s: taken" % (words,))
        except harness.Refused as refused:
            assert refused.status == status and len(refused.err.splitlines()) == 1, refused


@claim
def signed_orders_are_replayed_and_explained_as_the_server_explains_them():
    now = int(time.time())
    phone = inside("replay", now - 60)
    folder = harness.folder("explain-")
    orders, events = os.path.join(folder, "orders"), os.path.join(folder, "events.jsonl")
    server.cli("device", "orders", phone.id, "--out", orders)

    def replay(*kinds, words=()):
        with open(events, "w", encoding="ascii") as stream:
            for i, kind in enumerate(kinds):
                stream.write(json.dumps({"kind": kind, "time": {"utc": now + i}}) + "\n")
        return harness.run([harness.program("bosaga"), "decide", "--orders", orders, "--events", events, *words])

    ours = {r["function"]: r for r in json.loads(replay("tick", words=("--explain", "--json")))}
    theirs = explain(phone, "?at=" + rfc3339(now))
    for function, row in ours.items():
        for key in ("restricted", "rule", "place", "until", "because", "why_not_code", "enforced", "class"):
            assert row[key] == theirs[function][key], (function, key, row, theirs[function])
    pressed = {r["function"]: r for r in json.loads(replay("tick", "break_glass", words=("--explain", "--json")))}
    assert pressed["camera"]["why_not_code"] == "break_glass" and pressed["camera"]["why_not_time"] == rfc3339(now + 1 + 600)
    assert pressed["wifi"]["restricted"]
    iphone = {r["function"]: r for r in json.loads(replay("tick", words=("--explain", "--json", "--kind", "ios-user")))}
    assert iphone["camera"]["restricted"] and iphone["camera"]["enforced"] == "impossible" and iphone["camera"]["class"] == "managed"
    table = replay("tick", words=("--explain", "--lang", "kk")).splitlines()
    assert len(table) == 13 and "ережесі шектейді" in [l for l in table if l.startswith("camera ")][0], table
    assert len(replay("tick", "break_glass").splitlines()) == 2, "without --explain a decision a line, as ever"


@claim
def a_phone_that_was_revoked_is_not_explained_by_rules_that_no_longer_reach_it():
    world()
    phone = plane.add_phone(server, plane.must(plane.call(server, "GET", "/api/v1/people"))["items"][0]["id"])
    assert explain(phone, "?in=house")["camera"]["restricted"]
    plane.must(plane.call(server, "POST", "/api/v1/devices/%s/revoke" % phone.id, {"reason": "lost"}))
    for query in ("", "?in=house", "?at=" + rfc3339(time.time())):
        answer = plane.call(server, "GET", "/api/v1/devices/%s/explain%s" % (phone.id, query))
        assert (answer.status, answer.problem()) == (409, "not-active"), (query, answer.status, answer.body)
        assert "discharge" in answer.json()["detail"], answer.body


harness.main()
