/* SPDX-License-Identifier: Apache-2.0 */
/* D10: what no rule can say. And what orders are refused for. */
#include "core_phone.h"

static struct phone phone;

static enum bsg_err lookup(const char *name, uint32_t *bit, const char **why)
{
	return bsg_function_by_name(str(name), bit, why);
}

static void D10_the_table_is_in_order_with_three_languages(void **state)
{
	static const char *const names[] = { "camera", "microphone", "screen_capture", "internet", "wifi", "hotspot",
		"bluetooth", "nfc", "usb_data", "location", "apps", "debugging" };
	uint32_t bit;

	(void)state;
	assert_int_equal(sizeof(names) / sizeof(names[0]), BSG_FUNCTIONS_COUNT);
	for (size_t i = 0; i < BSG_FUNCTIONS_COUNT; i++) {
		assert_string_equal(bsg_functions[i].name, names[i]);
		assert_int_equal(bsg_functions[i].bit, UINT32_C(1) << i);
		assert_true(bsg_functions[i].kk[0] != 0 && bsg_functions[i].ru[0] != 0 && bsg_functions[i].en[0] != 0);
		assert_int_equal(lookup(names[i], &bit, NULL), BSG_OK);
		assert_int_equal(bit, UINT32_C(1) << i);
	}
}

static void D10_calls_sms_and_emergency_are_refused_with_the_reason(void **state)
{
	static const char *const names[] = { "calls", "call", "Calls", "telephony", "phone", "dialer", "sms", "SMS",
		"mms", "messages", "emergency", "sos", "112", "ims", "volte" };
	const char *why;
	uint32_t bit = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(lookup(names[i], &bit, &why), BSG_E_DENIED);
		assert_int_equal(bit, 0);
		assert_non_null(strstr(why, "can never be restricted"));
	}
	assert_int_equal(lookup("teleport", &bit, &why), BSG_E_NOT_FOUND);
	assert_non_null(why);
	assert_int_equal(lookup("camer", &bit, &why), BSG_E_NOT_FOUND);
	assert_int_equal(lookup("cameras", &bit, &why), BSG_E_NOT_FOUND);
	assert_int_equal(lookup("", &bit, &why), BSG_E_NOT_FOUND);
}

static void D10_no_function_of_the_table_is_or_stands_for_calls(void **state)
{
	(void)state;
	for (size_t i = 0; i < BSG_FUNCTIONS_COUNT; i++)
		assert_null(bsg_mechanism_never_touched(str(bsg_functions[i].name)));
}

static void D10_mechanisms_that_hurt_calls_are_on_the_deny_list(void **state)
{
	static const char *const names[] = { "DISALLOW_OUTGOING_CALLS", "DISALLOW_SMS", "DISALLOW_SIM_GLOBALLY",
		"DISALLOW_CELLULAR_2G", "DISALLOW_ADJUST_VOLUME", "DISALLOW_UNMUTE_MICROPHONE",
		"DISALLOW_CREATE_WINDOWS", "setMasterVolumeMuted", "addOverrideApn", "Knox PhoneRestrictionPolicy",
		"allowChat", "com.apple.app.lock", "lost mode", "com.apple.cellular", "allowPairedWatch",
		"rfkill wwan", "Modem.Enable(false)", "lock-task mode" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_non_null(bsg_mechanism_never_touched(str(names[i])));
	assert_null(bsg_mechanism_never_touched(str("rfkill wlan")));
	assert_null(bsg_mechanism_never_touched(str("setCameraDisabled")));
}

static void D10_orders_that_list_a_dialer_or_an_sms_app_are_refused(void **state)
{
	static const char *const names[] = { "com.android.dialer", "com.google.android.apps.messaging",
		"com.android.contacts", "com.android.phone", "com.apple.MobileSMS" };
	struct bsg_guest guest = { .place = str("court"), .functions = APPS, .max_stay = 60, .n_apps = 1 };
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		phone_init(&phone);
		place(&phone.orders, "house", NULL);
		app(&phone.orders, rule(&phone.orders, "r", "house", APPS), names[i]);
		assert_int_equal(bsg_orders_prepare(&phone.orders, &why), BSG_E_DENIED);
		assert_non_null(strstr(why, "never be restricted"));
		guest.apps[0] = str(names[i]);
		assert_int_equal(bsg_guest_check(&guest, &why), BSG_E_DENIED);
	}
	guest.apps[0] = str("org.video");
	assert_int_equal(bsg_guest_check(&guest, &why), BSG_OK);
}

/* ---- what orders are refused for ---- */

static void no_serial(struct bsg_orders *o) { o->serial = 0; }
static void no_max_stay(struct bsg_orders *o) { o->max_stay = 0; }
static void long_stay(struct bsg_orders *o) { o->places[0].max_stay = BSG_DURATION_MAX + 1; }
static void two_alike(struct bsg_orders *o) { o->places[1].id = o->places[0].id; }
static void empty_id(struct bsg_orders *o) { o->places[0].id.len = 0; }
static void no_parent(struct bsg_orders *o) { o->places[1].parent = str("heaven"); }
static void circle(struct bsg_orders *o) { o->places[0].parent = o->places[1].id; }
static void own_parent(struct bsg_orders *o) { o->places[0].parent = o->places[0].id; }
static void lost_place(struct bsg_orders *o) { o->rules[0].place = str("heaven"); }
static void rules_alike(struct bsg_orders *o) { o->rules[1].id = o->rules[0].id; }
static void neither(struct bsg_orders *o) { o->rules[0].place.len = 0; o->rules[0].always = true; }
static void unknown_function(struct bsg_orders *o) { o->rules[0].restrict_functions = UINT32_C(1) << 12; }
static void unknown_keep(struct bsg_orders *o) { o->places[0].keep = UINT32_C(1) << 31; }
static void unknown_enter(struct bsg_orders *o) { o->places[0].enter_by = 16; }
static void backwards(struct bsg_orders *o) { o->windows[0].until = o->windows[0].from; }
static void outside_table(struct bsg_orders *o) { o->rules[1].first_window = 1; }
static void torn_range(struct bsg_orders *o)
{
	o->windows[1] = o->windows[2] = (struct bsg_window){ 1, 2 };
	o->n_windows = 3;
	o->rules[1].n_windows = 2;
	o->rules[0] = (struct bsg_rule){ .id = str("x"), .place = o->places[0].id, .first_window = 1, .n_windows = 2,
		.restrict_functions = CAM };
}
static void idle_apps(struct bsg_orders *o) { o->apps[0] = str("a"); o->n_apps = 1; o->rules[0].n_apps = 1; }
static void long_app(struct bsg_orders *o)
{
	static const char name[200] = { 'a' };

	o->apps[0] = (struct bsg_str){ name, 129 };
	o->n_apps = 1;
}
static void thin_area(struct bsg_orders *o) { o->places[0].n_vertices = 2; }
static void wide_area(struct bsg_orders *o) { square(&o->places[0], 0, 0, 5000001); }
static void antimeridian(struct bsg_orders *o)
{
	square(&o->places[0], 0, 1799999000, 1000);
	o->places[0].area[1].lon = -1799999000;
}
static void off_earth(struct bsg_orders *o) { square(&o->places[0], 900000000, 0, 10); }
static void evidence_twice(struct bsg_orders *o)
{
	evidence(&o->places[0], "b", BSG_EVIDENCE_WIFI);
	evidence(&o->places[0], "b", BSG_EVIDENCE_WIFI);
}
static void too_many_places(struct bsg_orders *o) { o->n_places = BSG_PLACES_MAX + 1; }
static void too_many_rules(struct bsg_orders *o) { o->n_rules = BSG_RULES_MAX + 1; }
static void too_many_windows(struct bsg_orders *o) { o->n_windows = BSG_WINDOWS_MAX + 1; }
static void too_many_vertices(struct bsg_orders *o) { o->places[0].n_vertices = BSG_VERTICES_MAX + 1; }
static void too_many_evidence(struct bsg_orders *o) { o->places[0].n_evidence = BSG_EVIDENCE_MAX + 1; }
static void too_many_exemptions(struct bsg_orders *o) { o->n_exemptions = BSG_EXEMPTIONS_MAX + 1; }
static void too_many_apps(struct bsg_orders *o) { o->n_apps = BSG_APPS_MAX + 1; }
static void too_many_presses(struct bsg_orders *o) { o->break_glass_per_day = BSG_BREAK_GLASS_PER_DAY_MAX + 1; }
static void no_presence_place(struct bsg_orders *o) { o->has_presence = true; }
static void unknown_exemption(struct bsg_orders *o)
{
	o->exemptions[0].functions = UINT32_MAX;
	o->n_exemptions = 1;
}

static void orders_that_break_a_documented_rule_are_refused(void **state)
{
	static const struct {
		void (*spoil)(struct bsg_orders *);
		enum bsg_err code;
	} cases[] = {
		{ no_serial, BSG_E_INVALID },	       { no_max_stay, BSG_E_INVALID },
		{ long_stay, BSG_E_LIMIT },	       { two_alike, BSG_E_INVALID },
		{ empty_id, BSG_E_INVALID },	       { no_parent, BSG_E_INVALID },
		{ circle, BSG_E_INVALID },	       { own_parent, BSG_E_INVALID },
		{ lost_place, BSG_E_INVALID },	       { rules_alike, BSG_E_INVALID },
		{ neither, BSG_E_INVALID },	       { unknown_function, BSG_E_INVALID },
		{ unknown_keep, BSG_E_INVALID },       { unknown_enter, BSG_E_INVALID },
		{ backwards, BSG_E_INVALID },	       { outside_table, BSG_E_INVALID },
		{ torn_range, BSG_E_INVALID },	       { idle_apps, BSG_E_INVALID },
		{ long_app, BSG_E_LIMIT },	       { thin_area, BSG_E_INVALID },
		{ wide_area, BSG_E_INVALID },	       { antimeridian, BSG_E_INVALID },
		{ off_earth, BSG_E_INVALID },	       { evidence_twice, BSG_E_INVALID },
		{ too_many_places, BSG_E_LIMIT },      { too_many_rules, BSG_E_LIMIT },
		{ too_many_windows, BSG_E_LIMIT },     { too_many_vertices, BSG_E_LIMIT },
		{ too_many_evidence, BSG_E_LIMIT },    { too_many_exemptions, BSG_E_LIMIT },
		{ too_many_apps, BSG_E_LIMIT },	       { too_many_presses, BSG_E_LIMIT },
		{ no_presence_place, BSG_E_INVALID },  { unknown_exemption, BSG_E_INVALID },
	};
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum bsg_err code;

		phone_init(&phone);
		place(&phone.orders, "house", NULL);
		place(&phone.orders, "lab", "house");
		rule(&phone.orders, "a", "house", CAM);
		window(&phone.orders, rule(&phone.orders, "b", "house", CAM), T0, T0 + 60);
		cases[i].spoil(&phone.orders);
		code = bsg_orders_prepare(&phone.orders, &why);
		if (code != cases[i].code)
			fail_msg("case %zu: code %d, %s", i, code, why == NULL ? "-" : why);
		assert_non_null(why);
		assert_false(phone.orders.prepared.done);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(D10_the_table_is_in_order_with_three_languages),
		cmocka_unit_test(D10_calls_sms_and_emergency_are_refused_with_the_reason),
		cmocka_unit_test(D10_no_function_of_the_table_is_or_stands_for_calls),
		cmocka_unit_test(D10_mechanisms_that_hurt_calls_are_on_the_deny_list),
		cmocka_unit_test(D10_orders_that_list_a_dialer_or_an_sms_app_are_refused),
		cmocka_unit_test(orders_that_break_a_documented_rule_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
