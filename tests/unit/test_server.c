/* SPDX-License-Identifier: Apache-2.0 */
/* The server as a library: two of them in one process, started again on the same directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/hash.h"
#include "server/app.h"
#include "server/orders.h"

static char folder[] = "/tmp/test-server-XXXXXX";

static const struct bsg_clock *server_clock;	/* NULL: the machine's */

static enum bsg_err start(const char *name, struct bsg_server **out, struct bsg_error *err)
{
	struct bsg_server_options options;
	char dir[200];

	memset(&options, 0, sizeof(options));
	snprintf(dir, sizeof(dir), "%s/%s", folder, name);
	assert_int_equal(bsg_settings_load(NULL, &options.settings, err), BSG_OK);
	snprintf(options.settings.people_listen, sizeof(options.settings.people_listen), "127.0.0.1:0");
	snprintf(options.settings.device_listen, sizeof(options.settings.device_listen), "127.0.0.1:0");
	options.state_dir = dir;
	options.clock = server_clock;
	return bsg_server_start(&options, out, err);
}

static struct bsg_server *must_start(const char *name)
{
	struct bsg_error err = {.text = ""};
	struct bsg_server *server;

	if (start(name, &server, &err) != BSG_OK)
		fail_msg("%s", err.text);
	return server;
}

static void two_servers_run_in_one_process(void **state)
{
	struct bsg_server *a = must_start("a"), *b = must_start("b");

	(void)state;
	assert_true(bsg_server_is_new(a));
	assert_string_not_equal(bsg_server_people_url(a), bsg_server_people_url(b));
	bsg_server_stop(a);
	bsg_server_stop(b);
}

static void a_second_start_keeps_the_keys_and_the_first_made_them_private(void **state)
{
	static const char *const paths[] = {"a", "a/keys", "a/root-key.pem", "a/bosaga.db"};
	struct bsg_server *server = must_start("a");
	struct stat st;
	char path[300];

	(void)state;
	assert_false(bsg_server_is_new(server));
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, paths[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 077, 0);
	}
	bsg_server_stop(server);
}

static void a_directory_that_others_may_enter_is_refused(void **state)
{
	struct bsg_error err = {.text = ""};
	struct bsg_server *server;
	char path[300];

	(void)state;
	snprintf(path, sizeof(path), "%s/open", folder);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(start("open", &server, &err), BSG_E_DENIED);
	assert_null(server);
}

static void a_second_server_on_the_same_socket_does_not_start(void **state)
{
	struct bsg_server *first = must_start("a"), *second;
	struct bsg_error err = {.text = ""};

	(void)state;
	assert_int_not_equal(start("a", &second, &err), BSG_OK);
	assert_null(second);
	assert_true(err.text[0] != '\0');
	bsg_server_stop(first);
}

#define N_HOPELESS 700u	/* more than the sweep looks at in one go */

/* Apply with an audit entry. */
static void change(struct bsg_store *store, struct bsg_op op)
{
	struct bsg_op ops[2] = {op, {.kind = BSG_OP_AUDIT, .audit = {.at = 1, .who = "test", .action = "test", .subject = "test"}}};
	struct bsg_error err;

	if (bsg_store_apply(store, ops, 2, &err) != BSG_OK)
		fail_msg("%s", err.text);
}

/* Nobody asks for its orders: they are due in the store, as after a crash. */
static void enrol(struct bsg_store *store, const char *person, unsigned n)
{
	uint8_t digest[BSG_STORE_SHA256_LEN];
	char id[BSG_ID_SIZE];

	snprintf(id, sizeof(id), "00112233445566778899aabb%08x", n);
	assert_int_equal(bsg_sha256(id, strlen(id), digest, NULL), BSG_OK);
	change(store, (struct bsg_op){.kind = BSG_OP_INVITATION_ADD, .invitation_add = {
		.token_sha256 = digest, .person = person, .kind = "linux-agent", .at = 1, .expires = 1000}});
	change(store, (struct bsg_op){.kind = BSG_OP_ENROL, .enrol = {
		.token_sha256 = digest, .key_sha256 = digest, .device = id, .class_name = "claimed", .certificate_sha256 = digest,
		.certificate = {(const uint8_t *)"der", 3}, .certificate_expires = 2000, .at = 1}});
}

/* 17 rules for one unit: more than any orders hold. In force without being planned, as if the facts had changed since. */
static void put_too_much_in_force(struct bsg_store *store)
{
	char text[8192];
	size_t len = (size_t)snprintf(text, sizeof(text), "{\"bosaga\": 1, \"places\": [{\"id\": \"house\"}], \"rules\": [");
	uint8_t digest[BSG_SHA256_LEN];

	for (int i = 0; i < 17; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s{\"id\": \"r%d\", \"who\": {\"units\": [\"crowded\"]}, "
					"\"where\": [\"house\"], \"restrict\": [\"camera\"]}", i > 0 ? ", " : "", i);
	len += (size_t)snprintf(text + len, sizeof(text) - len, "]}");
	assert_int_equal(bsg_sha256(text, len, digest, NULL), BSG_OK);
	change(store, (struct bsg_op){.kind = BSG_OP_POLICY_PROPOSE, .policy_propose = {
		.document = {(const uint8_t *)text, len}, .digest = digest, .author = "test", .at = 1}});
	change(store, (struct bsg_op){.kind = BSG_OP_POLICY_ACTIVATE, .policy_activate = {.version = 1, .at = 1}});
}

/* Wait until a device has newer orders than @p serial. */
static struct bsg_orders_rec await_orders(struct bsg_server *server, const char *device, int64_t serial)
{
	const struct timespec short_while = {.tv_nsec = 10000000};
	struct bsg_orders_rec head = {.serial = 0};

	for (int i = 0; i < 6000 && head.serial <= serial; i++) {
		nanosleep(&short_while, NULL);
		assert_int_equal(bsg_store_orders(server->store, device, &head, NULL, NULL), BSG_OK);
	}
	assert_true(head.serial > serial);
	return head;
}

static void V22_devices_whose_orders_cannot_be_made_hide_no_others(void **state)
{
	struct bsg_server *server = must_start("crowd");

	(void)state;
	change(server->store, (struct bsg_op){.kind = BSG_OP_PERSON_ADD, .person_add = {.id = "many", .name = "Many", .unit = "crowded",
		.lang = "en", .at = 1}});
	change(server->store, (struct bsg_op){.kind = BSG_OP_PERSON_ADD, .person_add = {.id = "one", .name = "One", .lang = "en", .at = 1}});
	put_too_much_in_force(server->store);
	for (unsigned i = 0; i < N_HOPELESS; i++)
		enrol(server->store, "many", i);
	enrol(server->store, "one", N_HOPELESS);
	bsg_server_stop(server);

	server = must_start("crowd");
	assert_int_equal(await_orders(server, "00112233445566778899aabb000002bc", 0).serial, 1);
	assert_true(atomic_load(&server->counts.orders_failed) > N_HOPELESS / 2);
	bsg_server_stop(server);
}

static void V22_due_orders_are_made_while_people_come_and_go_all_the_time(void **state)
{
	static const char device[] = "00112233445566778899aabb00000001";
	const struct timespec second = {.tv_sec = 1};
	struct bsg_server *server = must_start("busy");
	struct bsg_orders_rec head = {.serial = 0};

	(void)state;
	nanosleep(&second, NULL);	/* the sweep at the start is over: it would be the only one that finds the device */
	change(server->store, (struct bsg_op){.kind = BSG_OP_PERSON_ADD, .person_add = {.id = "one", .name = "One", .lang = "en", .at = 1}});
	enrol(server->store, "one", 1);
	for (int i = 0; i < 60 && head.serial == 0; i++) {
		bsg_orders_want_presence(server);
		nanosleep(&second, NULL);
		assert_int_equal(bsg_store_orders(server->store, device, &head, NULL, NULL), BSG_OK);
	}
	assert_int_equal(head.serial, 1);
	bsg_server_stop(server);
}

static void V20_orders_made_while_the_clock_was_far_ahead_are_made_anew(void **state)
{
	static const char device[] = "00112233445566778899aabb00000001";
	const int64_t now = bsg_clock_utc(bsg_clock_system());
	struct bsg_server *server = must_start("clock");
	struct bsg_fake_clock ahead;
	struct bsg_orders_rec head;

	(void)state;
	change(server->store, (struct bsg_op){.kind = BSG_OP_PERSON_ADD, .person_add = {.id = "one", .name = "One", .lang = "en", .at = 1}});
	enrol(server->store, "one", 1);
	bsg_server_stop(server);

	bsg_fake_clock_init(&ahead, now + INT64_C(400) * 86400);
	server_clock = &ahead.clock;
	server = must_start("clock");
	server_clock = NULL;
	head = await_orders(server, device, 0);
	assert_true(head.issued > now + INT64_C(399) * 86400);
	bsg_server_stop(server);

	server = must_start("clock");
	head = await_orders(server, device, head.serial);
	assert_true(head.issued >= now && head.issued < now + 86400);
	assert_int_equal(head.serial, 2);	/* once */
	bsg_server_stop(server);
}

static int64_t tls_end(struct bsg_server *server)
{
	int64_t end;

	pthread_mutex_lock(&server->planes_lock);
	end = server->home.tls.not_after;
	pthread_mutex_unlock(&server->planes_lock);
	return end;
}

/* Else nobody who checks it could call for up to a day. */
static void a_tls_certificate_from_the_future_is_made_anew_once_the_clock_is_right(void **state)
{
	const struct timespec short_while = {.tv_nsec = 10000000};
	const int64_t now = bsg_clock_utc(bsg_clock_system());
	int64_t made, made_anew;
	static struct bsg_fake_clock clock;
	struct bsg_server *server;

	(void)state;
	bsg_fake_clock_init(&clock, now + INT64_C(400) * 86400);
	server_clock = &clock.clock;
	server = must_start("future");
	server_clock = NULL;
	made = made_anew = tls_end(server);
	bsg_fake_clock_set_utc(&clock, now);
	for (int i = 0; i < 6000 && made_anew == made; i++) {
		bsg_orders_want_due(server);
		nanosleep(&short_while, NULL);
		made_anew = tls_end(server);
	}
	assert_int_equal(made_anew, made - INT64_C(400) * 86400);
	bsg_server_stop(server);
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
		cmocka_unit_test(two_servers_run_in_one_process),
		cmocka_unit_test(a_second_start_keeps_the_keys_and_the_first_made_them_private),
		cmocka_unit_test(a_directory_that_others_may_enter_is_refused),
		cmocka_unit_test(a_second_server_on_the_same_socket_does_not_start),
		cmocka_unit_test(a_tls_certificate_from_the_future_is_made_anew_once_the_clock_is_right),
		cmocka_unit_test(V20_orders_made_while_the_clock_was_far_ahead_are_made_anew),
		cmocka_unit_test(V22_devices_whose_orders_cannot_be_made_hide_no_others),
		cmocka_unit_test(V22_due_orders_are_made_while_people_come_and_go_all_the_time),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
