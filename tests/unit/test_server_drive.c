/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Phones without agent, driven by a whole server with its store (docs/spec/platform.md).
 *
 * The platform is made here: its phones are rows of the store, so that transactions are real; what it is asked and told is counted,
 * and the tests say what the phones answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/hash.h"
#include "crypto/keyring.h"
#include "crypto/random.h"
#include "http/client.h"
#include "server/drive.h"
#include "server/orders.h"
#include "server/verdict.h"
#include "server/view.h"
#include "store/apple.h"

#define NOW INT64_C(1762743600)	/* 2025-11-10T03:00:00Z */
#define H INT64_C(3600)
#define CAMERA BSG_BIT(BSG_CAMERA)
#define WINDOW_FROM (NOW + 6 * H)
#define WINDOW_UNTIL (NOW + 7 * H)

static char folder[] = "/tmp/test-drive-XXXXXX";
static struct bsg_fake_clock fake;
static struct bsg_server *server;

/* The phones and their platform; it outlives servers. */
static struct {
	_Atomic int n_delivered, n_conflicts;	/* conflicts yet to be made */
	_Atomic bool is_unknown, is_damaged, is_locked, is_ended, is_unreachable, speaks_first;
	_Atomic int n_conflicted;
	_Atomic int fails_in;	/* the so-manieth look from now finds a store that cannot be asked; 0: none does */
} world;

static struct bsg_platform plane;

static const char device[] = "00112233445566778899aabbccddeeff";

/* It may speak of its phones at once: a push of before may come back as dead. */
static enum bsg_err start(struct bsg_platform *p, const struct bsg_platform_host *host, struct bsg_error *err)
{
	(void)p;
	(void)err;
	if (!world.speaks_first)
		return BSG_OK;
	host->changed(host, device);
	host->orders(host, device);
	host->step(host, device);
	return BSG_OK;
}

static enum bsg_err serve(struct bsg_platform *p, struct bsg_error *err)
{
	(void)p;
	(void)err;
	return BSG_OK;
}

static void nothing(struct bsg_platform *p)
{
	(void)p;
}

static bool has_kind(const struct bsg_platform *p, const char *kind)
{
	(void)p;
	return strcmp(kind, "ios-device") == 0;
}

static void copy_progress(const struct bsg_apple_rec *rec, struct bsg_platform_phone *out)
{
	out->has_desired = rec->desired_seq > 0;
	out->desired = (uint32_t)rec->desired;
	out->desired_until = rec->desired_until;
	out->desired_at = rec->desired_at;
	out->evidence_at = rec->crossing_at;
	out->is_offered = rec->offered_at != 0;
	out->offered_at = rec->offered_at;
	out->is_acknowledged = rec->desired_seq > 0 && rec->acknowledged_seq == rec->desired_seq;
	out->acknowledged_at = rec->acknowledged_at;
	out->verified = (uint32_t)rec->verified;
	out->verified_until = rec->verified_until;
	out->verified_at = rec->verified_at;
}

static enum bsg_err look(struct bsg_platform *p, const char *id, struct bsg_platform_phone *out, struct bsg_error *err)
{
	struct bsg_store_blob state = {.data = NULL};
	struct bsg_apple_rec rec;
	enum bsg_err rc;

	*out = (struct bsg_platform_phone){0};
	if (world.fails_in > 0 && atomic_fetch_sub(&world.fails_in, 1) == 1)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "the store cannot be asked");
	if (world.is_unknown)
		return bsg_fail(err, BSG_E_NOT_FOUND, "nothing is known");
	rc = bsg_store_apple(p->host->store, id, &rec, &state, err);
	if (rc != BSG_OK)
		return rc;
	out->version = rec.version;
	out->is_reachable = !world.is_unreachable;
	out->is_ended = world.is_ended;
	out->next = rec.next;
	copy_progress(&rec, out);
	if (state.len > 0)
		memcpy(out->state, state.data, state.len);
	out->state_len = state.len;
	if (world.is_damaged && out->state_len > 20)
		out->state[20] ^= 1;
	out->locked_since = world.is_locked ? NOW : 0;
	bsg_store_blob_free(&state);
	return BSG_OK;
}

static enum bsg_err due(struct bsg_platform *p, int64_t now, struct bsg_page *page, struct bsg_platform_due *out, struct bsg_error *err)
{
	struct bsg_apple_due_rec *recs = calloc(page->limit, sizeof(*recs));
	enum bsg_err rc;

	assert_non_null(recs);
	rc = bsg_store_apple_due(p->host->store, now, page, recs, err);
	for (size_t i = 0; rc == BSG_OK && i < page->n; i++) {
		memcpy(out[i].device, recs[i].device, BSG_ID_SIZE);
		out[i].next = recs[i].next;
	}
	free(recs);
	return rc;
}

/* Something happens to the phone between a look and the commit. */
static void interfere(struct bsg_store *store)
{
	uint8_t token[32];
	struct bsg_op op = {.kind = BSG_OP_APPLE_TOKEN_UPDATE, .apple_token_update = {.device = device, .token = {token, sizeof(token)},
		.push_magic = "magic", .topic = "topic", .at = NOW}};

	assert_int_equal(bsg_random(token, sizeof(token), NULL), BSG_OK);
	assert_int_equal(bsg_store_apply(store, &op, 1, NULL), BSG_OK);
	atomic_fetch_add(&world.n_conflicted, 1);
}

static enum bsg_err deliver(struct bsg_platform *p, const struct bsg_platform_phone *phone, const struct bsg_platform_step *step,
			    struct bsg_platform_delivery *out, struct bsg_error *err)
{
	enum bsg_err rc = bsg_random_uuid(out->uuid, err);

	if (atomic_load(&world.n_conflicts) > 0) {
		atomic_fetch_sub(&world.n_conflicts, 1);
		interfere(p->host->store);
	}
	out->op = (struct bsg_op){.kind = BSG_OP_APPLE_STEP, .apple_step = {
		.device = step->device, .version = phone->version, .state = step->state, .next = step->next, .at = step->at,
		.desire = step->desire, .functions = step->functions, .content = out->content, .until = step->until,
		.crossing_at = step->evidence_at, .command = BSG_APPLE_INSTALL, .uuid = out->uuid, .push = true}};
	return rc;
}

static void delivered(struct bsg_platform *p, const char *id)
{
	(void)p;
	(void)id;
	atomic_fetch_add(&world.n_delivered, 1);
}

static const struct bsg_platform_ops ops = {
	.name = "fake", .start = start, .serve = serve, .stop = nothing, .free = nothing, .has_kind = has_kind, .look = look, .due = due,
	.deliver = deliver, .delivered = delivered,
};

static void start_server(void)
{
	struct bsg_server_options options;
	struct bsg_platform *const platforms[] = {&plane};
	struct bsg_error err = {.text = ""};
	char dir[200];

	memset(&options, 0, sizeof(options));
	snprintf(dir, sizeof(dir), "%s/s", folder);
	plane = (struct bsg_platform){.ops = &ops, .plane = {.plane = BSG_HTTP_APPLE, .name = "fake", .listen = "127.0.0.1:0", .given_url = "",
							  .client_ca = BSG_KEYRING_APPLE_CA, .n_threads = 1}};
	assert_int_equal(bsg_settings_load(NULL, &options.settings, &err), BSG_OK);
	snprintf(options.settings.people_listen, sizeof(options.settings.people_listen), "127.0.0.1:0");
	options.settings.people_tls = BSG_PLANE_TLS_PROXY;	/* plain: the clock here makes no certificate that holds now */
	snprintf(options.settings.device_listen, sizeof(options.settings.device_listen), "127.0.0.1:0");
	options.state_dir = dir;
	options.clock = &fake.clock;
	options.platforms = platforms;
	options.n_platforms = 1;
	if (bsg_server_start(&options, &server, &err) != BSG_OK)
		fail_msg("%s", err.text);
}

static void restart(void)
{
	bsg_server_stop(server);
	start_server();
}

static void apply(struct bsg_op op, bool audited)
{
	struct bsg_op batch[2] = {op, {.kind = BSG_OP_AUDIT, .audit = {.at = 1, .who = "test", .action = "test", .subject = "test"}}};
	struct bsg_error err;

	if (bsg_store_apply(server->store, batch, audited ? 2 : 1, &err) != BSG_OK)
		fail_msg("%s", err.text);
}

static void enrol(const char *person)
{
	const uint8_t *token;
	uint8_t digest[BSG_STORE_SHA256_LEN];

	assert_int_equal(bsg_sha256(device, strlen(device), digest, NULL), BSG_OK);
	token = digest;
	apply((struct bsg_op){.kind = BSG_OP_PERSON_ADD, .person_add = {.id = person, .name = "One", .lang = "en", .at = NOW}}, true);
	apply((struct bsg_op){.kind = BSG_OP_INVITATION_ADD, .invitation_add = {
		.token_sha256 = token, .person = person, .kind = "ios-device", .at = NOW, .expires = NOW + H}}, true);
	apply((struct bsg_op){.kind = BSG_OP_ENROL, .enrol = {
		.token_sha256 = token, .key_sha256 = token, .device = device, .class_name = "managed", .certificate_sha256 = token,
		.certificate = {(const uint8_t *)"der", 3}, .certificate_expires = NOW + 9000 * H, .at = NOW}}, true);
	apply((struct bsg_op){.kind = BSG_OP_APPLE_AUTHENTICATE, .apple_authenticate = {
		.device = device, .certificate_sha256 = token, .udid = "udid", .os_version = 1704, .at = NOW}}, true);
	interfere(server->store);
	world.n_conflicted = 0;
}

static void put_policy(const char *rules)
{
	char text[4000];
	uint8_t digest[BSG_SHA256_LEN];
	size_t len = (size_t)snprintf(text, sizeof(text), "{\"bosaga\": 1, \"places\": ["
		"{\"id\": \"house\", \"gates\": [{\"id\": \"north\"}], \"phone_lease\": \"2h\", \"enter_by\": [\"gate\", \"self\"]}, "
		"{\"id\": \"yard\", \"gates\": [{\"id\": \"north\"}], \"max_stay\": \"14h\"}], \"rules\": [%s]}", rules);

	assert_int_equal(bsg_sha256(text, len, digest, NULL), BSG_OK);
	apply((struct bsg_op){.kind = BSG_OP_POLICY_PROPOSE, .policy_propose = {
		.document = {(const uint8_t *)text, len}, .digest = digest, .author = "test", .at = NOW}}, true);
	apply((struct bsg_op){.kind = BSG_OP_POLICY_ACTIVATE, .policy_activate = {.version = 1, .at = NOW}}, true);
	assert_int_equal(bsg_active_load(&server->active, server->store, NOW, NULL), BSG_OK);
}

#define HOUSE "{\"id\": \"r\", \"who\": {\"all\": true}, \"where\": [\"house\", \"yard\"], \"restrict\": [\"camera\", \"microphone\"]}"

/* A server with one phone, made for each test. */
static int begin(const char *rules)
{
	char command[300];

	snprintf(command, sizeof(command), "rm -rf '%s/s'", folder);
	if (system(command) != 0)
		return 1;
	memset(&world, 0, sizeof(world));
	bsg_fake_clock_init(&fake, NOW);
	start_server();
	put_policy(rules);
	enrol("one");
	return 0;
}

static struct bsg_apple_rec phone(void)
{
	struct bsg_apple_rec rec;

	assert_int_equal(bsg_store_apple(server->store, device, &rec, NULL, NULL), BSG_OK);
	return rec;
}

static void make_orders(void)
{
	struct bsg_error err = {.text = ""};

	if (bsg_orders_make(server, device, false, &err) != BSG_OK)
		fail_msg("%s", err.text);
}

static int64_t serial(void)
{
	struct bsg_device_rec rec;

	assert_int_equal(bsg_store_device(server->store, device, &rec, NULL), BSG_OK);
	return rec.serial;
}

static void step(void)
{
	struct bsg_error err = {.text = ""};

	if (bsg_drive_step(server, device, &err) != BSG_OK)
		fail_msg("%s", err.text);
}

/* Stored; nobody has asked for orders yet. @param out  may be NULL */
static void cross_at(enum bsg_crossing_direction direction, const char *place, int64_t at, struct bsg_op_crossing_add *out)
{
	static char uuid[BSG_UUID_SIZE];
	struct bsg_op op = {.kind = BSG_OP_CROSSING_ADD};

	assert_int_equal(bsg_random_uuid(uuid, NULL), BSG_OK);
	op.crossing_add = (struct bsg_op_crossing_add){.id = uuid, .device = device, .place = place, .gate = "north",
		.direction = direction, .at = at, .received = bsg_now(server), .by = "test"};
	assert_int_equal(bsg_store_apply(server->store, &op, 1, NULL), BSG_OK);
	if (out != NULL)
		*out = op.crossing_add;
}

static void cross(enum bsg_crossing_direction direction, const char *place)
{
	cross_at(direction, place, bsg_now(server), NULL);
	make_orders();
}

static struct bsg_op_apple_answer answer(struct bsg_op_apple_answer said)
{
	struct bsg_op op = {.kind = BSG_OP_APPLE_ANSWER, .apple_answer = said};

	op.apple_answer.device = device;
	op.apple_answer.at = bsg_now(server);
	assert_int_equal(bsg_store_apply(server->store, &op, 1, NULL), BSG_OK);
	return op.apple_answer;
}

/* The phone fetches its command and says that it did so. */
static void acknowledge(char uuid[BSG_UUID_SIZE])
{
	struct bsg_op_apple_answer idle = answer((struct bsg_op_apple_answer){.answer = BSG_APPLE_IDLE});

	assert_int_equal(idle.command.kind, BSG_APPLE_INSTALL);
	assert_int_equal(bsg_random_uuid(uuid, NULL), BSG_OK);
	answer((struct bsg_op_apple_answer){.answer = BSG_APPLE_ACKNOWLEDGED, .uuid = idle.command.uuid, .follow = BSG_APPLE_VERIFY,
					    .follow_uuid = uuid});
}

/* And shows it. */
static void prove(void)
{
	char uuid[BSG_UUID_SIZE];

	acknowledge(uuid);
	answer((struct bsg_op_apple_answer){.answer = BSG_APPLE_VERIFIED, .uuid = uuid, .functions = phone().desired});
}

static const char *camera_state(void)
{
	const char *state;
	struct bsg_device_rec rec;
	struct bsg_view *view;

	assert_int_equal(bsg_store_device(server->store, device, &rec, NULL), BSG_OK);
	assert_int_equal(bsg_view_make(server, &rec, bsg_now(server), &view, NULL), BSG_OK);
	state = bsg_view_state(view, CAMERA);
	bsg_view_free(view);
	return state;
}

/* Let the thread see the time, until what is desired is so. */
static void await_desired(int64_t functions)
{
	const struct timespec short_while = {.tv_nsec = 10000000};

	bsg_server_wake(server);
	for (int i = 0; i < 6000 && phone().desired != functions; i++)
		nanosleep(&short_while, NULL);
	assert_int_equal(phone().desired, functions);
}

static void Z2_a_crossing_restricts_in_the_transaction_of_its_orders(void **state)
{
	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	make_orders();
	assert_int_equal(phone().desired_seq, 0);
	assert_int_equal(world.n_delivered, 0);
	cross_at(BSG_CROSSING_IN, "house", NOW - 3, NULL);
	make_orders();
	assert_int_equal(phone().desired, CAMERA);	/* no phone of this kind can restrict its microphone (Z4) */
	assert_int_equal(phone().desired_until, NOW - 3 + 2 * H);
	assert_int_equal(phone().crossing_at, NOW - 3);
	assert_int_equal(world.n_delivered, 1);
	bsg_fake_clock_pass(&fake, 600 * 1000);
	cross(BSG_CROSSING_OUT, "house");
	assert_int_equal(phone().desired, 0);
	assert_int_equal(phone().desired_until, 0);
	assert_int_equal(phone().crossing_at, NOW + 600);
	assert_int_equal(world.n_delivered, 2);
}

/* One transaction: when the step cannot be stored, neither are its orders. */
static void Z3_orders_and_step_come_together_or_not_at_all(void **state)
{
	struct bsg_error err;
	int64_t before;

	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	make_orders();
	before = serial();
	cross_at(BSG_CROSSING_IN, "house", NOW, NULL);
	world.n_conflicts = 16;
	assert_int_equal(bsg_orders_make(server, device, false, &err), BSG_E_CONFLICT);
	assert_int_equal(serial(), before);
	assert_int_equal(phone().desired_seq, 0);
	world.n_conflicts = 15;
	make_orders();
	assert_int_equal(serial(), before + 1);
	assert_int_equal(phone().desired, CAMERA);
	world.n_conflicts = 3;
	step();
	assert_int_equal(world.n_conflicted, 16 + 15 + 3);
}

static void Z2_the_edge_of_a_window_comes_by_itself(void **state)
{
	static const char rules[] = "{\"id\": \"r\", \"who\": {\"all\": true}, \"where\": [\"yard\"], \"restrict\": [\"camera\"], "
				    "\"lead\": \"0s\", \"windows\": [[\"2025-11-10T09:00:00Z\", \"2025-11-10T10:00:00Z\"]]}";

	(void)state;
	assert_int_equal(begin(rules), 0);
	bsg_fake_clock_pass(&fake, 4 * H * 1000);
	cross(BSG_CROSSING_IN, "yard");
	assert_int_equal(phone().desired_seq, 0);
	assert_int_equal(phone().next, WINDOW_FROM);
	bsg_fake_clock_set_utc(&fake, WINDOW_FROM + 5);
	await_desired(CAMERA);
	assert_int_equal(phone().desired_until, WINDOW_UNTIL);
	assert_int_equal(phone().crossing_at, WINDOW_FROM);	/* Z9: the edge, not when it was noticed */
	assert_int_equal(phone().next, WINDOW_UNTIL);
	/* What comes while the server is down is found after it. */
	bsg_server_stop(server);
	bsg_fake_clock_set_utc(&fake, WINDOW_UNTIL);
	start_server();
	await_desired(0);
}

static void Z2_a_crash_between_crossing_and_orders_leaves_both_due(void **state)
{
	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	make_orders();
	cross_at(BSG_CROSSING_IN, "house", NOW, NULL);
	assert_int_equal(phone().desired_seq, 0);
	restart();
	await_desired(CAMERA);
}

static void Z5_a_lease_is_prolonged_by_evidence_alone(void **state)
{
	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	cross(BSG_CROSSING_IN, "yard");
	assert_int_equal(phone().desired_until, NOW + 4 * H);
	prove();
	bsg_fake_clock_pass(&fake, H * 1000);
	step();
	assert_int_equal(bsg_orders_make(server, device, true, NULL), BSG_OK);	/* newer orders that say the same */
	assert_int_equal(phone().desired_until, NOW + 4 * H);
	assert_string_equal(camera_state(), "verified");
	cross(BSG_CROSSING_IN, "yard");
	assert_int_equal(phone().desired_until, NOW + 5 * H);
	assert_string_equal(camera_state(), "verified");	/* up to the end that it has */
	/* The answers that follow tell of no place. */
	prove();
	bsg_fake_clock_pass(&fake, H * 1000);
	step();
	assert_int_equal(phone().desired_until, NOW + 5 * H);
}

static void Z6_without_a_place_it_is_renewed_by_time(void **state)
{
	static const char rules[] = "{\"id\": \"r\", \"who\": {\"all\": true}, \"restrict\": [\"camera\"], \"lead\": \"0s\", "
				    "\"windows\": [[\"2025-11-01T00:00:00Z\", \"2025-12-01T00:00:00Z\"]]}";
	const struct timespec short_while = {.tv_nsec = 10000000};

	(void)state;
	assert_int_equal(begin(rules), 0);
	make_orders();
	assert_int_equal(phone().desired_until, NOW + 24 * H);
	assert_true(phone().next <= NOW + 23 * H);
	bsg_fake_clock_pass(&fake, 23 * H * 1000);
	bsg_server_wake(server);
	for (int i = 0; i < 6000 && phone().desired_until == NOW + 24 * H; i++)
		nanosleep(&short_while, NULL);
	assert_int_equal(phone().desired_until, NOW + 47 * H);
}

static void release_and_revocation_lift(void **state)
{
	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	cross(BSG_CROSSING_IN, "house");
	bsg_fake_clock_pass(&fake, 60 * 1000);
	apply((struct bsg_op){.kind = BSG_OP_DEVICE_RELEASE, .device_release = {device, "stuck", NOW + 60}}, true);
	make_orders();
	assert_int_equal(phone().desired, 0);
	assert_int_equal(phone().crossing_at, NOW + 60);
	bsg_fake_clock_pass(&fake, 60 * 1000);
	cross(BSG_CROSSING_IN, "house");	/* ends the release */
	assert_int_equal(phone().desired, CAMERA);
	apply((struct bsg_op){.kind = BSG_OP_DEVICE_STATE, .device_state = {device, BSG_DEVICE_REVOKED, NOW + 120}}, true);
	make_orders();
	assert_int_equal(phone().desired, 0);	/* Z10 */
}

static void an_exemption_lifts_and_its_end_restricts_again(void **state)
{
	static const char id[] = "0123456789abcdef0123456789abcdef";

	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	cross(BSG_CROSSING_IN, "yard");
	apply((struct bsg_op){.kind = BSG_OP_EXEMPTION_ADD, .exemption_add = {.id = id, .device = device, .functions = CAMERA, .from = NOW,
		.until = NOW + H, .reason = "guest", .author = "a", .at = NOW}}, true);
	apply((struct bsg_op){.kind = BSG_OP_EXEMPTION_APPROVE, .exemption_approve = {id, "b", NOW}}, true);
	make_orders();
	assert_int_equal(phone().desired, 0);
	bsg_fake_clock_pass(&fake, H * 1000);
	await_desired(CAMERA);
}

static void a_clock_that_is_set_restricts_nobody_for_longer(void **state)
{
	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	bsg_fake_clock_set_utc(&fake, NOW + 10 * H);
	cross(BSG_CROSSING_IN, "yard");
	assert_int_equal(phone().desired_until, NOW + 14 * H);
	bsg_fake_clock_set_utc(&fake, NOW);
	step();
	assert_true(phone().desired == 0 || phone().desired_until <= NOW + 4 * H);
	bsg_fake_clock_set_utc(&fake, NOW + 20 * H);
	await_desired(0);
}

static void a_damaged_state_begins_anew(void **state)
{
	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	cross(BSG_CROSSING_IN, "yard");
	bsg_fake_clock_pass(&fake, H * 1000);
	world.is_damaged = true;
	step();
	assert_int_equal(phone().desired, CAMERA);
	assert_int_equal(phone().desired_until, NOW + 4 * H);	/* presence is that of the crossing, and no longer */
}

static void a_phone_that_is_not_there_yet_gets_orders_alone(void **state)
{
	int64_t before;

	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	before = serial();
	world.is_unknown = true;
	cross(BSG_CROSSING_IN, "house");
	assert_true(serial() > before);
	assert_int_equal(phone().desired_seq, 0);
	assert_int_equal(bsg_drive_step(server, device, NULL), BSG_E_NOT_FOUND);
	world.is_unknown = false;
	step();	/* it became reachable: its orders are there already */
	assert_int_equal(phone().desired, CAMERA);
	world.is_ended = true;
	cross(BSG_CROSSING_OUT, "house");
	assert_int_equal(phone().desired, CAMERA);	/* as it was: nobody can be told */
}

static void a_platform_may_speak_of_its_phones_while_it_starts(void **state)
{
	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	make_orders();
	cross_at(BSG_CROSSING_IN, "house", NOW, NULL);
	world.speaks_first = true;
	restart();
	await_desired(CAMERA);
}

static void self_in_counts_only_where_the_place_takes_it(void **state)
{
	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	make_orders();
	assert_int_equal(bsg_drive_self_in(server, device, "yard", "person:one", NULL), BSG_E_DENIED);
	assert_int_equal(bsg_drive_self_in(server, device, "nowhere", "person:one", NULL), BSG_E_DENIED);
	assert_int_equal(phone().desired_seq, 0);
	assert_int_equal(bsg_drive_self_in(server, device, "house", "person:one", NULL), BSG_OK);
	assert_int_equal(phone().desired, CAMERA);
	assert_int_equal(phone().crossing_at, NOW);
}

/* How often the audit says that somebody arrived. */
static size_t n_arrivals(void)
{
	static struct bsg_audit_rec recs[100];
	struct bsg_page page = {.limit = 100};
	size_t n = 0;

	assert_int_equal(bsg_store_audit(server->store, &page, recs, NULL), BSG_OK);
	assert_string_equal(page.next, "");
	for (size_t i = 0; i < page.n; i++)
		n += strcmp(recs[i].action, "self-in") == 0 && strcmp(recs[i].subject, device) == 0;
	return n;
}

static void V6_an_arrival_and_its_entry_in_the_audit_come_together_or_not_at_all(void **state)
{
	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	make_orders();
	assert_int_equal(bsg_drive_self_in(server, device, "house", "", NULL), BSG_E_INVALID);	/* nobody has no entry */
	assert_int_equal(phone().desired_seq, 0);
	world.n_conflicts = 2;
	assert_int_equal(bsg_drive_self_in(server, device, "house", "person:one", NULL), BSG_OK);
	assert_int_equal(world.n_conflicted, 2);
	assert_int_equal(phone().desired, CAMERA);
	assert_int_equal(n_arrivals(), 1);
}

static void Z8_desired_acknowledged_verified_unverified(void **state)
{
	char uuid[BSG_UUID_SIZE];

	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	cross(BSG_CROSSING_IN, "house");
	assert_string_equal(camera_state(), "desired");
	acknowledge(uuid);
	assert_string_equal(camera_state(), "acknowledged");
	answer((struct bsg_op_apple_answer){.answer = BSG_APPLE_VERIFIED, .uuid = uuid, .functions = 0});
	assert_string_equal(camera_state(), "unverified");
	cross(BSG_CROSSING_OUT, "house");
	bsg_fake_clock_pass(&fake, 1000);
	cross(BSG_CROSSING_IN, "house");
	prove();
	assert_string_equal(camera_state(), "verified");
	bsg_fake_clock_set_utc(&fake, phone().verified_until - 1);
	assert_string_equal(camera_state(), "verified");
	bsg_fake_clock_pass(&fake, 1000);
	assert_string_not_equal(camera_state(), "verified");
}

static struct bsg_answered_verdict judge(const struct bsg_op_crossing_add *crossing)
{
	struct bsg_answered_verdict out;
	struct bsg_crossing_rec rec;
	struct bsg_move_rec moves[BSG_CARRIED_MAX];
	size_t n;

	assert_int_equal(bsg_store_crossing(server->store, crossing->id, &rec, moves, &n, NULL), BSG_OK);
	assert_int_equal(bsg_verdict_of(server, &rec, moves, n, &out, NULL), BSG_OK);
	return out;
}

static void Z20_a_verdict_is_pending_for_the_timeout_and_says_what_happened(void **state)
{
	struct bsg_op_crossing_add crossing;

	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	cross_at(BSG_CROSSING_IN, "house", NOW, &crossing);
	make_orders();
	assert_string_equal(bsg_verdict_name(&(struct bsg_answered_verdict){.pending = true}), "pending");
	assert_true(judge(&crossing).pending);
	assert_int_equal(judge(&crossing).until, NOW + 10);
	bsg_fake_clock_pass(&fake, 9 * 1000);
	assert_true(judge(&crossing).pending);
	bsg_fake_clock_pass(&fake, 1000);
	assert_false(judge(&crossing).pending);
	assert_int_equal(judge(&crossing).verdict, BSG_REMEDY_SEAL);
	assert_string_equal(judge(&crossing).why.en, "The phone did not prove its restriction in time");
	world.is_locked = true;
	assert_string_equal(judge(&crossing).why.en, "The phone's screen is locked: unlock your phone");
	world.is_locked = false;
	world.is_unreachable = true;
	assert_string_equal(judge(&crossing).why.en, "The phone cannot be reached");
	world.is_unreachable = false;
	prove();	/* Z22: asked later, it is judged anew */
	assert_false(judge(&crossing).pending);
	assert_int_not_equal(judge(&crossing).verdict, BSG_REMEDY_REFUSE);
	assert_string_not_equal(judge(&crossing).why.en, "The phone did not prove its restriction in time");
}

#define TURNSTILE "ffeeddccbbaa99887766554433221100"

static struct bsg_http_response call(const struct bsg_http_client_options *options, const struct bsg_http_request *request)
{
	struct bsg_http_client *client;
	struct bsg_http_response out;
	struct bsg_error err = {.text = ""};

	assert_int_equal(bsg_http_client_open(options, &client, &err), BSG_OK);
	if (bsg_http_client_do(client, request, &out, &err) != BSG_OK)
		fail_msg("%s", err.text);
	bsg_http_client_close(client);
	return out;
}

/* What a turnstile is told of its crossing when it waits a second for the verdict. */
static struct bsg_http_response ask(const char *crossing)
{
	char url[100];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/v1/crossings/%s", bsg_http_server_port(server->people), crossing);
	return call(&(struct bsg_http_client_options){.bearer = "turnstile"}, &(struct bsg_http_request){.url = url, .wait_s = 1});
}

/* Who is in, when that is not what @p seen is of any more. */
static struct bsg_http_response watch(const char *seen)
{
	const struct bsg_http_request request = {.url = "http://localhost/api/v1/presence", .if_none_match = seen, .wait_s = seen != NULL ? 60 : 0};

	return call(&(struct bsg_http_client_options){.unix_path = server->home.socket + strlen("unix:")}, &request);
}

static void what_time_alone_changes_is_told_to_those_who_watch_presence(void **state)
{
	static const char rules[] = "{\"id\": \"r\", \"who\": {\"all\": true}, \"where\": [\"yard\"], \"restrict\": [\"camera\"], "
				    "\"lead\": \"0s\", \"windows\": [[\"2025-11-10T09:00:00Z\", \"2025-11-10T10:00:00Z\"]]}";
	struct bsg_http_response before, after;

	(void)state;
	assert_int_equal(begin(rules), 0);
	bsg_fake_clock_pass(&fake, 4 * H * 1000);
	cross(BSG_CROSSING_IN, "yard");
	before = watch(NULL);
	assert_int_equal(before.status, 200);
	assert_non_null(strstr((const char *)before.body, "\"state\":\"verified\""));	/* nothing is asked of it */
	bsg_fake_clock_set_utc(&fake, WINDOW_FROM);
	bsg_server_wake(server);
	after = watch(before.etag);
	assert_int_equal(after.status, 200);
	assert_non_null(strstr((const char *)after.body, "\"state\":\"desired\""));
	bsg_http_response_clear(&before);
	bsg_http_response_clear(&after);
}

/* V2: it is never answered as one that nobody knows because the store cannot be asked just then. */
static void a_verdict_that_is_waited_for_is_no_refusal_because_the_store_cannot_be_asked(void **state)
{
	static const char id[] = "00000000-0000-4000-8000-000000000001";
	struct bsg_op op = {.kind = BSG_OP_CROSSING_ADD, .crossing_add = {.id = id, .device = device, .place = "house", .gate = "north",
		.direction = BSG_CROSSING_IN, .at = NOW, .received = NOW, .by = "turnstile:" TURNSTILE}};
	uint8_t token[BSG_STORE_SHA256_LEN];
	struct bsg_http_response told;

	(void)state;
	assert_int_equal(begin(HOUSE), 0);
	assert_int_equal(bsg_sha256("turnstile", strlen("turnstile"), token, NULL), BSG_OK);
	apply((struct bsg_op){.kind = BSG_OP_TURNSTILE_ADD, .turnstile_add = {.id = TURNSTILE, .token_sha256 = token, .place = "house",
		.gate = "north", .address = "", .at = NOW}}, true);
	apply(op, false);
	make_orders();
	told = ask(id);
	assert_non_null(strstr((const char *)told.body, "pending"));
	bsg_http_response_clear(&told);
	for (int i = 1; i <= 4; i++) {	/* judging looks at the phone some times */
		world.fails_in = i;
		told = ask(id);
		assert_true(told.status == 503 || strstr((const char *)told.body, "pending") != NULL);
		bsg_http_response_clear(&told);
	}
	world.fails_in = 0;
}

static int end(void **state)
{
	(void)state;
	bsg_server_stop(server);
	server = NULL;
	return 0;
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
	char command[300];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(Z2_a_crossing_restricts_in_the_transaction_of_its_orders, end),
		cmocka_unit_test_teardown(Z3_orders_and_step_come_together_or_not_at_all, end),
		cmocka_unit_test_teardown(Z2_the_edge_of_a_window_comes_by_itself, end),
		cmocka_unit_test_teardown(Z2_a_crash_between_crossing_and_orders_leaves_both_due, end),
		cmocka_unit_test_teardown(Z5_a_lease_is_prolonged_by_evidence_alone, end),
		cmocka_unit_test_teardown(Z6_without_a_place_it_is_renewed_by_time, end),
		cmocka_unit_test_teardown(release_and_revocation_lift, end),
		cmocka_unit_test_teardown(an_exemption_lifts_and_its_end_restricts_again, end),
		cmocka_unit_test_teardown(a_clock_that_is_set_restricts_nobody_for_longer, end),
		cmocka_unit_test_teardown(a_damaged_state_begins_anew, end),
		cmocka_unit_test_teardown(a_phone_that_is_not_there_yet_gets_orders_alone, end),
		cmocka_unit_test_teardown(a_platform_may_speak_of_its_phones_while_it_starts, end),
		cmocka_unit_test_teardown(self_in_counts_only_where_the_place_takes_it, end),
		cmocka_unit_test_teardown(V6_an_arrival_and_its_entry_in_the_audit_come_together_or_not_at_all, end),
		cmocka_unit_test_teardown(Z8_desired_acknowledged_verified_unverified, end),
		cmocka_unit_test_teardown(Z20_a_verdict_is_pending_for_the_timeout_and_says_what_happened, end),
		cmocka_unit_test_teardown(what_time_alone_changes_is_told_to_those_who_watch_presence, end),
		cmocka_unit_test_teardown(a_verdict_that_is_waited_for_is_no_refusal_because_the_store_cannot_be_asked, end),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
