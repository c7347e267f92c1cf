/* SPDX-License-Identifier: Apache-2.0 */
/* The local bus: nobody is woken twice, for another topic, or after a cancel. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bus/bus.h"

static void count(struct bsg_bus_waiter *waiter, void *arg)
{
	_Atomic int *n = arg;

	(void)waiter;
	atomic_fetch_add(n, 1);
}

static struct bsg_bus *open_bus(void)
{
	struct bsg_error err;
	struct bsg_bus *bus;

	assert_int_equal(bsg_bus_open("local", &bus, &err), BSG_OK);
	return bus;
}

static void a_wake_reaches_its_topic_once(void **state)
{
	struct bsg_bus *bus = open_bus();
	struct bsg_bus_waiter a, b, c;
	_Atomic int n_a = 0, n_b = 0, n_c = 0;

	(void)state;
	bsg_bus_wait(bus, "one", &a, count, &n_a);
	bsg_bus_wait(bus, "one", &b, count, &n_b);
	bsg_bus_wait(bus, "two", &c, count, &n_c);
	assert_int_equal(bsg_bus_wake(bus, "one"), 2);
	assert_int_equal(bsg_bus_wake(bus, "one"), 0);
	assert_int_equal(n_a + n_b, 2);
	assert_int_equal(n_c, 0);
	assert_int_equal(bsg_bus_waiting(bus), 1);
	assert_int_equal(bsg_bus_wake_all(bus), 1);
	assert_int_equal(n_c, 1);
	bsg_bus_close(bus);
}

static void a_cancelled_waiter_is_not_woken(void **state)
{
	struct bsg_bus *bus = open_bus();
	struct bsg_bus_waiter a;
	_Atomic int n = 0;

	(void)state;
	bsg_bus_wait(bus, "one", &a, count, &n);
	assert_true(bsg_bus_cancel(bus, &a));
	assert_false(bsg_bus_cancel(bus, &a));
	assert_int_equal(bsg_bus_wake(bus, "one"), 0);
	assert_int_equal(n, 0);
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

#define N_ROUNDS 20000

struct race {
	struct bsg_bus *bus;
	_Atomic int woken;
	_Atomic int done;
};

static void *waker(void *arg)
{
	struct race *race = arg;

	while (!atomic_load(&race->done))
		bsg_bus_wake(race->bus, "race");
	return NULL;
}

static void wake_and_cancel_never_both_win(void **state)
{
	struct race race = {.bus = open_bus()};
	pthread_t thread;
	int cancelled = 0;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, waker, &race), 0);
	for (int i = 0; i < N_ROUNDS; i++) {
		struct bsg_bus_waiter w;
		int before = atomic_load(&race.woken);

		bsg_bus_wait(race.bus, "race", &w, count, &race.woken);
		if (bsg_bus_cancel(race.bus, &w))
			cancelled++;
		else
			while (atomic_load(&race.woken) == before)
				;	/* w is the waker's until it has called */
	}
	atomic_store(&race.done, 1);
	pthread_join(thread, NULL);
	assert_int_equal(cancelled + race.woken, N_ROUNDS);
	bsg_bus_close(race.bus);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wake_reaches_its_topic_once),
		cmocka_unit_test(a_cancelled_waiter_is_not_woken),
		cmocka_unit_test(an_unknown_bus_is_refused),
		cmocka_unit_test(wake_and_cancel_never_both_win),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
