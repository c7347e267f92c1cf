# SPDX-License-Identifier: Apache-2.0
"""Policies: what is refused and why, what a plan says, who must approve."""
import harness
from harness import claim, wait_for
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


harness.main()
