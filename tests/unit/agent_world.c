/* SPDX-License-Identifier: Apache-2.0 */
/* A device with a fake clock and a fake camera. */
#include "agent_world.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/hex.h"
#include "crypto/cose.h"
#include "crypto/csr.h"
#include "crypto/place.h"

#define FIRST_DAY (NOW / 86400 - 2)
#define N_DAYS 6

static const uint8_t pseudonym[BSG_PSEUDONYM_LEN] = "house-pseudonym";
static const struct bsg_text text = { { "Үй", 4 }, { "Дом", 6 }, { "House", 5 } };

static struct bsg_str str(const char *s)
{
	return (struct bsg_str){ s, strlen(s) };
}

#define MUST(call) do { struct bsg_error err_ = { .text = "" }, *err = &err_; \
	if ((call) != BSG_OK) fail_msg("%s: %s", #call, err_.text); } while (0)

/* --- the fake camera --- */

struct fake_camera fake_camera;

struct bsg_enforcer {
	int unused;
};

static enum bsg_err fake_open(const struct bsg_enforce_config *config, struct bsg_enforcer **out,
			      struct bsg_error *err)
{
	snprintf(fake_camera.state, sizeof(fake_camera.state), "%s", config->state);
	*out = calloc(1, sizeof(**out));
	return *out ? BSG_OK : bsg_fail(err, BSG_E_NO_MEMORY, "out of memory");
}

static void fake_close(struct bsg_enforcer *enforcer)
{
	free(enforcer);
}

static void fake_probe(struct bsg_enforcer *enforcer, struct bsg_probe *out)
{
	(void)enforcer;
	*out = (struct bsg_probe){ .grade = BSG_GRADE_ENFORCED, .why = "a fake" };
}

static enum bsg_err fake_impose(struct bsg_enforcer *enforcer, struct bsg_error *err)
{
	(void)enforcer;
	fake_camera.n_imposed++;
	if (fake_camera.broken)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "broken");
	fake_camera.restricted = true;
	fake_camera.was_saved = access(fake_camera.saved, F_OK) == 0;
	return BSG_OK;
}

static enum bsg_err fake_lift(struct bsg_enforcer *enforcer, struct bsg_error *err)
{
	(void)enforcer;
	fake_camera.n_lifted++;
	if (fake_camera.broken)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "broken");
	fake_camera.restricted = false;
	return BSG_OK;
}

static void fake_verify(struct bsg_enforcer *enforcer, struct bsg_verdict *out)
{
	(void)enforcer;
	*out = (struct bsg_verdict){ .seen = !fake_camera.restricted ? BSG_SEEN_OPEN :
		fake_camera.leaks ? BSG_SEEN_LEAKING : BSG_SEEN_RESTRICTED };
	if (fake_camera.leaks)
		snprintf(out->why, sizeof(out->why), "it leaks");
}

static enum bsg_err fake_keep(struct bsg_enforcer *enforcer, int *again_ms, struct bsg_error *err)
{
	(void)enforcer;
	*again_ms = 60000;
	return fake_camera.broken ? bsg_fail(err, BSG_E_UNAVAILABLE, "broken") : BSG_OK;
}

static int fake_fd(struct bsg_enforcer *enforcer)
{
	(void)enforcer;
	return -1;
}

static bool fake_set_end(struct bsg_enforcer *enforcer, int64_t end_ms)
{
	bool changed = fake_camera.end_ms != end_ms;

	(void)enforcer;
	fake_camera.end_ms = end_ms;
	return changed;
}

static const struct bsg_enforcement fake = { "camera", fake_open, fake_close, fake_probe, fake_set_end,
	fake_impose, fake_lift, fake_verify, fake_keep, fake_fd };
static const struct bsg_enforcement *const fakes[] = { &fake, NULL };

/* --- the agent --- */

enum bsg_err world_try_restart(struct agent_world *w, struct bsg_error *err)
{
	struct bsg_agent_options options = { .state = w->state, .enforcements = fakes,
		.enforce.state = "as given", .clock = &w->clock.clock, .boot = w->boot };

	bsg_agent_close(w->agent);
	w->agent = NULL;
	return bsg_agent_open(&options, &w->agent, err);
}

void world_restart(struct agent_world *w)
{
	MUST(world_try_restart(w, err));
}

void world_reboot(struct agent_world *w)
{
	w->boot[0] = w->boot[0] == 'a' ? 'b' : 'a';
	w->clock.mono_ms = 1000;
	fake_camera.restricted = false;	/* the kernel forgets */
	world_restart(w);
}

void world_pass_time(struct agent_world *w, int64_t seconds)
{
	int64_t until = bsg_clock_mono_ms(&w->clock.clock) + seconds * 1000;

	for (;;) {
		int64_t due = bsg_agent_due_ms(w->agent);
		int64_t left = until - bsg_clock_mono_ms(&w->clock.clock);

		if (due < 0 || due > left) {
			bsg_fake_clock_pass(&w->clock, left);
			return;
		}
		bsg_fake_clock_pass(&w->clock, due);
		bsg_agent_work(w->agent);
	}
}

/* --- setting up --- */

static void issue(struct agent_world *w, const struct bsg_key *key, struct bsg_buf *der)
{
	struct bsg_profile profile = { .purpose = BSG_CERT_DEVICE, .cn = w->device, .not_before = NOW - HOUR,
		.not_after = NOW + 365 * 24 * HOUR };
	struct bsg_buf csr;

	bsg_buf_init(&csr, BSG_CSR_MAX);
	bsg_buf_init(der, BSG_CERT_MAX);
	MUST(bsg_csr_make(key, "x", &csr, err));
	MUST(bsg_keyring_issue(w->server, (struct bsg_bytes){ csr.data, csr.len }, &profile, der, err));
	bsg_buf_free(&csr);
}

static void enrol(struct agent_world *w)
{
	struct bsg_agent_paths paths;
	struct bsg_identity identity = { .server = "https://server", .device_url = "https://device" };
	struct bsg_bytes root, certs[2];
	struct bsg_buf der;

	MUST(bsg_agent_paths(w->state, &paths, err));
	MUST(bsg_key_generate(&identity.key, err));
	MUST(bsg_key_save(identity.key, paths.key, err));
	issue(w, identity.key, &der);
	certs[0] = (struct bsg_bytes){ der.data, der.len };
	MUST(bsg_keyring_certificate(w->server, BSG_KEYRING_DEVICE_CA, &certs[1], err));
	MUST(bsg_keyring_certificate(w->server, BSG_KEYRING_ROOT, &root, err));
	bsg_buf_init(&identity.root, BSG_CERT_MAX);
	bsg_buf_add(&identity.root, root.ptr, root.len);
	memcpy(identity.device, w->device, sizeof(identity.device));
	MUST(bsg_identity_save(&paths, &identity, certs, 2, err));
	bsg_buf_free(&der);
	bsg_identity_free(&identity);
}

int world_set_up(void **state)
{
	struct agent_world *w = calloc(1, sizeof(*w));
	static char saved[128];
	char server[80];

	assert_non_null(w);
	/* Memory where there is some: these tests fsync a lot, and no power is cut here. */
	snprintf(w->dir, sizeof(w->dir), "%s/bosaga-agent-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(w->dir));
	snprintf(server, sizeof(server), "%s/server", w->dir);
	snprintf(w->state, sizeof(w->state), "%s/device", w->dir);
	assert_int_equal(mkdir(server, 0700), 0);
	assert_int_equal(mkdir(w->state, 0711), 0);
	snprintf(saved, sizeof(saved), "%s/state.json", w->state);
	fake_camera = (struct fake_camera){ .saved = saved };
	snprintf(w->device, sizeof(w->device), "%s", "0123456789abcdef0123456789abcdef");
	snprintf(w->boot, sizeof(w->boot), "a0000000-0000-4000-8000-000000000000");
	bsg_fake_clock_init(&w->clock, NOW);
	w->clock.mono_ms = 1000000;
	MUST(bsg_keyring_open(server, NOW - 2 * HOUR, &w->server, err));
	MUST(bsg_key_generate(&w->gate, err));
	enrol(w);
	world_restart(w);
	bsg_agent_server_time(w->agent, NOW, bsg_clock_mono_ms(&w->clock.clock), false);
	*state = w;
	return 0;
}

static void remove_tree(const char *path)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	assert_int_equal(system(command), 0);
}

int world_tear_down(void **state)
{
	struct agent_world *w = *state;

	bsg_agent_close(w->agent);
	bsg_keyring_free(w->server);
	bsg_key_free(w->gate);
	remove_tree(w->dir);
	free(w);
	return 0;
}

/* --- orders --- */

static struct bsg_keyring *other_server(const struct agent_world *w)
{
	char dir[96];
	struct bsg_keyring *keyring;

	snprintf(dir, sizeof(dir), "%s/other", w->dir);
	mkdir(dir, 0700);
	MUST(bsg_keyring_open(dir, NOW - 2 * HOUR, &keyring, err));
	return keyring;
}

static void sign_by_server(const struct agent_world *w, bool other, enum bsg_cose_kind kind,
			   struct bsg_bytes payload, struct bsg_buf *out)
{
	struct bsg_keyring *keyring = other ? other_server(w) : w->server;

	bsg_buf_init(out, BSG_TOKEN_MAX * 2);
	MUST(bsg_cose_sign(keyring, kind, payload, out, err));
	if (other)
		bsg_keyring_free(keyring);
}

static void fill_place(struct bsg_orders_message *m, const struct orders_wish *wish)
{
	static uint8_t keys[N_DAYS * BSG_EXIT_KEY_LEN];
	struct bsg_place *place = &m->orders.places[0];

	for (size_t i = 0; i < sizeof(keys); i++)
		keys[i] = (uint8_t)(i + 7);
	m->orders.n_places = 1;
	*place = (struct bsg_place){ .id = str("house"), .name = text, .grace = 180, .self_stay = 900,
		.left_unconfirmed = true, .keep = wish->keep, .max_stay = wish->max_stay,
		.enter_by = wish->self ? BSG_ENTER_SELF : 0 };
	m->places[0] = (struct bsg_orders_place){ .first_day = FIRST_DAY, .n_days = N_DAYS, .exit_keys = keys };
	memcpy(m->places[0].pseudonym, pseudonym, sizeof(pseudonym));
}

static void fill_rule(struct bsg_orders_message *m, const struct orders_wish *wish)
{
	m->orders.n_rules = 1;
	m->orders.rules[0] = (struct bsg_rule){ .id = str("no-camera"), .place = str("house"),
		.always = wish->windows_end == 0, .restrict_functions = BSG_BIT(BSG_CAMERA), .enforce = true,
		.because = text };
	if (wish->windows_end) {
		m->orders.n_windows = 1;
		m->orders.rules[0].n_windows = 1;
		m->orders.windows[0] = (struct bsg_window){ NOW - NOW % 60 - HOUR, wish->windows_end };
	}
}

void world_orders(const struct agent_world *w, const struct orders_wish *wish, struct bsg_buf *out)
{
	struct bsg_orders_message *m = calloc(1, sizeof(*m));
	uint8_t *buf = malloc(BSG_ORDERS_MAX);
	int64_t now = bsg_clock_utc(&w->clock.clock);
	struct bsg_bytes payload;
	struct bsg_error err_ = { .text = "" };
	const char *why = NULL;
	size_t len;

	assert_true(m && buf);
	assert_int_equal(bsg_hex_decode(wish->device ? wish->device : w->device, BSG_ID_LEN, m->orders.device,
					BSG_DEVICE_LEN, &len, &err_), BSG_OK);
	m->orders.serial = wish->serial;
	m->orders.issued = now;
	m->orders.expires = now + 35 * 24 * HOUR;
	m->orders.max_stay = BSG_DEFAULT_MAX_STAY;
	m->orders.break_glass_minutes = 10;
	m->orders.break_glass_per_day = 2;
	m->discharge = wish->discharge;
	if (wish->in || wish->out) {
		m->orders.has_presence = true;
		m->orders.presence.seq = wish->serial;
		m->orders.presence.place = str("house");
		m->orders.presence.in = wish->in;
		m->orders.presence.at = wish->at ? wish->at : now;
	}
	if (!wish->discharge) {
		fill_place(m, wish);
		if (!wish->no_rule)
			fill_rule(m, wish);
	}
	if (bsg_orders_encode(m, buf, BSG_ORDERS_MAX, &payload, &why) != BSG_OK)
		fail_msg("orders: %s", why);
	sign_by_server(w, wish->other_root, BSG_COSE_ORDERS, payload, out);
	free(buf);
	free(m);
}

enum bsg_err world_take(struct agent_world *w, const struct orders_wish *wish)
{
	struct bsg_buf orders;
	struct bsg_error err;
	enum bsg_err rc;

	world_orders(w, wish, &orders);
	rc = bsg_agent_take_orders(w->agent, orders.data, orders.len, &err);
	bsg_buf_free(&orders);
	return rc;
}

/* --- gates --- */

static void make_credential(const struct agent_world *w, const struct token_wish *wish, int64_t issued,
			    struct bsg_buf *out)
{
	struct bsg_gate_credential *c = calloc(1, sizeof(*c));
	uint8_t *buf = malloc(BSG_GATE_CREDENTIAL_MAX);
	struct bsg_public_key key;
	struct bsg_bytes payload;

	assert_true(c && buf);
	bsg_key_public(w->gate, &key);
	c->issued = wish->credential_issued ? wish->credential_issued : issued - HOUR;
	c->expires = c->issued + 24 * HOUR;
	memcpy(c->key_x, key.spki + BSG_SPKI_X, 32);
	memcpy(c->key_y, key.spki + BSG_SPKI_Y, 32);
	c->place = str(wish->place ? wish->place : "house");
	c->gate = str("north");
	if (wish->guest) {
		c->has_guest = true;
		c->guest = (struct bsg_guest){ .place = c->place, .name = text, .functions = BSG_BIT(BSG_CAMERA),
			.max_stay = (uint32_t)(2 * HOUR), .because = text };
	}
	assert_int_equal(bsg_gate_credential_encode(c, buf, BSG_GATE_CREDENTIAL_MAX, &payload), BSG_OK);
	sign_by_server(w, wish->other_root, BSG_COSE_GATE_CREDENTIAL, payload, out);
	free(buf);
	free(c);
}

static void sign_token(const struct agent_world *w, bool other, struct bsg_bytes payload, struct bsg_buf *out)
{
	struct bsg_secret pem = { 0 };
	struct bsg_keyring *keyring;
	struct bsg_key *key;

	if (other) {
		MUST(bsg_key_generate(&key, err));
	} else {
		MUST(bsg_key_pem(w->gate, &pem, err));
		MUST(bsg_key_parse((const char *)pem.data, pem.len, &key, err));
	}
	MUST(bsg_keyring_of_key(key, BSG_SIGN_TOKEN, &keyring, err));
	bsg_buf_init(out, BSG_TOKEN_MAX);
	MUST(bsg_cose_sign(keyring, BSG_COSE_THRESHOLD_TOKEN, payload, out, err));
	bsg_keyring_free(keyring);
	bsg_secret_free(&pem);
}

char *world_token(const struct agent_world *w, const struct token_wish *wish)
{
	struct bsg_token token = { .direction = wish->direction };
	uint8_t *buf = malloc(BSG_TOKEN_MAX);
	struct bsg_buf credential, message;
	struct bsg_bytes payload;
	char *hex;

	assert_non_null(buf);
	token.issued = wish->issued ? wish->issued : bsg_clock_utc(&w->clock.clock);
	token.expires = token.issued + BSG_TOKEN_LIFE_S;
	memset(token.nonce, wish->nonce, sizeof(token.nonce));
	make_credential(w, wish, token.issued, &credential);
	token.credential = (struct bsg_bytes){ credential.data, credential.len };
	if (wish->pass) {
		token.bound = true;
		memcpy(token.pseudonym, wish->pass->pseudonym, sizeof(token.pseudonym));
		memcpy(token.pass_nonce, wish->pass->nonce, sizeof(token.pass_nonce));
	}
	assert_int_equal(bsg_token_encode(&token, buf, BSG_TOKEN_MAX, &payload), BSG_OK);
	sign_token(w, wish->other_key, payload, &message);
	hex = malloc(2 * message.len + 1);
	assert_non_null(hex);
	bsg_hex_encode(message.data, message.len, hex);
	bsg_buf_free(&message);
	bsg_buf_free(&credential);
	free(buf);
	return hex;
}

void world_pass(struct agent_world *w, struct bsg_pass *out)
{
	struct bsg_agent_passed passed;
	struct bsg_bytes payload;
	const char *why;

	MUST(bsg_agent_pass(w->agent, NULL, NULL, (struct bsg_str){ 0 }, &passed, err));
	MUST(bsg_cose_peek(BSG_COSE_PASS, (struct bsg_bytes){ passed.bytes, passed.len }, &payload, err));
	assert_int_equal(bsg_pass_decode(payload, out, &why), BSG_OK);
	out->gate = (struct bsg_str){ 0 };	/* it pointed into our stack */
}

void world_code(int64_t utc, char out[static BSG_EXIT_CODE_DIGITS + 1])
{
	int64_t step = bsg_exit_code_step(utc), day = bsg_exit_code_day(step);
	uint8_t key[BSG_EXIT_KEY_LEN];

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)((size_t)(day - FIRST_DAY) * BSG_EXIT_KEY_LEN + i + 7);
	MUST(bsg_exit_code(key, step, out, err));
}
