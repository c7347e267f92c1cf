/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies by a table of fields: what is not in the table, of another type or out of range is refused with its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bosaga/functions.h>

#include "server/answer.h"

struct body {
	const char *id, *name, *word, *badge, *uuid, *device;
	int64_t at, days;
	uint32_t functions;
	bool carried;
};

static const char *const words[] = {"in", "out", NULL};

static const struct bsg_field fields[] = {
	BSG_FIELD(struct body, id, BSG_FIELD_NAME, .required = true),
	BSG_FIELD(struct body, name, BSG_FIELD_TEXT, .max = 10),
	BSG_FIELD(struct body, word, BSG_FIELD_CHOICE, .choices = words),
	BSG_FIELD(struct body, badge, BSG_FIELD_BADGE),
	BSG_FIELD(struct body, uuid, BSG_FIELD_UUID),
	BSG_FIELD(struct body, device, BSG_FIELD_DEVICE),
	BSG_FIELD(struct body, at, BSG_FIELD_TIME),
	BSG_FIELD(struct body, days, BSG_FIELD_INT, .min = 1, .max_int = 366),
	BSG_FIELD(struct body, carried, BSG_FIELD_BOOL),
	BSG_FIELD(struct body, functions, BSG_FIELD_FUNCTIONS),
};
#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

static enum bsg_err parse(const char *text, struct body *out, json_t **json, struct bsg_error *err)
{
	*out = (struct body){.word = "in", .days = 30};
	return bsg_body_parse(text, strlen(text), fields, N_FIELDS, out, json, err);
}

static void a_body_fills_what_it_names_and_leaves_the_defaults(void **state)
{
	struct bsg_error err;
	struct body body;
	json_t *json;

	(void)state;
	assert_int_equal(parse("{\"id\": \"a-1\", \"at\": \"2026-11-23T22:00:00Z\", \"carried\": true, \"name\": null}", &body, &json, &err),
			 BSG_OK);
	assert_string_equal(body.id, "a-1");
	assert_string_equal(body.word, "in");
	assert_null(body.name);
	assert_int_equal(body.at, 1795471200);
	assert_int_equal(body.days, 30);
	assert_true(body.carried);
	json_decref(json);
}

static void what_does_not_fit_the_table_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "[]", "null", "7", "{", "{}", "{\"id\": \"A\"}", "{\"id\": \"\"}", "{\"id\": 1}", "{\"id\": \"a\", \"more\": 1}",
		"{\"id\": \"a\", \"id\": \"b\"}", "{\"id\": \"a\\u0000b\"}", "{\"id\": \"a\"} x",
		"{\"id\": \"a\", \"name\": \"12345678901\"}", "{\"id\": \"a\", \"name\": \"\"}", "{\"id\": \"a\", \"name\": \"\\u0007\"}",
		"{\"id\": \"a\", \"word\": \"up\"}", "{\"id\": \"a\", \"badge\": \"a b\"}", "{\"id\": \"a\", \"badge\": \"\"}",
		"{\"id\": \"a\", \"uuid\": \"1\"}", "{\"id\": \"a\", \"device\": \"12\"}", "{\"id\": \"a\", \"at\": \"now\"}",
		"{\"id\": \"a\", \"at\": 5}", "{\"id\": \"a\", \"days\": 0}", "{\"id\": \"a\", \"days\": 367}",
		"{\"id\": \"a\", \"days\": \"3\"}", "{\"id\": \"a\", \"days\": 1.5}", "{\"id\": \"a\", \"carried\": \"true\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bsg_error err = {.text = ""};
		struct body body;
		json_t *json;

		if (parse(bad[i], &body, &json, &err) != BSG_E_INVALID)
			fail_msg("accepted: %s", bad[i]);
		assert_null(json);
		assert_true(err.text[0] != '\0');
	}
}

static void functions_are_a_list_of_their_names(void **state)
{
	static const struct {
		const char *list;
		uint32_t set;
		const char *why;	/* part of the refusal */
	} lists[] = {
		{"[\"camera\"]", BSG_BIT(BSG_CAMERA), NULL},
		{"[\"wifi\", \"camera\", \"wifi\"]", BSG_BIT(BSG_CAMERA) | BSG_BIT(BSG_WIFI), NULL},
		{"[\"all\"]", BSG_FUNCTIONS_ALL, NULL},
		{"[\"usb_data\", \"all\"]", BSG_FUNCTIONS_ALL, NULL},
		{"[\"camra\"]", 0, "did you mean \"camera\"?"},
		{"[\"camera\", \"blutooth\"]", 0, "did you mean \"bluetooth\"?"},
		{"[\"Camera\"]", 0, "did you mean \"camera\"?"},
		{"[\"telescope\"]", 0, "no such function; bosaga knows camera, microphone"},
		{"[\"calls\"]", 0, "calls can never be restricted"},
		{"[\"camera\", \"sms\"]", 0, "SMS can never be restricted"},
		{"[\"emergency\"]", 0, "emergency calls and alerts can never be restricted"},
		{"[\"camera\\u0000\"]", 0, "not allowed"},
		{"[\"\"]", 0, "no such function"},
		{"[]", 0, "must be a list"},
		{"[1]", 0, "must be a list"},
		{"\"camera\"", 0, "must be a list"},
		{"{}", 0, "must be a list"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct bsg_error err = {.text = ""};
		struct body body;
		char text[128];
		json_t *json;

		(void)snprintf(text, sizeof(text), "{\"id\": \"a\", \"functions\": %s}", lists[i].list);
		if (parse(text, &body, &json, &err) != (lists[i].why == NULL ? BSG_OK : BSG_E_INVALID) ||
		    (lists[i].why != NULL && strstr(err.text, lists[i].why) == NULL))
			fail_msg("%s: \"%s\"", lists[i].list, err.text);
		assert_int_equal(body.functions, lists[i].set);
		json_decref(json);
	}
}

static void a_deeply_nested_body_is_refused_not_followed(void **state)
{
	char *text = malloc(200001);
	struct bsg_error err;
	struct body body;
	json_t *json;

	(void)state;
	assert_non_null(text);
	memset(text, '[', 200000);
	text[200000] = '\0';
	assert_int_equal(parse(text, &body, &json, &err), BSG_E_INVALID);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_fills_what_it_names_and_leaves_the_defaults),
		cmocka_unit_test(what_does_not_fit_the_table_is_refused),
		cmocka_unit_test(functions_are_a_list_of_their_names),
		cmocka_unit_test(a_deeply_nested_body_is_refused_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
