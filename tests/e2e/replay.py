# SPDX-License-Identifier: Apache-2.0
"""Plans and replays: what a policy would change, and what it would have done to crossings that were recorded."""
import datetime

import harness
import plane
from harness import claim

YAML = {"Content-Type": "application/yaml"}
RULE = """  - id: %s
    who: {units: [ministry]}
    where: [house]
    restrict: [%s]
    stage: %s
"""
server = None
phones = {}


def moment(hours, minutes=0):
    """Yesterday at this time, UTC."""
    today = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    return (today - datetime.timedelta(days=1) + datetime.timedelta(hours=hours, minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def world():
    global server
    if server is None:
        server = harness.Server().start()
        for person in ("dana", "marat"):
            plane.add_person(server, person, "B-" + person)
            phones[person] = plane.add_phone(server, person)
        plane.must(plane.call(server, "POST", "/api/v1/policies", plane.POLICY, YAML))
    return server


def cross(person, direction, at):
    plane.must(plane.call(world(), "POST", "/api/v1/crossings",
                          {"place": "house", "gate": "north", "direction": direction, "badge": "B-" + person, "at": at}))


def replay(text, start, end):
    return plane.call(world(), "POST", "/api/v1/policies/replay?from=%s&to=%s" % (start, end), text, YAML)


@claim
def a_replay_counts_what_was_recorded_and_changes_nothing():
    world()
    cross("dana", "in", moment(6))
    cross("marat", "in", moment(7))
    cross("dana", "out", moment(10, 30))
    cross("marat", "out", moment(15))
    cross("dana", "in", moment(16))
    cross("dana", "out", moment(18))
    audit = len(plane.must(plane.call(server, "GET", "/api/v1/audit?limit=1000"))["items"])
    text = plane.POLICY + RULE % ("quiet", "microphone", "observe")
    said = plane.must(replay(text, moment(0), moment(24)))
    assert (said["crossings"], said["people"], said["devices"]) == (3, 2, 2), said
    assert said["rules"] == [
        {"id": "no-camera", "stage": "all", "crossings": 3, "people": 2, "devices": 2, "hours": 14.5, "hours_observed": 0.0},
        {"id": "quiet", "stage": "observe", "crossings": 3, "people": 2, "devices": 2, "hours": 0.0, "hours_observed": 14.5}], said
    assert said["functions"] == [
        {"function": "camera", "hours_before": 14.5, "hours_after": 14.5, "hours_observed": 0.0},
        {"function": "microphone", "hours_before": 0.0, "hours_after": 0.0, "hours_observed": 14.5}], said
    assert sum(v["after"] for v in said["verdicts"]) == 3
    half = plane.must(replay(text, moment(8), moment(24)))
    assert half["crossings"] == 1 and half["rules"][0]["hours"] == 2.0, half
    assert len(plane.must(plane.call(server, "GET", "/api/v1/audit?limit=1000"))["items"]) == audit
    assert len(plane.must(plane.call(server, "GET", "/api/v1/policies"))["items"]) == 1


@claim
def a_replay_of_nonsense_is_refused():
    for query in ("", "?from=" + moment(1), "?from=%s&to=%s" % (moment(2), moment(1)), "?from=2025-01-01T00:00:00Z&to=2025-03-01T00:00:00Z",
                  "?from=yesterday&to=today", "?from=%s&to=%s&more=1" % (moment(1), moment(2))):
        answer = plane.call(world(), "POST", "/api/v1/policies/replay" + query, plane.POLICY, YAML)
        assert (answer.status, answer.problem()) == (400, "invalid"), (query, answer.status, answer.body)
    answer = replay(plane.POLICY.replace("[house]", "[moon]"), moment(0), moment(1))
    assert (answer.status, answer.problem()) == (422, "policy-invalid"), answer.body


@claim
def the_command_line_prints_a_table_for_rules_functions_and_verdicts():
    path = harness.folder() + "/policy.yaml"
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(plane.POLICY)
    out = world().cli_text("policy", "replay", path, "--from", moment(0), "--to", moment(24))
    for line in out.splitlines():
        harness.note(line)
    assert "no-camera" in out and "crossings: 3" in out and "camera" in out and "admit" in out, out
    precise = [m.replace("Z", ".000000000000000000+00:00") for m in (moment(0), moment(24))]
    assert world().cli_text("policy", "replay", path, "--from", precise[0], "--to", precise[1]) == out


@claim
def a_plan_warns_of_names_that_nobody_has():
    text = plane.POLICY.replace("units: [ministry]", "units: [ministri], people: [dana, nobody], devices: [%s]" % ("0" * 31 + "1"))
    plan = plane.must(plane.call(world(), "POST", "/api/v1/policies/plan", text, YAML))
    assert plan["warnings"] == ["rule 'no-camera': nobody is in unit 'ministri', did you mean 'ministry'?",
                                "rule 'no-camera': no person 'nobody' is registered",
                                "rule 'no-camera': no device '%s' is enrolled" % ("0" * 31 + "1")], plan["warnings"]
    assert (plan["people"], plan["rules"][0]["people"], plan["rules"][0]["devices"]) == (2, 1, 1), plan


def kept():
    text = plane.call(server, "GET", "/metrics").body.decode()
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("bosaga_orders_kept_total "))


@claim
def a_plan_counts_exactly_the_devices_that_get_other_orders():
    world()
    harness.wait_for("orders settle", lambda: all(p.orders(p.orders().headers["ETag"], 1).status == 304 for p in phones.values()))
    before = {name: plane.serial(p.orders()) for name, p in phones.items()}
    text = plane.POLICY + "  - id: more\n    who: {people: [dana]}\n    where: [house]\n    restrict: [wifi]\n"
    plan = plane.must(plane.call(server, "POST", "/api/v1/policies/plan", text, YAML))
    assert plan["devices_changed"] == 1, plan
    plane.must(plane.call(server, "POST", "/api/v1/policies", text, YAML))
    harness.wait_for("dana's phone has other orders", lambda: plane.serial(phones["dana"].orders()) > before["dana"])
    harness.wait_for("marat's orders were looked at", lambda: kept() == 1)
    assert plane.serial(phones["marat"].orders()) == before["marat"], "a change that does not concern marat renewed his orders"


CALENDAR = """
bosaga: 1
places: [{id: house, timezone: Asia/Almaty, gates: [{id: north}]}]
calendars:
  - id: work
    ics: "BEGIN:VCALENDAR\\nVERSION:2.0\\nPRODID:t\\nBEGIN:VEVENT\\nUID:a\\nDTSTART:19700105T090000\\nDTEND:19700105T180000\\nRRULE:FREQ=DAILY\\nEND:VEVENT\\nEND:VCALENDAR\\n"
rules: [{id: no-camera, who: {units: [ministry]}, where: [house], when: [work], restrict: [camera]}]
"""


@claim
def a_time_that_no_orders_can_be_made_for_is_refused_and_all_others_are_answered():
    plane.must(plane.call(world(), "POST", "/api/v1/policies", CALENDAR, YAML))
    explain = "/api/v1/devices/%s/explain?in=house&at=" % phones["dana"].id
    for at in ("1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z", "2600-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        for answer in (plane.call(server, "GET", explain + at), plane.call(server, "POST", "/api/v1/policies/plan?at=" + at, CALENDAR, YAML),
                       replay(CALENDAR, at, at.replace("T00:00:00", "T10:00:00"))):
            assert (answer.status, answer.problem()) == (400, "invalid"), (at, answer.status, answer.body)
    for at, restricted in (("1970-01-06T05:00:00Z", True), ("2099-11-20T13:30:00Z", False), ("2099-11-20T12:30:00Z", True)):
        rows = plane.must(plane.call(server, "GET", explain + at))
        assert [r["restricted"] for r in rows if r["function"] == "camera"] == [restricted], (at, rows)
        assert plane.must(plane.call(server, "POST", "/api/v1/policies/plan?at=" + at, CALENDAR, YAML))["rules"][0]["hours_after"] == 63.0
        assert plane.must(replay(CALENDAR, at, at.replace(":30:", ":59:").replace("05:00", "06:00")))["crossings"] == 0


harness.main()
