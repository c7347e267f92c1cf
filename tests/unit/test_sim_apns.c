/* SPDX-License-Identifier: Apache-2.0 */
/* The stand-in APNs, asked by curl of the command line: a client that shares nothing with our sender but the standard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "http_certs.h"
#include "scratch.h"
#include "sim/apns.h"

#define TOKEN "ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12"
#define PATH "/3/device/" TOKEN
#define GOOD "-H apns-topic:" PUSH_TOPIC " -H apns-push-type:mdm -H apns-priority:10 -H apns-expiration:1900000000 "
#define BODY "-d '{\"mdm\":\"Magic\"}' "

static struct bsg_sim_apns *apns;

static int start(void **state)
{
	struct bsg_sim_apns_options options = { .listen = "127.0.0.1:0", .certificate_pem = cert_server, .key_pem = key_server,
						.topic = PUSH_TOPIC, .client_ca_pem = cert_root };
	struct bsg_error err = { .text = "" };

	if (scratch_make(state) != 0)
		return -1;
	scratch_write("ca.pem", cert_root, strlen(cert_root));
	scratch_write("push.pem", cert_push, strlen(cert_push));
	scratch_write("push.key", key_push, strlen(key_push));
	scratch_write("other.pem", cert_push_other, strlen(cert_push_other));
	scratch_write("other.key", key_push_other, strlen(key_push_other));
	scratch_write("rogue.pem", cert_push_rogue, strlen(cert_push_rogue));
	scratch_write("rogue.key", key_push_rogue, strlen(key_push_rogue));
	options.record_path = scratch_path("pushes.jsonl");
	options.control_path = scratch_path("behaviour.json");
	must(bsg_sim_apns_start(&options, &apns, &err), &err);
	return 0;
}

static int stop(void **state)
{
	bsg_sim_apns_stop(apns);
	return scratch_remove(state);
}

/* One curl; what it printed: the body, a blank, the status. Static. */
static const char *ask(const char *who, const char *arguments, const char *path)
{
	static char out[1024];
	char command[2048];
	struct bsg_buf text;

	(void)snprintf(command, sizeof(command), "curl -sS --http2 --cacert ca.pem --cert %s.pem --key %s.key %s "
		       "-w ' %%{http_code} %%{http_version}' 'https://localhost:%u%s' >out 2>err", who, who, arguments,
		       bsg_sim_apns_port(apns), path);
	(void)scratch_run(command);
	scratch_read("out", &text);
	(void)snprintf(out, sizeof(out), "%s", (const char *)text.data);
	bsg_buf_free(&text);
	return out;
}

static void it_is_as_strict_as_apple(void **state)
{
	static const struct { const char *who, *arguments, *path, *want; } cases[] = {
		{ "push", GOOD BODY, PATH, " 200 2" },
		{ "push", GOOD BODY "-H apns-id:01234567-89ab-cdef-0123-456789abcdef", PATH, " 200 2" },
		{ "push", GOOD BODY "-X PUT", PATH, "{\"reason\":\"MethodNotAllowed\"} 405 2" },
		{ "push", GOOD BODY, "/3/devices/" TOKEN, "{\"reason\":\"BadPath\"} 404 2" },
		{ "push", GOOD BODY, "/3/device/", "{\"reason\":\"MissingDeviceToken\"} 400 2" },
		{ "push", GOOD BODY, "/3/device/ab12", "{\"reason\":\"BadDeviceToken\"} 400 2" },
		{ "push", GOOD BODY, PATH "x", "{\"reason\":\"BadDeviceToken\"} 400 2" },
		{ "push", BODY "-H apns-push-type:mdm", PATH, "{\"reason\":\"MissingTopic\"} 400 2" },
		{ "push", BODY "-H apns-topic:other", PATH, "{\"reason\":\"TopicDisallowed\"} 400 2" },
		{ "other", GOOD BODY, PATH, "{\"reason\":\"TopicDisallowed\"} 400 2" },
		{ "push", BODY "-H apns-topic:" PUSH_TOPIC " -H apns-push-type:alert", PATH, "{\"reason\":\"InvalidPushType\"} 400 2" },
		{ "push", BODY "-H apns-topic:" PUSH_TOPIC " -H apns-push-type:mdm -H apns-priority:9", PATH,
		  "{\"reason\":\"BadPriority\"} 400 2" },
		{ "push", BODY "-H apns-topic:" PUSH_TOPIC " -H apns-push-type:mdm -H apns-priority:5 -H apns-expiration:soon", PATH,
		  "{\"reason\":\"BadExpirationDate\"} 400 2" },
		{ "push", GOOD BODY "-H apns-id:1", PATH, "{\"reason\":\"BadMessageId\"} 400 2" },
		{ "push", GOOD "-d ''", PATH, "{\"reason\":\"PayloadEmpty\"} 400 2" },
		{ "push", GOOD "-d '{\"mdm\":\"\"}'", PATH, "{\"reason\":\"PayloadEmpty\"} 400 2" },
		{ "push", GOOD "-d '{\"aps\":{}}'", PATH, "{\"reason\":\"PayloadEmpty\"} 400 2" },
		{ "push", GOOD "-d \"{\\\"mdm\\\":\\\"$(printf '%05000d' 0)\\\"}\"", PATH, "{\"reason\":\"PayloadTooLarge\"} 413 2" },
		{ "rogue", GOOD BODY, PATH, " 000 0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *got = ask(cases[i].who, cases[i].arguments, cases[i].path);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%zu: %s; expected %s", i, got, cases[i].want);
	}
	assert_int_equal(scratch_run("test $(wc -l <pushes.jsonl) = 18"), 0);
	assert_int_equal(scratch_run("test \"$(jq -r 'select(.status == 200) | .mdm' pushes.jsonl | sort -u)\" = Magic"), 0);
	assert_int_equal(scratch_run("test \"$(jq -r .sender pushes.jsonl | sort -u | grep -c .)\" = 2"), 0);
}

static void it_speaks_nothing_but_http_2(void **state)
{
	(void)state;
	assert_string_equal(ask("push", GOOD BODY "--http1.1", PATH), " 000 0");
	assert_string_equal(ask("push", GOOD BODY, PATH), " 200 2");
}

static void a_file_tells_it_to_differ(void **state)
{
	static const struct { const char *behaviour, *want; } cases[] = {
		{ "{\"status\":410,\"reason\":\"Unregistered\",\"timestamp_ms\":1454948015990}",
		  "{\"reason\":\"Unregistered\",\"timestamp\":1454948015990} 410 2" },
		{ "{\"status\":429,\"reason\":\"TooManyRequests\",\"times\":1}", "{\"reason\":\"TooManyRequests\"} 429 2" },
		{ "{\"drops\":true}", " 000 0" },
		{ "{\"resets\":true}", " 000 0" },
		{ "{\"goaway_after\":1,\"delay_ms\":20}", " 200 2" },
		{ "{\"goaway_after\":1,\"drops\":true,\"status\":403,\"reason\":\"BadCertificate\"}", " 000 0" },
		{ "{\"status\":500,\"reason\":\"Elsewhere\",\"token\":\"00\"}", " 200 2" },
		{ "", " 200 2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *got;

		scratch_write("behaviour.json", cases[i].behaviour, strlen(cases[i].behaviour));
		got = ask("push", GOOD BODY, PATH);
		/* Without a status curl says what it has: a reset stream was HTTP/2. */
		if (strncmp(got, cases[i].want, strlen(cases[i].want) - 1) != 0)
			fail_msg("%s: %s", cases[i].behaviour, got);
	}
	scratch_write("behaviour.json", "{\"status\":429,\"retry_after_s\":7,\"times\":1}", 42);
	(void)ask("push", GOOD BODY "-i", PATH);
	assert_int_equal(scratch_run("grep -q '^retry-after: 7' out"), 0);
	assert_string_equal(ask("push", GOOD BODY, PATH), " 200 2");	/* once was said */
	assert_int_equal(scratch_run("rm behaviour.json"), 0);
}

static void a_behaviour_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = { "[]", "{", "{\"staus\":429}", "{\"status\":\"429\"}", "{\"status\":99}", "{\"times\":-1}",
					   "{\"reason\":\"a\\\"b\"}", "{\"drops\":1}", "{\"status\":429,\"status\":430}" };
	static const char good[] = "{\"status\":429,\"token\":\"ab\",\"is_silent\":true}";
	struct bsg_sim_behaviour out;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bsg_error err = { .text = "" };

		if (bsg_sim_behaviour_parse(bad[i], strlen(bad[i]), &out, &err) != BSG_E_INVALID || err.text[0] == '\0')
			fail_msg("%s", bad[i]);
	}
	assert_int_equal(bsg_sim_behaviour_parse(good, sizeof(good) - 1, &out, NULL), BSG_OK);
	assert_int_equal(out.status, 429);
	assert_string_equal(out.token, "ab");
	assert_true(out.is_silent);
}

static void the_program_makes_its_certificates_and_takes_a_push(void **state)
{
	static const char script[] =
		"set -eu\n"
		"sim=$1 topic=com.apple.mgmt.External.mine\n"
		"\"$sim\" apns --listen 127.0.0.1:0 --dir d --topic $topic >port & pid=$!\n"
		"trap 'kill $pid 2>/dev/null || :' EXIT\n"
		"n=0; until grep -q ^port port; do n=$((n + 1)); test $n -lt 600; sleep 0.1; done\n"
		"openssl x509 -in d/push.pem -noout -subject -nameopt RFC2253 | grep -q \"UID=$topic\"\n"
		"openssl verify -CAfile d/ca.pem -purpose sslclient d/push.pem\n"
		"openssl verify -CAfile d/ca.pem -purpose sslserver d/server.pem\n"
		"test \"$(stat -c %a d/push.key)\" = 600 && test ! -e d/ca.key\n"
		"post() { curl -sS --http2 --cacert d/ca.pem --cert d/push.pem --key d/push.key -w '%{http_code}' -o body \\\n"
		"\t-H apns-topic:$topic -H apns-push-type:mdm -H apns-priority:10 -d '{\"mdm\":\"m\"}' \\\n"
		"\t\"https://127.0.0.1:$(sed -n 's/port //p' port)/3/device/" TOKEN "\"; }\n"
		"test \"$(post)\" = 200\n"
		"echo '{\"status\": 410, \"reason\": \"Unregistered\"}' >d/behaviour.json\n"
		"test \"$(post)\" = 410\n"
		"test \"$(jq -c '[.status, .mdm]' d/pushes.jsonl | tr '\\n' ' ')\" = '[200,\"m\"] [410,\"m\"] '\n"
		"kill $pid; wait $pid\n"	/* Ctrl-C is a good end */
		"! \"$sim\" apns --listen 127.0.0.1:0 --dir d --topic another 2>err\n"
		"grep -q \"is for $topic\" err\n";
	char command[600], here[400];
	struct bsg_buf text;

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	scratch_write("try.sh", script, sizeof(script) - 1);
	(void)snprintf(command, sizeof(command), "sh -x try.sh %s/../../sim/bosaga-sim >log 2>&1", here);
	if (scratch_run(command) != 0) {
		scratch_read("log", &text);
		fail_msg("%s", (const char *)text.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_is_as_strict_as_apple, start, stop),
		cmocka_unit_test_setup_teardown(it_speaks_nothing_but_http_2, start, stop),
		cmocka_unit_test_setup_teardown(a_file_tells_it_to_differ, start, stop),
		cmocka_unit_test(a_behaviour_that_is_none_is_refused),
		cmocka_unit_test_setup_teardown(the_program_makes_its_certificates_and_takes_a_push, scratch_make, scratch_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
