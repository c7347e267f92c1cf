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
preserve = yes
email_in_dn = no
unique_subject = no
[names]
userId = optional
commonName = optional
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

# rsa NAME BITS SUBJECT CA START END: a client certificate with an RSA key
rsa() {
	openssl genpkey -quiet -algorithm RSA -pkeyopt "rsa_keygen_bits:$2" -out "$1.key" 2>/dev/null
	openssl req -new -config ca.cnf -multivalue-rdn -key "$1.key" -subj "$3" -out "$1.csr"
	openssl ca -batch -notext -config ca.cnf -extensions client -cert "$4.crt" -keyfile "$4.key" \
		-startdate "$5" -enddate "$6" -in "$1.csr" -out "$1.crt" 2>/dev/null
}

# push NAME SUBJECT CA START END: as Apple issues them
push() { rsa "$1" 2048 "$2" "$3" "$4" "$5"; }

# token NAME CURVE: a key as Apple gives out for tokens (.p8), on whatever curve
token() { openssl ecparam -name "$2" -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1.key"; }

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
rsa rsa_client 2048 /CN=00112233445566778899aabbccddeeff device_ca "$then" "$far"
rsa weak_client 1024 /CN=00112233445566778899aabbccddeeff device_ca "$then" "$far"
topic=com.apple.mgmt.External.00000000-1111-2222-3333-444444444444
push push "/UID=$topic/CN=APSP:00000000" root "$then" "$far"
push push_renewed "/UID=$topic/CN=APSP:11111111" root "$then" "$far"
push push_other "/UID=com.apple.mgmt.External.other/CN=APSP:22222222" root "$then" "$far"
push push_old "/UID=$topic/CN=APSP:33333333" root "$then" "$later"
push push_rogue "/UID=$topic/CN=APSP:44444444" rogue "$then" "$far"
push push_twice "/UID=$topic/UID=com.apple.mgmt.External.other" root "$then" "$far"
push push_odd "/UID=com.apple.mgmt.External.x y/CN=APSP:55555555" root "$then" "$far"
push push_long "/UID=$(printf '%0129d' 0)/CN=APSP:66666666" root "$then" "$far"
token token prime256v1
token token_p384 secp384r1
openssl crl2pkcs7 -nocrl -certfile device_ca.crt -certfile root.crt -outform DER | base64 >cacerts

c_string() { printf 'static const char %s[] __attribute__((unused)) =\n' "$1"; sed 's/.*/\t"&\\n"/' "$2"; printf ';\n\n'; }
{
	printf '/* Made by tests/unit/http_certs.sh. */\n'
	for f in *.crt; do c_string "cert_${f%.crt}" "$f"; done
	for f in *.key; do c_string "key_${f%.key}" "$f"; done
	c_string est_cacerts cacerts
	printf '#define PUSH_TOPIC "%s"\n' "$topic"
} >"$out.new"
mv "$out.new" "$out"
