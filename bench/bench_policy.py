#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""B2 of a whole bosagad: one rule among 50 changes, and 90,000 devices are there. Release build, SQLite on this disk.

The registry is filled by hand while the server is down; orders, plan, approval and all that follows are the server's own.
BSG_DEVICES says how many devices, for a quick look.
"""
import json
import os
import sqlite3
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
os.environ.setdefault("BSG_BUILD", os.path.join(ROOT, "build", "release"))
os.environ.setdefault("BSG_SOURCE_ROOT", ROOT)
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import harness  # noqa: E402
import plane  # noqa: E402

N_DEVICES = int(os.environ.get("BSG_DEVICES", "90000"))
N_UNITS = 40
YAML = {"Content-Type": "application/yaml"}
WORK = "".join(line + "\\n" for line in (
    "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//bench//EN", "BEGIN:VEVENT", "UID:work", "DTSTART:20250106T%02d0000", "DTEND:20250106T180000",
    "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "END:VEVENT", "END:VCALENDAR"))


def say(what, value, unit, target="", met=None, **more):
    print(json.dumps({"bench": "B2", "what": what, "value": value, "unit": unit, "target": target, "met": met, **more}), flush=True)


def rule(name, who, where, calendar):
    return "  - {id: %s, who: %s, where: [%s], when: [%s], restrict: [camera, microphone], because: {en: To protect information}}\n" % (
        name, who, where, calendar)


def policy(changed):
    """50 rules and three calendars; in the changed one the rule of one unit is for another floor."""
    text = "bosaga: 1\nplaces:\n"
    for house in range(2):
        text += "  - {id: house-%d, timezone: Asia/Almaty, gates: [{id: north}]}\n" % house
        text += "".join("  - {id: floor-%d-%d, parent: house-%d}\n" % (house, floor, house) for floor in range(2))
    text += "calendars:\n" + "".join('  - {id: work-%d, ics: "%s"}\n' % (n, WORK % (8 + n)) for n in range(3)) + "rules:\n"
    text += "".join(rule("all-%d" % n, "{all: true}", "house-%d" % (n % 2), "work-%d" % n) for n in range(3))
    for unit in range(N_UNITS):
        text += rule("unit-%d" % unit, "{units: [unit-%d]}" % unit, "floor-0-1" if unit % 2 else "floor-1-0", "work-%d" % (unit % 3))
    for n in range(7):
        text += rule("people-%d" % n, "{people: [person-%d, person-%d]}" % (n, 1000 + n), "floor-0-0", "work-1")
    if changed:
        text = text.replace("{units: [unit-7]}, where: [floor-0-1]", "{units: [unit-7]}, where: [floor-0-0]")
    return text


def fill(state):
    with sqlite3.connect(os.path.join(state, "bosaga.db")) as database:
        database.executemany("INSERT INTO person (id, name, unit, lang, created) VALUES (?, ?, ?, 'kk', 1)",
                             (("person-%d" % i, "Person %d" % i, "unit-%d" % (i % N_UNITS)) for i in range(N_DEVICES)))
        database.executemany("INSERT INTO device (id, person, kind, class, state, carried, enrolled) VALUES (?, ?, ?, ?, 2, 1, 1)",
                             (("%032x" % i, "person-%d" % i, "linux-agent", "claimed") for i in range(N_DEVICES)))


def metrics(server):
    text = plane.call(server, "GET", "/metrics").body.decode()
    return {line.split()[0]: float(line.split()[1]) for line in text.splitlines() if line and line[0] != "#"}


def settled(server, version):
    """Wait until all orders are of this version of the policy, or were looked at under it; return seconds."""
    started = time.monotonic()
    with sqlite3.connect("file:%s/bosaga.db?mode=ro" % server.state, uri=True) as database:
        while time.monotonic() - started < 900:
            left = database.execute("SELECT count(*) FROM device WHERE orders_policy < ?", (version,)).fetchone()[0]
            if left == 0:
                return time.monotonic() - started
            time.sleep(0.05 if left < 1000 else 0.5)
    sys.exit("%d devices are left after 15 minutes" % left)


def memory(server):
    with open("/proc/%d/status" % server.process.pid, encoding="ascii") as status:
        fields = dict(line.split(":", 1) for line in status)
    return int(fields["VmHWM"].split()[0]) / 1024


def apply(server, text, token):
    """@return the version, and seconds of the proposal with its plan; the second approval makes it count."""
    started = time.monotonic()
    waiting = plane.must(plane.call(server, "POST", "/api/v1/policies", text, YAML))
    seconds = time.monotonic() - started
    if waiting["state"] == "waiting":
        plane.must(plane.people(server, "POST", "/api/v1/policies/%s/approve" % waiting["id"], token=token))
    return int(waiting["id"]), seconds


def main():
    server = harness.Server().start()
    plane.must(plane.call(server, "POST", "/api/v1/admins", {"name": "second", "role": "policy"}))
    token = plane.must(plane.call(server, "POST", "/api/v1/tokens", {"admin": "second"}))["token"]
    server.stop()
    fill(server.state)
    server = harness.Server(state=server.state).start()
    settled(server, 0)
    version, _ = apply(server, policy(False), token)
    seconds = settled(server, version)
    say("first orders of %d devices, 50 rules with calendars: made, signed, durable" % N_DEVICES, round(seconds, 1), "s",
        per_s=round(N_DEVICES / seconds), peak_mib=round(memory(server)))
    started = time.monotonic()
    plan = plane.must(plane.call(server, "POST", "/api/v1/policies/plan", policy(True), YAML))
    say("plan of a change of one rule among 50, %d devices" % N_DEVICES, round(time.monotonic() - started, 2), "s",
        devices_changed=plan["devices_changed"])
    before = metrics(server)
    version, proposed = apply(server, policy(True), token)
    seconds = settled(server, version)
    after = metrics(server)
    made = after["bosaga_orders_made_total"] - before["bosaga_orders_made_total"]
    if made != plan["devices_changed"]:
        sys.exit("the plan said %d devices, %d got other orders" % (plan["devices_changed"], made))
    say("a change of one rule among 50, %d devices: from approval until all have orders of it" % N_DEVICES, round(seconds, 1), "s",
        made=int(made), kept=int(after["bosaga_orders_kept_total"] - before["bosaga_orders_kept_total"]), proposal_s=round(proposed, 2),
        peak_mib=round(memory(server)))
    server.stop()
    harness.cleanup()


main()
