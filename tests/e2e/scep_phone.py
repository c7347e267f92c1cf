# SPDX-License-Identifier: Apache-2.0
"""SCEP's messages as a phone makes them, of the openssl program and a page of DER; whoever imports it brings a CA and a way to send."""
import datetime
import hashlib
import os
import ssl
import subprocess
import tempfile

OLD = ["-provider", "legacy", "-provider", "default"]
DIR = tempfile.TemporaryDirectory()


def openssl(*args, data=None, fails=False):
    done = subprocess.run(["openssl", *args], input=data, capture_output=True, check=False)
    assert (done.returncode != 0) == fails, (args, done.stderr.decode())
    return done.stdout


def save(name, data):
    path = os.path.join(DIR.name, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


def judge_answer(answer, ca):
    """openssl accepts the signature; gives the content."""
    return openssl("cms", "-verify", "-binary", "-inform", "DER", "-CAfile", ca, "-purpose", "any", data=answer)


def der(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    length = bytes([n]) if n < 128 else bytes([0x80 + (n.bit_length() + 7) // 8]) + n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag]) + length + body


def oid(dotted):
    first, second, *rest = map(int, dotted.split("."))
    out = b""
    for number in [first * 40 + second, *rest]:
        group = [number & 127]
        while number := number >> 7:
            group.insert(0, number & 127 | 128)
        out += bytes(group)
    return der(0x06, out)


DATA, SIGNED = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2"
DIGESTS = {"sha1": "1.3.14.3.2.26", "sha256": "2.16.840.1.101.3.4.2.1", "sha384": "2.16.840.1.101.3.4.2.2",
           "sha512": "2.16.840.1.101.3.4.2.3", "md5": "1.2.840.113549.2.5"}
TYPE, STATUS, FAIL, SENDER, RECIPIENT, TRANSACTION = ("2.16.840.1.113733.1.9.%d" % n for n in range(2, 8))
FAILS = ["badAlg", "badMessageCheck", "badRequest", "badTime", "badCertId"]


# As empty as one may be: version 2, no issuer, some time, no signature. Nobody looks into it.
RSA_SHA256 = der(0x30, oid("1.2.840.113549.1.1.11"), b"\x05\x00")
CRL = der(0x30, der(0x30, b"\x02\x01\x01", RSA_SHA256, der(0x30), der(0x17, b"261123220000Z")), RSA_SHA256, der(0x03, b"\0"))


def attribute(name, value):
    return der(0x30, oid(name), der(0x31, value))


class Phone:
    """One with a key and the certificate that it made for itself."""

    def __init__(self, name, ca, challenge, newkey="rsa:2048"):
        self.name, self.ca, self.challenge = name, ca, challenge
        self.key = os.path.join(DIR.name, name + ".key")
        self.cert = os.path.join(DIR.name, name + ".crt")
        openssl("req", "-x509", "-newkey", *newkey.split(), "-nodes", "-keyout", self.key, "-out", self.cert, "-subj", "/CN=" + name)
        self.nonce = os.urandom(16)

    def csr(self, challenge=None, digest="sha256", key=None):
        config = save("csr.cnf", ("[req]\ndistinguished_name=dn\nprompt=no\nattributes=at\n[dn]\nCN=%s\n[at]\n"
                                  "challengePassword=%s\n" % (self.name, challenge or self.challenge)).encode())
        return openssl("req", "-new", "-key", key or self.key, "-" + digest, "-config", config, "-outform", "DER")

    def envelope(self, csr, cipher="aes128", to=None):
        args = OLD if cipher == "des" else []
        return openssl("cms", "-encrypt", "-binary", "-outform", "DER", *args, "-" + cipher, to or self.ca, data=csr)

    def attributes(self, content, digest, kind="19", when=None):
        when = when or datetime.datetime.now(datetime.timezone.utc)
        return [attribute("1.2.840.113549.1.9.3", oid(DATA)),
                attribute("1.2.840.113549.1.9.4", der(0x04, hashlib.new(digest, content).digest())),
                attribute("1.2.840.113549.1.9.5", der(0x17, when.strftime("%y%m%d%H%M%SZ").encode())),
                attribute(TYPE, der(0x13, kind.encode())), attribute(TRANSACTION, der(0x13, self.name.encode())),
                attribute(SENDER, der(0x04, self.nonce))]

    def message(self, content, digest="sha256", attributes=None, cert=None, key=None, signed=None, kind=DATA, crls=b"", more=b""):
        """A PKIOperation's body. @signed: what is put in where it is not what was signed; [None]: nothing at all; @more: further certificates."""
        attributes = sorted(attributes or self.attributes(content, digest))
        signature = openssl("dgst", "-" + digest, "-sign", key or self.key, data=der(0x31, *attributes))
        with open(cert or self.cert, encoding="ascii") as f:
            pem = f.read()
        cert_der = ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN"):])
        # Issuer and serial number as they stand in the certificate: version, serial, algorithm, issuer.
        at = cert_der.index(b"\xa0\x03\x02\x01\x02") + 5
        fields = []
        for _ in range(3):
            n = cert_der[at + 1]
            assert n < 128
            fields.append(cert_der[at:at + 2 + n])
            at += 2 + n
        algorithm = der(0x30, oid(DIGESTS[digest]), b"\x05\x00")
        signer = der(0x30, b"\x02\x01\x01", der(0x30, fields[2], fields[0]), algorithm, der(0xa0, *attributes),
                     der(0x30, oid("1.2.840.113549.1.1.1"), b"\x05\x00"), der(0x04, signature))
        inside = b"" if signed == [None] else der(0xa0, der(0x04, content if signed is None else signed))
        return der(0x30, oid(SIGNED), der(0xa0, der(0x30, b"\x02\x01\x01", der(0x31, algorithm), der(0x30, oid(kind), inside),
                                                    der(0xa0, cert_der, more), crls, der(0x31, signer))))

    def hear(self, answer):
        """The certificate in an answer, or the name of the failInfo. The answer has to be to our question."""
        content = judge_answer(answer, self.ca)
        assert attribute(RECIPIENT, der(0x04, self.nonce)) in answer and attribute(TRANSACTION, der(0x13, self.name.encode())) in answer
        assert attribute(TYPE, der(0x13, b"3")) in answer
        if attribute(STATUS, der(0x13, b"2")) in answer:
            assert content == b""
            return [name for i, name in enumerate(FAILS) if attribute(FAIL, der(0x13, b"%d" % i)) in answer][0]
        assert attribute(STATUS, der(0x13, b"0")) in answer
        certs = openssl("cms", "-decrypt", "-binary", "-inform", "DER", *OLD, "-inkey", self.key, "-recip", self.cert, data=content)
        return openssl("pkcs7", "-inform", "DER", "-print_certs", data=certs)
