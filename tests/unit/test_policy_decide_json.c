/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for policy/decide_json.h: the shapes of docs/spec/decision.md, section JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/decide_json.h"
#include "policy/explain.h"

#define DEVICE "\"device\": \"00112233445566778899aabbccddeeff\", \"serial\": 1, \"issued\": 1000, \"expires\": 3000000"
#define ORDERS(more) "{" DEVICE more "}"
#define HOUSE ", \"places\": [{\"id\": \"house\"}], \"rules\": [{\"id\": \"r\", \"place\": \"house\", \"restrict\": [\"camera\"]}]"
#define AT(utc) ", \"time\": {\"utc\": " #utc "}"

static json_t *parse(const char *text)
{
	json_error_t at;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &at);

	if (json == NULL)
		fail_msg("%s: %s", text, at.text);
	return json;
}

static const struct refusal {
	const char *name, *orders, *want;
} refusals[] = {
	{ "the smallest orders", ORDERS(""), NULL },
	{ "all defaults", ORDERS(HOUSE), NULL },
	{ "an unknown key", ORDERS(", \"x\": 1"), "orders: unknown key 'x'" },
	{ "no device", "{\"serial\": 1, \"expires\": 1}", "orders.device: " },
	{ "serial 0", "{\"device\": \"00112233445566778899aabbccddeeff\", \"serial\": 0, \"expires\": 1}", "orders.serial" },
	{ "no expiry", "{\"device\": \"00112233445566778899aabbccddeeff\", \"serial\": 1}", "orders.expires: is missing" },
	{ "calls", ORDERS(", \"rules\": [{\"id\": \"r\", \"windows\": [[60, 120]], \"restrict\": [\"calls\"]}]"),
	  "orders.rules.restrict: " },
	{ "a rule without place and windows", ORDERS(", \"rules\": [{\"id\": \"r\", \"restrict\": [\"camera\"]}]"), "orders: " },
	{ "a place that is missing", ORDERS(", \"rules\": [{\"id\": \"r\", \"place\": \"x\", \"restrict\": [\"camera\"]}]"),
	  "orders: " },
	{ "nine places", ORDERS(", \"places\": [{},{},{},{},{},{},{},{},{}]"), "orders.places: has too many items" },
	{ "max_stay 0", ORDERS(", \"places\": [{\"id\": \"a\", \"max_stay\": 0}]"), "orders.places.max_stay" },
	{ "a window of three", ORDERS(", \"rules\": [{\"id\": \"r\", \"windows\": [[1, 2, 3]], \"restrict\": []}]"),
	  "orders.rules.windows: must be" },
	{ "a text that is a number", ORDERS(", \"places\": [{\"id\": \"a\", \"name\": {\"en\": 1}}]"), "orders.places.name" },
	{ "a list", "[]", "orders: must be an object" },
};

static void every_orders_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *c = &refusals[i];
		json_t *json = parse(c->orders);
		struct bsg_json_orders *orders;
		struct bsg_error err = { 0 };
		const enum bsg_err rc = bsg_json_orders_read(json, &orders, &err);

		if ((rc == BSG_OK) != (c->want == NULL) || (rc != BSG_OK && orders != NULL))
			fail_msg("%s: %d %s", c->name, (int)rc, err.text);
		if (c->want != NULL && strstr(err.text, c->want) == NULL)
			fail_msg("%s: said '%s'", c->name, err.text);
		bsg_json_orders_free(orders);
		json_decref(json);
	}
}

static const char everything[] = "{" DEVICE ", \"release\": 5, \"presence\": {\"seq\": 3, \"place\": \"house\", \"direction\": \"in\","
	" \"at\": 9}, \"lease\": {\"max_stay\": 600}, \"break_glass\": {\"minutes\": 1, \"per_day\": 3},"
	" \"places\": [{\"id\": \"house\", \"name\": {\"kk\": \"k\", \"ru\": \"r\", \"en\": \"e\"}, \"parent\": \"yard\","
	" \"max_stay\": 60, \"grace\": 5, \"self_stay\": 6, \"enter_by\": [\"gate\", \"beacon\", \"wifi\", \"area\", \"self\"],"
	" \"left_unconfirmed\": false, \"keep\": [\"camera\", \"wifi\"], \"beacons\": [\"b\"], \"wifi\": [\"aa:bb:cc:dd:ee:ff\"],"
	" \"area\": [[1, 2], [3, 4], [1, 9]]}, {\"id\": \"yard\", \"name\": null, \"parent\": null, \"max_stay\": null,"
	" \"grace\": 180, \"self_stay\": 900, \"enter_by\": [\"gate\"], \"left_unconfirmed\": true, \"keep\": [], \"beacons\": [],"
	" \"wifi\": [], \"area\": null}],"
	" \"rules\": [{\"id\": \"r\", \"place\": \"house\", \"windows\": [[60, 120], [180, 240]], \"restrict\": [\"camera\", \"apps\"],"
	" \"apps\": [\"a.b\"], \"enforce\": false, \"because\": {\"en\": \"e\"}}, {\"id\": \"s\", \"place\": \"yard\", \"windows\": null,"
	" \"restrict\": [\"nfc\"], \"apps\": [], \"enforce\": true, \"because\": null}],"
	" \"exemptions\": [{\"functions\": [\"camera\"], \"from\": 1, \"until\": 2}]}";

static void orders_come_out_as_they_went_in(void **state)
{
	json_t *json = parse(everything), *again;
	struct bsg_json_orders *orders;
	struct bsg_error err;

	(void)state;
	if (bsg_json_orders_read(json, &orders, &err) != BSG_OK)
		fail_msg("%s", err.text);
	again = bsg_json_orders_write(&orders->orders);
	if (!json_equal(json, again))
		fail_msg("%s", json_dumps(again, JSON_COMPACT));
	json_decref(again);
	json_decref(json);
	bsg_json_orders_free(orders);
}

static json_t *step(struct bsg_json_phone *phone, const char *event)
{
	json_t *json = parse(event), *out;
	struct bsg_error err;

	if (bsg_json_phone_step(phone, json, &out, &err) != BSG_OK)
		fail_msg("%s: %s", event, err.text);
	json_decref(json);
	return out;
}

static bool restricts(struct bsg_json_phone *phone, const char *event, const char *function)
{
	json_t *out = step(phone, event), *row;
	bool found = false;
	size_t i;

	json_array_foreach(json_object_get(out, "restricted"), i, row)
		found = found || strcmp(json_string_value(json_object_get(row, "function")), function) == 0;
	json_decref(out);
	return found;
}

static struct bsg_json_phone *phone_with(const char *orders)
{
	json_t *json = parse(orders);
	struct bsg_json_phone *phone;
	struct bsg_error err;

	if (bsg_json_phone_new(json, &phone, &err) != BSG_OK)
		fail_msg("%s", err.text);
	json_decref(json);
	return phone;
}

static void a_phone_restricts_inside_and_lifts_outside(void **state)
{
	struct bsg_json_phone *phone = phone_with(ORDERS(HOUSE));

	(void)state;
	assert_false(restricts(phone, "{\"kind\": \"tick\"" AT(2000) "}", "camera"));
	assert_true(restricts(phone, "{\"kind\": \"gate_in\", \"place\": \"house\"" AT(2001) "}", "camera"));
	assert_true(restricts(phone, "{\"kind\": \"tick\"" AT(2002) "}", "camera"));
	assert_false(restricts(phone, "{\"kind\": \"gate_out\", \"place\": \"house\"" AT(2003) "}", "camera"));
	bsg_json_phone_free(phone);
}

static void a_guest_credential_is_kept_while_it_is_needed(void **state)
{
	struct bsg_json_phone *phone = phone_with(ORDERS(HOUSE));
	static const char in[] = "{\"kind\": \"gate_in\", \"place\": \"shop\", \"guest\": {\"functions\": [\"wifi\"],"
				 " \"max_stay\": 600}" AT(2000) "}";

	(void)state;
	assert_true(restricts(phone, in, "wifi"));
	assert_true(restricts(phone, "{\"kind\": \"tick\"" AT(2300) "}", "wifi"));
	assert_false(restricts(phone, "{\"kind\": \"tick\"" AT(2600) "}", "wifi"));
	bsg_json_phone_free(phone);
}

static void a_phone_that_is_looked_at_is_explained_with_its_guests(void **state)
{
	struct bsg_json_phone *phone = phone_with(ORDERS(HOUSE));
	static const char in[] = "{\"kind\": \"gate_in\", \"place\": \"shop\", \"guest\": {\"functions\": [\"wifi\"],"
				 " \"max_stay\": 600, \"name\": {\"en\": \"The shop\"}}" AT(2000) "}";
	struct bsg_json_phone_look look;
	struct bsg_coverage *coverage;
	json_t *rows;

	(void)state;
	bsg_json_phone_look(phone, &look);
	assert_true(look.orders != NULL && look.state->now == 0 && look.n_guests == 0);
	assert_true(restricts(phone, in, "wifi"));
	bsg_json_phone_look(phone, &look);
	assert_int_equal(look.n_guests, 1);
	assert_int_equal(bsg_coverage_load(&coverage, NULL), BSG_OK);
	const struct bsg_explain_query query = { .orders = look.orders, .at = look.state->now, .state = look.state, .guests = look.guests,
						 .n_guests = look.n_guests, .coverage = coverage, .phone = { .kind = "linux-agent" } };
	assert_int_equal(bsg_explain(&query, &rows, NULL), BSG_OK);
	assert_string_equal(json_string_value(json_object_get(json_object_get(json_array_get(rows, BSG_WIFI), "says"), "en")),
			    "Restricted by rule “guest” in “The shop” until 1970-01-01T00:43:20Z.");
	json_decref(rows);
	bsg_coverage_free(coverage);
	bsg_json_phone_free(phone);
}

static void new_orders_replace_the_old_in_one_step(void **state)
{
	struct bsg_json_phone *phone = phone_with("null");
	static const char first[] = "{\"kind\": \"orders_changed\", \"orders\": " ORDERS(HOUSE ", \"presence\": {\"seq\": 1,"
				    " \"place\": \"house\", \"direction\": \"in\", \"at\": 1990}") AT(2000) "}";
	static const char older[] = "{\"kind\": \"orders_changed\", \"orders\": " ORDERS("") AT(2001) "}";

	(void)state;
	assert_true(restricts(phone, first, "camera"));
	assert_true(restricts(phone, older, "camera"));
	assert_true(restricts(phone, "{\"kind\": \"tick\"" AT(2002) "}", "camera"));
	bsg_json_phone_free(phone);
}

static void a_refused_event_changes_nothing(void **state)
{
	static const char *const bad[] = {
		"{}", "[]", "{\"kind\": \"jump\"" AT(2001) "}", "{\"kind\": \"tick\"}", "{\"kind\": \"tick\", \"time\": {}}",
		"{\"kind\": \"tick\", \"x\": 1" AT(2001) "}", "{\"kind\": \"gate_out\"" AT(2001) "}",
		"{\"kind\": \"gate_out\", \"place\": \"\"" AT(2001) "}", "{\"kind\": \"fix\", \"lat\": 1, \"lon\": 2" AT(2001) "}",
		"{\"kind\": \"tick\", \"time\": {\"utc\": 2001, \"auth\": 1}}", "{\"kind\": \"orders_changed\"" AT(2001) "}",
		"{\"kind\": \"gate_in\", \"place\": \"shop\", \"guest\": {}" AT(2001) "}",
	};
	struct bsg_json_phone *phone = phone_with(ORDERS(HOUSE));

	(void)state;
	assert_true(restricts(phone, "{\"kind\": \"gate_in\", \"place\": \"house\"" AT(2000) "}", "camera"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_t *json = parse(bad[i]), *out;
		struct bsg_error err = { 0 };

		if (bsg_json_phone_step(phone, json, &out, &err) == BSG_OK || out != NULL || err.text[0] == '\0')
			fail_msg("accepted: %s", bad[i]);
		json_decref(json);
	}
	assert_true(restricts(phone, "{\"kind\": \"tick\"" AT(2000) "}", "camera"));
	bsg_json_phone_free(phone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_orders_of_the_table),
		cmocka_unit_test(orders_come_out_as_they_went_in),
		cmocka_unit_test(a_phone_restricts_inside_and_lifts_outside),
		cmocka_unit_test(a_guest_credential_is_kept_while_it_is_needed),
		cmocka_unit_test(a_phone_that_is_looked_at_is_explained_with_its_guests),
		cmocka_unit_test(new_orders_replace_the_old_in_one_step),
		cmocka_unit_test(a_refused_event_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
