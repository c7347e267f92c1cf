# SPDX-License-Identifier: Apache-2.0
"""`bosaga doctor` and the push certificate: request, import, renewal, what is refused, and a crash in between (V80-V84, A146-A149)."""
import json
import os
import random
import stat
import subprocess
import threading
import time

import apple_world
import harness
from harness import claim, note
import plane

TOPIC = "com.apple.mgmt.External.0a1b2c3d-1111-2222-3333-444455556666"
PEM = {"Content-Type": "application/x-pem-file"}
REQUEST, IMPORT = "/api/v1/apple/push-request", "/api/v1/apple/push-certificate"


def openssl(*words, **more):
    return subprocess.run(["openssl", *words], check=True, capture_output=True, **more).stdout


class Apple:
    """A stand-in for identity.apple.com: signs requests into push certificates."""

    def __init__(self):
        self.dir = harness.folder("apple-")
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.path("ca.key"), "-out", self.path("ca.pem"),
                "-subj", "/CN=Not Apple", "-days", "4000")

    def path(self, name):
        return os.path.join(self.dir, name)

    def sign(self, request, days=365, topic=TOPIC):
        with open(self.path("request"), "w", encoding="ascii") as stream:
            stream.write(request)
        public = openssl("req", "-in", self.path("request"), "-verify", "-noout", "-pubkey")
        with open(self.path("public"), "wb") as stream:
            stream.write(public)
        return openssl("x509", "-new", "-force_pubkey", self.path("public"), "-subj", "/UID=%s/CN=APSP" % topic if topic else "/CN=APSP",
                       "-CA", self.path("ca.pem"), "-CAkey", self.path("ca.key"), "-days", str(days)).decode()

    def pair(self, **more):
        """Somebody else's request: (certificate, key)."""
        key = openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048").decode()
        with open(self.path("key"), "w", encoding="ascii") as stream:
            stream.write(key)
        request = openssl("req", "-new", "-key", self.path("key"), "-subj", "/CN=x").decode()
        return self.sign(request, **more), key


def request_of(server):
    answer = plane.call(server, "POST", REQUEST)
    assert answer.status == 200, answer.body
    assert b"PRIVATE" not in answer.body
    return answer.body.decode()


def put(server, pem):
    return plane.call(server, "PUT", IMPORT, pem, PEM)


def lines(server):
    answer = plane.must(plane.call(server, "GET", "/api/v1/doctor"))
    for line in answer["items"]:
        assert (line["health"] == "ok") == (line["remedy"] is None), line
    return {line["name"]: line for line in answer["items"]}


def in_force(server):
    """Certificate and key of the pair on disk, which have to belong together; the certificate's fingerprint."""
    path = os.path.join(server.state, "keys", "apple-push.pem")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert openssl("x509", "-in", path, "-noout", "-pubkey") == openssl("pkey", "-in", path, "-pubout")
    return openssl("x509", "-in", path, "-noout", "-fingerprint", "-sha256")


def fingerprint(pem):
    return openssl("x509", "-noout", "-fingerprint", "-sha256", input=pem.encode())


@claim
def doctor_names_what_needs_a_hand_and_how():
    server = harness.Server().start()
    seen = lines(server)
    assert seen["database"]["health"] == "ok" and seen["clock"]["health"] == "ok", seen
    assert seen["orders-certificate"]["health"] == seen["tls-certificate"]["health"] == seen["apple-ca"]["health"] == "ok", seen
    for name in ("root-key", "public-url", "device-url", "apple-url", "policy", "apple-push-certificate", "apple-pushes"):
        assert seen[name]["health"] == "warning", seen[name]
    text = server.cli_text("doctor")  # warnings alone: exit status 0
    assert "root-key" in text and "put root-key.pem away" in text, text
    os.remove(os.path.join(server.state, "root-key.pem"))
    plane.apply_policy(server)
    seen = lines(server)
    assert seen["root-key"]["health"] == seen["policy"]["health"] == "ok", seen
    answer = plane.call(server, "GET", "/metrics").body.decode()
    for name in ("bosaga_apple_push_certificate_expires 0", "bosaga_apple_push_state 0", "bosaga_apple_scep_issued_total 0"):
        assert name in answer.splitlines(), name
    assert plane.call(server, "GET", "/readyz").status == 200, "pushes that do not work are no reason to stop traffic"
    server.stop()


@claim
def an_administrator_of_one_unit_gets_neither():
    server, apple = harness.Server().start(), Apple()
    plane.must(plane.call(server, "POST", "/api/v1/admins", {"name": "local", "role": "admin", "unit": "mine"}))
    token = plane.must(plane.call(server, "POST", "/api/v1/tokens", {"admin": "local"}))["token"]
    certificate, key = apple.pair()
    for method, path, body in (("GET", "/api/v1/doctor", None), ("POST", REQUEST, None), ("PUT", IMPORT, certificate + key)):
        answer = plane.people(server, method, path, body, PEM if body else None, token)
        assert (answer.status, answer.problem()) == (403, "unit-scope"), (path, answer.body)
    assert not os.path.exists(os.path.join(server.state, "keys", "apple-push.pem"))
    server.stop()


@claim
def a_certificate_is_requested_installed_and_renewed_without_a_restart():
    server, apple = harness.Server().start(), Apple()
    out, file = apple.path("out.csr"), apple.path("push.pem")
    server.cli_text("apple", "push-request", "--out", out)
    with open(out, encoding="ascii") as stream:
        request = stream.read()
    key = os.path.join(server.state, "keys", "apple-push.key")
    assert stat.S_IMODE(os.stat(key).st_mode) == 0o600

    def public(pem):
        return openssl("req", "-noout", "-pubkey", input=pem.encode())

    assert public(request_of(server)) == public(request), "a request that is on its way stays good"
    with open(file, "w", encoding="ascii") as stream:
        stream.write(apple.sign(request, days=20))
    assert server.cli("apple", "push-certificate", file)["topic"] == TOPIC
    assert not os.path.exists(key)
    line = lines(server)["apple-push-certificate"]
    assert line["health"] == "warning" and line["what"] in ("ends in 19 days", "ends in 20 days"), line
    assert lines(server)["apple-pushes"]["health"] == "ok"
    first = in_force(server)

    assert put(server, open(file, encoding="ascii").read()).status == 200, "once more is no error"
    request = request_of(server)
    renewed = apple.sign(request)
    assert put(server, renewed).status == 200
    assert in_force(server) == fingerprint(renewed) != first
    assert lines(server)["apple-push-certificate"]["health"] == "ok"
    server.stop()
    server.start()
    assert lines(server)["apple-push-certificate"]["health"] == "ok"
    audit = [e["action"] for e in plane.must(plane.call(server, "GET", "/api/v1/audit?limit=1000"))["items"]]
    assert audit.count("push-request") == 2 and audit.count("push-certificate") == 3, audit
    server.stop()


@claim
def what_does_not_fit_is_refused_and_changes_nothing():
    server, apple = harness.Server().start(), Apple()
    good, key = apple.pair()
    other, other_key = apple.pair()
    assert (put(server, good).status, put(server, "hello").status, put(server, "").status) == (400, 400, 400)
    assert put(server, good + other_key).status == 400
    assert put(server, apple.sign(request_of(server), topic=None)).status == 400
    assert put(server, apple.sign(request_of(server), days=-1)).status == 400
    assert not os.path.exists(os.path.join(server.state, "keys", "apple-push.pem"))
    assert put(server, good + key).status == 200
    elsewhere, elsewhere_key = apple.pair(topic="com.apple.mgmt.External.other")
    answer = put(server, elsewhere + elsewhere_key)
    assert (answer.status, answer.problem()) == (409, "conflict") and b"renew that one" in answer.body, answer.body
    assert in_force(server) == fingerprint(good)
    assert put(server, other + other_key).status == 200
    server.stop()
    with open(server.log, encoding="utf-8") as log:
        assert "PRIVATE" not in log.read()


@claim
def an_end_within_a_week_is_bad_and_the_exit_status_says_so():
    server, apple = harness.Server().start(), Apple()
    certificate, key = apple.pair(days=5)
    assert put(server, certificate + key).status == 200
    assert lines(server)["apple-push-certificate"]["health"] == "bad"
    try:
        server.cli_text("doctor")
        raise AssertionError("doctor says that all is well")
    except harness.Refused as refused:
        assert refused.status == 1 and "renew it at identity.apple.com" in refused.out, refused.out
    server.stop()


@claim
def a_renewed_certificate_is_not_blamed_for_the_one_that_has_ended():
    server, apple = harness.Server().start(), Apple()
    assert put(server, "".join(apple.pair())).status == 200
    server.stop()
    pair = os.path.join(server.state, "keys", "apple-push.pem")
    with open(pair, "w", encoding="ascii") as stream:  # a year later
        stream.write("".join(apple.pair(days=-1)))
    server.start()
    harness.wait_for("the certificate that has ended is noticed", lambda: lines(server)["apple-pushes"]["health"] == "bad")
    assert put(server, "".join(apple.pair())).status == 200
    harness.wait_for("the new one is in use", lambda: lines(server)["apple-pushes"]["health"] == "ok")
    server.stop()


def push_state(server):
    metrics = plane.call(server, "GET", "/metrics").body.decode()
    return int(next(line.split()[1] for line in metrics.splitlines() if line.startswith("bosaga_apple_push_state ")))


@claim
def an_apple_that_is_not_reached_is_told_with_what_waits_until_it_is_reached():
    pushes = apple_world.Pushes()  # nobody listens there yet
    world = apple_world.World(config=pushes.config())
    server = world.server
    world.come()

    def bad():
        line = lines(server)["apple-pushes"]
        return line if line["health"] == "bad" and "localhost" in line["what"] else None

    line, _ = harness.wait_for("it is told why", bad)
    assert line["what"].startswith("Apple is not reached, 1 wait: localhost:%d: " % pushes.port), line
    assert "TCP 443" in line["remedy"], line
    assert push_state(server) == 2
    try:
        server.cli_text("doctor")
        raise AssertionError("doctor says that all is well")
    except harness.Refused as refused:
        assert refused.status == 1 and "Apple is not reached" in refused.out and line["remedy"] in refused.out, refused.out
    assert plane.call(server, "GET", "/readyz").status == 200
    pushes.start()
    # The pauses grow to a minute: the one that was begun last has to pass first.
    harness.wait_for("Apple is reached", lambda: lines(server)["apple-pushes"]["health"] == "ok", 2 * harness.PATIENCE)
    assert lines(server)["apple-pushes"]["what"].startswith("Apple takes them"), lines(server)["apple-pushes"]
    assert push_state(server) == 1
    assert "Apple takes them" in server.cli_text("doctor")
    assert ("01" * 32, 200) in [(push["token"], push["status"]) for push in pushes.sent()], pushes.sent()
    apple_world.told(world, apple_world.LOCKED)
    world.end()
    pushes.stop()


@claim
def a_certificate_that_the_configuration_does_not_let_be_used_stops_no_start():
    server, apple = harness.Server("apple_push_ca = /nowhere/ca.pem\n").start(), Apple()
    answer = put(server, "".join(apple.pair()))
    assert (answer.status, answer.problem()) == (409, "conflict") and b"/nowhere/ca.pem" in answer.body, (answer.status, answer.body)
    assert not os.path.exists(os.path.join(server.state, "keys", "apple-push.pem"))
    server.stop()
    server.start()
    assert lines(server)["apple-push-certificate"]["health"] == "warning"
    server.stop()


@claim
def files_of_the_configuration_are_used_and_their_topic_is_checked():
    apple = Apple()
    certificate, key = apple.pair()
    for name, text in (("push.pem", certificate), ("push.key", key)):
        with open(apple.path(name), "w", encoding="ascii") as stream:
            stream.write(text)
    os.chmod(apple.path("push.key"), 0o600)
    files = "apple_push_certificate = %s\napple_push_key = %s\n" % (apple.path("push.pem"), apple.path("push.key"))
    server = harness.Server(files).start()
    assert lines(server)["apple-push-certificate"]["health"] == "ok"
    answer = put(server, certificate + key)
    assert (answer.status, answer.problem()) == (409, "conflict"), answer.body
    server.stop()
    wrong = harness.Server(files + "apple_topic = com.apple.mgmt.External.other\n")
    process = harness.start([harness.program("bosagad"), "--state", wrong.state, "--config", wrong.config], wrong.log)
    assert process.wait(harness.PATIENCE) == 1
    with open(wrong.log, encoding="utf-8") as log:
        assert "renew that one" in log.read()


@claim
def a_crash_while_importing_leaves_the_old_pair_or_the_new_one():
    server, apple = harness.Server().start(), Apple()
    pairs = [apple.pair(), apple.pair()]
    prints = [fingerprint(certificate) for certificate, key in pairs]
    assert put(server, "".join(pairs[0])).status == 200
    ends, now = [0, 0], 0
    chance = random.Random(2026)
    for _ in range(12):
        body = "".join(pairs[1 - now])

        def importing(body=body):
            try:
                put(server, body)
            except OSError:
                pass

        thread = threading.Thread(target=importing)
        thread.start()
        time.sleep(chance.random() * 0.025)
        server.kill()
        thread.join()
        found = prints.index(in_force(server))
        ends[found != now] += 1
        now = found
        server.start()
        assert lines(server)["apple-push-certificate"]["health"] == "ok"
    note("the old one %d times, the new one %d times" % tuple(ends))
    server.stop()


harness.main()
