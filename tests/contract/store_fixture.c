/* SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/sha.h>

#define N_BUFFERS 256

bool fixture_sha256(const void *bytes, size_t len, uint8_t out[BSG_STORE_SHA256_LEN])
{
	return SHA256(bytes, len, out) != NULL;
}

int fixture_set_up(void **state)
{
	const char *backend = getenv("BSG_TEST_STORE");
	struct store_fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	(void)snprintf(f->dir, sizeof(f->dir), "store-test-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->path, sizeof(f->path), "%s/bosaga.db", f->dir);
	(void)snprintf(f->url, sizeof(f->url), "%s:%s", backend != NULL ? backend : "sqlite", f->path);
	f->options.sha256 = fixture_sha256;
	*state = f;
	fixture_reopen(f);
	return 0;
}

void fixture_close(struct store_fixture *f)
{
	bsg_store_close(f->store);
	f->store = NULL;
}

void fixture_reopen(struct store_fixture *f)
{
	fixture_close(f);
	assert_ok(f, bsg_store_open(f->url, &f->options, &f->store, &f->err));
}

int fixture_tear_down(void **state)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };
	struct store_fixture *f = *state;
	char path[128];

	fixture_close(f);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", f->path, suffixes[i]);
		(void)unlink(path);
	}
	(void)rmdir(f->dir);
	free(f);
	return 0;
}

const uint8_t *digest_of(const char *text)
{
	static uint8_t digests[N_BUFFERS][BSG_STORE_SHA256_LEN];
	static unsigned n;
	uint8_t *out = digests[n++ % N_BUFFERS];

	assert_true(fixture_sha256(text, strlen(text), out));
	return out;
}

const char *device_id(unsigned n)
{
	static char ids[N_BUFFERS][BSG_ID_SIZE];
	static unsigned next;
	char *out = ids[next++ % N_BUFFERS];

	(void)snprintf(out, BSG_ID_SIZE, "00112233445566778899aabb%08x", n);
	return out;
}

const char *uuid_of(unsigned n)
{
	static char ids[N_BUFFERS][BSG_UUID_SIZE];
	static unsigned next;
	char *out = ids[next++ % N_BUFFERS];

	(void)snprintf(out, BSG_UUID_SIZE, "%08x-1111-4222-8333-444455556666", n);
	return out;
}

struct bsg_op audit_op(void)
{
	return (struct bsg_op){ .kind = BSG_OP_AUDIT,
		.audit = { .at = T0, .who = "socket", .action = "test", .subject = "something" } };
}

enum bsg_err change(struct store_fixture *f, struct bsg_op *op)
{
	struct bsg_op ops[] = { *op, audit_op() };
	enum bsg_err rc = bsg_store_apply(f->store, ops, 2, &f->err);

	*op = ops[0];
	return rc;
}

enum bsg_err apply(struct store_fixture *f, struct bsg_op *op)
{
	return bsg_store_apply(f->store, op, 1, &f->err);
}

void add_person(struct store_fixture *f, const char *id, const char *unit, const char *badge)
{
	struct bsg_op person = { .kind = BSG_OP_PERSON_ADD,
		.person_add = { .id = id, .name = "Әйгерім Сейтова", .unit = unit, .lang = "kk", .at = T0 } };
	struct bsg_op number = { .kind = BSG_OP_BADGE_ADD, .badge_add = { .number = badge, .person = id, .at = T0 } };

	assert_ok(f, change(f, &person));
	if (badge != NULL)
		assert_ok(f, change(f, &number));
}

struct bsg_op invite_op(const char *token, const char *person)
{
	return (struct bsg_op){ .kind = BSG_OP_INVITATION_ADD, .invitation_add = {
		.token_sha256 = digest_of(token), .person = person, .kind = "linux-agent", .at = T0,
		.expires = T0 + 86400 } };
}

struct bsg_op enrol_op(const char *token, const char *key, const char *device)
{
	static const uint8_t der[] = "certificate";

	return (struct bsg_op){ .kind = BSG_OP_ENROL, .enrol = {
		.token_sha256 = digest_of(token), .key_sha256 = digest_of(key), .device = device,
		.class_name = "claimed", .certificate_sha256 = digest_of(device), .certificate = { der, sizeof(der) },
		.certificate_expires = T0 + 1000, .at = T0 + 1 } };
}

void enrol(struct store_fixture *f, const char *person, const char *device)
{
	struct bsg_op invite = invite_op(device, person), op = enrol_op(device, "key", device);

	assert_ok(f, change(f, &invite));
	assert_ok(f, change(f, &op));
}

struct bsg_op crossing_op(unsigned id, const char *badge, enum bsg_crossing_direction direction, int64_t at)
{
	return (struct bsg_op){ .kind = BSG_OP_CROSSING_ADD, .crossing_add = {
		.id = uuid_of(id), .badge = badge, .place = "house", .gate = "north", .direction = direction, .at = at,
		.received = at + 1, .by = "turnstile:t" } };
}

struct bsg_device_rec get_device(struct store_fixture *f, const char *id)
{
	struct bsg_device_rec device;

	assert_ok(f, bsg_store_device(f->store, id, &device, &f->err));
	return device;
}
