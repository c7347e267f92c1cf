/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's keyring: keys in files below the state directory.
 *
 * DIR/keys/NAME.pem holds a private key and its certificate in one file, so that
 * replacing both is one rename. The directory is made as keys.new and renamed
 * when it is whole. The root's key leaves it for DIR/root-key.pem right after.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hex.h"
#include "base/id.h"
#include "crypto/csr.h"
#include "crypto/keyring_apple.h"
#include "crypto/keyring_check.h"
#include "crypto/ossl.h"
#include "crypto/random.h"
#include "wire/pass.h"

#define DAY_S INT64_C(86400)
#define SLOW_CLOCKS_S 300
#define LIFE_MAX_S (400 * DAY_S)
#define FILE_MAX 16384

/* Looks of certificates (K20..K25), shared by what is made at first and what is issued. */
static const struct bsg_cert_look root_look = {
	"critical,CA:TRUE,pathlen:1", "critical,keyCertSign,cRLSign", NULL };
static const struct bsg_cert_look device_ca_look = {
	"critical,CA:TRUE,pathlen:0", "critical,keyCertSign,cRLSign", "clientAuth" };
static const struct bsg_cert_look server_ca_look = {
	"critical,CA:TRUE,pathlen:0", "critical,keyCertSign,cRLSign", "serverAuth" };
static const struct bsg_cert_look orders_look = {
	"critical,CA:FALSE", "critical,digitalSignature", "critical," BSG_OID_ORDERS };
static const struct bsg_cert_look secret_look = {
	"critical,CA:FALSE", "critical,keyAgreement", NULL };
static const struct bsg_cert_look pass_look = {
	"critical,CA:FALSE", "critical,digitalSignature", "critical," BSG_OID_PASS };
static const struct bsg_cert_look device_look = {
	"critical,CA:FALSE", "critical,digitalSignature", "clientAuth" };
static const struct bsg_cert_look server_look = {
	"critical,CA:FALSE", "critical,digitalSignature", "serverAuth" };

/* What the directory holds; indexed by enum bsg_keyring_cert - 1, the root first. */
static const struct role {
	const char *file;
	const char *cn;
	const struct bsg_cert_look *look;
	int64_t life_s;
} roles[] = {
	{ "root.pem", "Bosaga root", &root_look, 20 * 365 * DAY_S },
	{ "device-ca.pem", "Bosaga device CA", &device_ca_look, 10 * 365 * DAY_S },
	{ "server-ca.pem", "Bosaga server CA", &server_ca_look, 10 * 365 * DAY_S },
	{ "orders.pem", "Bosaga orders", &orders_look, 3 * 365 * DAY_S },
	{ "secret.pem", "Bosaga secrets", &secret_look, 10 * 365 * DAY_S },
};

/* Beside them, signed by itself: a directory that is older than this key gets it without the root's (K35). */
static const struct role pass_role = { "pass.pem", "Bosaga passes", &pass_look, 20 * 365 * DAY_S };

#define PASS_MARK "pass.made"
#define N_ROLES (sizeof(roles) / sizeof(roles[0]))
#define ROOT (BSG_KEYRING_ROOT - 1)
#define ORDERS (BSG_KEYRING_ORDERS - 1)

struct entry {
	struct bsg_key *key;		/* NULL: the root's, once it is put away */
	struct bsg_buf der;
	struct bsg_cert_info info;
};

struct files {
	struct bsg_keyring keyring;	/* first */
	struct entry entries[N_ROLES];
	struct entry pass;
	struct bsg_apple_ca apple;
};

static struct files *files_of(struct bsg_keyring *keyring)
{
	return (struct files *)(void *)keyring;
}

static struct bsg_bytes der_of(const struct entry *entry)
{
	return (struct bsg_bytes){ entry->der.data, entry->der.len };
}

/* A pass that says what the server verified; what a phone says of itself is not ours to sign (W44). */
static enum bsg_err check_pass(struct bsg_bytes payload, struct bsg_error *err)
{
	struct bsg_pass pass;

	if (bsg_pass_decode(payload, &pass, NULL) == BSG_OK && pass.verified_at != 0)
		return BSG_OK;
	return bsg_fail(err, BSG_E_DENIED, "sign: not a pass of the server");
}

static enum bsg_err files_sign(struct bsg_keyring *keyring, enum bsg_sign_purpose purpose,
			       struct bsg_bytes data, uint8_t out[static BSG_SIGNATURE_LEN],
			       struct bsg_error *err)
{
	struct files *files = files_of(keyring);
	struct entry *entry = purpose == BSG_SIGN_PASS ? &files->pass : &files->entries[ORDERS];
	struct bsg_bytes payload;
	enum bsg_err rc;

	if (purpose != BSG_SIGN_ORDERS && purpose != BSG_SIGN_GATE_CREDENTIAL && purpose != BSG_SIGN_PASS)
		return bsg_fail(err, BSG_E_DENIED, "sign: the server has no key for this purpose");
	rc = bsg_keyring_check_purpose(purpose, data, &payload, err);
	if (rc == BSG_OK && purpose == BSG_SIGN_PASS)
		rc = check_pass(payload, err);
	return rc != BSG_OK ? rc : bsg_key_sign(entry->key, data, out, err);
}

static enum bsg_err files_sign_cms(struct bsg_keyring *keyring, enum bsg_cms_purpose purpose,
				   const struct bsg_cms_message *message, struct bsg_buf *out,
				   struct bsg_error *err)
{
	return bsg_apple_ca_sign(&files_of(keyring)->apple, purpose, message, out, err);
}

static enum bsg_err check_profile(const struct bsg_profile *p, struct bsg_error *err)
{
	if (p->not_before < SLOW_CLOCKS_S || p->not_after <= p->not_before ||
	    p->not_after - p->not_before > LIFE_MAX_S)
		return bsg_fail(err, BSG_E_INVALID, "certificate: dates out of order, or longer than 400 days");
	if (p->purpose == BSG_CERT_DEVICE) {
		if (p->n_sans == 0 && bsg_id_is_device(p->cn))
			return BSG_OK;
		return bsg_fail(err, BSG_E_INVALID, "device certificate: the name is not a device id");
	}
	if (p->purpose == BSG_CERT_APPLE)
		return BSG_OK;
	if (p->purpose != BSG_CERT_TLS_SERVER)
		return bsg_fail(err, BSG_E_DENIED, "certificates of this purpose are not issued");
	if (p->cn == NULL || strnlen(p->cn, 65) < 1 || strnlen(p->cn, 65) > 64 ||
	    !bsg_text_is_shown(p->cn, strlen(p->cn)) || p->n_sans < 1 || p->n_sans > BSG_CERT_SANS_MAX)
		return bsg_fail(err, BSG_E_INVALID, "server certificate: a name of 1 to 64 bytes and 1 to %d "
				"addresses are needed", BSG_CERT_SANS_MAX);
	for (size_t i = 0; i < p->n_sans; i++)
		if (!bsg_san_is_valid(p->sans[i]))
			return bsg_fail(err, BSG_E_INVALID, "server certificate: '%.60s' is neither a DNS name "
					"nor an IP address", p->sans[i] != NULL ? p->sans[i] : "");
	return BSG_OK;
}

static enum bsg_err files_issue(struct bsg_keyring *keyring, struct bsg_bytes csr,
				const struct bsg_profile *profile, struct bsg_buf *der,
				struct bsg_error *err)
{
	bool device = profile->purpose == BSG_CERT_DEVICE;
	struct entry *ca = &files_of(keyring)->entries[(device ? BSG_KEYRING_DEVICE_CA :
							BSG_KEYRING_SERVER_CA) - 1];
	struct bsg_cert_request request = {
		.look = device ? &device_look : &server_look,
		.cn = profile->cn,
		.sans = profile->sans,
		.n_sans = profile->n_sans,
		.not_before = profile->not_before - SLOW_CLOCKS_S,
		.not_after = profile->not_after,
		.issuer_key = ca->key->pkey,
	};
	enum bsg_err rc = check_profile(profile, err);

	if (rc == BSG_OK && profile->purpose == BSG_CERT_APPLE)
		return bsg_apple_ca_issue(&files_of(keyring)->apple, csr, profile, der, err);
	if (rc == BSG_OK)
		rc = bsg_csr_verify(csr, &request.key, err);
	if (rc != BSG_OK)
		return rc;
	if (request.not_after > ca->info.not_after)
		request.not_after = ca->info.not_after;
	if (request.not_after <= request.not_before)
		return bsg_fail(err, BSG_E_CRYPTO, "the CA's own certificate has ended");
	request.issuer = bsg_ossl_cert(der_of(ca), &rc, err);
	if (request.issuer == NULL)
		return rc;
	rc = bsg_cert_make(&request, der, err);
	X509_free(request.issuer);
	return rc;
}

static enum bsg_err files_decrypt(struct bsg_keyring *keyring, enum bsg_decrypt_purpose purpose,
				  struct bsg_bytes sealed, struct bsg_secret *out,
				  struct bsg_error *err)
{
	struct entry *entry = &files_of(keyring)->entries[BSG_KEYRING_SECRET - 1];

	if (purpose == BSG_DECRYPT_SCEP || purpose == BSG_DECRYPT_SCEP_LEGACY)
		return bsg_apple_ca_decrypt(&files_of(keyring)->apple, purpose == BSG_DECRYPT_SCEP_LEGACY,
					    sealed, out, err);
	if (purpose != BSG_DECRYPT_SECRET)
		return bsg_fail(err, BSG_E_DENIED, "decrypt: the server has no key for this purpose");
	return bsg_unseal(entry->key->pkey, der_of(entry), sealed, out, err);
}

static enum bsg_err files_certificate(struct bsg_keyring *keyring, enum bsg_keyring_cert which,
				      struct bsg_bytes *der, struct bsg_error *err)
{
	const struct bsg_apple_ca *apple = &files_of(keyring)->apple;

	if (which == BSG_KEYRING_APPLE_CA) {
		*der = (struct bsg_bytes){ apple->der.data, apple->der.len };
		return BSG_OK;
	}
	if (which == BSG_KEYRING_PASS) {
		*der = der_of(&files_of(keyring)->pass);
		return BSG_OK;
	}
	if ((int)which < 1 || (size_t)which > N_ROLES)
		return bsg_fail(err, BSG_E_NOT_FOUND, "this keyring has no such certificate");
	*der = der_of(&files_of(keyring)->entries[which - 1]);
	return BSG_OK;
}

static void files_free(struct bsg_keyring *keyring)
{
	struct files *files = files_of(keyring);

	for (size_t i = 0; i < N_ROLES; i++) {
		bsg_key_free(files->entries[i].key);
		bsg_buf_free(&files->entries[i].der);
	}
	bsg_key_free(files->pass.key);
	bsg_buf_free(&files->pass.der);
	bsg_apple_ca_free(&files->apple);
	free(files);
}

static const struct bsg_keyring_ops files_ops = {
	files_sign, files_sign_cms, files_issue, files_decrypt, files_certificate, files_free,
};

static struct files *new_files(void)
{
	struct files *files = calloc(1, sizeof(*files));

	if (files == NULL)
		return NULL;
	files->keyring.ops = &files_ops;
	for (size_t i = 0; i < N_ROLES; i++)
		bsg_buf_init(&files->entries[i].der, BSG_CERT_MAX);
	bsg_buf_init(&files->pass.der, BSG_CERT_MAX);
	bsg_apple_ca_init(&files->apple);
	return files;
}

/* Make key and certificate of a role; @root signs it, and is the entry itself where that signs itself. */
static enum bsg_err make_entry(const struct role *role, const char *suffix, int64_t now,
			       struct entry *root, struct entry *entry, struct bsg_error *err)
{
	char cn[64];
	struct bsg_cert_request request = {
		.look = role->look,
		.cn = cn,
		.not_before = now - SLOW_CLOCKS_S,
		.not_after = now + role->life_s,
	};
	enum bsg_err rc = bsg_key_generate(&entry->key, err);

	if (rc != BSG_OK)
		return rc;
	(void)snprintf(cn, sizeof(cn), "%s %s", role->cn, suffix);
	bsg_key_public(entry->key, &request.key);
	request.issuer_key = root->key->pkey;
	if (entry != root) {
		if (request.not_after > root->info.not_after)
			request.not_after = root->info.not_after;
		request.issuer = bsg_ossl_cert(der_of(root), &rc, err);
		if (request.issuer == NULL)
			return rc;
	}
	rc = bsg_cert_make(&request, &entry->der, err);
	X509_free(request.issuer);
	return rc != BSG_OK ? rc : bsg_cert_read(der_of(entry), &entry->info, err);
}

/* Write an entry as DIR/NAME.pem: its key, unless @with_key says no, and its certificate. */
static enum bsg_err save_entry(const struct entry *entry, bool with_key, const char *dir,
			       const char *name, struct bsg_error *err)
{
	struct bsg_secret key = { 0 };
	struct bsg_buf text;
	char path[PATH_MAX];
	enum bsg_err rc = bsg_path_join(dir, name, path, sizeof(path), err);

	bsg_buf_init_secret(&text, FILE_MAX);
	if (rc == BSG_OK && with_key)
		rc = bsg_key_pem(entry->key, &key, err);
	if (rc == BSG_OK) {
		bsg_buf_add(&text, key.data, key.len);
		rc = bsg_cert_to_pem(der_of(entry), &text, err);
	}
	if (rc == BSG_OK)
		rc = bsg_file_replace(path, text.data, text.len, 0600, err);
	bsg_buf_free(&text);
	bsg_secret_free(&key);
	return rc;
}

static enum bsg_err load_entry(const char *dir, const char *name, bool with_key,
			       struct entry *entry, struct bsg_error *err)
{
	struct bsg_error why = { 0 };
	struct bsg_public_key pub;
	struct bsg_secret text = { 0 };
	char path[PATH_MAX];
	enum bsg_err rc = bsg_path_join(dir, name, path, sizeof(path), err);

	if (rc == BSG_OK)
		rc = bsg_secret_read(path, FILE_MAX, &text, err);
	if (rc != BSG_OK)
		return rc;
	rc = bsg_cert_from_pem((const char *)text.data, text.len, &entry->der, &why);
	if (rc == BSG_OK)
		rc = bsg_cert_read(der_of(entry), &entry->info, &why);
	if (rc == BSG_OK && with_key)
		rc = bsg_key_parse((const char *)text.data, text.len, &entry->key, &why);
	if (rc == BSG_OK && with_key) {
		bsg_key_public(entry->key, &pub);
		if (!entry->info.has_key || !bsg_equal(&pub, &entry->info.key, sizeof(pub)))
			rc = bsg_fail(&why, BSG_E_CRYPTO, "key and certificate do not fit");
	}
	if (rc != BSG_OK)
		(void)bsg_fail(err, rc, "%s: %s", path, why.text);
	bsg_secret_free(&text);
	return rc;
}

/* Whether every certificate is really signed by the root that lies beside it. */
static enum bsg_err check_issuer(const struct files *files, struct bsg_error *err)
{
	EVP_PKEY *root = bsg_ossl_public(&files->entries[ROOT].info.key);
	enum bsg_err rc = BSG_OK;

	if (root == NULL)
		return bsg_ossl_fail(err, "root certificate");
	for (size_t i = 0; i < N_ROLES && rc == BSG_OK; i++) {
		X509 *cert = bsg_ossl_cert(der_of(&files->entries[i]), &rc, err);

		if (cert != NULL && X509_verify(cert, root) != 1) {
			(void)bsg_ossl_fail(NULL, "");
			rc = bsg_fail(err, BSG_E_CRYPTO, "keys/%s is not signed by keys/root.pem",
				      roles[i].file);
		}
		X509_free(cert);
	}
	EVP_PKEY_free(root);
	return rc;
}

/* The random digits at the end of the root's name; other names of the installation end so too (K27). */
static const char *suffix_of(const struct entry *root)
{
	const char *space = strrchr(root->info.cn, ' ');

	return space != NULL ? space + 1 : "renewed";
}

/* The first time: make the key of passes, then say that it was made. A crash in between leaves the saying for the next time. */
static enum bsg_err make_pass(const char *keys, const char *mark, const char *suffix, int64_t now, struct bsg_error *err)
{
	struct entry pass = { 0 };
	char path[PATH_MAX];
	enum bsg_err rc = bsg_path_join(keys, pass_role.file, path, sizeof(path), err);

	bsg_buf_init(&pass.der, BSG_CERT_MAX);
	if (rc == BSG_OK && access(path, F_OK) != 0) {
		rc = make_entry(&pass_role, suffix, now, &pass, &pass, err);
		if (rc == BSG_OK)
			rc = save_entry(&pass, true, keys, pass_role.file, err);
	}
	if (rc == BSG_OK)
		rc = bsg_file_replace(mark, "", 0, 0600, err);
	bsg_key_free(pass.key);
	bsg_buf_free(&pass.der);
	return rc;
}

static enum bsg_err open_pass(struct entry *pass, const char *keys, const char *suffix, int64_t now, struct bsg_error *err)
{
	struct bsg_error why = { 0 };
	char mark[PATH_MAX];
	enum bsg_err rc = bsg_path_join(keys, PASS_MARK, mark, sizeof(mark), err);

	if (rc == BSG_OK && access(mark, F_OK) != 0)
		rc = make_pass(keys, mark, suffix, now, err);
	if (rc == BSG_OK)
		rc = load_entry(keys, pass_role.file, true, pass, err);
	if (rc != BSG_OK)
		return rc;
	/* In its first second: whether it has ended is for those to judge who verify a pass. */
	rc = bsg_cert_verify(der_of(pass), NULL, 0, der_of(pass), BSG_CERT_PASS, pass->info.not_before, &why);
	return rc == BSG_OK ? rc : bsg_fail(err, rc, "%s/%s: %s", keys, pass_role.file, why.text);
}

static enum bsg_err load_all(struct files *files, const char *keys, int64_t now, struct bsg_error *err)
{
	enum bsg_err rc = BSG_OK;

	for (size_t i = 0; i < N_ROLES && rc == BSG_OK; i++)
		rc = load_entry(keys, roles[i].file, i != ROOT, &files->entries[i], err);
	if (rc == BSG_OK)
		rc = check_issuer(files, err);
	if (rc == BSG_OK)
		rc = open_pass(&files->pass, keys, suffix_of(&files->entries[ROOT]), now, err);
	if (rc != BSG_OK)
		return rc;
	return bsg_apple_ca_open(&files->apple, keys, suffix_of(&files->entries[ROOT]), now, err);
}

static enum bsg_err make_all(struct files *files, const char *fresh, int64_t now,
			     struct bsg_error *err)
{
	struct entry *root = &files->entries[ROOT];
	char path[PATH_MAX];
	uint8_t random[4];
	char suffix[9];
	enum bsg_err rc = bsg_random(random, sizeof(random), err);

	bsg_hex_encode(random, sizeof(random), suffix);
	for (size_t i = 0; i < N_ROLES && rc == BSG_OK; i++) {
		rc = make_entry(&roles[i], suffix, now, root, &files->entries[i], err);
		if (rc == BSG_OK)
			rc = save_entry(&files->entries[i], i != ROOT, fresh, roles[i].file, err);
	}
	if (rc == BSG_OK)
		rc = bsg_path_join(fresh, "root-key.pem", path, sizeof(path), err);
	return rc != BSG_OK ? rc : bsg_key_save(root->key, path, err);
}

static enum bsg_err make_directory(const char *dir, const char *keys, int64_t now,
				   struct bsg_error *err)
{
	struct files *files = NULL;
	char fresh[PATH_MAX];
	char root_key[PATH_MAX];
	enum bsg_err rc = bsg_path_join(dir, "keys.new", fresh, sizeof(fresh), err);

	if (rc == BSG_OK)
		rc = bsg_path_join(dir, "root-key.pem", root_key, sizeof(root_key), err);
	if (rc != BSG_OK)
		return rc;
	if (access(root_key, F_OK) == 0)
		return bsg_fail(err, BSG_E_CONFLICT, "%s is there but %s is not: restore the keys from a "
				"backup, or begin in an empty directory", root_key, keys);
	files = new_files();
	if (files == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "keyring: out of memory");
	/* What a crash left there half-made is replaced file by file. */
	rc = bsg_dir_make(fresh, 0700, err);
	if (rc == BSG_OK)
		rc = make_all(files, fresh, now, err);
	if (rc == BSG_OK)
		rc = bsg_file_rename(fresh, keys, err);
	files_free(&files->keyring);
	return rc;
}

/* Move the root's key out of keys/. A crash may have happened between any two steps. */
static enum bsg_err put_root_key_out(const char *dir, const char *keys, struct bsg_error *err)
{
	struct bsg_secret text = { 0 };
	struct bsg_secret there = { 0 };
	char from[PATH_MAX];
	char to[PATH_MAX];
	enum bsg_err rc = bsg_path_join(keys, "root-key.pem", from, sizeof(from), err);

	if (rc == BSG_OK)
		rc = bsg_path_join(dir, "root-key.pem", to, sizeof(to), err);
	if (rc != BSG_OK)
		return rc;
	if (access(from, F_OK) != 0)
		return BSG_OK;
	rc = bsg_secret_read(from, FILE_MAX, &text, err);
	if (rc == BSG_OK)
		rc = bsg_file_create(to, text.data, text.len, 0600, err);
	if (rc == BSG_E_CONFLICT && bsg_secret_read(to, FILE_MAX, &there, err) == BSG_OK &&
	    there.len == text.len && bsg_equal(there.data, text.data, text.len))
		rc = BSG_OK;
	if (rc == BSG_OK)
		rc = bsg_file_remove(from, err);
	bsg_secret_free(&there);
	bsg_secret_free(&text);
	return rc;
}

enum bsg_err bsg_keyring_open(const char *dir, int64_t now, struct bsg_keyring **out,
			      struct bsg_error *err)
{
	struct bsg_error why = { 0 };
	struct files *files = NULL;
	char keys[PATH_MAX];
	enum bsg_err rc;

	*out = NULL;
	rc = bsg_path_join(dir, "keys", keys, sizeof(keys), err);
	if (rc == BSG_OK && access(keys, F_OK) != 0)
		rc = make_directory(dir, keys, now, err);
	if (rc == BSG_OK)
		rc = put_root_key_out(dir, keys, err);
	if (rc != BSG_OK)
		return rc;
	files = new_files();
	if (files == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "keyring: out of memory");
	rc = load_all(files, keys, now, &why);
	/* A directory without one of its files is damaged, which asks for a backup. */
	if (rc != BSG_OK)
		rc = bsg_fail(err, rc == BSG_E_NOT_FOUND ? BSG_E_CRYPTO : rc, "%s", why.text);
	if (rc != BSG_OK)
		files_free(&files->keyring);
	else
		*out = &files->keyring;
	return rc;
}

enum bsg_err bsg_keyring_renew_orders(const char *dir, const char *root_key_path, int64_t now,
				      struct bsg_error *err)
{
	struct entry root = { 0 };
	struct entry fresh = { 0 };
	struct bsg_public_key pub;
	char keys[PATH_MAX];
	enum bsg_err rc = bsg_path_join(dir, "keys", keys, sizeof(keys), err);

	bsg_buf_init(&root.der, BSG_CERT_MAX);
	bsg_buf_init(&fresh.der, BSG_CERT_MAX);
	if (rc == BSG_OK)
		rc = load_entry(keys, roles[ROOT].file, false, &root, err);
	if (rc == BSG_OK)
		rc = bsg_key_load(root_key_path, &root.key, err);
	if (rc != BSG_OK)
		goto out;
	bsg_key_public(root.key, &pub);
	if (!bsg_equal(&pub, &root.info.key, sizeof(pub))) {
		rc = bsg_fail(err, BSG_E_CRYPTO, "%s is the key of another root", root_key_path);
		goto out;
	}
	rc = make_entry(&roles[ORDERS], suffix_of(&root), now, &root, &fresh, err);
	if (rc == BSG_OK)
		rc = save_entry(&fresh, true, keys, roles[ORDERS].file, err);
out:
	bsg_key_free(root.key);
	bsg_key_free(fresh.key);
	bsg_buf_free(&root.der);
	bsg_buf_free(&fresh.der);
	return rc;
}
