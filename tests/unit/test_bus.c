/* SPDX-License-Identifier: Apache-2.0 */
/* The local bus: every listener hears every wake; unknown buses are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bus/bus.h"

struct heard {
	char last[BSG_BUS_TOPIC_MAX + 1];
	int n;
};

static void hear(const char *topic, void *arg)
{
	struct heard *heard = arg;

	snprintf(heard->last, sizeof(heard->last), "%s", topic);
	heard->n++;
}

static void every_listener_hears_every_wake(void **state)
{
	struct bsg_error err;
	struct bsg_bus *bus;
	struct heard a = {.n = 0}, b = {.n = 0};

	(void)state;
	assert_int_equal(bsg_bus_open("local", &bus, &err), BSG_OK);
	assert_int_equal(bsg_bus_listen(bus, hear, &a, &err), BSG_OK);
	assert_int_equal(bsg_bus_listen(bus, hear, &b, &err), BSG_OK);
	bsg_bus_wake(bus, "one");
	bsg_bus_wake(bus, "two");
	assert_int_equal(a.n, 2);
	assert_int_equal(b.n, 2);
	assert_string_equal(b.last, "two");
	assert_int_equal(bsg_bus_n_wakes(bus), 2);
	bsg_bus_close(bus);
}

static void one_listener_too_many_is_refused(void **state)
{
	struct bsg_error err;
	struct bsg_bus *bus;
	struct heard a = {.n = 0};

	(void)state;
	assert_int_equal(bsg_bus_open("local", &bus, &err), BSG_OK);
	for (int i = 0; i < BSG_BUS_LISTENERS_MAX; i++)
		assert_int_equal(bsg_bus_listen(bus, hear, &a, &err), BSG_OK);
	assert_int_equal(bsg_bus_listen(bus, hear, &a, &err), BSG_E_LIMIT);
	bsg_bus_close(bus);
}

static void an_unknown_bus_is_refused(void **state)
{
	struct bsg_error err;
	struct bsg_bus *bus;

	(void)state;
	assert_int_equal(bsg_bus_open("nats://x", &bus, &err), BSG_E_INVALID);
	assert_null(bus);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_listener_hears_every_wake),
		cmocka_unit_test(one_listener_too_many_is_refused),
		cmocka_unit_test(an_unknown_bus_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
