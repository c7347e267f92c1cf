/* SPDX-License-Identifier: Apache-2.0 */
/* Push certificates made by the openssl program: topic, dates, and whose they are. Rules A60, A61. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/pushcert.h"
#include "http_certs.h"

static void topic_and_dates_are_read(void **state)
{
	struct bsg_push_cert cert;
	struct bsg_error err = { .text = "" };

	(void)state;
	if (bsg_push_cert_read(cert_push, strlen(cert_push), &cert, &err) != BSG_OK)
		fail_msg("%s", err.text);
	assert_string_equal(cert.topic, PUSH_TOPIC);
	assert_int_equal(cert.not_before, INT64_C(1577836800));	/* 2020-01-01T00:00:00Z */
	assert_int_equal(cert.not_after, INT64_C(4102444799));	/* 2099-12-31T23:59:59Z */
	assert_int_equal(bsg_push_cert_read(cert_push_old, strlen(cert_push_old), &cert, &err), BSG_OK);
	assert_int_equal(cert.not_after, INT64_C(1609459200));
}

static void what_has_no_one_topic_is_refused(void **state)
{
	static const struct { const char *name, *pem; enum bsg_err want; } cases[] = {
		{ "A60: no UID", cert_client, BSG_E_CRYPTO },
		{ "A60: two UIDs", cert_push_twice, BSG_E_CRYPTO },
		{ "A60: a blank in it", cert_push_odd, BSG_E_CRYPTO },
		{ "A60: 129 bytes", cert_push_long, BSG_E_LIMIT },
		{ "A60: a key", key_push, BSG_E_CRYPTO },
		{ "A60: nothing", "", BSG_E_CRYPTO },
	};
	static const struct bsg_push_cert empty;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bsg_push_cert cert;
		struct bsg_error err = { .text = "" };
		enum bsg_err rc = bsg_push_cert_read(cases[i].pem, strlen(cases[i].pem), &cert, &err);

		if (rc != cases[i].want || err.text[0] == '\0')
			fail_msg("%s: %d %s", cases[i].name, (int)rc, err.text);
		assert_memory_equal(&cert, &empty, sizeof(cert));
	}
}

static void another_topic_is_refused_a_renewed_certificate_is_not(void **state)
{
	struct bsg_push_cert cert, renewed;
	struct bsg_error err = { .text = "" };

	(void)state;
	assert_int_equal(bsg_push_cert_check(cert_push, strlen(cert_push), PUSH_TOPIC, &cert, &err), BSG_OK);
	assert_int_equal(bsg_push_cert_check(cert_push_renewed, strlen(cert_push_renewed), PUSH_TOPIC, &renewed, &err),
			 BSG_OK);
	assert_memory_not_equal(cert.sha256, renewed.sha256, sizeof(cert.sha256));
	assert_int_equal(bsg_push_cert_check(cert_push_other, strlen(cert_push_other), PUSH_TOPIC, &cert, &err),
			 BSG_E_DENIED);
	assert_non_null(strstr(err.text, "com.apple.mgmt.External.other"));
	assert_non_null(strstr(err.text, PUSH_TOPIC));
	assert_string_equal(cert.topic, "");
	/* A topic is compared as a whole. */
	assert_int_equal(bsg_push_cert_check(cert_push, strlen(cert_push), "com.apple.mgmt.External", &cert, &err),
			 BSG_E_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(topic_and_dates_are_read),
		cmocka_unit_test(what_has_no_one_topic_is_refused),
		cmocka_unit_test(another_topic_is_refused_a_renewed_certificate_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
