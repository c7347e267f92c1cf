# SPDX-License-Identifier: Apache-2.0
"""`bosaga doctor` and the push certificate: request, signature of the MDM vendor, import, renewal, what is refused, a crash in between (V80-V84, A146-A150)."""
import base64
import json
import os
import plistlib
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


class Vendor:
    """An MDM vendor with what Apple gave to it, on a machine that knows of no server."""

    def __init__(self):
        self.dir = harness.folder("vendor-")
        self.certificate("root")
        self.certificate("wwdr", "root")
        self.certificate("vendor", "wwdr")
        self.chain = self.write("chain.pem", self.read("vendor.pem") + self.read("wwdr.pem") + self.read("root.pem"))
        self.key, self.out = self.path("vendor.key"), self.path("upload")

    def path(self, name):
        return os.path.join(self.dir, name)

    def read(self, name):
        with open(self.path(name), encoding="ascii") as stream:
            return stream.read()

    def write(self, name, data, mode=0o600):
        with open(self.path(name), "wb") as stream:
            stream.write(data.encode() if isinstance(data, str) else data)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def certificate(self, name, issuer=None):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.path(name + ".key"), "-out", self.path(name + ".pem"),
                "-subj", "/CN=Not Apple's " + name, "-days", "400", *(self.by(issuer) if issuer else ()))

    def by(self, issuer):
        return "-CA", self.path(issuer + ".pem"), "-CAkey", self.path(issuer + ".key")

    def sign(self, request, key=None, chain=None, out=None):
        without = {name: value for name, value in os.environ.items() if not name.startswith("BOSAGA")}
        return harness.run([harness.program("bosaga"), "apple", "push-sign", request, "--vendor-key", key or self.key,
                            "--vendor-chain", chain or self.chain, "--out", out or self.out], env=without)

    def request(self, *key):
        """A request with a key of its own, DER."""
        return openssl("req", "-new", "-newkey", *key, "-nodes", "-keyout", self.path("customer.key"), "-subj", "/CN=x", "-outform", "DER")


def as_pem(label, der, columns=64):
    text = base64.b64encode(der).decode()
    lines_ = [text[at:at + columns] for at in range(0, len(text), columns)]
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n" % (label, "\n".join(lines_), label)


@claim
def what_a_vendor_signs_without_a_server_an_independent_reader_agrees_with():
    server, apple, vendor = harness.Server().start(), Apple(), Vendor()
    request, file = apple.path("out.csr"), apple.path("push.pem")
    server.cli_text("apple", "push-request", "--out", request)
    assert vendor.sign(request) == ""
    upload = plistlib.loads(base64.b64decode(vendor.read("upload"), validate=True), fmt=plistlib.FMT_XML)
    assert sorted(upload) == ["PushCertCertificateChain", "PushCertRequestCSR", "PushCertSignature"], upload
    assert all(isinstance(value, str) for value in upload.values()), upload
    assert upload["PushCertCertificateChain"] == vendor.read("chain.pem")

    der = base64.b64decode(upload["PushCertRequestCSR"], validate=True)
    assert der == openssl("req", "-in", request, "-outform", "DER")
    key = os.path.join(server.state, "keys", "apple-push.key")
    assert openssl("req", "-inform", "DER", "-noout", "-pubkey", input=der) == openssl("pkey", "-in", key, "-pubout")

    signature = vendor.write("signature", base64.b64decode(upload["PushCertSignature"], validate=True))
    public = vendor.write("public", openssl("x509", "-noout", "-pubkey", input=upload["PushCertCertificateChain"].encode()))
    openssl("dgst", "-sha256", "-verify", public, "-signature", signature, vendor.write("der", der))
    openssl("verify", "-CAfile", vendor.path("root.pem"), "-untrusted", vendor.path("chain.pem"), vendor.path("vendor.pem"))

    with open(file, "w", encoding="ascii") as stream:  # what Apple makes of it is at home on the server that asked
        stream.write(apple.sign(as_pem("CERTIFICATE REQUEST", der)))
    assert server.cli("apple", "push-certificate", file)["topic"] == TOPIC
    server.stop()


@claim
def a_chain_as_other_programs_write_it_is_rewritten_as_apple_wants_it():
    vendor = Vendor()
    request = vendor.write("new.csr", as_pem("NEW CERTIFICATE REQUEST", vendor.request("rsa:2048")))
    ders = [openssl("x509", "-in", vendor.path(name + ".pem"), "-outform", "DER") for name in ("vendor", "wwdr", "root")]
    text = "Bag Attributes: <R&D>\n" + vendor.read("vendor.key") + "".join(as_pem("CERTIFICATE", der, 76) + "\n" for der in ders)
    both = vendor.write("both.pem", text.replace("\n", "\r\n"))
    vendor.sign(request, key=both, chain=both)
    upload = plistlib.loads(base64.b64decode(vendor.read("upload")))
    assert upload["PushCertCertificateChain"] == vendor.read("chain.pem")


@claim
def a_vendor_signs_nothing_that_apple_would_refuse():
    vendor = Vendor()
    der = vendor.request("rsa:2048")
    good = vendor.write("good.csr", as_pem("CERTIFICATE REQUEST", der))
    vendor.certificate("other")
    pem = {name: vendor.read(name + ".pem") for name in ("root", "wwdr", "vendor")}

    def wwdr(key, days):
        public = vendor.write("public", openssl("pkey", "-in", vendor.path(key), "-pubout"))
        return openssl("x509", "-new", "-force_pubkey", public, "-subj", "/CN=Not Apple's wwdr", *vendor.by("root"), "-days", days).decode()

    def request(name, data):
        return {"request": vendor.write(name, data)}

    def chain(name, data):
        return {"chain": vendor.write(name, data)}

    def key(name, data, mode=0o600):
        return {"key": vendor.write(name, data, mode)}

    cases = [  # what is wrong, the file that it is in, what is said of it
        (request("text.csr", "hello"), "text.csr", 'no "-----BEGIN CERTIFICATE REQUEST-----"'),
        (request("certificate.csr", pem["vendor"]), "certificate.csr", 'no "-----BEGIN CERTIFICATE REQUEST-----"'),
        (request("der.csr", der), "der.csr", 'no "-----BEGIN CERTIFICATE REQUEST-----"'),
        (request("cut.csr", as_pem("CERTIFICATE REQUEST", der)[:400]), "cut.csr", "damaged PEM"),
        (request("junk.csr", as_pem("CERTIFICATE REQUEST", b"junk")), "junk.csr", "read certificate request"),
        (request("altered.csr", as_pem("CERTIFICATE REQUEST", der[:-1] + bytes([der[-1] ^ 1]))), "altered.csr", "signature does not hold"),
        (request("ec.csr", as_pem("CERTIFICATE REQUEST", vendor.request("ec", "-pkeyopt", "ec_paramgen_curve:P-256"))), "ec.csr",
         "its key is not RSA"),
        ({"request": vendor.path("none.csr")}, "none.csr", "No such file"),
        (chain("text.pem", "hello"), "text.pem", 'no "-----BEGIN CERTIFICATE-----"'),
        (chain("der.pem", openssl("x509", "-in", vendor.path("vendor.pem"), "-outform", "DER")), "der.pem", 'no "-----BEGIN CERTIFICATE-----"'),
        (chain("damaged.pem", pem["vendor"] + as_pem("CERTIFICATE", b"junk") + pem["root"]), "damaged.pem", "certificate 2"),
        (chain("cut.pem", pem["vendor"] + pem["wwdr"][:500]), "cut.pem", "certificate 2: damaged PEM"),
        (chain("alone.pem", pem["vendor"]), "alone.pem", "one certificate alone (Not Apple's vendor)"),
        (chain("rootless.pem", pem["vendor"] + pem["wwdr"]), "rootless.pem", "the last certificate (Not Apple's wwdr) is no root"),
        (chain("backwards.pem", pem["root"] + pem["wwdr"] + pem["vendor"]), "backwards.pem", "certificate 1 (Not Apple's root) was not issued"),
        (chain("gap.pem", pem["vendor"] + pem["root"]), "gap.pem", "certificate 1 (Not Apple's vendor) was not issued by the next one"),
        (chain("ended.pem", pem["vendor"] + wwdr("wwdr.key", "-1") + pem["root"]), "ended.pem", "certificate 2 (Not Apple's wwdr) ended at"),
        (chain("namesake.pem", pem["vendor"] + wwdr("other.key", "400") + pem["root"]), "namesake.pem", "was not issued by the next one"),
        (chain("many.pem", pem["vendor"] * 6), "many.pem", "more than 5 certificates"),
        (key("other.pem.key", vendor.read("other.key")), "other.pem.key", "not the key of the first certificate"),
        (key("wwdr.pem.key", vendor.read("wwdr.key")), "wwdr.pem.key", "not the key of the first certificate"),
        (key("ec.key", openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")), "ec.key", "not RSA"),
        (key("locked.key", openssl("pkey", "-in", vendor.key, "-aes128", "-passout", "pass:secret")), "locked.key", "without a password"),
        (key("text.key", "hello"), "text.key", "private key"),
        (key("open.key", vendor.read("vendor.key"), 0o644), "open.key", "chmod 600"),
    ]
    for old in (None, "what was there"):
        if old:
            vendor.write("upload", old)
        for wrong, name, said in cases:
            words = dict({"request": good}, **wrong)
            try:
                vendor.sign(**words)
                raise AssertionError("signed: %s" % name)
            except harness.Refused as refused:
                assert refused.status == 1 and refused.out == "", (name, refused.status, refused.out)
                assert vendor.path(name) in refused.err and said in refused.err, (name, said, refused.err)
                assert refused.err.count("\n") == 1 and "PRIVATE" not in refused.err, (name, refused.err)
            assert (vendor.read("upload") if os.path.exists(vendor.out) else None) == old, name
    assert vendor.sign(good) == "", "nothing else was wrong with them"


@claim
def a_vendor_does_not_overwrite_what_it_signs_with():
    vendor = Vendor()
    request = vendor.write("request.csr", as_pem("CERTIFICATE REQUEST", vendor.request("rsa:2048")))
    os.symlink(vendor.key, vendor.path("link"))
    for out, name in (("vendor.key", "--vendor-key"), ("../%s/vendor.key" % os.path.basename(vendor.dir), "--vendor-key"), ("link", "--vendor-key"),
                      ("chain.pem", "--vendor-chain"), ("request.csr", "FILE")):
        held = {file: vendor.read(file) for file in ("vendor.key", "chain.pem", "request.csr")}
        try:
            vendor.sign(request, out=vendor.path(out))
            raise AssertionError("written over %s" % out)
        except harness.Refused as refused:
            assert refused.status == 1 and vendor.path(out) in refused.err and name in refused.err, (out, refused.err)
        assert {file: vendor.read(file) for file in held} == held, out


harness.main()
