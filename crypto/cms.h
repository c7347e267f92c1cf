/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CMS (RFC 5652), as much of it as SCEP, the header Mdm-Signature and configuration
 * profiles need: SignedData with one signer and signed attributes, EnvelopedData to one
 * RSA recipient. Strict: what those three do not use is refused, and so are bytes behind
 * the end. BER is read, DER is written.
 *
 * Whom a signer's certificate belongs to is not judged here: bsg_cert_verify() does.
 * Rules A35..A39 of docs/spec/apple.md. Safe from any thread, but not one struct bsg_cms
 * from two at once.
 */
#ifndef BSG_CRYPTO_CMS_H
#define BSG_CRYPTO_CMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bosaga/slice.h>

#include "base/buf.h"
#include "base/error.h"
#include "crypto/rsa.h"

#define BSG_CMS_MAX 65536		/* bytes of a message */
#define BSG_CMS_ATTRS_MAX 16
#define BSG_CMS_CERTS_MAX 8

enum bsg_cms_digest {
	BSG_CMS_OTHER_DIGEST,		/* MD5 and the like: never accepted */
	BSG_CMS_SHA1,			/* legacy */
	BSG_CMS_SHA256,
	BSG_CMS_SHA384,
	BSG_CMS_SHA512,
};

enum bsg_cms_cipher {
	BSG_CMS_OTHER_CIPHER,		/* never accepted */
	BSG_CMS_DES,			/* legacy; all are CBC */
	BSG_CMS_DES3,			/* legacy */
	BSG_CMS_AES128,
	BSG_CMS_AES192,
	BSG_CMS_AES256,
};

/* Types of attribute values: tags of ASN.1. */
enum bsg_cms_type {
	BSG_CMS_OCTETS = 4,
	BSG_CMS_PRINTABLE = 19,
};

struct bsg_cms_attr {
	const char *oid;		/* dotted */
	enum bsg_cms_type type;
	struct bsg_bytes value;
};

/* A SignedData that was read; opaque. */
struct bsg_cms;

/**
 * Read a SignedData. It verifies nothing: believe none of the functions below before
 * bsg_cms_verify() has said BSG_OK.
 *
 * One signer whose certificate is in it, signed attributes, no attribute twice, content of
 * the type data; see A35.
 *
 * @param der  at most BSG_CMS_MAX bytes; may go away afterwards
 * @return BSG_OK, BSG_E_LIMIT, BSG_E_INVALID (something else)
 */
enum bsg_err bsg_cms_read(struct bsg_bytes der, struct bsg_cms **out, struct bsg_error *err)
	BSG_MUST_CHECK;

/** Free. NULL is fine. */
void bsg_cms_free(struct bsg_cms *cms);

/** The digest that the signer chose. */
enum bsg_cms_digest bsg_cms_digest(const struct bsg_cms *cms);

/** The signer's certificate, DER; lives as long as @cms. */
struct bsg_bytes bsg_cms_signer(const struct bsg_cms *cms);

/** Whether the content is inside (else it is detached). */
bool bsg_cms_is_attached(const struct bsg_cms *cms);

/**
 * A signed attribute of this OID and type.
 *
 * @param value  lives as long as @cms; empty if there is none
 * @return whether there is one
 */
bool bsg_cms_attribute(const struct bsg_cms *cms, const char *oid, enum bsg_cms_type type,
		       struct bsg_bytes *value);

/** The attribute signingTime, Unix seconds. @return whether there is one that can be read */
bool bsg_cms_signing_time(const struct bsg_cms *cms, int64_t *at);

/**
 * Verify the signature by the key of the signer's certificate.
 *
 * @param detached  the content, where it has to come from elsewhere; NULL: it has to be inside
 * @param sha1      whether SHA-1 is accepted
 * @param content   what was inside, appended; NULL with @detached
 *
 * @return BSG_OK, BSG_E_INVALID (attached where detached is due, or the other way round),
 *         BSG_E_DENIED (another algorithm or key than RSA of 2048 to 4096 bits with an accepted
 *         digest), BSG_E_CRYPTO (the signature or the digest does not hold), BSG_E_LIMIT, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_cms_verify(struct bsg_cms *cms, const struct bsg_bytes *detached, bool sha1,
			    struct bsg_buf *content, struct bsg_error *err) BSG_MUST_CHECK;

/* What is to be signed. */
struct bsg_cms_message {
	struct bsg_bytes content;
	bool detached;			/* leave the content out */
	enum bsg_cms_digest digest;
	int64_t at;			/* signingTime, Unix seconds */
	const struct bsg_cms_attr *attrs;	/* beside contentType, messageDigest and signingTime */
	size_t n_attrs;
};

/**
 * Sign, as a device or another holder of a key does. A server signs by bsg_keyring_sign_cms().
 *
 * @param cert  the certificate of @key, DER; goes into the message
 * @param out   appended
 * @return BSG_OK, BSG_E_CRYPTO (the key does not fit the certificate), BSG_E_LIMIT, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_cms_sign(const struct bsg_rsa_key *key, struct bsg_bytes cert,
			  const struct bsg_cms_message *message, struct bsg_buf *out,
			  struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Encrypt to the RSA key of a certificate (EnvelopedData, RSAES-PKCS1-v1_5, as SCEP has it).
 *
 * @return BSG_OK, BSG_E_INVALID (the certificate's key is not RSA of 2048 to 4096 bits, no such
 *         cipher), BSG_E_UNAVAILABLE (single DES without OpenSSL's legacy provider), BSG_E_CRYPTO, BSG_E_LIMIT
 */
enum bsg_err bsg_cms_encrypt(struct bsg_bytes recipient, struct bsg_bytes content,
			     enum bsg_cms_cipher cipher, struct bsg_buf *out,
			     struct bsg_error *err) BSG_MUST_CHECK;

/* What an EnvelopedData says before anyone opens it. */
struct bsg_cms_envelope {
	enum bsg_cms_cipher cipher;
	bool is_for_us;			/* its one recipient is the certificate that was asked for */
};

/** Read that. @return BSG_OK, BSG_E_LIMIT, BSG_E_INVALID (no EnvelopedData to one RSA recipient) */
enum bsg_err bsg_cms_read_envelope(struct bsg_bytes der, struct bsg_bytes recipient,
				   struct bsg_cms_envelope *out, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Decrypt, as a device does. A server decrypts by bsg_keyring_decrypt().
 *
 * @param legacy  whether DES and triple DES are accepted
 * @param out     owned on success, else empty
 * @return BSG_OK, BSG_E_INVALID, BSG_E_LIMIT, BSG_E_NOT_FOUND (for somebody else), BSG_E_DENIED
 *         (another cipher), BSG_E_CRYPTO (does not open), BSG_E_UNAVAILABLE
 */
enum bsg_err bsg_cms_decrypt(const struct bsg_rsa_key *key, struct bsg_bytes cert,
			     struct bsg_bytes der, bool legacy, struct bsg_secret *out,
			     struct bsg_error *err) BSG_MUST_CHECK;

/** Append a certs-only SignedData, DER (RFC 8894 section 3.4). */
enum bsg_err bsg_cms_encode_certs(const struct bsg_bytes *certs, size_t n, struct bsg_buf *out,
				  struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Read such a one.
 *
 * @param der    holds the certificates' bytes, appended; from bsg_buf_init()
 * @param certs  filled with slices of @der, BSG_CMS_CERTS_MAX at most
 * @return BSG_OK with at least 1 in *@n, BSG_E_INVALID, BSG_E_LIMIT
 */
enum bsg_err bsg_cms_decode_certs(struct bsg_bytes body, struct bsg_buf *der,
				  struct bsg_bytes certs[static BSG_CMS_CERTS_MAX], size_t *n,
				  struct bsg_error *err) BSG_MUST_CHECK;

#endif
