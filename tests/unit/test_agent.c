/* SPDX-License-Identifier: Apache-2.0 */
/* The agent without its loop: orders, leases, restarts, clocks, what is reported and what is not believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/linux/enrol.h"
#include "agent_world.h"
#include "base/file.h"

static bool status_says(struct agent_world *w, const char *what)
{
	char *text = bsg_agent_status_json(w->agent);
	bool found;

	assert_non_null(text);
	found = strstr(text, what) != NULL;
	free(text);
	return found;
}

static void a_crossing_restricts_and_the_next_lifts(void **state)
{
	struct agent_world *w = *state;

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1 }), BSG_OK);
	assert_false(fake_camera.restricted);
	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 2, .in = true }), BSG_OK);
	assert_true(fake_camera.restricted);
	assert_true(status_says(w, "\"function\":\"camera\",\"rule\":\"no-camera\",\"place\":\"house\""));
	assert_true(status_says(w, "\"state\":\"verified\""));
	bsg_fake_clock_pass(&w->clock, 5000);
	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 3, .out = true }), BSG_OK);
	assert_false(fake_camera.restricted);
	assert_true(status_says(w, "\"restricted\":[]"));
}

static void the_state_is_on_disk_before_anything_is_restricted(void **state)
{
	struct agent_world *w = *state;

	unlink(w->agent->paths.saved);
	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1, .in = true }), BSG_OK);
	assert_true(fake_camera.restricted);
	assert_true(fake_camera.was_saved);
}

static void renewed_orders_never_lift_in_between(void **state)
{
	struct agent_world *w = *state;

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1, .in = true }), BSG_OK);
	unsigned n_lifted = fake_camera.n_lifted;

	for (uint32_t serial = 2; serial < 6; serial++) {
		bsg_fake_clock_pass(&w->clock, 60000);
		assert_int_equal(world_take(w, &(struct orders_wish){ .serial = serial, .in = true, .at = NOW }),
				 BSG_OK);
		assert_true(fake_camera.restricted);
	}
	assert_int_equal(fake_camera.n_lifted, n_lifted);
	assert_int_equal(fake_camera.n_imposed, 1);
}

static void orders_that_are_not_for_us_change_nothing(void **state)
{
	static const struct {
		const char *what;
		struct orders_wish wish;
		enum bsg_err rc;
	} rows[] = {
		{ "a lower serial", { .serial = 4, .no_rule = true }, BSG_E_DENIED },
		{ "an equal serial, other bytes", { .serial = 5, .no_rule = true }, BSG_E_DENIED },
		{ "another device's", { .serial = 6, .no_rule = true,
			.device = "ffffffffffffffffffffffffffffffff" }, BSG_E_DENIED },
		{ "another server's", { .serial = 6, .no_rule = true, .other_root = true }, BSG_E_CRYPTO },
	};
	struct agent_world *w = *state;

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 5, .in = true }), BSG_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum bsg_err rc = world_take(w, &rows[i].wish);

		if (rc != rows[i].rc || !fake_camera.restricted || w->agent->orders.message->orders.serial != 5)
			fail_msg("%s: %d", rows[i].what, (int)rc);
		world_restart(w);
		assert_true(fake_camera.restricted);
	}
}

static void a_flipped_bit_in_orders_is_refused(void **state)
{
	struct agent_world *w = *state;
	struct bsg_buf orders;
	struct bsg_error err;

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1, .in = true }), BSG_OK);
	world_orders(w, &(struct orders_wish){ .serial = 2, .no_rule = true }, &orders);
	for (size_t i = 0; i < orders.len; i += 7) {
		orders.data[i] ^= 0x10;
		assert_int_not_equal(bsg_agent_take_orders(w->agent, orders.data, orders.len, &err), BSG_OK);
		orders.data[i] ^= 0x10;
		assert_true(fake_camera.restricted);
	}
	for (size_t len = 0; len < orders.len; len += 11)
		assert_int_not_equal(bsg_agent_take_orders(w->agent, orders.data, len, &err), BSG_OK);
	bsg_buf_free(&orders);
}

static void nothing_stays_restricted_past_its_lease_without_a_server(void **state)
{
	struct agent_world *w = *state;

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1, .in = true, .max_stay = 600 }), BSG_OK);
	world_pass_time(w, 598);
	assert_true(fake_camera.restricted);
	world_pass_time(w, 3);
	assert_false(fake_camera.restricted);
}

static void an_agent_that_starts_after_the_lease_lifts_at_once(void **state)
{
	struct agent_world *w = *state;

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1, .in = true, .max_stay = 600 }), BSG_OK);
	world_restart(w);
	assert_true(fake_camera.restricted);
	bsg_fake_clock_pass(&w->clock, 601000);
	assert_true(fake_camera.restricted);	/* nobody was there to lift it */
	world_restart(w);
	assert_false(fake_camera.restricted);
}

/* By it an agent knows again what the agent before it left: /var/lib/x, /var/lib/x/ and ./x are one. */
static void a_folder_has_one_name_however_it_is_given(void **state)
{
	struct agent_world *w = *state;
	char first[sizeof(fake_camera.state)];

	memcpy(first, fake_camera.state, sizeof(first));
	assert_string_equal(first, w->agent->paths.dir);
	strncat(w->state, "/../device//", sizeof(w->state) - strlen(w->state) - 1);
	world_restart(w);
	assert_string_equal(fake_camera.state, first);
}

static void the_machine_itself_knows_when_the_lease_ends(void **state)
{
	struct agent_world *w = *state;
	const int64_t began = bsg_clock_mono_ms(&w->clock.clock);

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1, .in = true, .max_stay = 600 }), BSG_OK);
	assert_int_equal(fake_camera.end_ms, began + 600 * 1000);
	world_pass_time(w, 300);
	assert_int_equal(fake_camera.end_ms, began + 600 * 1000);
	/* In again by another gate, five minutes later: a lease of its own. */
	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 2, .in = true, .max_stay = 600 }), BSG_OK);
	assert_int_equal(fake_camera.end_ms, began + 900 * 1000);
	/* New orders shorten it. */
	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 3, .max_stay = 400 }), BSG_OK);
	assert_int_equal(fake_camera.end_ms, began + 700 * 1000);
	/* The server's clock is 100 s behind what we believed: D8.6 leaves the lease its full duration. */
	bsg_agent_server_time(w->agent, NOW + 200, bsg_clock_mono_ms(&w->clock.clock), false);
	assert_int_equal(fake_camera.end_ms, began + 300 * 1000 + 400 * 1000);
	assert_true(fake_camera.restricted);
}

static void a_damaged_state_lifts_everything(void **state)
{
	struct agent_world *w = *state;
	struct bsg_error err;

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1, .no_rule = true }), BSG_OK);
	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 2, .in = true }), BSG_OK);
	assert_int_equal(bsg_file_replace(w->agent->paths.saved, "{\"version\": 1, \"core\": \"00\"", 26, 0600, &err),
			 BSG_OK);
	assert_int_equal(bsg_file_remove(w->agent->paths.orders, &err), BSG_OK);
	world_restart(w);
	assert_false(fake_camera.restricted);
}

/* The server has no newer ones, and sends those again that it has: nothing may keep them from counting. */
static void orders_that_were_damaged_on_disk_are_taken_again(void **state)
{
	struct agent_world *w = *state;
	struct bsg_buf orders;
	struct bsg_error err = { .text = "" };

	world_orders(w, &(struct orders_wish){ .serial = 4, .in = true }, &orders);
	assert_int_equal(bsg_agent_take_orders(w->agent, orders.data, orders.len, &err), BSG_OK);
	assert_true(fake_camera.restricted);
	assert_int_equal(bsg_file_replace(w->agent->paths.orders, "damaged", 7, 0600, &err), BSG_OK);
	world_restart(w);
	assert_false(fake_camera.restricted);
	if (bsg_agent_take_orders(w->agent, orders.data, orders.len, &err) != BSG_OK)
		fail_msg("%s", err.text);
	assert_true(fake_camera.restricted);
	world_restart(w);
	assert_true(fake_camera.restricted);
	bsg_buf_free(&orders);
}

/* The state of new orders must not get to the disk without them: beside the old ones it would be thrown away. */
static void orders_that_cannot_be_saved_do_not_lift_at_the_next_start(void **state)
{
	struct agent_world *w = *state;
	char blocked[400], *token = world_token(w, &(struct token_wish){ .direction = BSG_DIRECTION_IN });
	struct bsg_agent_tapped tapped;
	struct bsg_error err = { .text = "" };

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1 }), BSG_OK);
	if (bsg_agent_tap(w->agent, token, &tapped, &err) != BSG_OK)	/* what no orders know */
		fail_msg("%s", err.text);
	free(token);
	snprintf(blocked, sizeof(blocked), "%s.new", w->agent->paths.orders);
	assert_int_equal(mkdir(blocked, 0700), 0);
	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 2 }), BSG_OK);
	assert_true(fake_camera.restricted);
	world_restart(w);
	assert_int_equal(w->agent->orders.message->orders.serial, 1);
	assert_true(fake_camera.restricted);
	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 3 }), BSG_OK);
	assert_int_equal(rmdir(blocked), 0);	/* there is room again: the next time that something is saved, all is */
	assert_true(bsg_agent_save(w->agent));
	world_restart(w);
	assert_int_equal(w->agent->orders.message->orders.serial, 3);
	assert_true(fake_camera.restricted);
}

/* Nobody is there to lift it later: who cannot start lifts what the agent before him left. */
static void an_agent_that_can_never_start_again_lifts(void **state)
{
	struct agent_world *w = *state;
	static const char *const damaged[] = { "device.crt", "identity", "root.crt" };
	char path[BSG_AGENT_PATH];
	struct bsg_error err;
	uint8_t *good;
	size_t len;

	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", w->state, damaged[i]);
		assert_int_equal(world_take(w, &(struct orders_wish){ .serial = (uint32_t)i + 1, .in = true }), BSG_OK);
		assert_true(fake_camera.restricted);
		assert_int_equal(bsg_file_read(path, 65536, &good, &len, &err), BSG_OK);
		assert_int_equal(bsg_file_replace(path, "damaged", 7, 0600, &err), BSG_OK);
		assert_int_not_equal(world_try_restart(w, &err), BSG_OK);
		assert_false(fake_camera.restricted);
		assert_int_equal(bsg_file_replace(path, good, len, 0600, &err), BSG_OK);
		free(good);
		world_restart(w);
		assert_true(fake_camera.restricted);	/* mended, it goes on where it was */
	}
}

static void only_a_server_that_proves_who_it_is_is_asked(void **state)
{
	struct agent_world *w = *state;
	char path[BSG_AGENT_PATH], text[600];
	struct bsg_error err;

	snprintf(path, sizeof(path), "%s/identity", w->state);
	snprintf(text, sizeof(text), "device = %s\nserver = https://server\ndevice_url = http://device\n", w->device);
	assert_int_equal(bsg_file_replace(path, text, strlen(text), 0600, &err), BSG_OK);
	assert_int_equal(world_try_restart(w, &err), BSG_E_INVALID);
	assert_non_null(strstr(err.text, "https"));
}

/* The time since boot was counted once more at each start: a lease ended early in a phone without network. */
static void starting_anew_moves_no_clock(void **state)
{
	struct agent_world *w = *state;

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1, .in = true }), BSG_OK);
	world_reboot(w);
	assert_false(bsg_agent_now(w->agent).auth);
	bsg_fake_clock_pass(&w->clock, 5 * HOUR * 1000);
	for (int i = 0; i < 4; i++) {
		world_restart(w);
		assert_true(fake_camera.restricted);
	}
}

static void a_full_disk_does_not_keep_a_lift_away(void **state)
{
	struct agent_world *w = *state;

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1, .in = true, .max_stay = 600 }), BSG_OK);
	/* As good as full: nothing can be written where the new file would be made. */
	char blocked[400];

	snprintf(blocked, sizeof(blocked), "%s.new", w->agent->paths.saved);
	assert_int_equal(mkdir(blocked, 0700), 0);
	world_pass_time(w, 601);
	assert_false(fake_camera.restricted);
	assert_int_equal(rmdir(blocked), 0);
}

static void a_lease_that_unverified_time_ended_applies_again_when_authenticated_time_says_so(void **state)
{
	struct agent_world *w = *state;

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1, .in = true }), BSG_OK);
	assert_true(bsg_agent_now(w->agent).auth);
	world_reboot(w);
	assert_false(bsg_agent_now(w->agent).auth);
	assert_true(fake_camera.restricted);
	bsg_fake_clock_set_utc(&w->clock, NOW + 20 * HOUR);
	bsg_agent_wall_changed(w->agent);
	assert_false(fake_camera.restricted);	/* D8: lifted, not forgotten */
	bsg_agent_server_time(w->agent, NOW + 60, bsg_clock_mono_ms(&w->clock.clock), false);
	assert_true(bsg_agent_now(w->agent).auth);
	assert_true(fake_camera.restricted);
}

/* It lay in a buffer while the phone slept: believed, it would make the lease two hours longer. */
static void an_answer_that_waited_through_sleep_does_not_set_the_clock_back(void **state)
{
	struct agent_world *w = *state;
	const int64_t began = bsg_clock_mono_ms(&w->clock.clock);

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1, .in = true }), BSG_OK);
	bsg_fake_clock_pass(&w->clock, 2 * HOUR * 1000);
	bsg_agent_server_time(w->agent, NOW, began + 2 * HOUR * 1000, true);
	assert_int_equal(bsg_agent_now(w->agent).utc, NOW + 2 * HOUR);
	bsg_agent_server_time(w->agent, NOW + 3 * HOUR, began + 2 * HOUR * 1000, true);
	assert_int_equal(bsg_agent_now(w->agent).utc, NOW + 3 * HOUR);
	bsg_agent_server_time(w->agent, NOW + 2 * HOUR, began + 2 * HOUR * 1000, false);
	assert_int_equal(bsg_agent_now(w->agent).utc, NOW + 2 * HOUR);
}

static void setting_the_clock_changes_nothing_while_the_time_is_authenticated(void **state)
{
	struct agent_world *w = *state;
	static const int64_t jumps[] = { 20 * HOUR, -20 * HOUR, 400 * 24 * HOUR };

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1, .in = true }), BSG_OK);
	for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		bsg_fake_clock_set_utc(&w->clock, NOW + jumps[i]);
		bsg_agent_wall_changed(w->agent);
		assert_true(fake_camera.restricted);
		assert_int_equal(bsg_agent_now(w->agent).utc, NOW);
		world_restart(w);
		assert_true(fake_camera.restricted);
	}
}

static void after_a_reboot_the_clock_cannot_be_set_behind_what_was_known(void **state)
{
	struct agent_world *w = *state;

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1 }), BSG_OK);
	bsg_fake_clock_set_utc(&w->clock, NOW - 50 * HOUR);
	world_reboot(w);
	assert_true(bsg_agent_now(w->agent).utc >= NOW);
	bsg_fake_clock_set_utc(&w->clock, NOW + 50 * HOUR);
	assert_true(bsg_agent_now(w->agent).utc >= NOW + 50 * HOUR);
}

static void break_glass_lifts_for_ten_minutes_twice_a_day(void **state)
{
	struct agent_world *w = *state;
	struct bsg_error err;
	int64_t until;

	assert_int_equal(bsg_agent_break_glass(w->agent, "nothing", &until, &err), BSG_E_DENIED);
	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1, .in = true }), BSG_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(bsg_agent_break_glass(w->agent, "fire", &until, &err), BSG_OK);
		assert_int_equal(until, bsg_agent_now(w->agent).utc + 600);
		assert_false(fake_camera.restricted);
		world_restart(w);
		assert_false(fake_camera.restricted);
		world_pass_time(w, 601);
		assert_true(fake_camera.restricted);
	}
	assert_int_equal(bsg_agent_break_glass(w->agent, "again", &until, &err), BSG_E_DENIED);
	assert_true(fake_camera.restricted);
}

static void what_leaks_is_not_in_a_pass_and_reported_as_unverified(void **state)
{
	struct agent_world *w = *state;
	struct bsg_pass pass;

	fake_camera.leaks = true;
	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1, .in = true }), BSG_OK);
	assert_true(status_says(w, "\"state\":\"unverified\""));
	world_pass(w, &pass);
	assert_int_equal(pass.functions, 0);
	fake_camera.leaks = false;
	world_pass_time(w, 2);
	assert_true(status_says(w, "\"state\":\"verified\""));
	world_pass(w, &pass);
	assert_int_equal(pass.functions, BSG_BIT(BSG_CAMERA));
}

static void what_cannot_be_lifted_is_tried_again(void **state)
{
	struct agent_world *w = *state;

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1, .in = true }), BSG_OK);
	fake_camera.broken = true;
	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 2, .out = true }), BSG_OK);
	assert_true(fake_camera.restricted);
	assert_int_equal(w->agent->slot[0].state, BSG_REPORT_STUCK);
	fake_camera.broken = false;
	world_pass_time(w, 5);
	assert_false(fake_camera.restricted);
	assert_int_equal(w->agent->slot[0].state, 0);
}

static void a_discharge_lifts_everything_and_forgets_the_place(void **state)
{
	struct agent_world *w = *state;

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1, .in = true }), BSG_OK);
	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 2, .discharge = true }), BSG_OK);
	assert_false(fake_camera.restricted);
	assert_true(status_says(w, "\"discharged\":true"));
	world_restart(w);
	assert_false(fake_camera.restricted);
}

static void the_pass_names_orders_functions_and_counts_up(void **state)
{
	struct agent_world *w = *state;
	struct bsg_pass first, second;

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 7, .in = true }), BSG_OK);
	world_pass(w, &first);
	world_restart(w);
	world_pass(w, &second);
	assert_int_equal(first.serial, 7);
	assert_int_equal(first.functions, BSG_BIT(BSG_CAMERA));
	assert_int_equal(first.by, BSG_BY_GATE);
	assert_int_equal(first.expires - first.issued, BSG_PASS_LIFE_S);
	assert_true(second.sequence > first.sequence);
	assert_memory_not_equal(first.nonce, second.nonce, BSG_NONCE_LEN);
}

static void the_owner_may_say_that_he_enters_only_where_that_counts(void **state)
{
	struct agent_world *w = *state;
	struct bsg_error err;

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1 }), BSG_OK);
	assert_int_equal(bsg_agent_enter(w->agent, "house", &err), BSG_E_DENIED);
	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 2, .self = true }), BSG_OK);
	assert_int_equal(bsg_agent_enter(w->agent, "elsewhere", &err), BSG_E_DENIED);
	assert_int_equal(bsg_agent_enter(w->agent, "house", &err), BSG_OK);
	assert_true(fake_camera.restricted);
	world_pass_time(w, 901);
	assert_false(fake_camera.restricted);
}

static size_t n_reports(struct agent_world *w, enum bsg_report_kind kind);

/* The last report of break-glass that waits. @return its reason's length, -1: none */
static int reason_of(struct agent_world *w, char *out, size_t size)
{
	struct bsg_report_batch *batch = calloc(1, sizeof(*batch));
	int len = -1;

	for (size_t i = 0; i < w->agent->queue.n; i++) {
		const struct bsg_queue_item *item = &w->agent->queue.item[i];

		if (item->kind != BSG_REPORT_BREAK_GLASS)
			continue;
		assert_int_equal(bsg_report_decode((struct bsg_bytes){ item->bytes, item->len }, batch, NULL), BSG_OK);
		len = snprintf(out, size, "%.*s", (int)batch->reports[0].break_glass.reason.len,
			       batch->reports[0].break_glass.reason.ptr);
	}
	free(batch);
	return len;
}

static void break_glass_is_reported_whatever_the_reason_looks_like(void **state)
{
	struct agent_world *w = *state;
	char reason[1024] = "x", got[1024];
	struct bsg_error err;
	int64_t until;

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1, .in = true }), BSG_OK);
	assert_int_equal(bsg_agent_break_glass(w->agent, "fire\n\tin \x7fthe house", &until, &err), BSG_OK);
	assert_true(reason_of(w, got, sizeof(got)) >= 0);
	assert_string_equal(got, "fire  in  the house");
	world_pass_time(w, 601);
	for (size_t i = 1; i + 3 < sizeof(reason); i += 2)
		memcpy(reason + i, "ө", 3);	/* two bytes each: at an odd place one is cut in half */
	assert_int_equal(bsg_agent_break_glass(w->agent, reason, &until, &err), BSG_OK);
	assert_int_equal(n_reports(w, BSG_REPORT_BREAK_GLASS), 2);
	assert_int_equal(reason_of(w, got, sizeof(got)), BSG_REPORT_TEXT_MAX - 1);
	assert_memory_equal(got, reason, BSG_REPORT_TEXT_MAX - 1);
}

static void entering_again_is_no_second_crossing(void **state)
{
	struct agent_world *w = *state;
	struct bsg_error err;

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1, .self = true }), BSG_OK);
	for (int i = 0; i < 3; i++)
		assert_int_equal(bsg_agent_enter(w->agent, "house", &err), BSG_OK);
	assert_int_equal(n_reports(w, BSG_REPORT_CROSSING), 1);
}

static void leaving_lifts_and_forgets_also_without_a_server(void **state)
{
	struct agent_world *w = *state;
	struct bsg_error err;

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1, .in = true }), BSG_OK);
	assert_int_equal(bsg_agent_lift_all(w->agent, &err), BSG_OK);
	assert_false(fake_camera.restricted);
	assert_int_equal(bsg_identity_forget(&w->agent->paths, &err), BSG_OK);
	assert_int_not_equal(access(w->agent->paths.key, F_OK), 0);
	assert_int_not_equal(access(w->agent->paths.orders, F_OK), 0);
}

/* B9: one wake-up a minute, whatever each part of the agent wants to do in it. */
static void what_is_kept_and_looked_at_is_one_wake_up_a_minute(void **state)
{
	struct agent_world *w = *state;
	int n = 0;

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1, .in = true }), BSG_OK);
	w->agent->slot[0].keep_at += 1800;	/* it does not begin in the same millisecond as the looking */
	for (int64_t left = 600 * 1000; left > 0; n++) {
		int64_t due = bsg_agent_due_ms(w->agent);

		assert_true(due > 0);
		bsg_fake_clock_pass(&w->clock, due);
		bsg_agent_work(w->agent);
		left -= due;
	}
	print_message("# %d wake-ups in ten minutes\n", n);
	assert_true(n <= 10);
}

/* Otherwise nobody would be left to lift it. */
static void who_cannot_be_lifted_has_not_left(void **state)
{
	struct agent_world *w = *state;
	struct bsg_error err = { .text = "" };
	bool told = true;

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1, .in = true }), BSG_OK);
	fake_camera.broken = true;
	assert_int_equal(bsg_unenrol(w->agent, &told, &err), BSG_E_UNAVAILABLE);
	assert_non_null(strstr(err.text, "camera stays restricted"));
	assert_false(told);
	assert_int_equal(n_reports(w, BSG_REPORT_LEAVING), 0);
	assert_int_equal(access(w->agent->paths.key, F_OK), 0);
	fake_camera.broken = false;
	world_pass_time(w, 5);	/* it goes on trying */
	assert_false(fake_camera.restricted);
}

/* Decode everything that waits to be sent and count reports of a kind. */
static size_t n_reports(struct agent_world *w, enum bsg_report_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < w->agent->queue.n; i++)
		n += w->agent->queue.item[i].kind == kind;
	return n;
}

static void a_status_is_reported_when_it_changes_and_only_then(void **state)
{
	struct agent_world *w = *state;

	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 1, .in = true }), BSG_OK);
	assert_int_equal(n_reports(w, BSG_REPORT_STATUS), 1);
	while (w->agent->queue.n)	/* as if sent */
		free(w->agent->queue.item[--w->agent->queue.n].bytes);
	world_pass_time(w, 300);
	assert_int_equal(n_reports(w, BSG_REPORT_STATUS), 0);
	assert_int_equal(world_take(w, &(struct orders_wish){ .serial = 2, .out = true }), BSG_OK);
	assert_int_equal(n_reports(w, BSG_REPORT_STATUS), 1);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD(a_crossing_restricts_and_the_next_lifts),
		WORLD(the_state_is_on_disk_before_anything_is_restricted),
		WORLD(renewed_orders_never_lift_in_between),
		WORLD(orders_that_are_not_for_us_change_nothing),
		WORLD(a_flipped_bit_in_orders_is_refused),
		WORLD(nothing_stays_restricted_past_its_lease_without_a_server),
		WORLD(an_agent_that_starts_after_the_lease_lifts_at_once),
		WORLD(a_folder_has_one_name_however_it_is_given),
		WORLD(the_machine_itself_knows_when_the_lease_ends),
		WORLD(a_damaged_state_lifts_everything),
		WORLD(orders_that_were_damaged_on_disk_are_taken_again),
		WORLD(orders_that_cannot_be_saved_do_not_lift_at_the_next_start),
		WORLD(an_agent_that_can_never_start_again_lifts),
		WORLD(only_a_server_that_proves_who_it_is_is_asked),
		WORLD(starting_anew_moves_no_clock),
		WORLD(a_full_disk_does_not_keep_a_lift_away),
		WORLD(a_lease_that_unverified_time_ended_applies_again_when_authenticated_time_says_so),
		WORLD(an_answer_that_waited_through_sleep_does_not_set_the_clock_back),
		WORLD(setting_the_clock_changes_nothing_while_the_time_is_authenticated),
		WORLD(after_a_reboot_the_clock_cannot_be_set_behind_what_was_known),
		WORLD(break_glass_lifts_for_ten_minutes_twice_a_day),
		WORLD(what_leaks_is_not_in_a_pass_and_reported_as_unverified),
		WORLD(what_cannot_be_lifted_is_tried_again),
		WORLD(a_discharge_lifts_everything_and_forgets_the_place),
		WORLD(the_pass_names_orders_functions_and_counts_up),
		WORLD(the_owner_may_say_that_he_enters_only_where_that_counts),
		WORLD(break_glass_is_reported_whatever_the_reason_looks_like),
		WORLD(entering_again_is_no_second_crossing),
		WORLD(leaving_lifts_and_forgets_also_without_a_server),
		WORLD(what_is_kept_and_looked_at_is_one_wake_up_a_minute),
		WORLD(who_cannot_be_lifted_has_not_left),
		WORLD(a_status_is_reported_when_it_changes_and_only_then),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
