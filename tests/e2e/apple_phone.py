# SPDX-License-Identifier: Apache-2.0
"""An iPhone for bosagad's Apple plane: Python's own HTTP client and property lists, openssl for its certificate and signatures."""
import base64
import datetime
import http.client
import plistlib
import ssl

import harness
import plane
import scep_phone
from scep_phone import openssl, save

CHECKIN = "application/x-apple-aspen-mdm-checkin"
TOPIC = "com.apple.mgmt.External.12345678-aaaa-bbbb-cccc-1234567890ab"
CONFIG = "apple_topic = %s\n" % TOPIC  # without a topic nobody is invited
MESSAGE = "application/x-pki-message"


def invite(server, person, kind="ios-device"):
    return plane.must(plane.call(server, "POST", "/api/v1/invitations", {"person": person, "kind": kind}))["token"]


def call(server, method, path, body=None, headers=None, certificate=None):
    """A request to the Apple plane. @certificate: (file, key file) of the client; None: without one."""
    context = ssl.create_default_context(cafile=plane.root(server))
    if certificate is not None:
        context.load_cert_chain(*certificate)
    connection = http.client.HTTPSConnection("127.0.0.1", server.port + 2, timeout=harness.PATIENCE * 2, context=context)
    return plane.exchange(connection, method, path, body, headers)


def faults(server):
    """How many answers were a fault of ours so far; a question that came while the server began is one."""
    metrics = plane.must(plane.call(server, "GET", "/metrics")).body.decode()
    return int(next(line.split()[1] for line in metrics.splitlines() if line.startswith('bosaga_answers_total{class="5"}')))


def apple_ca(server):
    """The CA of Apple devices as SCEP gives it, in a PEM file."""
    answer = call(server, "GET", "/scep?operation=GetCACert")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/x-x509-ca-cert"), answer.status
    return save("apple-ca-%d.pem" % server.port, openssl("x509", "-inform", "DER", data=answer.body))


class Phone(scep_phone.Phone):
    """One with a key, later with our certificate (self.issued) and its device id (self.id)."""

    n = 0

    def __init__(self, server, challenge="", newkey="rsa:2048", udid=None):
        Phone.n += 1
        super().__init__("apple-%d" % Phone.n, apple_ca(server), challenge, newkey)
        self.server = server
        self.udid = udid or "00008110-%016X" % Phone.n
        self.issued = self.id = None
        self.by_signature = False  # else by the certificate of TLS

    # ---- SCEP

    def request(self, challenge=None, kind="19", cert=None):
        envelope = self.envelope(self.csr(challenge))
        return self.message(envelope, attributes=self.attributes(envelope, "sha256", kind), cert=cert)

    def ask(self, body):
        """What SCEP says to a request: a certificate (PEM), a failInfo, or "400"."""
        answer = call(self.server, "POST", "/scep?operation=PKIOperation", body, {"Content-Type": MESSAGE})
        if answer.status == 400:
            assert answer.problem() == "invalid", answer.body
            return "400"
        assert (answer.status, answer.headers["Content-Type"]) == (200, MESSAGE), (answer.status, answer.body[:300])
        return self.hear(answer.body)

    def keep(self, pem):
        assert isinstance(pem, bytes), pem
        serial, subject = openssl("x509", "-noout", "-serial", "-subject", data=pem).decode().splitlines()
        self.issued = save("%s-%s.pem" % (self.name, serial), pem)
        openssl("verify", "-x509_strict", "-CAfile", self.ca, "-purpose", "sslclient", self.issued)
        self.id = subject.rsplit("= ", 1)[1]
        return self

    def enrol(self, challenge=None):
        """The certificate by an invitation's token."""
        return self.keep(self.ask(self.request(challenge)))

    # ---- /mdm/...

    def signature(self, body, digest="sha256", **how):
        """The header Mdm-Signature; @how: as of scep_phone.Phone.message(), or when=."""
        when = how.pop("when", None)
        attributes = how.pop("attributes", None) or self.attributes(body, digest, when=when)[:3]
        how.setdefault("cert", self.issued)
        return base64.b64encode(self.message(body, digest, signed=[None], attributes=attributes, **how)).decode()

    def put(self, path, body, headers=None):
        headers = dict(headers or {})
        if self.by_signature:
            headers.setdefault("Mdm-Signature", self.signature(body))
        return call(self.server, "PUT", path, body, headers, None if self.by_signature else (self.issued, self.key))

    def checkin(self, kind, binary=False, **more):
        message = {"MessageType": kind, "UDID": self.udid, "Topic": TOPIC}
        message.update(more)
        message = {k: v for k, v in message.items() if v is not None}
        body = plistlib.dumps(message, fmt=plistlib.FMT_BINARY if binary else plistlib.FMT_XML)
        return self.put("/mdm/checkin", body, {"Content-Type": CHECKIN})

    def authenticate(self, **more):
        more.setdefault("OSVersion", "17.5.1")
        more.setdefault("ProductName", "iPhone14,7")
        return self.checkin("Authenticate", DeviceName="Aigerim's iPhone", ModelName="iPhone", BuildVersion="21F90", SerialNumber="C39X", **more)

    def token_update(self, token=None, magic="MAGIC-1", **more):
        return self.checkin("TokenUpdate", Token=token or b"\x01" * 32, PushMagic=magic, UnlockToken=b"never kept", **more)

    def begin(self, **more):
        """The whole enrolment. @more: of Authenticate"""
        self.enrol()
        for answer in (self.authenticate(**more), self.token_update()):
            assert (answer.status, answer.body) == (200, b""), (answer.status, answer.body)
        return self


def now():
    return datetime.datetime.now(datetime.timezone.utc)

