# SPDX-License-Identifier: Apache-2.0
"""Exemptions: two people let somebody off for a time; the phone, explain and the gate all follow, and follow back."""
import datetime
import json
import os
import threading
import time

import harness
from harness import claim, note, wait_for
import plane

POLICY = plane.POLICY.replace("[camera]", "[camera, wifi]")
HOUR = 3600
server = None
tokens = {}


def world():
    global server
    if server is None:
        server = harness.Server("admission_timeout = 1h\n").start()
        for i, name in enumerate(("aigerim", "nurlan", "saule", "dana", "timur", "zhanar")):
            plane.add_person(server, name, "B%d" % i)
        plane.apply_policy(server, POLICY)
        for name, role in (("one", "policy"), ("two", "admin"), ("help", "helpdesk")):
            plane.must(plane.call(server, "POST", "/api/v1/admins", {"name": name, "role": role}))
            tokens[name] = plane.must(plane.call(server, "POST", "/api/v1/tokens", {"admin": name}))["token"]
    return server


def rfc3339(moment):
    return datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def post(path, body=None, by="one"):
    """As an administrator with a token, or as the socket's one person."""
    if by == "socket":
        return plane.call(server, "POST", path, body)
    return plane.people(server, "POST", path, body, token=tokens[by])


def ask(functions, seconds=HOUR, by="one", **more):
    body = {"functions": functions, "until": rfc3339(time.time() + seconds), "reason": "films an interview"}
    body.update(more)
    return post("/api/v1/exemptions", body, by)


def approve(exemption, by="two"):
    return post("/api/v1/exemptions/%s/approve" % exemption["id"], by=by)


def end(exemption, by="two", **body):
    return post("/api/v1/exemptions/%s/end" % exemption["id"], body, by)


def exempt(functions, **more):
    return plane.must(approve(plane.must(ask(functions, **more))))


def explained(phone, query="in=house"):
    """{function: row} of explain."""
    return {r["function"]: r for r in plane.must(plane.call(server, "GET", "/api/v1/devices/%s/explain?%s" % (phone.id, query)))}


def restricted(phone, query="in=house"):
    return {f for f, row in explained(phone, query).items() if row["restricted"]}


def decided(orders, *moments):
    """What the core restricts under these signed orders, in the house since the first moment, at each moment."""
    folder = harness.folder()
    events = [{"kind": "gate_in", "place": "house"}] + [{"kind": "tick"}] * (len(moments) - 1)
    for event, moment in zip(events, moments):
        event = dict(event, time={"utc": int(moment), "mono": int((moment - moments[0]) * 1000), "auth": True})
        with open(os.path.join(folder, "events"), "a", encoding="ascii") as stream:
            stream.write(json.dumps(event) + "\n")
    with open(os.path.join(folder, "orders"), "wb") as stream:
        stream.write(orders.body)
    out = harness.run([harness.program("bosaga"), "decide", "--orders", os.path.join(folder, "orders"), "--events", os.path.join(folder, "events")])
    return [{r["function"] for r in json.loads(line)["restricted"]} for line in out.splitlines()]


def audit_of(exemption):
    """(action, who, subject, reason) of the entries whose detail names it."""
    entries, cursor = [], ""
    while True:
        answer = plane.must(plane.call(server, "GET", "/api/v1/audit?limit=1000" + cursor))
        entries += [e for e in answer["items"] if e["detail"] and json.loads(e["detail"]).get("exemption") == exemption["id"]]
        if not answer["next"]:
            return [(e["action"], e["who"], e["subject"], e["reason"]) for e in entries]
        cursor = "&cursor=" + answer["next"]


def at_once(*calls):
    barrier, answers = threading.Barrier(len(calls)), [None] * len(calls)

    def run(i):
        barrier.wait()
        answers[i] = calls[i]()
    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@claim
def an_exemption_reaches_the_phone_once_another_person_has_approved_it():
    phone = plane.add_phone(world(), "aigerim")
    before = plane.settled(phone)
    now = int(time.time())
    until = now + HOUR
    asked = server.cli("exemption", "add", "--person", "aigerim", "--functions", "camera", "--until", rfc3339(until),
                       "--reason", "films an interview")
    assert (asked["state"], asked["author"], asked["approver"], asked["functions"]) == ("waiting", "socket", None, ["camera"]), asked
    assert (asked["person"], asked["device"], asked["until"]) == ("aigerim", None, rfc3339(until)), asked
    assert phone.orders(before.headers["ETag"], 1).status == 304, "nothing counts before the approval"
    assert restricted(phone) == {"camera", "wifi"}
    try:
        server.cli("exemption", "approve", asked["id"])
        raise AssertionError("its author approved it")
    except harness.Refused as refused:
        assert refused.status == 1 and "another person must" in refused.err, refused.err
    answer = approve(asked, by="socket")
    assert (answer.status, answer.problem()) == (409, "second-approval"), answer.body
    answers = []
    poll = threading.Thread(target=lambda: answers.append(phone.orders(before.headers["ETag"], 50)))
    poll.start()
    approved = plane.must(approve(asked))
    assert (approved["state"], approved["approver"]) == ("approved", "admin:two"), approved
    poll.join(harness.PATIENCE)
    assert answers and answers[0].status == 200 and plane.serial(answers[0]) == plane.serial(before) + 1
    assert decided(before, until - 60, until) == [{"camera", "wifi"}] * 2
    assert decided(answers[0], until - 60, until) == [{"wifi"}, {"camera", "wifi"}], "over on the phone itself, without the server"
    assert plane.must(approve(asked)) == approved, "again is no error"
    assert phone.orders(answers[0].headers["ETag"], 1).status == 304, "and changes nothing"


@claim
def explain_says_exempt_and_until_when_in_three_languages():
    phone = plane.add_phone(world(), "aigerim")
    listed = plane.must(plane.call(server, "GET", "/api/v1/exemptions?person=aigerim"))["items"]
    until = listed[0]["until"]
    rows = explained(phone)
    assert restricted(phone) == {"wifi"}, "a phone enrolled later has its person's exemption too"
    assert rows["camera"]["why_not_code"] == "exempt", rows["camera"]
    texts = rows["camera"]["why_not"]
    assert len(set(texts.values())) == 3 and all(until in texts[lang] for lang in ("kk", "ru", "en")), texts
    assert restricted(phone, "in=house&at=" + until) == {"camera", "wifi"}, "it is over then"
    text = server.cli_text("policy", "explain", phone.id, "--in", "house")
    assert "exemption is in force until " + until in text, text


@claim
def the_gate_no_longer_asks_for_what_somebody_is_exempt_from():
    phone = plane.add_phone(world(), "nurlan")
    token = plane.must(plane.call(server, "POST", "/api/v1/gates", {"place": "house", "gate": "north", "kind": "turnstile"}))["token"]
    plane.settled(phone)
    crossing = plane.people(server, "POST", "/v1/crossings", {"badge": "B1", "direction": "in"}, token=token).json()
    assert crossing["verdict"] == "pending", crossing
    asked = plane.must(ask(["camera", "wifi"], person="nurlan"))
    answers = []
    held = threading.Thread(target=lambda: answers.append(plane.people(
        server, "GET", "/v1/crossings/" + crossing["id"], headers={"Prefer": "wait=50"}, token=token)))
    held.start()
    time.sleep(0.3)
    assert not answers, "still pending"
    plane.must(approve(asked))
    held.join(harness.PATIENCE)
    assert answers and answers[0].json()["verdict"] == "admit", answers and answers[0].body
    assert plane.must(plane.call(server, "GET", "/api/v1/devices/" + phone.id))["restricted"] == []
    ended = plane.must(end(asked))
    assert ended["state"] == "ended" and ended["ended_by"] == "admin:two", ended
    again = plane.people(server, "GET", "/v1/crossings/" + crossing["id"], token=token).json()
    assert again["verdict"] == "pending", again


@claim
def an_ended_exemption_restricts_again_and_everything_is_in_the_audit():
    phone = plane.add_phone(world(), "saule")
    asked = plane.must(ask(["all"], person="saule"))
    plane.must(approve(asked))
    wait_for("exempt", lambda: decided(plane.settled(phone), time.time())[0] == set())
    before = plane.settled(phone)
    shown = server.cli("exemption", "end", asked["id"], "--reason", "the interview is cancelled")
    assert shown["state"] == "ended" and shown["ended"], shown
    after = phone.orders(before.headers["ETag"], 50)
    assert after.status == 200 and decided(after, time.time())[0] == {"camera", "wifi"}
    assert restricted(phone) == {"camera", "wifi"}
    assert plane.must(end(asked)) == shown, "again is no error and changes nothing"
    answer = approve(asked)
    assert (answer.status, answer.problem()) == (409, "not-waiting"), answer.body
    assert audit_of(asked) == [
        ("exemption-add", "admin:one", "saule", "films an interview"),
        ("exemption-approve", "admin:two", "saule", "films an interview"),
        ("exemption-end", "socket", "saule", "the interview is cancelled")]
    assert plane.must(plane.call(server, "GET", "/api/v1/audit/verify"))["ok"]


@claim
def one_that_waits_can_be_withdrawn():
    world()
    asked = plane.must(ask(["camera"], person="saule"))
    assert plane.must(end(asked, by="one"))["state"] == "ended"
    answer = approve(asked)
    assert (answer.status, answer.problem()) == (409, "not-waiting"), answer.body


@claim
def one_for_a_device_leaves_the_persons_other_phone_as_it_is():
    phone, other = (plane.add_phone(world(), "dana") for _ in range(2))
    given = exempt(["camera"], device=phone.id)
    assert (given["person"], given["device"]) == ("dana", phone.id), given
    assert (restricted(phone), restricted(other)) == ({"wifi"}, {"camera", "wifi"})
    assert [e["id"] for e in plane.must(plane.call(server, "GET", "/api/v1/exemptions?person=dana"))["items"]] == [given["id"]]
    listed = server.cli_text("exemption", "list", "--person", "dana")
    assert given["id"] in listed and phone.id in listed and "approved" in listed, listed
    plane.must(plane.call(server, "POST", "/api/v1/devices/%s/revoke" % phone.id, {}))
    ended = plane.must(plane.call(server, "GET", "/api/v1/exemptions?person=dana"))["items"][0]
    assert (ended["state"], ended["ended_by"]) == ("ended", None), ended
    answer = ask(["camera"], device=phone.id)
    assert answer.status == 404, answer.body


@claim
def what_makes_no_sense_is_refused_and_says_why():
    phone = plane.add_phone(world(), "dana")
    now = time.time()
    cases = [
        (ask(["camera"]), "one of person and device"),
        (ask(["camera"], person="dana", device=phone.id), "one of person and device"),
        (ask(["camra"], person="dana"), "did you mean \"camera\""),
        (ask(["calls"], person="dana"), "calls can never be restricted"),
        (ask(["camera", "sms"], person="dana"), "SMS can never be restricted"),
        (ask(["emergency"], person="dana"), "emergency calls"),
        (ask([], person="dana"), "functions"),
        (ask("camera", person="dana"), "functions"),
        (ask(["camera"], person="dana", reason=""), "reason"),
        (ask(["camera"], person="dana", reason=None), "reason"),
        (ask(["camera"], person="dana", until=None), "until"),
        (ask(["camera"], person="dana", until="tomorrow"), "until"),
        (ask(["camera"], person="dana", until=rfc3339(now - 10)), "until"),
        (ask(["camera"], person="dana", **{"from": rfc3339(now - 50), "until": rfc3339(now - 10)}), "passed"),
        (ask(["camera"], person="dana", **{"from": rfc3339(now + 2 * HOUR)}), "later than from"),
        (ask(["camera"], 367 * 86400, person="dana"), "366 days"),
        (ask(["camera"], person="dana", more=1), "more"),
    ]
    for answer, why in cases:
        assert (answer.status, answer.problem()) == (400, "invalid") and why in answer.json()["detail"], (why, answer.status, answer.body)
    for answer, problem in ((ask(["camera"], person="nobody"), "no-person"), (ask(["camera"], device="0" * 32), "no-device"),
                            (approve({"id": "0" * 32}), "no-exemption"), (end({"id": "x"}), "no-exemption")):
        assert (answer.status, answer.problem()) == (404, problem), answer.body
    assert plane.must(ask(["camera"], 366 * 86400 - 60, person="dana"))["state"] == "waiting"
    assert post("/api/v1/exemptions", {}, by="help").status == 403
    assert plane.people(server, "GET", "/api/v1/exemptions", token=tokens["help"]).status == 200
    assert plane.call(server, "GET", "/api/v1/exemptions?state=over").status == 400


@claim
def what_begins_later_waits_for_its_time():
    phone = plane.add_phone(world(), "dana")
    before = plane.settled(phone)
    start = int(time.time()) + HOUR
    given = exempt(["wifi"], device=phone.id, **{"from": rfc3339(start), "until": rfc3339(start + 60)})
    orders = phone.orders(before.headers["ETag"], 50)
    assert decided(orders, start - 1, start, start + 59, start + 60) == [{"camera", "wifi"}, {"camera"}, {"camera"}, {"camera", "wifi"}]
    assert restricted(phone) == {"camera", "wifi"} and restricted(phone, "in=house&at=" + given["from"]) == {"camera"}


@claim
def when_its_time_is_over_it_says_so_and_the_phone_is_restricted_again():
    phone = plane.add_phone(world(), "timur")
    for seconds in (4, 16, 64):  # so short that it ends while we look; longer where the machine is slow
        given = plane.must(ask(["camera"], seconds, person="timur"))
        waiting = plane.must(ask(["camera"], seconds, person="timur"))
        if approve(given).status == 200 and restricted(phone) == {"wifi"}:
            break
    wait_for("over", lambda: plane.must(plane.call(server, "GET", "/api/v1/exemptions?person=timur&limit=2"))["items"][0]["state"] == "over",
             patience=harness.PATIENCE + 64)
    states = [e["state"] for e in plane.must(plane.call(server, "GET", "/api/v1/exemptions?person=timur&limit=2"))["items"]]
    assert states == ["over", "over"], states
    assert restricted(phone) == {"camera", "wifi"}
    assert plane.must(end(given))["state"] == "over", "there is nothing to end"
    answer = approve(waiting)
    assert (answer.status, answer.problem()) == (409, "not-waiting") and "over" in answer.json()["detail"], answer.body


@claim
def two_people_at_once_never_leave_half_a_change():
    phone = plane.add_phone(world(), "timur")
    camera, wifi = (plane.must(ask([f], person="timur", by="socket")) for f in ("camera", "wifi"))
    answers = at_once(lambda: approve(camera, "one"), lambda: approve(wifi, "two"))
    assert [a.status for a in answers] == [200, 200], [a.body for a in answers]
    wait_for("orders with both", lambda: decided(plane.settled(phone), time.time())[0] == set())
    same = plane.must(ask(["camera"], person="timur", by="socket"))
    answers = at_once(lambda: approve(same, "one"), lambda: approve(same, "two"))
    assert sorted(a.status for a in answers) == [200, 409], [a.body for a in answers]
    assert [a.problem() for a in answers if a.status == 409] == ["not-waiting"]
    assert len([e for e in audit_of(same) if e[0] == "exemption-approve"]) == 1
    for exemption in (camera, wifi, same):
        plane.must(end(exemption))
    outcomes = set()
    for _ in range(10):
        both = plane.must(ask(["camera", "wifi"], person="timur", by="socket"))
        answers = at_once(lambda: approve(both, "one"), lambda: end(both, "two"))
        outcomes.add(tuple(a.status for a in answers))
        assert answers[1].status == 200 and answers[0].status in (200, 409), [a.body for a in answers]
    note("approve and end at once: %s" % sorted(outcomes))
    assert restricted(phone) == {"camera", "wifi"}, "an end that was answered holds"
    wait_for("orders without any", lambda: decided(plane.settled(phone), time.time())[0] == {"camera", "wifi"})


@claim
def more_than_a_phones_orders_hold_are_refused_when_the_last_is_approved():
    phone = plane.add_phone(world(), "zhanar")
    given = [exempt(["camera"], seconds=HOUR + i, person="zhanar") for i in range(16)]
    one_more = plane.must(ask(["wifi"], device=phone.id))
    answer = approve(one_more)
    assert (answer.status, answer.problem()) == (409, "too-many-exemptions"), answer.body
    assert "zhanar" in answer.json()["detail"] and "end some" in answer.json()["detail"], answer.body
    wait_for("exempt from one", lambda: decided(plane.settled(phone), time.time())[0] == {"wifi"})
    plane.must(end(given[7]))
    assert plane.must(approve(one_more))["state"] == "approved"
    wait_for("exempt", lambda: decided(plane.settled(phone), time.time())[0] == set())


@claim
def a_past_with_more_of_them_than_orders_hold_is_explained_and_replayed():
    world()
    plane.add_person(server, "marat", "B9")
    phone = plane.add_phone(server, "marat")
    start = time.time() - HOUR
    body = {"place": "house", "gate": "north", "badge": "B9"}
    plane.must(plane.call(server, "POST", "/api/v1/crossings", dict(body, direction="in", at=rfc3339(start + 600))))
    plane.must(plane.call(server, "POST", "/api/v1/crossings", dict(body, direction="out", at=rfc3339(start + 1200))))
    short = [plane.must(ask(["wifi"], seconds=20, person="marat", **{"from": rfc3339(start + 60 + i)})) for i in range(16)]
    for exemption in short:
        plane.must(approve(exemption))
    wait_for("the first are over", lambda: rfc3339(time.time()) > max(e["until"] for e in short))
    exempt(["camera"], person="marat")
    assert restricted(phone, "in=house&at=" + rfc3339(start + 10)) == {"camera", "wifi"}
    assert restricted(phone, "in=house&at=" + rfc3339(start + 900)) == {"camera"}
    assert restricted(phone) == {"wifi"}
    said = plane.must(plane.call(server, "POST", "/api/v1/policies/replay?from=%s&to=%s" % (rfc3339(start), rfc3339(start + 1800)), POLICY,
                                 {"Content-Type": "application/yaml"}))
    hours = {f["function"]: f["hours_before"] for f in said["functions"]}
    assert list(hours) == ["camera"] and abs(hours["camera"] - 600 / 3600) < 0.001, said


@claim
def who_leaves_has_no_exemption_left():
    world()
    plane.must(plane.call(server, "POST", "/api/v1/people/zhanar/leave"))
    listed = plane.must(plane.call(server, "GET", "/api/v1/exemptions?person=zhanar"))["items"]
    assert len(listed) == 17 and {e["state"] for e in listed} == {"ended"}, listed
    answer = ask(["camera"], person="zhanar")
    assert answer.status == 404 and "left" in answer.json()["detail"], answer.body


harness.main()
