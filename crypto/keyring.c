/* SPDX-License-Identifier: Apache-2.0 */
/* The table of functions in front of private keys, and the keyring around a single key. */
#include "crypto/keyring.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/keyring_check.h"
#include "wire/cbor.h"

#define SIG_STRUCTURE_NAME "Signature1"

enum bsg_err bsg_keyring_sign(struct bsg_keyring *keyring, enum bsg_sign_purpose purpose,
			      struct bsg_bytes data, uint8_t out[static BSG_SIGNATURE_LEN],
			      struct bsg_error *err)
{
	memset(out, 0, BSG_SIGNATURE_LEN);
	return keyring->ops->sign(keyring, purpose, data, out, err);
}

enum bsg_err bsg_keyring_sign_cms(struct bsg_keyring *keyring, enum bsg_cms_purpose purpose,
				  const struct bsg_cms_message *message, struct bsg_buf *out,
				  struct bsg_error *err)
{
	return keyring->ops->sign_cms(keyring, purpose, message, out, err);
}

enum bsg_err bsg_keyring_issue(struct bsg_keyring *keyring, struct bsg_bytes csr,
			       const struct bsg_profile *profile, struct bsg_buf *der,
			       struct bsg_error *err)
{
	return keyring->ops->issue(keyring, csr, profile, der, err);
}

enum bsg_err bsg_keyring_decrypt(struct bsg_keyring *keyring, enum bsg_decrypt_purpose purpose,
				 struct bsg_bytes sealed, struct bsg_secret *out,
				 struct bsg_error *err)
{
	memset(out, 0, sizeof(*out));
	return keyring->ops->decrypt(keyring, purpose, sealed, out, err);
}

enum bsg_err bsg_keyring_certificate(struct bsg_keyring *keyring, enum bsg_keyring_cert which,
				     struct bsg_bytes *der, struct bsg_error *err)
{
	memset(der, 0, sizeof(*der));
	return keyring->ops->certificate(keyring, which, der, err);
}

void bsg_keyring_free(struct bsg_keyring *keyring)
{
	if (keyring != NULL)
		keyring->ops->free(keyring);
}

enum bsg_err bsg_keyring_check_purpose(enum bsg_sign_purpose purpose, struct bsg_bytes data,
				       struct bsg_bytes *payload, struct bsg_error *err)
{
	struct bsg_bytes aad = bsg_cose_aad((enum bsg_cose_kind)purpose);
	struct bsg_cbor_reader r;
	struct bsg_str name;
	struct bsg_bytes said;
	struct bsg_bytes signs;

	memset(payload, 0, sizeof(*payload));
	bsg_cbor_reader_init(&r, data);
	(void)bsg_cbor_get_array(&r, 4, 4);
	name = bsg_cbor_get_text(&r, 1, 16);
	(void)bsg_cbor_get_bytes(&r, 0, SIZE_MAX);
	said = bsg_cbor_get_bytes(&r, 0, SIZE_MAX);
	signs = bsg_cbor_get_bytes(&r, 1, SIZE_MAX);
	if (bsg_cbor_reader_end(&r, NULL) != BSG_OK || aad.len == 0 || said.len != aad.len ||
	    memcmp(said.ptr, aad.ptr, aad.len) != 0 || name.len != strlen(SIG_STRUCTURE_NAME) ||
	    memcmp(name.ptr, SIG_STRUCTURE_NAME, name.len) != 0)
		return bsg_fail(err, BSG_E_DENIED, "sign: these bytes are not of the purpose");
	*payload = signs;
	return BSG_OK;
}

/* A keyring around one key. */
struct single {
	struct bsg_keyring keyring;	/* first */
	struct bsg_key *key;
	enum bsg_sign_purpose purpose;
};

static struct single *single_of(struct bsg_keyring *keyring)
{
	return (struct single *)(void *)keyring;
}

static enum bsg_err single_sign(struct bsg_keyring *keyring, enum bsg_sign_purpose purpose,
				struct bsg_bytes data, uint8_t out[static BSG_SIGNATURE_LEN],
				struct bsg_error *err)
{
	struct bsg_bytes payload;
	enum bsg_err rc;

	if (purpose != single_of(keyring)->purpose)
		return bsg_fail(err, BSG_E_DENIED, "sign: this key is for another purpose");
	rc = bsg_keyring_check_purpose(purpose, data, &payload, err);
	return rc != BSG_OK ? rc : bsg_key_sign(single_of(keyring)->key, data, out, err);
}

static enum bsg_err single_sign_cms(struct bsg_keyring *keyring, enum bsg_cms_purpose purpose,
				    const struct bsg_cms_message *message, struct bsg_buf *out,
				    struct bsg_error *err)
{
	(void)keyring;
	(void)purpose;
	(void)message;
	(void)out;
	return bsg_fail(err, BSG_E_DENIED, "sign: this keyring signs no CMS");
}

static enum bsg_err single_issue(struct bsg_keyring *keyring, struct bsg_bytes csr,
				 const struct bsg_profile *profile, struct bsg_buf *der,
				 struct bsg_error *err)
{
	(void)keyring;
	(void)csr;
	(void)profile;
	(void)der;
	return bsg_fail(err, BSG_E_DENIED, "issue: this keyring is no CA");
}

static enum bsg_err single_decrypt(struct bsg_keyring *keyring, enum bsg_decrypt_purpose purpose,
				   struct bsg_bytes sealed, struct bsg_secret *out,
				   struct bsg_error *err)
{
	(void)keyring;
	(void)purpose;
	(void)sealed;
	(void)out;
	return bsg_fail(err, BSG_E_DENIED, "decrypt: this keyring only signs");
}

static enum bsg_err single_certificate(struct bsg_keyring *keyring, enum bsg_keyring_cert which,
				       struct bsg_bytes *der, struct bsg_error *err)
{
	(void)keyring;
	(void)which;
	(void)der;
	return bsg_fail(err, BSG_E_NOT_FOUND, "this keyring has no certificates");
}

static void single_free(struct bsg_keyring *keyring)
{
	bsg_key_free(single_of(keyring)->key);
	free(keyring);
}

static const struct bsg_keyring_ops single_ops = {
	single_sign, single_sign_cms, single_issue, single_decrypt, single_certificate, single_free,
};

enum bsg_err bsg_keyring_of_key(struct bsg_key *key, enum bsg_sign_purpose purpose,
				struct bsg_keyring **out, struct bsg_error *err)
{
	struct single *single = calloc(1, sizeof(*single));

	*out = NULL;
	if (single == NULL) {
		bsg_key_free(key);
		return bsg_fail(err, BSG_E_NO_MEMORY, "keyring: out of memory");
	}
	single->keyring.ops = &single_ops;
	single->key = key;
	single->purpose = purpose;
	*out = &single->keyring;
	return BSG_OK;
}
