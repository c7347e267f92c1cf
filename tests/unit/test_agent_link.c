/* SPDX-License-Identifier: Apache-2.0 */
/* The threads that carry the agent's requests: answers, delays, stopping. No server is needed to fail to reach one. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/linux/link.h"
#include "http_certs.h"

/* Port 1 of loopback: nobody listens there. */
static struct bsg_link *open_link_at(const struct bsg_clock *clock)
{
	struct bsg_link_options options = { .device_url = "https://127.0.0.1:1", .root = cert_root,
		.root_len = strlen(cert_root), .clock = clock };
	struct bsg_link *link;
	struct bsg_error err;

	assert_int_equal(bsg_link_open(&options, &link, &err), BSG_OK);
	return link;
}

static struct bsg_link *open_link(void)
{
	return open_link_at(NULL);
}

static void wait_answer(struct bsg_link *link, enum bsg_link_line line, struct bsg_link_answer *out)
{
	struct pollfd fd = { .fd = bsg_link_fd(link), .events = POLLIN };

	while (!bsg_link_take(link, line, out))
		assert_true(poll(&fd, 1, 60000) > 0);
}

static void a_server_that_is_not_there_is_an_answer_too(void **state)
{
	struct bsg_link *link = open_link();
	struct bsg_link_answer answer;
	struct bsg_error err;

	(void)state;
	assert_int_equal(bsg_link_ask(link, BSG_LINK_ORDERS, &(struct bsg_link_request){ .ask = BSG_ASK_ORDERS,
				      .wait_s = 60 }, &err), BSG_OK);
	assert_int_equal(bsg_link_ask(link, BSG_LINK_REPORTS, &(struct bsg_link_request){ .ask = BSG_ASK_REPORT,
				      .body = "x", .body_len = 1 }, &err), BSG_OK);
	wait_answer(link, BSG_LINK_ORDERS, &answer);
	assert_int_equal(answer.rc, BSG_E_UNAVAILABLE);
	assert_true(answer.text[0] != '\0');
	wait_answer(link, BSG_LINK_REPORTS, &answer);
	assert_int_equal(answer.ask, BSG_ASK_REPORT);
	assert_true(bsg_link_idle(link, BSG_LINK_ORDERS) && bsg_link_idle(link, BSG_LINK_REPORTS));
	bsg_link_close(link);
}

static int64_t no_utc_ms(const struct bsg_clock *clock)
{
	(void)clock;
	return 0;
}

/* As if the machine slept for an hour between any two looks at the clock. */
static int64_t sleeping_ms(const struct bsg_clock *clock)
{
	static _Atomic int64_t hours;

	return bsg_clock_mono_ms(bsg_clock_system()) + (clock->utc_ms ? ++hours * 3600000 : 0);
}

static void an_answer_says_whether_the_machine_slept_meanwhile(void **state)
{
	const struct bsg_clock sleeping = { no_utc_ms, sleeping_ms };
	const struct bsg_clock *const clocks[] = { NULL, &sleeping };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct bsg_link *link = open_link_at(clocks[i]);
		struct bsg_link_answer answer;
		struct bsg_error err;

		assert_int_equal(bsg_link_ask(link, BSG_LINK_ORDERS, &(struct bsg_link_request){ .ask = BSG_ASK_ORDERS },
					      &err), BSG_OK);
		wait_answer(link, BSG_LINK_ORDERS, &answer);
		assert_int_equal(answer.slept, i == 1);
		bsg_link_close(link);
	}
}

static void a_busy_line_takes_no_second_request_and_a_delay_can_be_cut_short(void **state)
{
	struct bsg_link_request later = { .ask = BSG_ASK_ORDERS, .delay_ms = 3600 * 1000 };
	struct bsg_link *link = open_link();
	struct bsg_link_answer answer;
	struct bsg_error err;

	(void)state;
	assert_int_equal(bsg_link_ask(link, BSG_LINK_ORDERS, &later, &err), BSG_OK);
	assert_int_equal(bsg_link_ask(link, BSG_LINK_ORDERS, &later, &err), BSG_E_CONFLICT);
	assert_false(bsg_link_take(link, BSG_LINK_ORDERS, &answer));
	bsg_link_hurry(link, BSG_LINK_ORDERS);
	wait_answer(link, BSG_LINK_ORDERS, &answer);
	bsg_link_close(link);
}

static void closing_does_not_wait_for_a_delay(void **state)
{
	struct bsg_link_request later = { .ask = BSG_ASK_ORDERS, .delay_ms = 3600 * 1000 };
	struct bsg_link *link = open_link();
	struct bsg_error err;

	(void)state;
	assert_int_equal(bsg_link_ask(link, BSG_LINK_ORDERS, &later, &err), BSG_OK);
	bsg_link_close(link);
	bsg_link_close(open_link());
	bsg_link_close(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_that_is_not_there_is_an_answer_too),
		cmocka_unit_test(an_answer_says_whether_the_machine_slept_meanwhile),
		cmocka_unit_test(a_busy_line_takes_no_second_request_and_a_delay_can_be_cut_short),
		cmocka_unit_test(closing_does_not_wait_for_a_delay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
