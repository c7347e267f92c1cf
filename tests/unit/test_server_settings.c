/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of bosagad: defaults, mistakes by file and line; names by which it is reached; when orders are renewed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/home.h"
#include "server/orders.h"
#include "server/settings.h"

static void the_defaults_are_those_of_the_interface(void **state)
{
	struct bsg_settings s;
	struct bsg_error err;

	(void)state;
	assert_int_equal(bsg_settings_load(NULL, &s, &err), BSG_OK);
	assert_string_equal(s.people_listen, "127.0.0.1:8443");
	assert_string_equal(s.device_listen, "127.0.0.1:8444");
	assert_int_equal(s.people_tls, BSG_PLANE_TLS_OWN);
	assert_string_equal(s.bus, "local");
	assert_int_equal(s.orders_life, 35 * 86400);
}

/* docs/man/bosagad.8 is `bosagad --man`, kept for people who read the repository. */
static void the_manual_page_is_what_the_program_prints(void **state)
{
	char path[1000], *printed = NULL, *kept = calloc(1, 65536);
	size_t len;
	FILE *out = open_memstream(&printed, &len), *page;

	(void)state;
	assert_true(out != NULL && kept != NULL && bsg_settings_man(out));
	fclose(out);
	snprintf(path, sizeof(path), "%s/docs/man/bosagad.8", getenv("BSG_SOURCE_ROOT"));
	page = fopen(path, "r");
	assert_non_null(page);
	assert_true(fread(kept, 1, 65535, page) > 0);
	fclose(page);
	if (strcmp(kept, printed) != 0)
		fail_msg("docs/man/bosagad.8 is stale: run 'bosagad --man > docs/man/bosagad.8'");
	free(kept);
	free(printed);
}

static void refuse(const char *text, const char *expected)
{
	char path[] = "/tmp/bosagad-settings-XXXXXX", where[64];
	int fd = mkstemp(path);
	struct bsg_error err = {.text = ""};
	struct bsg_settings s;
	enum bsg_err rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
	close(fd);
	rc = bsg_settings_load(path, &s, &err);
	unlink(path);
	assert_int_equal(rc, BSG_E_INVALID);
	snprintf(where, sizeof(where), "%s%s", expected[0] == ':' ? path : "", expected);
	if (strstr(err.text, where) == NULL)
		fail_msg("\"%s\" says nothing of \"%s\"", err.text, where);
}

static void a_mistake_stops_the_start_with_file_and_line(void **state)
{
	(void)state;
	refuse("bus = local\nno_such_key = 1\n", ":2:");
	refuse("# x\n\npublic_url = http://x\n", ":3: public_url: must look like https://HOST");
	refuse("public_url = https://x/path\n", ":1: public_url: ");
	refuse("people_listen = 8443\n", ":1: people_listen: must look like ADDRESS:PORT");
	refuse("apple_push_endpoint = apple\n", ":1: apple_push_endpoint: must look like HOST:PORT");
	refuse("timezone = Almaty\n", ":1: timezone: no time zone that this machine knows");
	refuse("orders_renewal = 3 weeks\n", ":1:");
	refuse("orders_life = 2h\norders_renewal = 3h\n", ": orders_renewal must be shorter");
	refuse("tls_key = x\n", ": tls_certificate and tls_key");
}

static void a_url_comes_from_the_listener_or_the_operator(void **state)
{
	char url[BSG_URL_SIZE], host[100];
	struct bsg_error err;

	(void)state;
	assert_int_equal(bsg_home_url("", "127.0.0.1:0", 4711, url, &err), BSG_OK);
	assert_string_equal(url, "https://127.0.0.1:4711");
	assert_int_equal(bsg_home_url("", "[::1]:8443", 8443, url, &err), BSG_OK);
	assert_string_equal(url, "https://[::1]:8443");
	assert_int_equal(bsg_home_url("https://bosaga.kz", "0.0.0.0:1", 1, url, &err), BSG_OK);
	assert_string_equal(url, "https://bosaga.kz");
	assert_int_equal(bsg_home_url("", "0.0.0.0:1", 1, url, &err), BSG_OK);
	assert_null(strstr(url, "0.0.0.0"));
	assert_true(bsg_home_host("https://[2001:db8::1]:5", host, sizeof(host)));
	assert_string_equal(host, "2001:db8::1");
	assert_false(bsg_home_host("unix:/run/x", host, sizeof(host)));
	assert_false(bsg_home_host("", host, sizeof(host)));
}

static void only_host_names_become_names_of_the_server(void **state)
{
	static const char *const good[] = {"localhost", "a", "bosaga-1.gov.kz", "4u.example"};
	static const char *const bad[] = {"", "(none)", "a_b", ".a", "a..b", "a.", "-a", "a-", "a b",
					  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!bsg_home_is_name(good[i]))
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (bsg_home_is_name(bad[i]))
			fail_msg("taken: %s", bad[i]);
}

static void renewals_are_early_enough_and_spread(void **state)
{
	const int64_t week = 7 * 86400;
	int64_t least = INT64_MAX, most = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		char id[BSG_ID_SIZE];
		int64_t due;

		snprintf(id, sizeof(id), "%032x", (unsigned)i * 2654435761u);
		due = bsg_orders_due_at(id, 1000, week) - 1000;
		least = due < least ? due : least;
		most = due > most ? due : most;
		assert_int_equal(due, bsg_orders_due_at(id, 1000, week) - 1000);
	}
	assert_true(least >= week - week / 7 - 1 && most <= week);
	assert_true(most - least > week / 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_defaults_are_those_of_the_interface),
		cmocka_unit_test(the_manual_page_is_what_the_program_prints),
		cmocka_unit_test(a_mistake_stops_the_start_with_file_and_line),
		cmocka_unit_test(a_url_comes_from_the_listener_or_the_operator),
		cmocka_unit_test(only_host_names_become_names_of_the_server),
		cmocka_unit_test(renewals_are_early_enough_and_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
