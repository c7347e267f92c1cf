/* SPDX-License-Identifier: Apache-2.0 */
/* See bench/apple_seed.h. By the store's operations and the keyring, as a server would have done it, a hundred phones a commit. */
#include "bench/apple_seed.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "crypto/csr.h"
#include "crypto/hash.h"
#include "crypto/keyring.h"
#include "crypto/x509.h"
#include "store/ops.h"
#include "store/store.h"

#define CHUNK 100u
#define OPS_EACH 4u
#define N_ISSUERS 4u
#define YEAR (INT64_C(365) * 86400)

/* One thread that issues every N_ISSUERS-th certificate. */
struct issuer {
	const struct bsg_seed *seed;
	struct bsg_keyring *keyring;
	struct bsg_bytes csr;
	struct bsg_seed_phone *out;
	unsigned first;
	enum bsg_err rc;
	struct bsg_error err;
	pthread_t thread;
};

void bsg_seed_device(unsigned i, char out[static BSG_ID_SIZE])
{
	(void)snprintf(out, BSG_ID_SIZE, "%08x%024x", i * 2654435761u, i);
}

static void *issue(void *arg)
{
	struct issuer *is = arg;

	for (unsigned i = is->first; is->rc == BSG_OK && i < is->seed->n; i += N_ISSUERS) {
		struct bsg_seed_phone *phone = &is->out[i];
		struct bsg_profile profile = {.purpose = BSG_CERT_APPLE, .cn = phone->device, .not_before = is->seed->at,
					      .not_after = is->seed->at + YEAR};

		bsg_seed_device(i, phone->device);
		bsg_buf_init(&phone->certificate, 8192);
		is->rc = bsg_keyring_issue(is->keyring, is->csr, &profile, &phone->certificate, &is->err);
	}
	return NULL;
}

/* What a client needs beside its certificate, and a server that is to know it. */
static enum bsg_err write_pem(const struct bsg_seed *seed, struct bsg_keyring *keyring, const struct bsg_rsa_key *key, struct bsg_error *err)
{
	struct bsg_secret pem = {.data = NULL};
	struct bsg_bytes ca;
	struct bsg_buf text;
	enum bsg_err rc = bsg_rsa_pem(key, &pem, err);

	bsg_buf_init(&text, 8192);
	if (rc == BSG_OK)
		rc = bsg_file_create(seed->key_path, pem.data, pem.len, 0600, err);
	if (rc == BSG_OK)
		rc = bsg_keyring_certificate(keyring, BSG_KEYRING_APPLE_CA, &ca, err);
	if (rc == BSG_OK)
		rc = bsg_cert_to_pem(ca, &text, err);
	if (rc == BSG_OK)
		rc = bsg_file_create(seed->ca_path, text.data, text.len, 0600, err);
	bsg_secret_free(&pem);
	bsg_buf_free(&text);
	return rc;
}

static enum bsg_err issue_all(const struct bsg_seed *seed, struct bsg_seed_phone *out, struct bsg_error *err)
{
	struct issuer issuers[N_ISSUERS];
	struct bsg_keyring *keyring = NULL;
	struct bsg_rsa_key *key = NULL;
	struct bsg_buf csr;
	enum bsg_err rc = bsg_keyring_open(seed->dir, seed->at, &keyring, err);
	unsigned n = 0;

	bsg_buf_init(&csr, 8192);
	if (rc == BSG_OK)
		rc = bsg_rsa_generate(2048, &key, err);
	if (rc == BSG_OK)
		rc = bsg_csr_make_rsa(key, "phone", "challenge", &csr, err);
	if (rc == BSG_OK && seed->key_path != NULL)
		rc = write_pem(seed, keyring, key, err);
	for (; rc == BSG_OK && n < N_ISSUERS; n++) {
		issuers[n] = (struct issuer){.seed = seed, .keyring = keyring, .csr = {csr.data, csr.len}, .out = out, .first = n};
		if (pthread_create(&issuers[n].thread, NULL, issue, &issuers[n]) != 0)
			rc = bsg_fail(err, BSG_E_UNAVAILABLE, "no thread");
	}
	for (unsigned i = 0; i < n; i++) {
		pthread_join(issuers[i].thread, NULL);
		if (rc == BSG_OK && issuers[i].rc != BSG_OK) {
			rc = issuers[i].rc;
			*err = issuers[i].err;
		}
	}
	bsg_buf_free(&csr);
	bsg_rsa_free(key);
	bsg_keyring_free(keyring);
	return rc;
}

static bool hash(const void *bytes, size_t len, uint8_t out[BSG_STORE_SHA256_LEN])
{
	return bsg_sha256(bytes, len, out, NULL) == BSG_OK;
}

static struct bsg_op audit(int64_t at)
{
	return (struct bsg_op){.kind = BSG_OP_AUDIT, .audit = {.at = at, .who = "bench", .action = "seed", .subject = "bench"}};
}

/* What the operations of one chunk point to. */
struct chunk {
	struct bsg_op ops[CHUNK * OPS_EACH + 1];
	char person[CHUNK][16], badge[CHUNK][16];
	uint8_t token[CHUNK][BSG_SHA256_LEN], certificate[CHUNK][BSG_SHA256_LEN];
	size_t n;
};

static void add_phone(struct chunk *c, const struct bsg_seed *seed, const struct bsg_seed_phone *phone, unsigned i)
{
	const unsigned k = i % CHUNK;

	(void)snprintf(c->person[k], sizeof(c->person[k]), "p%u", i);
	(void)snprintf(c->badge[k], sizeof(c->badge[k]), "b%u", i);
	(void)hash(phone->device, strlen(phone->device), c->token[k]);
	(void)hash(phone->certificate.data, phone->certificate.len, c->certificate[k]);
	c->ops[c->n++] = (struct bsg_op){.kind = BSG_OP_PERSON_ADD, .person_add = {.id = c->person[k], .name = "Somebody",
		.unit = i % 10 == 0 ? "hall" : "ministry", .lang = "kk", .at = seed->at}};
	c->ops[c->n++] = (struct bsg_op){.kind = BSG_OP_BADGE_ADD, .badge_add = {.number = c->badge[k], .person = c->person[k], .at = seed->at}};
	c->ops[c->n++] = (struct bsg_op){.kind = BSG_OP_INVITATION_ADD, .invitation_add = {.token_sha256 = c->token[k], .person = c->person[k],
		.kind = "ios-device", .at = seed->at, .expires = seed->at + 3600}};
	c->ops[c->n++] = (struct bsg_op){.kind = BSG_OP_ENROL, .enrol = {.token_sha256 = c->token[k], .key_sha256 = c->token[k],
		.device = phone->device, .class_name = "managed", .certificate_sha256 = c->certificate[k],
		.certificate = {phone->certificate.data, phone->certificate.len}, .certificate_expires = seed->at + YEAR, .at = seed->at}};
}

static enum bsg_err add_phones(struct bsg_store *store, const struct bsg_seed *seed, const struct bsg_seed_phone *phones, struct bsg_error *err)
{
	struct chunk *c = calloc(1, sizeof(*c));
	enum bsg_err rc = c == NULL ? bsg_fail(err, BSG_E_NO_MEMORY, "no memory") : BSG_OK;

	for (unsigned i = 0; rc == BSG_OK && i < seed->n;) {
		c->n = 0;
		do
			add_phone(c, seed, &phones[i], i);
		while (++i % CHUNK != 0 && i < seed->n);
		c->ops[c->n++] = audit(seed->at);
		rc = bsg_store_apply(store, c->ops, c->n, err);
	}
	free(c);
	return rc;
}

/* In force without being planned, and so without a second person's approval. */
static enum bsg_err add_policy(struct bsg_store *store, const struct bsg_seed *seed, struct bsg_error *err)
{
	uint8_t digest[BSG_SHA256_LEN], token[BSG_SHA256_LEN];
	struct bsg_op ops[] = {
		{.kind = BSG_OP_POLICY_PROPOSE, .policy_propose = {.document = {(const uint8_t *)seed->policy, strlen(seed->policy)},
			.digest = digest, .author = "bench", .at = seed->at}},
		{.kind = BSG_OP_POLICY_ACTIVATE, .policy_activate = {.version = 0, .at = seed->at}},
		{.kind = BSG_OP_TURNSTILE_ADD, .turnstile_add = {.id = "00000000000000000000000000000001", .token_sha256 = token,
			.place = "house", .gate = "north", .at = seed->at}},
		audit(seed->at), audit(seed->at), audit(seed->at),
	};

	(void)hash(seed->policy, strlen(seed->policy), digest);
	(void)hash(BSG_SEED_TOKEN, strlen(BSG_SEED_TOKEN), token);
	return bsg_store_apply(store, ops, sizeof(ops) / sizeof(ops[0]), err);
}

enum bsg_err bsg_seed(const struct bsg_seed *seed, struct bsg_seed_phone *out, struct bsg_error *err)
{
	const struct bsg_store_options options = {.sha256 = hash};
	struct bsg_store *store = NULL;
	char url[600];
	enum bsg_err rc = issue_all(seed, out, err);

	(void)snprintf(url, sizeof(url), "sqlite:%s/bosaga.db", seed->dir);
	if (rc == BSG_OK)
		rc = bsg_store_open(url, &options, &store, err);
	if (rc == BSG_OK)
		rc = add_policy(store, seed, err);
	if (rc == BSG_OK)
		rc = add_phones(store, seed, out, err);
	bsg_store_close(store);
	return rc;
}
