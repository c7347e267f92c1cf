#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Write a C header with certificates and keys for the tests of http/, by the openssl command line:
# a maker of certificates that shares no code with ours.  usage: http_certs.sh OUT.h
set -eu
case $1 in /*) out=$1 ;; *) out=$PWD/$1 ;; esac
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

cat >ca.cnf <<'END'
[ca]
default_ca = any
[any]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = names
email_in_dn = no
unique_subject = no
[names]
commonName = supplied
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost,IP:127.0.0.1
authorityKeyIdentifier = keyid
[stranger]
basicConstraints = CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = DNS:elsewhere.example
[client]
basicConstraints = CA:FALSE
extendedKeyUsage = clientAuth
authorityKeyIdentifier = keyid
[req]
distinguished_name = dn
[dn]
END
: >index.txt

key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1.key"; }

# sign NAME CN EXTENSIONS CA START END
sign() {
	key "$1"
	openssl req -new -config ca.cnf -key "$1.key" -subj "/CN=$2" -out "$1.csr"
	openssl ca -batch -notext -config ca.cnf -extensions "$3" -cert "$4.crt" -keyfile "$4.key" \
		-startdate "$5" -enddate "$6" -in "$1.csr" -out "$1.crt" 2>/dev/null
}

# root NAME CN
root() {
	key "$1"
	openssl req -new -x509 -config ca.cnf -extensions root -key "$1.key" -subj "/CN=$2" -days 36500 -out "$1.crt"
}

then=20200101000000Z later=20210101000000Z far=20991231235959Z
root root 'Bosaga test root'
root rogue 'Bosaga test root'
sign device_ca 'Bosaga test device CA' root root "$then" "$far"
sign rogue_device_ca 'Bosaga test device CA' root rogue "$then" "$far"
sign server localhost server root "$then" "$far"
sign server2 localhost server root "$then" "$far"
sign stranger elsewhere.example stranger root "$then" "$far"
sign old_server localhost server root "$then" "$later"
sign rogue_server localhost server rogue "$then" "$far"
sign client 00112233445566778899aabbccddeeff client device_ca "$then" "$far"
sign client2 ffeeddccbbaa99887766554433221100 client device_ca "$then" "$far"
sign old_client 00112233445566778899aabbccddeeff client device_ca "$then" "$later"
sign rogue_client 00112233445566778899aabbccddeeff client rogue_device_ca "$then" "$far"
sign wrong_use 00112233445566778899aabbccddeeff server device_ca "$then" "$far"
openssl crl2pkcs7 -nocrl -certfile device_ca.crt -certfile root.crt -outform DER | base64 >cacerts

c_string() { printf 'static const char %s[] __attribute__((unused)) =\n' "$1"; sed 's/.*/\t"&\\n"/' "$2"; printf ';\n\n'; }
{
	printf '/* Made by tests/unit/http_certs.sh. */\n'
	for f in *.crt; do c_string "cert_${f%.crt}" "$f"; done
	for f in *.key; do c_string "key_${f%.key}" "$f"; done
	c_string est_cacerts cacerts
} >"$out.new"
mv "$out.new" "$out"
