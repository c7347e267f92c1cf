# SPDX-License-Identifier: Apache-2.0
"""EST by plain curl and openssl, invitations, and certificates that are wrong, foreign, expired or revoked."""
import base64
import os
import ssl
import subprocess

import harness
from harness import claim
import plane

server = None


def world():
    global server
    if server is None:
        server = harness.Server().start()
        plane.add_person(server, "aigerim", "B1")
        plane.add_person(server, "nurlan", "B2")
        plane.apply_policy(server)
    return server


@claim
def the_root_that_est_gives_is_the_one_of_the_invitation():
    invitation = plane.must(plane.call(world(), "POST", "/api/v1/invitations", {"person": "aigerim"}))
    fingerprints = []
    pem = open(plane.root(server), encoding="ascii").read()
    for part in pem.split("-----END CERTIFICATE-----")[:-1]:
        out = subprocess.run(["openssl", "x509", "-noout", "-fingerprint", "-sha256"], input=(part + "-----END CERTIFICATE-----\n").encode(),
                             capture_output=True, check=True).stdout.decode()
        fingerprints.append(out.split("=")[1].strip().replace(":", "").lower())
    assert invitation["ca_sha256"] in fingerprints
    assert invitation["url"] == server.url


@claim
def an_invitation_gives_one_certificate_and_the_same_key_gets_it_again():
    token = plane.invite(world(), "aigerim")
    phone = plane.Phone(server, "first")
    assert phone.enrol(token) == 200
    first = phone.body
    out = harness.run(["openssl", "x509", "-in", phone.certificate, "-noout", "-text"])
    assert "TLS Web Client Authentication" in out and phone.id in out and len(phone.id) == 32, out
    assert phone.enrol(token) == 200 and phone.body == first
    phone.make_request()  # another request for the same key
    assert phone.enrol(token) == 200 and phone.body == first
    other = plane.Phone(server, "second")
    assert other.enrol(token) == 401
    devices = plane.must(plane.call(server, "GET", "/api/v1/devices?person=aigerim"))["items"]
    assert [d["id"] for d in devices] == [phone.id] and devices[0]["carried"]


@claim
def a_second_phone_is_not_carried_until_somebody_says_so():
    plane.add_phone(world(), "nurlan")
    second = plane.add_phone(server, "nurlan")
    assert not plane.must(plane.call(server, "GET", "/api/v1/devices/" + second.id))["carried"]
    assert plane.must(plane.call(server, "POST", "/api/v1/devices/%s/carried" % second.id, {"carried": True}))["carried"]


@claim
def an_unknown_or_missing_token_or_a_broken_request_gets_no_certificate():
    world()
    phone = plane.Phone(server, "third")
    assert phone.enrol("nonsense") == 401
    status, _ = phone.curl("-H", "Content-Type: application/pkcs10", "--data-binary", "@" + phone.request,
                           server.url + "/.well-known/est/simpleenroll")
    assert status == 401
    good = open(phone.request, "rb").read()
    der = base64.b64decode(good)
    flipped = der[:-1] + bytes([der[-1] ^ 1])
    token = plane.invite(server, "aigerim")
    for body in (b"", b"????", good[:len(good) // 2], base64.b64encode(flipped), base64.b64encode(b"0" * 5000), b"A" * 9000):
        answer = plane.people(server, "POST", "/.well-known/est/simpleenroll", body, {"Content-Type": "application/pkcs10"}, basic=token)
        assert answer.status in (400, 413), (body[:20], answer.status, answer.body)
    answer = plane.people(server, "POST", "/.well-known/est/simpleenroll", good, {"Content-Type": "text/plain"}, basic=token)
    assert answer.status == 415
    rsa = os.path.join(phone.folder, "rsa.key")
    harness.run(["openssl", "genrsa", "-out", rsa, "2048"])
    out = subprocess.run(["openssl", "req", "-new", "-key", rsa, "-subj", "/CN=x", "-outform", "DER"], capture_output=True, check=True).stdout
    answer = plane.people(server, "POST", "/.well-known/est/simpleenroll", base64.b64encode(out), {"Content-Type": "application/pkcs10"},
                          basic=token)
    assert (answer.status, answer.problem()) == (400, "request"), answer.body
    assert phone.enrol(token) == 200, "the token must have survived all that"


@claim
def an_expired_invitation_is_refused():
    short = harness.Server("invitation_life = 60s\n").start()
    plane.add_person(short, "aigerim")
    token = plane.invite(short, "aigerim")
    short.stop()
    # Its end is moved into the past where it is kept: waiting a minute would prove nothing more.
    import sqlite3
    db = sqlite3.connect(os.path.join(short.state, "bosaga.db"))
    n = db.execute("UPDATE invitation SET expires = expires - 3600").rowcount
    db.commit()
    db.close()
    assert n == 1
    short.start()
    assert plane.Phone(short, "late").enrol(token) == 401
    short.stop()


@claim
def somebody_who_left_cannot_enrol_and_their_phones_are_discharged():
    world()
    plane.add_person(server, "gone", "B9")
    phone = plane.add_phone(server, "gone")
    token = plane.invite(server, "gone")
    before = phone.orders()
    assert plane.must(plane.call(server, "POST", "/api/v1/people/gone/leave"))["state"] == "left"
    assert plane.Phone(server, "more").enrol(token) == 401
    after = phone.orders(before.headers["ETag"], 30)
    assert after.status == 200 and plane.serial(after) > plane.serial(before)
    assert plane.cross(server, "in", badge="B9").status == 404
    assert plane.call(server, "POST", "/api/v1/invitations", {"person": "gone"}).status == 404


@claim
def a_phone_renews_its_certificate_with_a_new_key_and_keeps_its_id():
    world()
    phone = plane.add_phone(server, "aigerim")
    fresh = plane.Phone(server, "fresh")
    with open(fresh.request, "rb") as stream:
        answer = phone.call("POST", "/.well-known/est/simplereenroll", stream.read(), {"Content-Type": "application/pkcs10"})
    assert answer.status == 200, answer.body
    fresh.keep(answer.body)
    assert fresh.id == phone.id
    assert fresh.orders().status == 200
    assert phone.orders().status == 200, "the old certificate works until it expires"


@claim
def a_revoked_phone_gets_its_discharge_again_and_again_and_nothing_else():
    world()
    phone = plane.add_phone(server, "aigerim")
    before = phone.orders()
    plane.must(plane.call(server, "POST", "/api/v1/devices/%s/revoke" % phone.id, {"reason": "lost"}))
    first, second = phone.orders(), phone.orders()
    assert first.status == 200 and first.body == second.body and plane.serial(first) > plane.serial(before)
    assert phone.call("POST", "/v1/device/reports", b"\x80", {"Content-Type": "application/cbor"}).status == 403
    with open(phone.request, "rb") as stream:
        answer = phone.call("POST", "/.well-known/est/simplereenroll", stream.read(), {"Content-Type": "application/pkcs10"})
    assert (answer.status, answer.problem()) == (403, "certificate-revoked"), answer.body
    assert plane.cross(server, "in", device=phone.id).status == 404


def refused_handshake(phone):
    """True when the device plane does not talk to this certificate."""
    try:
        answer = phone.orders()
    except (ssl.SSLError, ConnectionError, OSError):
        return True
    return answer.status == 403


def self_signed(phone, days="30"):
    """A certificate for the phone's own id that nobody of ours signed."""
    harness.run(["openssl", "req", "-x509", "-new", "-key", phone.key, "-subj", "/CN=" + phone.id, "-days", days, "-out", phone.certificate])


@claim
def wrong_foreign_and_expired_certificates_are_refused():
    world()
    phone = plane.add_phone(server, "aigerim")
    assert not refused_handshake(phone)
    self_signed(phone)
    assert refused_handshake(phone), "self-signed"
    foreign = harness.Server().start()
    plane.add_person(foreign, "aigerim")
    stranger = plane.add_phone(foreign, "aigerim")
    stranger.server = server
    assert refused_handshake(stranger), "of another server's CA"
    foreign.stop()
    naked = subprocess.run(["curl", "-s", "--cacert", plane.root(server), server.device_url + "/v1/device/orders"],
                           capture_output=True, timeout=60, check=False)
    assert naked.returncode != 0, "without a certificate"


@claim
def a_certificate_of_our_ca_that_has_expired_is_refused():
    world()
    phone = plane.add_phone(server, "aigerim")
    key = certificate = os.path.join(server.state, "keys", "device-ca.pem")
    # Signed by the real CA, with the same id, but for yesterday.
    index = harness.folder("ca-")
    open(os.path.join(index, "index.txt"), "w", encoding="ascii").close()
    with open(os.path.join(index, "serial"), "w", encoding="ascii") as stream:
        stream.write("1234\n")
    with open(os.path.join(index, "ca.cnf"), "w", encoding="ascii") as stream:
        stream.write("[ca]\ndefault_ca=d\n[d]\ndatabase=%s/index.txt\nserial=%s/serial\nnew_certs_dir=%s\ndefault_md=sha256\n"
                     "policy=p\n[p]\ncommonName=supplied\n[e]\nextendedKeyUsage=clientAuth\nkeyUsage=digitalSignature\n" % (index, index, index))
    pem = os.path.join(index, "r.csr")
    harness.run(["openssl", "req", "-new", "-key", phone.key, "-subj", "/CN=" + phone.id, "-out", pem])
    harness.run(["openssl", "ca", "-batch", "-config", os.path.join(index, "ca.cnf"), "-extensions", "e", "-cert", certificate, "-keyfile", key,
                 "-in", pem, "-out", phone.certificate, "-notext", "-startdate", "20250101000000Z", "-enddate", "20250201000000Z"])
    assert refused_handshake(phone)


harness.main()
