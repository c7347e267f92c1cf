# SPDX-License-Identifier: Apache-2.0
"""docs/spec/access.csv against a running bosagad: every route x every kind of caller."""
import csv
import json
import os
import plistlib
import re
import urllib.parse

import apple_phone
import harness
from harness import claim, note
import plane

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
KINDS = ["anyone", "invitation", "device", "revoked_device", "gate", "turnstile", "admin", "policy", "helpdesk", "auditor", "socket", "apple", "person"]


def table():
    with open(os.path.join(harness.SOURCE, "docs/spec/access.csv"), encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


class World:
    """A server with one of each kind of caller."""

    def __init__(self):
        self.server = server = harness.Server("apple_topic = %s\n" % apple_phone.TOPIC).start()
        plane.add_person(server, "aigerim", "B1")
        plane.add_person(server, "leaver")
        plane.add_person(server, "revoked")
        plane.apply_policy(server)
        self.phone = plane.add_phone(server, "aigerim")
        self.other = plane.add_phone(server, "aigerim")
        self.victim = plane.add_phone(server, "leaver")
        self.revoked = plane.add_phone(server, "revoked")
        plane.must(plane.call(server, "POST", "/api/v1/devices/%s/revoke" % self.revoked.id, {"reason": "stolen"}))
        self.iphone = apple_phone.Phone(server, apple_phone.invite(server, "aigerim")).begin()
        self.tokens = {}
        for role in ("admin", "policy", "helpdesk", "auditor"):
            plane.must(plane.call(server, "POST", "/api/v1/admins", {"name": "the-" + role, "role": role}))
            self.tokens[role] = self.token("the-" + role)["token"]
        turnstile = {"place": "house", "gate": "north", "kind": "turnstile"}
        self.tokens["turnstile"] = plane.must(plane.call(server, "POST", "/api/v1/gates", turnstile))["token"]
        self.spare_turnstile = plane.must(plane.call(server, "POST", "/api/v1/gates", turnstile))["id"]
        plane.must(plane.call(server, "POST", "/api/v1/admins", {"name": "spare", "role": "auditor"}))
        self.spare_token = self.token("spare")["id"]
        credential = plane.must(plane.call(server, "POST", "/api/v1/gates/credential", {"place": "house", "gate": "north"}))
        # A gate has no HTTP credentials of its own yet: what it holds must open nothing.
        self.tokens["gate"] = credential["credential"][:2000]
        crossing = plane.must(plane.people(server, "POST", "/v1/crossings", {"badge": "B1", "direction": "in"},
                                           token=self.tokens["turnstile"]))
        self.crossing = crossing["id"]
        asked = {"person": "aigerim", "functions": ["wifi"], "until": "2999-01-01T00:00:00Z", "from": "2998-12-31T00:00:00Z", "reason": "walked"}
        self.exemption = plane.must(plane.call(server, "POST", "/api/v1/exemptions", asked))["id"]

    def token(self, admin):
        return plane.must(plane.call(self.server, "POST", "/api/v1/tokens", {"admin": admin}))

    def link(self):
        """A fresh link of aigerim's to the owner's page."""
        return plane.must(plane.call(self.server, "POST", "/api/v1/people/aigerim/code", {}))["url"].rsplit("/", 1)[1]

    def session(self):
        """(cookie, form token) of a new session of the owner's page."""
        answer = plane.people(self.server, "POST", "/me/login", "link=" + self.link(), FORM)
        cookie = answer.headers["Set-Cookie"].split(";")[0]
        page = plane.people(self.server, "GET", "/me", headers={"Cookie": cookie}).body.decode()
        return cookie, re.search('name="form" value="([0-9a-f]{64})"', page).group(1)

    def call(self, kind, method, path, body, headers):
        if kind == "socket":
            return plane.call(self.server, method, path, body, headers)
        if kind == "device":
            return self.phone.call(method, path, body, headers)
        if kind == "revoked_device":
            return self.revoked.call(method, path, body, headers)
        if kind == "apple":
            return apple_phone.call(self.server, method, path, body, headers, (self.iphone.issued, self.iphone.key))
        if kind == "person":
            cookie, form = self.session()
            if path == "/me/login":
                body = "link=" + self.link()  # the session has used up the one before
            elif body is not None and path.startswith("/me/"):
                body = urllib.parse.urlencode({"form": form, "device": self.phone.id, "place": "house"})
            return plane.people(self.server, method, path, body, dict(headers, Cookie=cookie))
        basic = None
        if kind == "invitation":
            asked = {"person": "aigerim", "kind": "ios-device" if "{token}" in path else "linux-agent"}
            basic = plane.must(plane.call(self.server, "POST", "/api/v1/invitations", asked))["token"]
            path = path.replace("{token}", basic)
        return plane.people(self.server, method, path, body, headers, self.tokens.get(kind), basic)

    def request(self, method, path):
        """A request for a route that succeeds for those who may make it: (path, body, headers)."""
        ids = {"/api/v1/people/{id}": "aigerim", "/api/v1/people/{id}/leave": "leaver", "/api/v1/gates/{id}": self.spare_turnstile,
               "/api/v1/tokens/{id}": self.spare_token, "/v1/crossings/{id}": self.crossing, "/api/v1/policies/{id}": "active",
               "/api/v1/policies/{id}/approve": "1", "/api/v1/devices/{id}/revoke": self.victim.id,
               "/api/v1/devices/{id}/release": self.other.id, "/api/v1/exemptions/{id}/approve": self.exemption,
               "/api/v1/exemptions/{id}/end": self.exemption}
        device = self.phone.id if path.startswith("/api/v1/devices") else "aigerim"
        bodies = {"/api/v1/people": {"id": "aigerim", "name": "Aigerim", "unit": "ministry"},
                  "/api/v1/people/{id}/badges": {"badge": "B2"}, "/api/v1/invitations": {"person": "aigerim"},
                  "/api/v1/devices/{id}/release": {"reason": "stuck"}, "/api/v1/devices/{id}/carried": {"carried": True},
                  "/api/v1/crossings": {"place": "house", "gate": "north", "direction": "in", "badge": "B1"},
                  "/v1/crossings": {"badge": "B1", "direction": "in"},
                  "/api/v1/gates": {"place": "house", "gate": "south", "kind": "turnstile"},
                  "/api/v1/gates/credential": {"place": "house", "gate": "north"},
                  "/api/v1/admins": {"name": "spare", "role": "auditor"}, "/api/v1/tokens": {"admin": "the-auditor"}}
        bodies["/api/v1/exemptions"] = {"device": self.phone.id, "functions": ["all"], "until": "2999-01-01T00:00:00Z",
                                        "from": "2998-12-31T00:00:00Z", "reason": "walked"}
        body, headers = bodies.get(path) if method == "POST" else None, {}
        if method == "POST" and path.startswith("/api/v1/policies") and "{id}" not in path:
            body, headers = plane.POLICY, {"Content-Type": "application/yaml"}
        if path == "/api/v1/policies/replay":
            path += "?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z"
        if path.startswith("/.well-known/est/simple"):
            with open(self.phone.request, encoding="ascii") as stream:
                body, headers = stream.read(), {"Content-Type": "application/pkcs10"}
        if path == "/v1/device/reports":
            body, headers = b"\x00", {"Content-Type": "application/cbor"}
        if path.startswith("/me/") and method == "POST":
            body, headers = ("link=" + self.link() if path == "/me/login" else "form=none"), FORM
        if path == "/scep":
            path, body = ("/scep?operation=GetCACaps", None) if method == "GET" else ("/scep?operation=PKIOperation", self.iphone.request())
        if path == "/mdm/checkin":
            body = plistlib.dumps({"MessageType": "TokenUpdate", "UDID": self.iphone.udid, "Topic": apple_phone.TOPIC, "Token": b"1", "PushMagic": "M"})
        if path == "/mdm/server":
            body = plistlib.dumps({"Status": "Idle", "UDID": self.iphone.udid})
        path = path.replace("{id}", ids.get(path, device)).replace("{badge}", "B2").replace("{name}", "spare").replace("{link}", "x" * 43)
        return path, body, headers


# Whoever may call gets at least this far: done, nothing new, or a conflict with what an earlier caller did.
REACHED = {200, 201, 204, 303, 304, 409}


def is_refusal(answer):
    """No, because of who calls: asks for credentials, forbids, or has no such route here (a 404 of the router has no detail, that of a page is HTML)."""
    return answer.status in (401, 403, 405) or (answer.status == 404 and (answer.problem() is None or "detail" not in answer.json()))


def reached(method, path, answer):
    if answer.status in REACHED:
        return True
    # Removed by an earlier caller, and a batch that is not CBOR, no certificate: the handler itself says so.
    return (method == "DELETE" and answer.status == 404) or (path in ("/v1/device/reports", "/api/v1/apple/push-certificate") and answer.status == 400)


@claim
def every_route_has_a_row_and_every_row_a_route():
    routes = {tuple(line.split()) for line in harness.run([harness.program("bosagad"), "--list-routes"]).splitlines()}
    rows = {(row["method"], row["path"]) for row in table()}
    assert routes == rows, "without a row: %s; without a route: %s" % (sorted(routes - rows), sorted(rows - routes))


@claim
def who_is_not_named_in_a_row_is_refused_and_who_is_gets_through():
    world = World()
    wrong, n = [], 0
    for row in table():
        # Deleting ends what later rows would call with, so the allowed go last.
        for kind in sorted(KINDS, key=lambda kind: row[kind] == "yes"):
            assert row[kind] in ("yes", "no"), row
            path, body, headers = world.request(row["method"], row["path"])
            answer = world.call(kind, row["method"], path, body, headers)
            ok = reached(row["method"], row["path"], answer) and not (is_refusal(answer)) if row[kind] == "yes" else is_refusal(answer)
            n += 1
            if not ok:
                wrong.append("%s %s by %s: %s expected, got %d %s" % (row["method"], path, kind, row[kind], answer.status, answer.body[:160]))
    for line in wrong:
        note(line)
    note("%d calls" % n)
    assert not wrong, "%d of %d calls" % (len(wrong), n)
    world.server.stop()


@claim
def a_token_that_is_revoked_or_of_a_removed_administrator_opens_nothing():
    server = harness.Server().start()
    for name in ("one", "two"):
        plane.must(plane.call(server, "POST", "/api/v1/admins", {"name": name, "role": "admin"}))
    tokens = {name: plane.must(plane.call(server, "POST", "/api/v1/tokens", {"admin": name})) for name in ("one", "two")}
    for name in tokens:
        plane.must(plane.people(server, "GET", "/api/v1/status", token=tokens[name]["token"]))
    plane.must(plane.call(server, "DELETE", "/api/v1/tokens/" + tokens["one"]["id"]))
    plane.must(plane.call(server, "DELETE", "/api/v1/admins/two"))
    for name in tokens:
        answer = plane.people(server, "GET", "/api/v1/status", token=tokens[name]["token"])
        assert (answer.status, answer.problem()) == (401, "token"), (name, answer.status, answer.body)
    server.stop()


@claim
def an_administrator_of_a_unit_sees_and_moves_only_that_unit():
    server = harness.Server().start()
    plane.add_person(server, "mine", "M1", unit="mine")
    plane.add_person(server, "theirs", "T1", unit="theirs")
    plane.apply_policy(server)
    phone = plane.add_phone(server, "theirs")
    plane.must(plane.call(server, "POST", "/api/v1/admins", {"name": "local", "role": "admin", "unit": "mine"}))
    token = plane.must(plane.call(server, "POST", "/api/v1/tokens", {"admin": "local"}))["token"]

    def mine(method, path, body=None, headers=None):
        return plane.people(server, method, path, body, headers, token)

    assert [p["id"] for p in plane.must(mine("GET", "/api/v1/people"))["items"]] == ["mine"]
    assert mine("GET", "/api/v1/people?unit=theirs").status == 403
    assert mine("GET", "/api/v1/people/theirs").status == 404
    assert mine("GET", "/api/v1/devices/" + phone.id).status == 404
    assert plane.must(mine("GET", "/api/v1/devices"))["items"] == []
    assert mine("POST", "/api/v1/devices/%s/revoke" % phone.id, {}).status == 404
    assert mine("POST", "/api/v1/people", {"id": "new", "name": "New", "unit": "theirs"}).status == 403
    assert mine("POST", "/api/v1/people", {"id": "new", "name": "New", "unit": "mine"}).status == 201
    crossing = {"place": "house", "gate": "north", "direction": "in"}
    assert mine("POST", "/api/v1/crossings", dict(crossing, badge="T1")).status == 404
    assert mine("POST", "/api/v1/crossings", dict(crossing, badge="M1")).status == 200
    assert mine("POST", "/api/v1/policies", plane.POLICY, {"Content-Type": "application/yaml"}).status == 403
    assert mine("POST", "/api/v1/admins", {"name": "more", "role": "admin"}).status == 403
    assert mine("GET", "/api/v1/audit").status == 403
    asked = {"functions": ["camera"], "until": "2999-01-01T00:00:00Z", "from": "2998-12-31T00:00:00Z", "reason": "interview"}
    for subject, problem in (({"person": "theirs"}, "no-person"), ({"device": phone.id}, "no-device")):
        answer = mine("POST", "/api/v1/exemptions", dict(asked, **subject))
        assert (answer.status, answer.problem()) == (404, problem), answer.body
    theirs = plane.must(plane.call(server, "POST", "/api/v1/exemptions", dict(asked, person="theirs")))["id"]
    own = plane.must(plane.call(server, "POST", "/api/v1/exemptions", dict(asked, person="mine")))["id"]
    for action in ("approve", "end"):
        answer = mine("POST", "/api/v1/exemptions/%s/%s" % (theirs, action))
        assert (answer.status, answer.problem()) == (404, "no-exemption"), answer.body
    assert mine("GET", "/api/v1/exemptions?unit=theirs").status == 403
    assert [e["id"] for e in plane.must(mine("GET", "/api/v1/exemptions"))["items"]] == [own]
    assert plane.must(mine("GET", "/api/v1/exemptions?person=theirs"))["items"] == []
    assert plane.must(mine("POST", "/api/v1/exemptions/%s/approve" % own))["state"] == "approved"
    assert plane.must(plane.call(server, "GET", "/api/v1/exemptions?unit=theirs"))["items"][0]["state"] == "waiting"
    server.stop()


@claim
def the_audit_says_what_was_given_and_never_a_secret():
    server = harness.Server().start()
    secrets = []
    plane.add_person(server, "aigul", "SECRET-BADGE")
    plane.apply_policy(server)
    plane.must(plane.call(server, "POST", "/api/v1/admins", {"name": "saule", "role": "helpdesk", "unit": "ministry"}))
    secrets.append(plane.must(plane.call(server, "POST", "/api/v1/tokens", {"admin": "saule"}))["token"])
    secrets.append(plane.must(plane.call(server, "POST", "/api/v1/gates", {"place": "house", "gate": "south", "kind": "turnstile"}))["token"])
    credential = plane.must(plane.call(server, "POST", "/api/v1/gates/credential", {"place": "house", "gate": "north"}))
    secrets += [credential["day_secrets"][0]["secret"], credential["key"].splitlines()[1]]
    secrets.append(plane.invite(server, "aigul"))
    phone = plane.Phone(server, "aigul")
    assert phone.enrol(secrets[-1]) == 200
    plane.must(plane.call(server, "POST", "/api/v1/devices/%s/carried" % phone.id, {"carried": False}))
    audit = plane.call(server, "GET", "/api/v1/audit?limit=1000")
    details = {e["action"]: e["detail"] and json.loads(e["detail"]) for e in plane.must(audit)["items"]}
    policy = plane.must(plane.call(server, "GET", "/api/v1/policies"))["items"][0]
    assert details["admin-add"] == {"role": "helpdesk", "unit": "ministry"}, details
    assert details["policy-apply"] == {"digest": policy["digest"]}, details
    assert details["turnstile-add"] == {"place": "house", "gate": "south"}, details
    assert details["gate-credential"] == {"place": "house", "gate": "north"}, details
    assert details["device-carried"] == {"carried": False}, details
    assert plane.must(plane.call(server, "GET", "/api/v1/audit/verify"))["ok"]
    server.stop()
    with open(server.log, encoding="utf-8") as log:
        told = log.read() + audit.body.decode()
    leaked = [s for s in secrets if s in told]
    assert not leaked, "%d secrets in the log or the audit" % len(leaked)


@claim
def a_query_field_twice_is_refused_not_guessed():
    server = harness.Server().start()
    answer = plane.call(server, "GET", "/api/v1/people?unit=a&unit=b")
    assert (answer.status, answer.problem()) == (400, "invalid"), answer.body
    assert plane.call(server, "GET", "/api/v1/people?unit=a&limit=5").status == 200
    server.stop()


@claim
def every_refusal_is_in_the_callers_language():
    server = harness.Server().start()
    titles = set()
    for lang in ("kk", "ru", "en"):
        answer = plane.people(server, "GET", "/api/v1/status", headers={"Accept-Language": lang})
        assert answer.problem() == "no-token", answer.body
        titles.add(answer.json()["title"])
    assert len(titles) == 3, titles
    server.stop()


harness.main()
