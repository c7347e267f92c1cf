# SPDX-License-Identifier: Apache-2.0
"""Policies: what is refused and why, what a plan says, who must approve."""
import json
import os
import subprocess
import threading

import harness
from harness import claim, note, wait_for
import plane

YAML = {"Content-Type": "application/yaml"}
server = None


def world():
    global server
    if server is None:
        server = harness.Server().start()
        plane.add_person(server, "aigerim", "B1")
    return server


def post(text, path="/api/v1/policies", headers=None):
    return plane.call(world(), "POST", path, text, headers or YAML)


def admin(name, role="policy"):
    plane.must(plane.call(server, "POST", "/api/v1/admins", {"name": name, "role": role}))
    return plane.must(plane.call(server, "POST", "/api/v1/tokens", {"admin": name}))["token"]


@claim
def a_rule_that_names_calls_is_refused_with_the_reason():
    for function in ("calls", "sms", "emergency"):
        answer = post(plane.POLICY.replace("[camera]", "[camera, %s]" % function))
        assert (answer.status, answer.problem()) == (422, "policy-invalid"), answer.body
        text = answer.json()["errors"][0]["message"]
        assert function in text or "never" in text, text
        assert "14" in text.split(" ")[0] or ":" in text, "file, line and column: " + text


@claim
def broken_documents_are_refused_and_change_nothing():
    deep = "a: " + "[" * 2000
    alias = "bosaga: 1\nplaces: &a []\nrules: *a\n"
    cases = ["", "{", "- 1\n", "bosaga: 2\n", plane.POLICY.replace("stage: all", "stage: soon"), plane.POLICY + "more: 1\n", deep, alias,
             plane.POLICY.replace("where: [house]", "where: [moon]"), plane.POLICY.encode().replace(b"House", b"\xff\xfe")]
    for text in cases:
        answer = post(text)
        assert 400 <= answer.status < 500, (text[:60], answer.status, answer.body[:200])
    assert post("x" * (5 << 20)).status == 413
    assert post(plane.POLICY, headers={"Content-Type": "text/plain"}).status == 415
    assert plane.must(plane.call(server, "GET", "/api/v1/policies"))["items"] == []
    assert plane.call(server, "GET", "/api/v1/policies/active").status == 404


def bad_documents():
    """tests/vectors/policy-bad.json: (name, {file: bytes}, lines, how many more), those that are refused."""
    with open(os.path.join(harness.SOURCE, "tests", "vectors", "policy-bad.json"), encoding="utf-8") as stream:
        cases = json.load(stream)["cases"]
    for case in cases:
        files = {f["name"]: bytes.fromhex(f["hex"]) if "hex" in f else f["text"].encode() for f in case["files"]}
        if case["code"] != "ok" and len(files) == len(case["files"]):
            yield case["name"], files, case["errors"], case.get("more", 0)


@claim
def policy_check_says_each_mistake_of_the_vectors_in_a_line_of_its_own():
    count = 0
    for name, files, lines, more in bad_documents():
        folder = harness.folder()
        for file, data in files.items():
            with open(os.path.join(folder, file), "wb") as stream:
                stream.write(data)
        done = subprocess.run([harness.program("bosaga"), "policy", "check", *files], cwd=folder, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=harness.PATIENCE)
        said = done.stderr.decode().splitlines()
        assert (done.returncode, done.stdout) == (1, b""), (name, done)
        assert said == lines + (["and %d more" % more] if more else []), (name, said)
        count += 1
    assert count > 300, count


@claim
def the_server_says_of_them_what_the_command_line_says():
    one_file = [case for case in bad_documents() if len(case[1]) == 1]
    sample = [case for i, case in enumerate(one_file) if i % 5 == 0 or case[0].startswith(("P4", "P12"))]
    for name, files, lines, more in sample:
        (file, data), = files.items()
        kind = "json" if file.endswith(".json") else "yaml"
        answer = post(data, headers={"Content-Type": "application/" + kind})
        assert (answer.status, answer.problem()) == (422, "policy-invalid"), (name, answer.status, answer.body)
        body = answer.json()
        want = ["body" + line[len(file):].replace(" " + file, " body") for line in lines]
        assert [e["message"] for e in body["errors"]] == want and body["more"] == more, (name, body)
        for e in body["errors"]:
            assert e["message"].startswith("body:%d:%d: " % (e["line"], e["column"])), (name, e)


@claim
def a_plan_changes_nothing_and_says_what_would():
    plan = plane.must(post(plane.POLICY, "/api/v1/policies/plan"))
    assert plan["rules"] == [{"id": "no-camera", "change": "added", "functions": ["camera"], "people": 1, "devices": 0,
                              "hours_before": None, "hours_after": 168.0}], plan
    assert (plan["people"], plan["approvals_needed"]) == (1, 1)
    assert plane.must(plane.call(server, "GET", "/api/v1/policies"))["items"] == []


@claim
def one_approver_is_enough_for_ten_people_and_the_same_document_comes_back():
    applied = plane.must(post(plane.POLICY))
    assert (applied["state"], applied["approvals"], applied["people"]) == ("active", ["socket"], 1), applied
    document = plane.must(plane.call(server, "GET", "/api/v1/policies/active"))["document"]
    assert [r["id"] for r in document["rules"]] == ["no-camera"]
    again = plane.must(post(document, headers={"Content-Type": "application/json"}))
    assert again["digest"] == applied["digest"]
    plan = plane.must(post(plane.POLICY.replace("[camera]", "[camera, wifi]"), "/api/v1/policies/plan"))
    assert plan["rules"][0]["change"] == "changed" and plan["places"][0]["change"] == "same", plan


@claim
def a_pilot_does_not_grow_past_ten_without_a_second_person():
    for i in range(9):
        plane.add_person(server, "p%d" % i)
    answer = plane.call(server, "POST", "/api/v1/people", {"id": "eleventh", "name": "Eleventh", "unit": "ministry"})
    assert (answer.status, answer.problem()) == (409, "second-approval"), answer.body
    assert plane.call(server, "POST", "/api/v1/people", {"id": "elsewhere", "name": "Else", "unit": "court"}).status == 201


@claim
def eleven_people_need_two_different_approvers_and_the_socket_is_one():
    one, two = admin("one"), admin("two")
    wide = plane.POLICY.replace("units: [ministry]", "units: [ministry, court]")
    waiting = plane.must(post(wide))
    assert (waiting["state"], waiting["approvals_needed"], waiting["people"]) == ("waiting", 2, 11), waiting
    path = "/api/v1/policies/%s/approve" % waiting["id"]
    answer = plane.call(server, "POST", path)
    assert (answer.status, answer.problem()) == (409, "already-approved"), answer.body
    assert plane.must(plane.call(server, "GET", "/api/v1/policies/active"))["id"] != waiting["id"]
    active = plane.must(plane.people(server, "POST", path, token=one))
    assert (active["state"], sorted(active["approvals"])) == ("active", ["admin:one", "socket"]), active
    answer = plane.people(server, "POST", path, token=two)
    assert (answer.status, answer.problem()) == (409, "not-waiting"), answer.body
    assert plane.call(server, "POST", "/api/v1/people", {"id": "eleventh", "name": "Eleventh", "unit": "ministry"}).status == 201


@claim
def two_tokens_of_one_person_are_one_approver():
    one = admin("three")
    other = plane.must(plane.call(server, "POST", "/api/v1/tokens", {"admin": "three"}))["token"]
    waiting = plane.must(plane.people(server, "POST", "/api/v1/policies", plane.POLICY, YAML, token=one))
    assert waiting["state"] == "waiting", waiting
    answer = plane.people(server, "POST", "/api/v1/policies/%s/approve" % waiting["id"], token=other)
    assert (answer.status, answer.problem()) == (409, "already-approved"), answer.body


@claim
def a_new_policy_reaches_a_phone_that_waits():
    phone = plane.add_phone(server, "aigerim")
    wait_for("orders settle", lambda: phone.orders(phone.orders().headers["ETag"], 1).status == 304)
    before = phone.orders()
    four = admin("four")
    waiting = plane.must(post(plane.POLICY.replace("[camera]", "[camera, wifi]")))
    assert phone.orders(before.headers["ETag"]).status == 304
    plane.must(plane.people(server, "POST", "/api/v1/policies/%s/approve" % waiting["id"], token=four))
    after = phone.orders(before.headers["ETag"], 50)
    assert after.status == 200 and plane.serial(after) > plane.serial(before)
    inside = plane.must(plane.call(server, "GET", "/api/v1/devices/%s/explain?in=house" % phone.id))
    assert {r["function"] for r in inside if r["restricted"]} == {"camera", "wifi"}


def small():
    """A server with one person: one approver is enough."""
    other = harness.Server().start()
    plane.add_person(other, "aigerim", "B1")
    return other


def at_once(*calls):
    """The answers of calls that are made at the same moment, each by a thread of its own."""
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


def variant(number):
    return plane.POLICY.replace("en: To protect", "en: To protect %d" % number)


def apply_to(other, text, base=None):
    return plane.call(other, "POST", "/api/v1/policies", text, dict(YAML, **({"If-Match": '"%s"' % base} if base is not None else {})))


def versions(other):
    """Versions by number: what the list says."""
    return {int(p["id"]): p for p in plane.must(plane.call(other, "GET", "/api/v1/policies?limit=1000"))["items"]}


def is_a_chain(listed):
    """Every version was checked against the one before it, and the last one is in force: nobody's change was overwritten unseen."""
    return all((p["state"], p["base"]) == ("active" if n == max(listed) else "superseded", n - 1) for n, p in listed.items())


@claim
def who_says_what_was_planned_against_is_refused_when_that_is_no_longer_in_force():
    other = small()
    files = []
    for i in range(3):
        files.append(os.path.join(harness.folder(), "policy.yaml"))
        with open(files[-1], "w", encoding="utf-8") as stream:
            stream.write(variant(i))
    assert other.cli("policy", "plan", files[0])["base"] == 0
    assert other.cli("policy", "apply", "--base", "0", files[0])["id"] == "1"
    active = plane.call(other, "GET", "/api/v1/policies/active")
    assert (active.headers["ETag"], active.json()["base"]) == ('"1"', 0)
    assert other.cli("policy", "plan", files[1])["base"] == 1
    assert "base: 1" in other.cli_text("policy", "plan", files[2])
    assert other.cli("policy", "apply", "--base", "1", files[1])["id"] == "2"
    before = versions(other)
    answer = apply_to(other, variant(2), 1)
    assert (answer.status, answer.problem()) == (412, "policy-conflict"), answer.body
    assert "version 2" in answer.json()["detail"] and "plan again" in answer.json()["detail"], answer.body
    try:
        other.cli("policy", "apply", "--base", "1", files[2])
        raise AssertionError("a stale base was applied")
    except harness.Refused as refused:
        assert refused.status == 1 and "plan again" in refused.err, refused.err
    assert versions(other) == before and is_a_chain(before), before
    assert other.cli("policy", "apply", files[2])["id"] == "3", "without a base what is in force at that moment counts"
    other.stop()


@claim
def of_two_who_apply_at_once_against_one_base_exactly_one_wins():
    other = small()
    for base in range(8):
        calls = [lambda i=i: apply_to(other, variant(10 * base + i), base) for i in range(2)]
        answers = at_once(*calls)
        assert sorted(a.status for a in answers) == [200, 412], [(a.status, a.body) for a in answers]
        assert [a.problem() for a in answers if a.status == 412] == ["policy-conflict"]
    listed = versions(other)
    assert sorted(listed) == list(range(1, 9)) and is_a_chain(listed), listed
    other.stop()


@claim
def many_who_apply_at_once_without_saying_a_base_never_overwrite_each_other_unseen():
    other = small()
    n_won = n_lost = 0
    for turn in range(4):
        answers = at_once(*[lambda i=i: apply_to(other, variant(100 * turn + i)) for i in range(8)])
        assert all((a.status, a.problem()) in ((200, None), (409, "policy-conflict")) for a in answers), [(a.status, a.body) for a in answers]
        n_won += sum(a.status == 200 for a in answers)
        n_lost += sum(a.status == 409 for a in answers)
    note("%d won, %d were told of a conflict" % (n_won, n_lost))
    listed = versions(other)
    assert n_won >= 4 and sorted(listed) == list(range(1, n_won + 1)) and is_a_chain(listed), listed
    other.stop()


@claim
def a_version_that_waited_while_another_came_into_force_cannot_be_approved():
    other = small()
    for i in range(10):
        plane.add_person(other, "p%d" % i)
    first, second = (plane.must(apply_to(other, variant(i))) for i in range(2))
    assert [(p["state"], p["base"]) for p in (first, second)] == [("waiting", 0)] * 2
    plane.must(plane.call(other, "POST", "/api/v1/admins", {"name": "one", "role": "policy"}))
    token = plane.must(plane.call(other, "POST", "/api/v1/tokens", {"admin": "one"}))["token"]

    def approve(version):
        return plane.people(other, "POST", "/api/v1/policies/%s/approve" % version["id"], token=token)
    answers = at_once(lambda: approve(first), lambda: approve(second))
    assert sorted(a.status for a in answers) == [200, 409], [(a.status, a.body) for a in answers]
    won, lost = sorted((first, second), key=lambda p: [200, 409].index(answers[(first, second).index(p)].status))
    for answer in [a for a in answers if a.status == 409] + [approve(lost)]:
        assert (answer.status, answer.problem()) == (409, "policy-conflict"), answer.body
        detail = answer.json()["detail"]
        assert "policy %s was checked against version 0, but %s is in force" % (lost["id"], won["id"]) in detail and "apply again" in detail
    listed = versions(other)
    assert listed[int(won["id"])]["state"] == "active"
    assert (listed[int(lost["id"])]["state"], listed[int(lost["id"])]["approvals"]) == ("superseded", ["socket"]), "nothing is half approved"
    assert approve(won).problem() == "not-waiting"
    assert plane.must(plane.call(other, "GET", "/api/v1/status"))["waiting"] == 0
    again = plane.must(apply_to(other, variant(3), won["id"]))
    assert (again["state"], again["base"]) == ("waiting", int(won["id"]))
    assert plane.must(approve(again))["state"] == "active"
    other.stop()


@claim
def a_pilot_does_not_grow_past_ten_by_being_quick():
    def register(name):
        return lambda: plane.call(other, "POST", "/api/v1/people", {"id": name, "name": name, "unit": "ministry"})

    for turn in range(3):
        other = small()
        for i in range(8):
            plane.add_person(other, "p%d" % i)
        plane.must(apply_to(other, variant(0)))
        answers = at_once(*[register("new%d" % i) for i in range(6)])
        assert sorted(a.status for a in answers) == [201] + [409] * 5, (turn, [(a.status, a.body) for a in answers])
        other.stop()
    for turn in range(6):
        other = small()
        for i in range(8):
            plane.add_person(other, "p%d" % i)
        applied, *answers = at_once(lambda: apply_to(other, variant(0)), *[register("new%d" % i) for i in range(3)])
        said, n_new = plane.must(applied), sum(a.status == 201 for a in answers)
        note("%s, and %d of three registered" % (said["state"], n_new))
        assert said["state"] == "waiting" or n_new <= 1, (turn, said, [(a.status, a.body) for a in answers])
        other.stop()


harness.main()
