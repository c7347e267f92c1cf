/* SPDX-License-Identifier: Apache-2.0 */
/* See drive_world.h. */
#include "drive_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "crypto/keyring.h"
#include "crypto/random.h"
#include "server/orders.h"
#include "server/view.h"

#define TURNSTILE "ffeeddccbbaa99887766554433221100"

static char folder[] = "/tmp/test-drive-XXXXXX";
struct bsg_fake_clock fake;
struct bsg_server *server;

struct drive_world world;

static struct bsg_platform plane;

const char device[BSG_ID_SIZE] = "00112233445566778899aabbccddeeff";

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
	if (atomic_exchange(&world.crosses, false))
		cross(BSG_CROSSING_IN, "house");
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
	atomic_store(&world.looked_until, now);
	while (world.holds_looks) {
		world.is_held = true;
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	world.is_held = false;
	return rc;
}

/* Something happens to the phone between a look and the commit. */
static void interfere(struct bsg_store *store, const char *id)
{
	uint8_t token[32];
	struct bsg_op op = {.kind = BSG_OP_APPLE_TOKEN_UPDATE, .apple_token_update = {.device = id, .token = {token, sizeof(token)},
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
		interfere(p->host->store, step->device);
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

void start_server(void)
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

void restart(void)
{
	bsg_server_stop(server);
	start_server();
}

void apply(struct bsg_op op, bool audited)
{
	struct bsg_op batch[2] = {op, {.kind = BSG_OP_AUDIT, .audit = {.at = 1, .who = "test", .action = "test", .subject = "test"}}};
	struct bsg_error err;

	if (bsg_store_apply(server->store, batch, audited ? 2 : 1, &err) != BSG_OK)
		fail_msg("%s", err.text);
}

void enrol(const char *person, const char *id)
{
	const uint8_t *token;
	uint8_t digest[BSG_STORE_SHA256_LEN];

	assert_int_equal(bsg_sha256(id, strlen(id), digest, NULL), BSG_OK);
	token = digest;
	apply((struct bsg_op){.kind = BSG_OP_PERSON_ADD, .person_add = {.id = person, .name = "One", .lang = "en", .at = NOW}}, true);
	apply((struct bsg_op){.kind = BSG_OP_INVITATION_ADD, .invitation_add = {
		.token_sha256 = token, .person = person, .kind = "ios-device", .at = NOW, .expires = NOW + H}}, true);
	apply((struct bsg_op){.kind = BSG_OP_ENROL, .enrol = {
		.token_sha256 = token, .key_sha256 = token, .device = id, .class_name = "managed", .certificate_sha256 = token,
		.certificate = {(const uint8_t *)"der", 3}, .certificate_expires = NOW + 9000 * H, .at = NOW}}, true);
	apply((struct bsg_op){.kind = BSG_OP_APPLE_AUTHENTICATE, .apple_authenticate = {
		.device = id, .certificate_sha256 = token, .udid = id, .os_version = 1704, .at = NOW}}, true);
	interfere(server->store, id);
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

/* A server with one phone, made for each test. */
int begin(const char *rules)
{
	char command[300];

	snprintf(command, sizeof(command), "rm -rf '%s/s'", folder);
	if (system(command) != 0)
		return 1;
	memset(&world, 0, sizeof(world));
	bsg_fake_clock_init(&fake, NOW);
	start_server();
	put_policy(rules);
	enrol("one", device);
	return 0;
}

struct bsg_apple_rec phone(void)
{
	struct bsg_apple_rec rec;

	assert_int_equal(bsg_store_apple(server->store, device, &rec, NULL, NULL), BSG_OK);
	return rec;
}

void make_orders(void)
{
	struct bsg_error err = {.text = ""};

	if (bsg_orders_make(server, device, false, &err) != BSG_OK)
		fail_msg("%s", err.text);
}

int64_t serial(void)
{
	struct bsg_device_rec rec;

	assert_int_equal(bsg_store_device(server->store, device, &rec, NULL), BSG_OK);
	return rec.serial;
}

void step(void)
{
	struct bsg_error err = {.text = ""};

	if (bsg_drive_step(server, device, &err) != BSG_OK)
		fail_msg("%s", err.text);
}

/* Stored; nobody has asked for orders yet. @param out  may be NULL */
void cross_at(enum bsg_crossing_direction direction, const char *place, int64_t at, struct bsg_op_crossing_add *out)
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

void cross_turnstile(const char *id, char url[static 100])
{
	uint8_t token[BSG_STORE_SHA256_LEN];

	assert_int_equal(bsg_sha256("turnstile", strlen("turnstile"), token, NULL), BSG_OK);
	apply((struct bsg_op){.kind = BSG_OP_TURNSTILE_ADD, .turnstile_add = {.id = TURNSTILE, .token_sha256 = token, .place = "house",
		.gate = "north", .address = "", .at = NOW}}, true);
	apply((struct bsg_op){.kind = BSG_OP_CROSSING_ADD, .crossing_add = {.id = id, .device = device, .place = "house", .gate = "north",
		.direction = BSG_CROSSING_IN, .at = NOW, .received = NOW, .by = "turnstile:" TURNSTILE}}, false);
	make_orders();
	(void)snprintf(url, 100, "http://127.0.0.1:%u/v1/crossings/%s", bsg_http_server_port(server->people), id);
}

void *ask_gate(void *arg)
{
	const struct bsg_http_client_options options = {.bearer = "turnstile"};
	struct question *q = arg;
	const struct bsg_http_request request = {.url = q->url, .accept_language = "en", .wait_s = 60,
		.if_none_match = q->heard[0] != '\0' ? q->heard : NULL};
	struct bsg_http_client *client = NULL;

	q->rc = bsg_http_client_open(&options, &client, NULL);
	if (q->rc == BSG_OK)
		q->rc = bsg_http_client_do(client, &request, &q->answer, NULL);
	bsg_http_client_close(client);
	return NULL;
}

static void await_held(void)
{
	const struct timespec short_while = {.tv_nsec = 10000000};
	struct bsg_http_stats stats = {.n_held = 0};

	for (int i = 0; i < 6000 && stats.n_held == 0; i++) {
		nanosleep(&short_while, NULL);
		bsg_http_server_stats(server->people, &stats);
	}
	assert_int_equal(stats.n_held, 1);
}

void begin_to_ask(struct question *q, pthread_t *thread)
{
	assert_int_equal(pthread_create(thread, NULL, ask_gate, q), 0);
	await_held();
}

void end_of_question(struct question *q, pthread_t thread, const char *verdict, const char *why)
{
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(q->rc, BSG_OK);
	assert_int_equal(q->answer.status, 200);
	assert_non_null(strstr((const char *)q->answer.body, verdict));
	assert_non_null(strstr((const char *)q->answer.body, why));
	assert_string_not_equal(q->answer.etag, "");
	(void)snprintf(q->heard, sizeof(q->heard), "%s", q->answer.etag);
	bsg_http_response_clear(&q->answer);
}

void cross(enum bsg_crossing_direction direction, const char *place)
{
	cross_at(direction, place, bsg_now(server), NULL);
	make_orders();
}

struct bsg_op_apple_answer answer(struct bsg_op_apple_answer said)
{
	struct bsg_op op = {.kind = BSG_OP_APPLE_ANSWER, .apple_answer = said};

	op.apple_answer.device = device;
	op.apple_answer.at = bsg_now(server);
	assert_int_equal(bsg_store_apply(server->store, &op, 1, NULL), BSG_OK);
	return op.apple_answer;
}

/* The phone fetches its command and says that it did so. */
void acknowledge(char uuid[BSG_UUID_SIZE])
{
	struct bsg_op_apple_answer idle = answer((struct bsg_op_apple_answer){.answer = BSG_APPLE_IDLE});

	assert_int_equal(idle.command.kind, BSG_APPLE_INSTALL);
	assert_int_equal(bsg_random_uuid(uuid, NULL), BSG_OK);
	answer((struct bsg_op_apple_answer){.answer = BSG_APPLE_ACKNOWLEDGED, .uuid = idle.command.uuid, .follow = BSG_APPLE_VERIFY,
					    .follow_uuid = uuid});
}

/* And shows it. */
void prove(void)
{
	char uuid[BSG_UUID_SIZE];

	acknowledge(uuid);
	answer((struct bsg_op_apple_answer){.answer = BSG_APPLE_VERIFIED, .uuid = uuid, .functions = phone().desired});
}

const char *camera_state(void)
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
void await_desired(int64_t functions)
{
	const struct timespec short_while = {.tv_nsec = 10000000};

	bsg_server_wake(server);
	for (int i = 0; i < 6000 && phone().desired != functions; i++)
		nanosleep(&short_while, NULL);
	assert_int_equal(phone().desired, functions);
}

int end(void **state)
{
	(void)state;
	world.holds_looks = false;
	bsg_server_stop(server);
	server = NULL;
	return 0;
}

int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

int remove_folder(void **state)
{
	char command[300];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

