/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wi-Fi's enforcement without a radio: a FIFO plays the kernel's node, from which
 * the enforcement reads what the test wrote, and into which it writes what the
 * test reads. The real node is in tests/guest.
 */
#include <fcntl.h>
#include <linux/rfkill.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/linux/enforce.h"

/* Records have no bounds in a FIFO: all are of one length, or this test cannot be. */
_Static_assert(sizeof(struct rfkill_event) == RFKILL_EVENT_SIZE_V1, "records of one length");

#define RADIOS 3

struct world {
	char dir[64], node[96], before[96], blocker[128];
	bool off[RADIOS];	/* what the kernel would say */
	int fd;
	struct bsg_enforcer *wifi;
};

static const struct bsg_enforcement *const wifi = &bsg_enforce_wifi;

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct bsg_enforce_config config = { .scope = "user.slice" };
	struct bsg_error err;

	assert_non_null(w);
	snprintf(w->dir, sizeof(w->dir), "/tmp/bosaga-wifi-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->node, sizeof(w->node), "%s/rfkill", w->dir);
	snprintf(w->before, sizeof(w->before), "%s/wifi.before", w->dir);
	snprintf(w->blocker, sizeof(w->blocker), "%s.new", w->before);
	assert_int_equal(mkfifo(w->node, 0600), 0);
	w->fd = open(w->node, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_true(w->fd >= 0);
	snprintf(config.state, sizeof(config.state), "%s", w->dir);
	snprintf(config.rfkill, sizeof(config.rfkill), "%s", w->node);
	assert_int_equal(wifi->open(&config, &w->wifi, &err), BSG_OK);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	char command[96];

	wifi->close(w->wifi);
	close(w->fd);
	snprintf(command, sizeof(command), "rm -rf '%s'", w->dir);
	assert_int_equal(system(command), 0);
	free(w);
	return 0;
}

/* As for a fresh descriptor: what there is. */
static void tell(const struct world *w)
{
	for (uint32_t i = 0; i < RADIOS; i++) {
		struct rfkill_event event = { .idx = i, .type = RFKILL_TYPE_WLAN, .op = RFKILL_OP_ADD,
			.soft = w->off[i] };

		assert_int_equal(write(w->fd, &event, sizeof(event)), sizeof(event));
	}
}

/* Do what the enforcement wrote; @return how many switches it moved. */
static size_t obey(struct world *w)
{
	struct rfkill_event event;
	size_t n = 0;

	while (read(w->fd, &event, sizeof(event)) == sizeof(event)) {
		if (event.op != RFKILL_OP_CHANGE)
			continue;
		assert_true(event.idx < RADIOS);
		w->off[event.idx] = event.soft;
		n++;
	}
	return n;
}

static enum bsg_err impose(struct world *w)
{
	struct bsg_error err;

	tell(w);
	return wifi->impose(w->wifi, &err);
}

static enum bsg_err keep(struct world *w)
{
	struct bsg_error err;
	int again_ms;

	tell(w);
	return wifi->keep(w->wifi, &again_ms, &err);
}

static enum bsg_err lift(struct world *w)
{
	struct bsg_error err;

	tell(w);
	return wifi->lift(w->wifi, &err);
}

static void what_was_off_before_stays_off_afterwards(void **state)
{
	struct world *w = *state;

	w->off[1] = true;
	assert_int_equal(impose(w), BSG_OK);
	assert_int_equal(obey(w), 2);
	assert_true(w->off[0] && w->off[1] && w->off[2]);
	w->off[0] = false;	/* its owner turned it on */
	assert_int_equal(keep(w), BSG_OK);
	assert_int_equal(obey(w), 1);
	assert_true(w->off[0]);
	assert_int_equal(lift(w), BSG_OK);
	assert_int_equal(obey(w), 2);
	assert_true(!w->off[0] && w->off[1] && !w->off[2]);
}

/* As good as full: nothing can be written where the new file would be made. */
static void on_a_full_disk_nothing_is_blocked_that_could_not_be_lifted(void **state)
{
	struct world *w = *state;

	assert_int_equal(mkdir(w->blocker, 0700), 0);
	assert_int_not_equal(impose(w), BSG_OK);
	assert_int_equal(obey(w), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_not_equal(keep(w), BSG_OK);
		assert_int_equal(obey(w), 0);
	}
	assert_int_equal(rmdir(w->blocker), 0);
	assert_int_equal(keep(w), BSG_OK);
	assert_int_equal(obey(w), RADIOS);
	assert_int_equal(lift(w), BSG_OK);
	assert_int_equal(obey(w), RADIOS);
	assert_false(w->off[0] || w->off[1] || w->off[2]);
}

static void nobody_polls_the_node_for_what_is_lifted_also_if_that_failed(void **state)
{
	struct world *w = *state;
	char beside[128];

	assert_int_equal(impose(w), BSG_OK);
	assert_int_equal(obey(w), RADIOS);
	assert_true(wifi->fd(w->wifi) >= 0);
	/* The file of what was before cannot be read, nor removed. */
	assert_int_equal(unlink(w->before), 0);
	assert_int_equal(mkdir(w->before, 0700), 0);
	snprintf(beside, sizeof(beside), "%s/x", w->before);
	assert_int_equal(mkdir(beside, 0700), 0);
	assert_int_not_equal(lift(w), BSG_OK);
	assert_int_equal(wifi->fd(w->wifi), -1);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD(what_was_off_before_stays_off_afterwards),
		WORLD(on_a_full_disk_nothing_is_blocked_that_could_not_be_lifted),
		WORLD(nobody_polls_the_node_for_what_is_lifted_also_if_that_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
