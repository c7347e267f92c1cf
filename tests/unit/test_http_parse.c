/* SPDX-License-Identifier: Apache-2.0 */
/* Pure parts of http/: header values, URLs, the route table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/internal.h"

static void prefer_wait_is_read_as_rfc_7240_says(void **state)
{
	static const struct { const char *prefer; unsigned want; } cases[] = {
		{ NULL, 0 }, { "", 0 }, { "wait=10", 10 }, { "respond-async, wait=7", 7 },
		{ "Wait = 5", 5 }, { "wait=60;x=1", 60 }, { "wait", 0 }, { "wait=", 0 },
		{ "wait=-1", 0 }, { "wait=1x", 0 }, { "waiting=9", 0 }, { "wait=99999999999", 9999999 },
		{ "foo=\"wait\", wait=3", 3 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned got = bsg_http_parse_wait(cases[i].prefer);

		if (got != cases[i].want && !(got >= 1000000 && cases[i].want >= 1000000))
			fail_msg("%s: %u", cases[i].prefer, got);
	}
}

static void the_language_with_the_best_quality_wins(void **state)
{
	static const struct { const char *accept; enum bsg_http_lang want; } cases[] = {
		{ NULL, BSG_HTTP_EN }, { "", BSG_HTTP_EN }, { "kk", BSG_HTTP_KK },
		{ "ru-RU", BSG_HTTP_RU }, { "KK-Cyrl-KZ, ru;q=0.9", BSG_HTTP_KK },
		{ "de, ru;q=0.2, en;q=0.1", BSG_HTTP_RU }, { "en;q=0.5, ru;q=0.8", BSG_HTTP_RU },
		{ "ru;q=0, en", BSG_HTTP_EN }, { "ru;q=0", BSG_HTTP_EN }, { "rus", BSG_HTTP_EN },
		{ "kk;q=1.000, ru;q=0.999", BSG_HTTP_KK }, { "*", BSG_HTTP_EN },
		{ "kk;q=, ru;q=0.1", BSG_HTTP_RU }, { ",,,ru", BSG_HTTP_RU },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (bsg_http_parse_language(cases[i].accept) != cases[i].want)
			fail_msg("%s", cases[i].accept);
	}
}

static void entity_tags_are_compared_as_rfc_9110_says(void **state)
{
	static const struct { const char *list; const char *etag; bool weak, want; } cases[] = {
		{ "\"a\"", "a", true, true }, { "\"b\"", "a", true, false }, { "*", "a", true, true },
		{ "W/\"a\"", "a", true, true }, { "W/\"a\"", "a", false, false },
		{ "\"x\", \"a\"", "a", false, true }, { "\"x\" ,W/\"a\" , \"y\"", "a", true, true },
		{ "a", "a", true, false }, { "\"a", "a", true, false }, { "", "a", true, false },
		{ "\"aa\"", "a", true, false }, { "* , \"b\"", "a", true, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (bsg_http_etag_listed(cases[i].list, cases[i].etag, cases[i].weak) != cases[i].want)
			fail_msg("%s", cases[i].list);
	}
}

static void percent_decoding_refuses_what_could_deceive(void **state)
{
	static const struct { const char *text; bool plus; const char *want; } cases[] = {
		{ "abc", false, "abc" }, { "%D2%9A", false, "\xd2\x9a" }, { "a%20b", false, "a b" },
		{ "a+b", true, "a b" }, { "a+b", false, "a+b" }, { "%41%7a", false, "Az" },
		{ "%", false, NULL }, { "%4", false, NULL }, { "%zz", false, NULL },
		{ "%00", false, NULL }, { "%0a", false, NULL }, { "%7f", false, NULL },
		{ "%ff", false, NULL }, { "%c0%af", false, NULL }, { "%ed%a0%80", false, NULL },
		{ "\xff", false, NULL }, { "", false, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[32];
		bool ok;

		strcpy(text, cases[i].text);
		ok = bsg_http_percent_decode(text, cases[i].plus);
		if (ok != (cases[i].want != NULL) || (ok && strcmp(text, cases[i].want) != 0))
			fail_msg("%s", cases[i].text);
	}
}

static void paths_are_split_and_checked(void **state)
{
	static const struct { const char *path; int want; } cases[] = {
		{ "/", 0 }, { "/a", 1 }, { "/a/b", 2 }, { "/a/", 2 }, { "//", 2 }, { "a", -1 },
		{ "/a%2fb", -1 }, { "/..", -1 }, { "/%2e%2E/x", -1 }, { "/.", -1 }, { "/...", 1 },
		{ "/1/2/3/4", -2 }, { "/%ff", -1 }, { "*", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[64], *segments[3];
		int got;

		strcpy(text, cases[i].path);
		got = bsg_http_split_path(text, segments, 3);
		if (got != cases[i].want)
			fail_msg("%s: %d", cases[i].path, got);
	}
}

static void queries_are_split_and_capped(void **state)
{
	struct bsg_http_query_field fields[3];
	char good[] = "a=1&&b=%D2%9A+x&c", many[] = "a&b&c&d", bad[] = "a=%ff";

	(void)state;
	assert_int_equal(bsg_http_split_query(good, fields, 3), 3);
	assert_string_equal(fields[0].name, "a");
	assert_string_equal(fields[0].value, "1");
	assert_string_equal(fields[1].value, "\xd2\x9a x");
	assert_string_equal(fields[2].name, "c");
	assert_string_equal(fields[2].value, "");
	assert_int_equal(bsg_http_split_query(many, fields, 3), -1);
	assert_int_equal(bsg_http_split_query(bad, fields, 3), -1);
}

static void client_cert_is_a_byte_sequence(void **state)
{
	static const struct { const char *value; bool want; } cases[] = {
		{ ":AQID:", true }, { " :AQID: ", true }, { "AQID", false }, { ":AQID", false },
		{ "::", false }, { ":AQI:", false }, { ":AQID:;x", false }, { ":AQID:, :AQID:", false },
		{ "", false },
	};
	uint8_t der[BSG_HTTP_DER_MAX];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		len = 0;
		if (bsg_http_parse_client_cert(cases[i].value, der, &len) != cases[i].want)
			fail_msg("%s", cases[i].value);
	}
}

static void a_cookie_is_found_among_others(void **state)
{
	static const struct { const char *header, *want; } cases[] = {
		{ NULL, NULL }, { "", NULL }, { "__Host-a=1", "1" }, { "b=2; __Host-a=1", "1" }, { "b=2;\t__Host-a=1;c", "1" },
		{ "__Host-a", NULL }, { "__Host-a=", "" }, { "__Host-ab=1", NULL }, { "x__Host-a=1", NULL }, { "b=__Host-a=1", NULL },
		{ "__host-a=1", NULL }, { "__Host-a=1; __Host-a=2", "1" }, { "; ;;__Host-a=x=y ", "x=y " }, { "__Host-a =1", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = 99;
		const char *got = bsg_http_find_cookie(cases[i].header, "__Host-a", &len);

		if ((got != NULL) != (cases[i].want != NULL) || len != (got != NULL ? strlen(cases[i].want) : 0) ||
		    (got != NULL && strncmp(got, cases[i].want, len) != 0))
			fail_msg("%s", cases[i].header);
	}
}

static void basic_credentials_are_user_colon_password(void **state)
{
	static const struct { const char *text, *user, *password; } cases[] = {
		{ "YTpi", "a", "b" }, { "YTo=", "a", "" }, { "OmI=", "", "b" }, { "YTpiOmM=", "a", "b:c" },
		{ "YWI=", NULL, NULL }, { "", NULL, NULL }, { "YTpi!", NULL, NULL }, { "YTpiAA==", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *user = NULL, *password = NULL;
		char plain[16];

		memset(plain, '#', sizeof(plain));
		if (bsg_http_parse_basic(cases[i].text, plain, &user, &password) != (cases[i].user != NULL) ||
		    (user != NULL && (strcmp(user, cases[i].user) != 0 || strcmp(password, cases[i].password) != 0)))
			fail_msg("%s", cases[i].text);
	}
}

static void handle(struct bsg_http_exchange *x, void *app)
{
	(void)x;
	(void)app;
}

#define R(method_, path_) { method_, path_, BSG_HTTP_PEOPLE, 1, 0, 0, 0, handle, NULL }

static const struct bsg_http_route table[] = {
	R("GET", "/"),
	R("GET", "/a/{id}"),
	R("POST", "/a/{id}"),
	R("GET", "/a/plan"),
	R("GET", "/a/{id}/b"),
	R("DELETE", "/a/{id}/b"),
	R("GET", "/a/{id}/{other}"),
	{ "GET", "/device", BSG_HTTP_DEVICE, 1, 0, 0, 0, handle, NULL },
};

static void a_literal_wins_over_a_parameter(void **state)
{
	static const struct { const char *method, *path, *want, *allow; } cases[] = {
		{ "GET", "/", "/", "" }, { "GET", "/a/1", "/a/{id}", "" },
		{ "HEAD", "/a/1", "/a/{id}", "" }, { "POST", "/a/1", "/a/{id}", "" },
		{ "GET", "/a/plan", "/a/plan", "" }, { "POST", "/a/plan", "/a/{id}", "" },
		{ "GET", "/a/1/b", "/a/{id}/b", "" }, { "GET", "/a/1/c", "/a/{id}/{other}", "" },
		{ "PUT", "/a/1", NULL, "GET, HEAD, POST" }, { "DELETE", "/a/plan", NULL, "GET, HEAD, POST" },
		{ "POST", "/a/1/b", NULL, "DELETE, GET, HEAD" }, { "GET", "/b", NULL, "" },
		{ "GET", "/a/", NULL, "" }, { "GET", "/device", NULL, "" }, { "GET", "/a", NULL, "" },
		{ "get", "/", NULL, "GET, HEAD" },
	};
	struct bsg_http_routes routes;

	(void)state;
	assert_int_equal(bsg_http_routes_compile(table, sizeof(table) / sizeof(table[0]),
						 BSG_HTTP_PEOPLE, &routes, NULL), BSG_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[64], *segments[BSG_HTTP_SEGMENTS_MAX];
		struct bsg_http_match match;
		int n;

		strcpy(path, cases[i].path);
		n = bsg_http_split_path(path, segments, BSG_HTTP_SEGMENTS_MAX);
		assert_true(n >= 0);
		bsg_http_routes_match(&routes, cases[i].method, segments, (size_t)n, &match);
		if ((match.pattern != NULL) != (cases[i].want != NULL) ||
		    (match.pattern != NULL &&
		     strcmp(match.pattern->route->path, cases[i].want) != 0) ||
		    (match.pattern == NULL && strcmp(match.allow, cases[i].allow) != 0))
			fail_msg("%s %s: %s, allow \"%s\"", cases[i].method, cases[i].path,
				 match.pattern != NULL ? match.pattern->route->path : "none",
				 match.allow);
	}
	bsg_http_routes_free(&routes);
}

static void a_route_that_says_too_little_stops_the_start(void **state)
{
	static const struct { const char *name; struct bsg_http_route route; } cases[] = {
		{ "no plane", { "GET", "/x", 0, 1, 0, 0, 0, handle, NULL } },
		{ "nobody may call", { "GET", "/x", BSG_HTTP_PEOPLE, 0, 0, 0, 0, handle, NULL } },
		{ "no handler", { "GET", "/x", BSG_HTTP_PEOPLE, 1, 0, 0, 0, NULL, NULL } },
		{ "no method", { NULL, "/x", BSG_HTTP_PEOPLE, 1, 0, 0, 0, handle, NULL } },
		{ "HEAD", R("HEAD", "/x") }, { "no slash", R("GET", "x") },
		{ "a slash at the end", R("GET", "/x/") }, { "empty segment", R("GET", "/x//y") },
		{ "half a parameter", R("GET", "/{x") }, { "nameless parameter", R("GET", "/{}") },
		{ "a prefix before a parameter", R("GET", "/x{y}") },
		{ "there twice", R("GET", "/a/{name}") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bsg_http_route both[2] = { table[1], cases[i].route };
		struct bsg_http_routes routes;
		struct bsg_error err = { .text = "" };

		if (bsg_http_routes_compile(both, 2, BSG_HTTP_PEOPLE, &routes, &err) != BSG_E_INVALID ||
		    err.text[0] == '\0')
			fail_msg("%s: accepted", cases[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefer_wait_is_read_as_rfc_7240_says),
		cmocka_unit_test(the_language_with_the_best_quality_wins),
		cmocka_unit_test(entity_tags_are_compared_as_rfc_9110_says),
		cmocka_unit_test(percent_decoding_refuses_what_could_deceive),
		cmocka_unit_test(paths_are_split_and_checked),
		cmocka_unit_test(queries_are_split_and_capped),
		cmocka_unit_test(client_cert_is_a_byte_sequence),
		cmocka_unit_test(a_cookie_is_found_among_others),
		cmocka_unit_test(basic_credentials_are_user_colon_password),
		cmocka_unit_test(a_literal_wins_over_a_parameter),
		cmocka_unit_test(a_route_that_says_too_little_stops_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
