#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SCEP against an independent client (Debian's scepclient) and the openssl program: rules A40 to A52.

A small HTTP server here hands every request to tests/tools/scep-tool, which is apple/scep.c on a command line. What
travels is kept, so that openssl can judge it too. That client knows SHA-1 and DES alone, so a second one, made of the
openssl program and a page of DER, speaks the algorithms of today, and says what no client would.
"""
import base64
import datetime
import http.server
import os
import subprocess
import threading
import urllib.parse

import harness
import scep_phone
from harness import BUILD, claim, note
from scep_phone import CRL, DIR, FAIL, OLD, SENDER, SIGNED, attribute, der, openssl, save

TOOL = os.path.join(BUILD, "tests/tools/scep-tool")
CHALLENGE = "kJ8/secret+with=signs"
STATE = os.environ.get("BSG_SCEP_STATE") or os.path.join(DIR.name, "state")  # fuzz/make-scep-corpus brings its own
os.makedirs(STATE, 0o700, exist_ok=True)


def tool(*args, data=b""):
    """Exit status, answer, what was decided."""
    done = subprocess.run([TOOL, STATE, *args], input=data, capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def serve(self, body):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        legacy = ["legacy"] if self.server.legacy else []
        operation = query["operation"][0]
        if operation == "GetCACaps":
            return self.answer(200, "text/plain", tool("caps", *legacy)[1])
        if operation == "GetCACert":
            return self.answer(200, "application/x-x509-ca-cert", tool("cacert")[1])
        how, data = ("post", body) if body is not None else ("get", query["message"][0].encode())
        status, answer, log = tool(how, CHALLENGE, *legacy, data=data)
        self.server.seen.append((how, data, answer, log))
        return self.answer(200 if status == 0 else 400, "application/x-pki-message", answer)

    def do_GET(self):
        self.serve(None)

    def do_POST(self):
        self.serve(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    def log_message(self, *args):
        pass


class Server:
    def __init__(self, legacy=False):
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.legacy = legacy
        self.http.seen = []
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.url = "http://127.0.0.1:%d/scep" % self.http.server_port


CA_DER = tool("cacert")[1]
CA = save("ca.pem", openssl("x509", "-inform", "DER", data=CA_DER))


def enrol(server, folder, *args, challenge=CHALLENGE, fails=False):
    """Run scepclient in a folder; its last exchange."""
    path = os.path.join(DIR.name, folder)
    os.makedirs(path, exist_ok=True)
    done = subprocess.run(["scepclient", "-server-url", server.url, "-private-key", path + "/key.pem", "-certificate",
                           path + "/cert.pem", "-challenge", challenge, "-cn", "a phone", "-debug", *args],
                          cwd=path, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode != 0) == fails, (done.stdout, done.stderr, [s[3] for s in server.http.seen])
    return path, server.http.seen[-1]


def printed(der):
    return openssl("cms", "-cmsout", "-print", "-noout", "-inform", "DER", data=der).decode()


class Phone(scep_phone.Phone):
    """The client made by hand, which asks scep-tool."""

    def __init__(self, name, newkey="rsa:2048"):
        super().__init__(name, CA, CHALLENGE, newkey)

    def ask(self, body, *flags):
        status, answer, log = tool("post", CHALLENGE, *flags, data=body)
        return self.hear(answer) if status == 0 else "400", log


# ---- claims -------------------------------------------------------------------

@claim
def the_independent_client_enrols_where_old_algorithms_are_allowed():
    path, (how, request, answer, log) = enrol(Server(legacy=True), "one")
    note("%s: %d bytes, answer %d bytes, %s" % (how, len(request), len(answer), log.strip()))
    openssl("verify", "-x509_strict", "-CAfile", CA, "-purpose", "sslclient", path + "/cert.pem")
    subject = openssl("x509", "-in", path + "/cert.pem", "-noout", "-subject").decode()
    assert "a phone" not in subject, "the server decides the name"
    ours = openssl("x509", "-in", path + "/cert.pem", "-noout", "-pubkey")
    assert ours == openssl("rsa", "-in", path + "/key.pem", "-pubout")
    # openssl on what it sent: an envelope to our CA alone, with a request and a challenge in it.
    envelope = openssl("cms", "-verify", "-binary", "-inform", "DER", "-noverify", data=request)
    csr = openssl("cms", "-decrypt", "-binary", "-inform", "DER", *OLD, "-inkey", STATE + "/keys/apple-ca.pem", "-recip", CA, data=envelope)
    assert b"challengePassword" in openssl("req", "-inform", "DER", "-noout", "-text", "-verify", data=csr)
    assert "des-cbc" in printed(envelope) and "sha1" in printed(request)


@claim
def the_independent_client_is_refused_where_they_are_not():
    _, (_, _, answer, log) = enrol(Server(), "refused", fails=True)
    assert "badAlg" in log, log
    assert attribute(FAIL, der(0x13, b"0")) in answer and scep_phone.judge_answer(answer, CA) == b""


@claim
def the_independent_client_renews_under_its_old_certificate():
    server = Server(legacy=True)
    path, _ = enrol(server, "renewal")
    before = openssl("x509", "-in", path + "/cert.pem", "-noout", "-serial", "-subject").split(b"\n")
    path, (_, request, _, log) = enrol(server, "renewal", challenge="not needed any more")
    assert "type 17: issued" in log, log
    # The client keeps its file; what was issued is in the answer alone. Its request was signed under our certificate.
    signer = save("renewal-signer.pem", b"")
    openssl("cms", "-verify", "-binary", "-inform", "DER", "-CAfile", CA, "-purpose", "any", "-signer", signer, "-out",
            os.devnull, data=request)
    assert openssl("x509", "-in", signer, "-noout", "-serial", "-subject").split(b"\n") == before


@claim
def a_wrong_challenge_is_refused_in_words_that_the_client_understands():
    _, (_, _, answer, log) = enrol(Server(legacy=True), "wrong", challenge="guessed", fails=True)
    assert "the challenge is wrong" in log, log
    assert attribute(FAIL, der(0x13, b"2")) in answer and scep_phone.judge_answer(answer, CA) == b""


@claim
def a_small_key_of_the_independent_client_is_refused():
    _, (_, _, _, log) = enrol(Server(legacy=True), "small", "-keySize", "1024", fails=True)
    assert "badAlg" in log, log


@claim
def algorithms_of_today_are_accepted_and_old_ones_where_they_are_allowed():
    phone = Phone("algorithms")
    for digest in ("sha256", "sha384", "sha512", "sha1"):
        for cipher in ("aes128", "aes192", "aes256", "des3", "des"):
            body = phone.message(phone.envelope(phone.csr(), cipher), digest)
            old = digest == "sha1" or cipher.startswith("des")
            said, log = phone.ask(body)
            assert said == "badAlg" if old else b"BEGIN CERTIFICATE" in said, (digest, cipher, said, log)
            said, log = phone.ask(body, "legacy")
            assert b"BEGIN CERTIFICATE" in said, (digest, cipher, said, log)
    # Never: MD5, even where old ones are allowed. SHA-1 in the request's own signature: always, as Apple's devices do.
    assert phone.ask(phone.message(phone.envelope(phone.csr()), "md5"), "legacy")[0] == "badAlg"
    assert b"BEGIN CERTIFICATE" in phone.ask(phone.message(phone.envelope(phone.csr(digest="sha1"))))[0]


@claim
def the_answer_is_for_the_phone_that_asked_and_by_the_algorithms_that_it_knows():
    phone = Phone("answer")
    for digest, cipher in (("sha256", "aes-128-cbc"), ("sha512", "aes-256-cbc"), ("sha1", "des-ede3-cbc")):
        short = {"aes-128-cbc": "aes128", "aes-256-cbc": "aes256", "des-ede3-cbc": "des3"}[cipher]
        status, answer, _ = tool("post", CHALLENGE, "legacy", data=phone.message(phone.envelope(phone.csr(), short), digest))
        assert status == 0 and digest in printed(answer)
        assert cipher in printed(scep_phone.judge_answer(answer, CA))
        cert = save("issued.pem", phone.hear(answer))
        openssl("verify", "-x509_strict", "-CAfile", CA, "-purpose", "sslclient", cert)
        assert openssl("x509", "-in", cert, "-noout", "-pubkey") == openssl("rsa", "-in", phone.key, "-pubout")


@claim
def what_is_wrong_has_its_own_failinfo():
    phone, other = Phone("wrong"), Phone("other")
    small, elliptic = Phone("smallkey", "rsa:1024"), Phone("elliptic", "ec -pkeyopt ec_paramgen_curve:P-256")
    csr = phone.csr()
    envelope = phone.envelope(csr)
    day = datetime.timedelta(days=1, minutes=10)
    now = datetime.datetime.now(datetime.timezone.utc)
    broken = bytearray(envelope)
    broken[-20] ^= 1
    rows = {
        "the challenge": ("badRequest", phone.message(phone.envelope(phone.csr("guessed")))),
        "for another key than the one that signs": ("badRequest", phone.message(phone.envelope(other.csr()))),
        "a request for a small key": ("badRequest", phone.message(phone.envelope(phone.csr(key=small.key)))),
        "a request for an elliptic key": ("badAlg", phone.message(phone.envelope(phone.csr(key=elliptic.key)))),
        "signed by a small key": ("badAlg", small.message(small.envelope(small.csr()))),
        "to another recipient": ("badCertId", phone.message(phone.envelope(csr, to=other.cert))),
        "altered inside": ("badMessageCheck", phone.message(bytes(broken))),
        "altered outside": ("badMessageCheck", phone.message(envelope, signed=bytes(broken))),
        "signed by somebody else's key": ("badMessageCheck", phone.message(envelope, key=other.key)),
        "not encrypted": ("badMessageCheck", phone.message(csr)),
        "encrypted rubbish": ("badMessageCheck", phone.message(phone.envelope(b"rubbish"))),
        "nothing": ("badMessageCheck", phone.message(b"")),
        "nested": ("badMessageCheck", phone.message(phone.message(envelope))),
        "signed yesterday": ("badTime", phone.message(envelope, attributes=phone.attributes(envelope, "sha256", when=now - day))),
        "signed tomorrow": ("badTime", phone.message(envelope, attributes=phone.attributes(envelope, "sha256", when=now + day))),
        "a renewal under no certificate of ours": ("badCertId", phone.message(envelope, attributes=phone.attributes(envelope, "sha256", "17"))),
        "without a nonce": ("400", phone.message(envelope, attributes=phone.attributes(envelope, "sha256")[:-1])),
        "without a transaction": ("400", phone.message(envelope, attributes=phone.attributes(envelope, "sha256")[:4])),
        "without content type": ("400", phone.message(envelope, attributes=phone.attributes(envelope, "sha256")[1:])),
        "without a digest": ("badMessageCheck", phone.message(envelope, attributes=[a for i, a in enumerate(phone.attributes(envelope, "sha256")) if i != 1])),
        "content of another type": ("400", phone.message(envelope, kind=SIGNED)),
        "with a list of revoked certificates": ("400", phone.message(envelope, crls=der(0xa1, CRL))),
        "detached": ("badMessageCheck", phone.message(envelope, signed=[None])),
        "a nonce twice": ("400", phone.message(envelope, attributes=[*phone.attributes(envelope, "sha256"), attribute(SENDER, der(0x04, b"1"))])),
    }
    for kind in ("3", "18", "20", "21", "22", "019", "x"):
        rows["messageType " + kind] = ("badRequest", phone.message(envelope, attributes=phone.attributes(envelope, "sha256", kind)))
    for name, (want, body) in rows.items():
        said, log = (small if "by a small" in name else phone).ask(body)
        assert said == want, (name, said, log)
        assert CHALLENGE not in log and "guessed" not in log
    assert b"BEGIN CERTIFICATE" in phone.ask(phone.message(envelope))[0]


@claim
def a_renewal_may_bring_a_new_key_and_keeps_the_name():
    phone, fresh = Phone("before"), Phone("after")
    issued = save("before-issued.pem", phone.ask(phone.message(phone.envelope(phone.csr())))[0])
    envelope = phone.envelope(fresh.csr("none"))
    body = phone.message(envelope, attributes=phone.attributes(envelope, "sha256", "17"), cert=issued)
    phone.cert = issued
    renewed = save("after-issued.pem", phone.ask(body)[0])
    for what in ("-subject", "-issuer"):
        assert openssl("x509", "-in", issued, "-noout", what) == openssl("x509", "-in", renewed, "-noout", what)
    assert openssl("x509", "-in", renewed, "-noout", "-pubkey") == openssl("rsa", "-in", fresh.key, "-pubout")


@claim
def a_get_carries_the_same_message_in_either_alphabet():
    phone = Phone("get")
    request = phone.message(phone.envelope(phone.csr()))
    plain = base64.b64encode(request)
    forms = {"standard": plain, "url-safe": base64.urlsafe_b64encode(request),
             "without padding": base64.urlsafe_b64encode(request).rstrip(b"="),
             "plus as blank": plain.replace(b"+", b" "), "in lines": base64.encodebytes(request)}
    for name, text in forms.items():
        status, answer, log = tool("get", CHALLENGE, data=text)
        assert status == 0 and "issued" in log, (name, log)
        assert b"BEGIN CERTIFICATE" in phone.hear(answer), name
    for text in (b"", b"====", plain[:-9] + b"*" + plain[-8:], plain[:100] + b"=" + plain[100:], b"A" * 30000):
        assert tool("get", CHALLENGE, data=text)[0] == 1, text[:20]


@claim
def the_header_mdm_signature_says_who_signed_the_body_and_when():
    phone = Phone("header")
    phone.cert = save("header-issued.pem", phone.ask(phone.message(phone.envelope(phone.csr())))[0])
    own = openssl("x509", "-in", phone.cert, "-outform", "DER")
    body = b"<?xml version='1.0'?><plist/>"
    save("body", body)
    base = lambda digest: phone.attributes(body, digest)[:3]
    late = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=11)
    rows = {
        "SHA-256": (True, phone.message(body, signed=[None], attributes=base("sha256"))),
        "SHA-1": (True, phone.message(body, "sha1", signed=[None], attributes=base("sha1"))),
        "openssl's own": (True, openssl("cms", "-sign", "-binary", "-signer", phone.cert, "-inkey", phone.key, "-outform", "DER", data=body)),
        "without a time": (False, phone.message(body, signed=[None], attributes=base("sha256")[:2])),
        "an old one": (False, phone.message(body, signed=[None], attributes=phone.attributes(body, "sha256", when=late)[:3])),
        "without a digest": (False, phone.message(body, signed=[None], attributes=[base("sha256")[0], base("sha256")[2]])),
        "attached": (False, phone.message(body, attributes=base("sha256"))),
        "another body": (False, phone.message(b"x", signed=[None], attributes=phone.attributes(b"x", "sha256")[:3])),
        "another key": (False, phone.message(body, signed=[None], attributes=base("sha256"), key=Phone("thief").key)),
        "MD5": (False, phone.message(body, "md5", signed=[None], attributes=base("md5"))),
    }
    for name, (good, message) in rows.items():
        status, answer, log = tool("mdm", os.path.join(DIR.name, "body"), data=base64.b64encode(message))
        assert (status == 0) == good and answer == (own if good else b""), (name, log)
        if name == "without a time":
            assert "does not say when" in log, log


@claim
def what_is_no_message_is_answered_outside_of_scep():
    for data in (b"", b"hello", b"\x30\x80", os.urandom(4000), b"\x30" * 20000):
        status, answer, _ = tool("post", CHALLENGE, data=data)
        assert status == 1 and answer == b"", data[:10]


@claim
def capabilities_say_what_is_accepted():
    assert tool("caps")[1] == b"POSTPKIOperation\nSHA-256\nAES\nSCEPStandard\nRenewal\n"
    assert set(tool("caps", "legacy")[1].split()) - set(tool("caps")[1].split()) == {b"DES3", b"SHA-1"}
    assert openssl("x509", "-inform", "DER", "-noout", "-subject", data=CA_DER).startswith(b"subject=CN = Bosaga Apple CA ")


if __name__ == "__main__":
    harness.main()
