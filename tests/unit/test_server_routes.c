/* SPDX-License-Identifier: Apache-2.0 */
/* The route table, docs/spec/access.csv and docs/api/openapi.yaml say the same, route by route and caller by caller. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apple/service.h"
#include "server/caller.h"
#include "server/openapi.h"
#include "server/routes.h"

#define N_KINDS 13

/* The columns of access.csv after method and path: the bit of a caller, or 0 with the planes on which `anyone` reaches it. */
static const struct {
	const char *name;
	uint32_t who;
	uint32_t plane;
} kinds[N_KINDS] = {
	{"anyone", BSG_WHO_ANYONE, BSG_HTTP_PEOPLE},	    {"invitation", BSG_WHO_INVITATION, BSG_HTTP_PEOPLE},
	{"device", BSG_WHO_DEVICE, BSG_HTTP_DEVICE},	    {"revoked_device", BSG_WHO_DEVICE, BSG_HTTP_DEVICE},
	{"gate", 0, BSG_HTTP_PEOPLE},			    {"turnstile", BSG_WHO_TURNSTILE, BSG_HTTP_PEOPLE},
	{"admin", BSG_WHO_ADMIN, BSG_HTTP_PEOPLE},	    {"policy", BSG_WHO_POLICY, BSG_HTTP_PEOPLE},
	{"helpdesk", BSG_WHO_HELPDESK, BSG_HTTP_PEOPLE},    {"auditor", BSG_WHO_AUDITOR, BSG_HTTP_PEOPLE},
	{"socket", BSG_WHO_SOCKET, BSG_HTTP_ADMIN},	    {"apple", BSG_WHO_APPLE, BSG_HTTP_APPLE},
	{"person", BSG_WHO_PERSON, BSG_HTTP_PEOPLE},
};

static bool may(const struct bsg_http_route *route, size_t kind)
{
	if ((route->planes & kinds[kind].plane) == 0)
		return false;
	if (strcmp(kinds[kind].name, "revoked_device") == 0 && (route->flags & BSG_HTTP_REVOKED_TOO) == 0)
		return false;
	return ((kinds[kind].who | BSG_WHO_ANYONE) & route->who) != 0;
}

static const struct bsg_http_route *find(const char *method, const char *path)
{
	for (size_t i = 0; i < bsg_n_routes; i++)
		if (strcmp(bsg_routes[i].method, method) == 0 && strcmp(bsg_routes[i].path, path) == 0)
			return &bsg_routes[i];
	for (size_t i = 0; i < bsg_n_apple_routes; i++)
		if (strcmp(bsg_apple_routes[i].method, method) == 0 && strcmp(bsg_apple_routes[i].path, path) == 0)
			return &bsg_apple_routes[i];
	return NULL;
}

static FILE *open_csv(void)
{
	const char *root = getenv("BSG_SOURCE_ROOT");
	char path[1000];
	FILE *csv;

	snprintf(path, sizeof(path), "%s/docs/spec/access.csv", root != NULL ? root : ".");
	csv = fopen(path, "r");
	assert_non_null(csv);
	return csv;
}

static void every_cell_of_the_access_table_is_what_the_code_does(void **state)
{
	FILE *csv = open_csv();
	char line[400];
	size_t n_rows = 0;

	(void)state;
	assert_non_null(fgets(line, sizeof(line), csv));
	while (fgets(line, sizeof(line), csv) != NULL) {
		char *rest = line, *method = strsep(&rest, ","), *path = strsep(&rest, ",");
		const struct bsg_http_route *route = find(method, path);

		n_rows++;
		if (route == NULL)
			fail_msg("%s %s has a row but no route", method, path);
		for (size_t k = 0; k < N_KINDS; k++) {
			const char *cell = strsep(&rest, ",\n");

			if (strcmp(cell, may(route, k) ? "yes" : "no") != 0)
				fail_msg("%s %s by %s: the table says %s", method, path, kinds[k].name, cell);
		}
	}
	fclose(csv);
	assert_int_equal(n_rows, bsg_n_routes + bsg_n_apple_routes);
}

/* The file is ours and regular: paths are indented by two, methods by four. */
static void every_route_is_in_the_description_of_the_interface(void **state)
{
	char *text = calloc(1, bsg_openapi_len + 1), *rest = text, *line, path[200] = "";
	size_t n = 0;

	(void)state;
	assert_non_null(text);
	memcpy(text, bsg_openapi, bsg_openapi_len);
	while ((line = strsep(&rest, "\n")) != NULL && strcmp(line, "components:") != 0) {
		static const char *const methods[] = {"get", "post", "put", "delete"};
		static const char *const names[] = {"GET", "POST", "PUT", "DELETE"};

		if (strncmp(line, "  /", 3) == 0)
			snprintf(path, sizeof(path), "%.*s", (int)strcspn(line + 2, ":"), line + 2);
		for (size_t m = 0; m < 4; m++) {
			size_t len = strlen(methods[m]);

			if (strncmp(line, "    ", 4) != 0 || strncmp(line + 4, methods[m], len) != 0 || line[4 + len] != ':')
				continue;
			if (find(names[m], path) == NULL)
				fail_msg("%s %s is described but does not exist", names[m], path);
			n++;
		}
	}
	free(text);
	assert_int_equal(n, bsg_n_routes + bsg_n_apple_routes);
}

static void every_problem_has_a_title_in_three_languages(void **state)
{
	(void)state;
	for (size_t i = 0; i < bsg_n_problem_texts; i++)
		for (size_t l = 0; l < BSG_HTTP_N_LANGS; l++)
			if (bsg_problem_texts[i].title[l] == NULL || bsg_problem_texts[i].title[l][0] == '\0')
				fail_msg("%s has no title in language %zu", bsg_problem_texts[i].code, l);
}

static void a_role_that_does_not_exist_may_nothing(void **state)
{
	(void)state;
	assert_int_equal(bsg_who_of_role("admin"), BSG_WHO_ADMIN);
	assert_int_equal(bsg_who_of_role("auditor"), BSG_WHO_AUDITOR);
	assert_int_equal(bsg_who_of_role(""), 0);
	assert_int_equal(bsg_who_of_role("root"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cell_of_the_access_table_is_what_the_code_does),
		cmocka_unit_test(every_route_is_in_the_description_of_the_interface),
		cmocka_unit_test(every_problem_has_a_title_in_three_languages),
		cmocka_unit_test(a_role_that_does_not_exist_may_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
