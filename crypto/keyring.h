/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way to use a private key: sign, issue, decrypt, each for a purpose
 * from a fixed list. Callers never see a key, so that a separate process (the
 * signer) or a chip can stand behind the same table of functions.
 *
 * Two keyrings are here: the server's, whose keys are files in its state
 * directory, and one around a single key, for agents and gates.
 * Rules K1..K9, K30..K39 of docs/spec/keys.md, A30..A34 of docs/spec/apple.md. Safe from any thread.
 */
#ifndef BSG_CRYPTO_KEYRING_H
#define BSG_CRYPTO_KEYRING_H

#include <stdint.h>

#include <bosaga/slice.h>

#include "base/buf.h"
#include "base/error.h"
#include "crypto/cms.h"
#include "crypto/keys.h"
#include "crypto/secret.h"
#include "crypto/x509.h"
#include "wire/cose.h"

/* What is signed: the bytes are a COSE Sig_structure of that kind, or the keyring refuses (K31). */
enum bsg_sign_purpose {
	BSG_SIGN_ORDERS = BSG_COSE_ORDERS,
	BSG_SIGN_GATE_CREDENTIAL = BSG_COSE_GATE_CREDENTIAL,
	BSG_SIGN_TOKEN = BSG_COSE_THRESHOLD_TOKEN,
	BSG_SIGN_PASS = BSG_COSE_PASS,	/* the server's keyring: only those that say verified_at (W44) */
};

/* What is signed by the CA of Apple devices; what it is not is refused (A34). */
enum bsg_cms_purpose {
	BSG_SIGN_SCEP = 1,	/* SCEP's answer, CertRep: attached, its content an EnvelopedData or empty */
	BSG_SIGN_PROFILE,	/* a configuration profile: attached, XML, no further attributes */
};

/* What was encrypted to the keyring. */
enum bsg_decrypt_purpose {
	BSG_DECRYPT_SECRET = 1,	/* a secret in the database, made by bsg_seal() */
	BSG_DECRYPT_SCEP,	/* an EnvelopedData to the CA of Apple devices; gives a PKCS#10, nothing else (A41) */
	BSG_DECRYPT_SCEP_LEGACY,	/* the same, and DES and triple DES are accepted */
};

/* The public certificates of a server's keyring. */
enum bsg_keyring_cert {
	BSG_KEYRING_ROOT = 1,	/* what phones pin */
	BSG_KEYRING_DEVICE_CA,	/* what the device plane trusts as client CA */
	BSG_KEYRING_SERVER_CA,	/* goes behind the TLS certificate */
	BSG_KEYRING_ORDERS,	/* goes into x5chain */
	BSG_KEYRING_SECRET,	/* whom bsg_seal() encrypts to */
	BSG_KEYRING_PASS,	/* what gates trust for passes that the server signs (K35) */
	BSG_KEYRING_APPLE_CA,	/* RSA; what the Apple plane trusts as client CA, and SCEP's RA */
};

#define BSG_DEVICE_CERT_LIFE_S (INT64_C(365) * 86400)
#define BSG_TLS_CERT_LIFE_S (INT64_C(365) * 86400)
#define BSG_APPLE_CERT_LIFE_S (INT64_C(365) * 86400)

/* What a certificate shall say; the key comes from the request, nothing else does. */
struct bsg_profile {
	enum bsg_cert_purpose purpose;	/* BSG_CERT_DEVICE, BSG_CERT_TLS_SERVER or BSG_CERT_APPLE */
	const char *cn;			/* devices: their id, 32 hex digits; server: 1 to 64 bytes */
	const char *const *sans;	/* server: DNS names and IP addresses, 1 to BSG_CERT_SANS_MAX */
	size_t n_sans;
	int64_t not_before;		/* Unix seconds; made 5 minutes earlier for slow clocks */
	int64_t not_after;		/* cut to the CA's own end; at most 400 days later */
};

struct bsg_keyring;

struct bsg_keyring_ops {
	enum bsg_err (*sign)(struct bsg_keyring *keyring, enum bsg_sign_purpose purpose,
			     struct bsg_bytes data, uint8_t out[static BSG_SIGNATURE_LEN],
			     struct bsg_error *err) BSG_MUST_CHECK;
	enum bsg_err (*sign_cms)(struct bsg_keyring *keyring, enum bsg_cms_purpose purpose,
				 const struct bsg_cms_message *message, struct bsg_buf *out,
				 struct bsg_error *err) BSG_MUST_CHECK;
	enum bsg_err (*issue)(struct bsg_keyring *keyring, struct bsg_bytes csr,
			      const struct bsg_profile *profile, struct bsg_buf *der,
			      struct bsg_error *err) BSG_MUST_CHECK;
	enum bsg_err (*decrypt)(struct bsg_keyring *keyring, enum bsg_decrypt_purpose purpose,
				struct bsg_bytes sealed, struct bsg_secret *out,
				struct bsg_error *err) BSG_MUST_CHECK;
	enum bsg_err (*certificate)(struct bsg_keyring *keyring, enum bsg_keyring_cert which,
				    struct bsg_bytes *der, struct bsg_error *err) BSG_MUST_CHECK;
	void (*free)(struct bsg_keyring *keyring);
};

/* The first member of each implementation. */
struct bsg_keyring {
	const struct bsg_keyring_ops *ops;
};

/**
 * Sign the bytes of a Sig_structure by ES256.
 *
 * @return BSG_OK, BSG_E_DENIED (this keyring has no key for the purpose, or the bytes are
 *         of another kind), BSG_E_CRYPTO, BSG_E_UNAVAILABLE (a signer that cannot be reached)
 */
enum bsg_err bsg_keyring_sign(struct bsg_keyring *keyring, enum bsg_sign_purpose purpose,
			      struct bsg_bytes data, uint8_t out[static BSG_SIGNATURE_LEN],
			      struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Sign a message of CMS by the key of the CA of Apple devices, which goes along.
 *
 * @param out  the SignedData, DER, appended
 * @return BSG_OK, BSG_E_DENIED (this keyring has no such key, or the message is not of the
 *         purpose), BSG_E_LIMIT, BSG_E_CRYPTO, BSG_E_UNAVAILABLE, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_keyring_sign_cms(struct bsg_keyring *keyring, enum bsg_cms_purpose purpose,
				  const struct bsg_cms_message *message, struct bsg_buf *out,
				  struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Issue a certificate for the key of a request, whose signature is verified here.
 *
 * @param der  the certificate, appended
 * @return BSG_OK, BSG_E_CRYPTO (as bsg_csr_verify(); for BSG_CERT_APPLE what bsg_csr_verify_rsa() says), BSG_E_INVALID (the profile breaks its
 *         rules), BSG_E_DENIED (no such CA here), BSG_E_LIMIT
 */
enum bsg_err bsg_keyring_issue(struct bsg_keyring *keyring, struct bsg_bytes csr,
			       const struct bsg_profile *profile, struct bsg_buf *der,
			       struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Decrypt what was encrypted to this keyring.
 *
 * @param out  owned on success, else empty
 * @return BSG_OK, BSG_E_CRYPTO (not for this key, or altered), BSG_E_DENIED (no such key), BSG_E_LIMIT;
 *         of SCEP also what bsg_cms_decrypt() says
 */
enum bsg_err bsg_keyring_decrypt(struct bsg_keyring *keyring, enum bsg_decrypt_purpose purpose,
				 struct bsg_bytes sealed, struct bsg_secret *out,
				 struct bsg_error *err) BSG_MUST_CHECK;

/**
 * A public certificate.
 *
 * @param der  borrowed, lives as long as the keyring; empty on failure
 * @return BSG_OK, BSG_E_NOT_FOUND (this keyring has none)
 */
enum bsg_err bsg_keyring_certificate(struct bsg_keyring *keyring, enum bsg_keyring_cert which,
				     struct bsg_bytes *der, struct bsg_error *err) BSG_MUST_CHECK;

/** Wipe and free. NULL is fine. */
void bsg_keyring_free(struct bsg_keyring *keyring);

/**
 * Open the server's keyring in @dir/keys; the first time, make it.
 *
 * The first time makes root, device CA, server CA, orders key, the key for
 * secrets, the key for passes and the CA of Apple devices, and writes the root's private key to @dir/root-key.pem (0600) and
 * nowhere else: nothing here needs it again before the orders certificate ends,
 * so take it away. A crash in between leaves either nothing or all. A directory of
 * an older version gets the key for passes and that CA now; they need no root (K35, A30).
 *
 * @param dir   the server's state directory: exists, 0700
 * @param now   Unix seconds; certificates begin then
 * @param out   owned; bsg_keyring_free()
 *
 * @return BSG_OK, BSG_E_CRYPTO (a key or certificate is missing, damaged or does not fit),
 *         BSG_E_DENIED (a key file others may read), BSG_E_CONFLICT (a root key lies there but no
 *         keys), BSG_E_UNAVAILABLE (disk), BSG_E_NO_MEMORY
 */
enum bsg_err bsg_keyring_open(const char *dir, int64_t now, struct bsg_keyring **out,
			      struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Replace the orders key and certificate in @dir/keys, signed by the root's key.
 * Phones accept it at once: they pin the root. Open the keyring again afterwards.
 *
 * @param root_key_path  the file that was taken away
 * @return BSG_OK, BSG_E_CRYPTO (not the key of this root), BSG_E_NOT_FOUND, BSG_E_UNAVAILABLE
 */
enum bsg_err bsg_keyring_renew_orders(const char *dir, const char *root_key_path, int64_t now,
				      struct bsg_error *err) BSG_MUST_CHECK;

/**
 * A keyring around one key that may sign for one purpose: an agent's passes, a gate's tokens.
 *
 * @param key  consumed, also on failure
 * @return BSG_OK, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_keyring_of_key(struct bsg_key *key, enum bsg_sign_purpose purpose,
				struct bsg_keyring **out, struct bsg_error *err) BSG_MUST_CHECK;

#define BSG_SEAL_MAX 4096	/* bytes of a secret; sealed it is less than 1024 longer */

/**
 * Encrypt a secret so that only a keyring can read it (CMS AuthEnvelopedData, RFC 5083,
 * ECDH with P-256, AES-256-GCM): for what lies in a database.
 *
 * @param recipient  BSG_KEYRING_SECRET of the keyring
 * @param out        appended
 */
enum bsg_err bsg_seal(struct bsg_bytes recipient, struct bsg_bytes secret, struct bsg_buf *out,
		      struct bsg_error *err) BSG_MUST_CHECK;

#endif
