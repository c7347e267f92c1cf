/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What no encoder of wire/ writes. Each case takes a message that is valid (the
 * first vector of its kind), breaks one thing in the struct and expects a refusal,
 * so that nobody signs what a decoder then refuses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/message_json.h"
#include "wire/gate.h"
#include "wire/orders.h"
#include "wire/pass.h"
#include "wire/report.h"

#define TEXT(literal) ((struct bsg_str){ (literal), sizeof(literal) - 1 })

static uint8_t buf[BSG_ORDERS_MAX];
static char long_text[600];

/* The payload of vector @index of @kind: freed by the caller. */
static struct bsg_bytes vector(const char *kind, size_t index)
{
	char path[4096];
	struct bsg_bytes out;
	json_t *file;

	(void)snprintf(path, sizeof(path), "%s/tests/vectors/%s.json", getenv("BSG_SOURCE_ROOT"), kind);
	file = json_load_file(path, 0, NULL);
	assert_non_null(file);
	out.ptr = from_hex(json_string_value(json_object_get(json_array_get(json_object_get(file, "valid"), index), "hex")), &out.len);
	json_decref(file);
	return out;
}

static void check(const char *name, enum bsg_err got, enum bsg_err want, struct bsg_bytes out)
{
	if (got != want)
		fail_msg("%s: expected %d, got %d", name, (int)want, (int)got);
	if (want != BSG_OK && (out.ptr != NULL || out.len != 0))
		fail_msg("%s: refused, but with bytes", name);
}

/* ---- orders ---------------------------------------------------------------- */

typedef struct bsg_orders_message M;

static void same(M *m) { (void)m; }
static void serial_0(M *m) { m->orders.serial = 0; }
static void expires_at_once(M *m) { m->orders.expires = m->orders.issued; }
static void too_long_a_life(M *m) { m->orders.expires = m->orders.issued + BSG_ORDERS_LIFE_S + 1; }
static void issued_1969(M *m) { m->orders.issued = -1; }
static void no_lease(M *m) { m->orders.max_stay = 0; }
static void lease_36_days(M *m) { m->orders.max_stay = BSG_DURATION_MAX + 1; }
static void glass_minutes(M *m) { m->orders.break_glass_minutes = BSG_BREAK_GLASS_MINUTES_MAX + 1; }
static void glass_per_day(M *m) { m->orders.break_glass_per_day = BSG_BREAK_GLASS_PER_DAY_MAX + 1; }
static void presence_0(M *m) { m->orders.presence.seq = 0; }
static void presence_nowhere(M *m) { m->orders.presence.place = TEXT(""); }
static void presence_never(M *m) { m->orders.presence.at = 0; }
static void release_never(M *m) { m->orders.release_at = 0; }
static void nine_places(M *m) { m->orders.n_places = BSG_PLACES_MAX + 1; }
static void many_rules(M *m) { m->orders.n_rules = BSG_RULES_MAX + 1; }
static void many_windows(M *m) { m->orders.n_windows = BSG_WINDOWS_MAX + 1; }
static void many_exemptions(M *m) { m->orders.n_exemptions = BSG_EXEMPTIONS_MAX + 1; }
static void many_apps(M *m) { m->orders.n_apps = BSG_APPS_MAX + 1; }
static void many_beacons(M *m) { m->orders.places[1].n_evidence = BSG_EVIDENCE_MAX + 1; }
static void many_vertices(M *m) { m->orders.places[0].n_vertices = BSG_VERTICES_MAX + 1; }
static void place_capital(M *m) { m->orders.places[0].id = TEXT("House"); }
static void place_twice(M *m) { m->orders.places[1].id = m->orders.places[0].id; m->orders.places[1].parent = TEXT(""); }
static void parent_missing(M *m) { m->orders.places[1].parent = TEXT("attic"); }
static void parents_in_a_circle(M *m) { m->orders.places[0].parent = m->orders.places[1].id; }
static void name_control(M *m) { m->orders.places[0].name.en = TEXT("a\tb"); }
static void name_long(M *m) { m->orders.places[0].name.ru = (struct bsg_str){ long_text, BSG_TEXT_MAX + 1 }; }
static void place_stay(M *m) { m->orders.places[0].max_stay = BSG_DURATION_MAX + 1; }
static void place_grace(M *m) { m->orders.places[0].grace = BSG_DURATION_MAX + 1; }
static void place_self_stay(M *m) { m->orders.places[0].self_stay = BSG_DURATION_MAX + 1; }
static void enter_by(M *m) { m->orders.places[0].enter_by = BSG_ENTER_ALL + 1; }
static void keep(M *m) { m->orders.places[0].keep = BSG_FUNCTIONS_ALL + 1; }
static void beacon_empty(M *m) { m->orders.places[1].evidence[0].id = TEXT(""); }
static void beacon_long(M *m) { m->orders.places[1].evidence[0].id = (struct bsg_str){ long_text, BSG_ID_MAX + 1 }; }
static void bssid_capital(M *m) { m->orders.places[1].evidence[1].id = TEXT("AA:bb"); }
static void beacon_twice(M *m) { m->orders.places[1].evidence[1] = m->orders.places[1].evidence[0]; }
static void two_vertices(M *m) { m->orders.places[0].n_vertices = 2; }
static void vertex_off_earth(M *m) { m->orders.places[0].area[0].lat = 900000001; }
static void vertex_far(M *m) { m->orders.places[0].area[2].lon += 20000000; }
static void many_days(M *m) { m->places[0].n_days = BSG_ORDERS_DAYS_MAX + 1; }
static void day_before_1970(M *m) { m->places[0].first_day = -1; }
static void window_backwards(M *m) { m->orders.windows[0].until = m->orders.windows[0].from; }
static void window_seconds_from(M *m) { m->orders.windows[0].from += 1; }
static void window_seconds_until(M *m) { m->orders.windows[0].until += 1; }
static void window_1970(M *m) { m->orders.windows[0].from = 0; }
static void window_2101(M *m) { m->orders.windows[1].until = BSG_TIME_MAX + 60; }
static void rule_capital(M *m) { m->orders.rules[0].id = TEXT("R"); }
static void rule_long(M *m) { m->orders.rules[0].id = TEXT("a@123456789012345678901234567890123456789012345678"); }
static void rule_twice(M *m) { m->orders.rules[1].id = m->orders.rules[0].id; }
static void rule_nowhere(M *m) { m->orders.rules[0].place = TEXT("attic"); }
static void rule_nothing(M *m) { m->orders.rules[0].restrict_functions = 0; }
static void rule_function_12(M *m) { m->orders.rules[0].restrict_functions |= BSG_FUNCTIONS_ALL + 1; }
static void rule_windows_out(M *m) { m->orders.rules[0].n_windows = 4; }
static void rule_windows_shared(M *m) { m->orders.rules[2].first_window = 1; m->orders.rules[2].n_windows = 2; }
static void rule_always_windows(M *m) { m->orders.rules[0].always = true; }
static void rule_always_nowhere(M *m) { m->orders.rules[2].always = true; m->orders.rules[2].n_windows = 0; }
static void rule_apps_out(M *m) { m->orders.rules[1].n_apps = 3; }
static void rule_apps_unrestricted(M *m) { m->orders.rules[1].restrict_functions = 1; }
static void because_broken(M *m) { m->orders.rules[0].because.kk = TEXT("\xc3"); }
static void app_dialer(M *m) { m->orders.apps[0] = TEXT("com.android.dialer"); }
static void app_empty(M *m) { m->orders.apps[0] = TEXT(""); }
static void app_long(M *m) { m->orders.apps[0] = (struct bsg_str){ long_text, BSG_APP_NAME_MAX + 1 }; }
static void exemption_backwards(M *m) { m->orders.exemptions[0].until = m->orders.exemptions[0].from; }
static void exemption_1969(M *m) { m->orders.exemptions[0].from = 0; }
static void exemption_nothing(M *m) { m->orders.exemptions[0].functions = 0; }
static void discharge(M *m) { m->discharge = true; }
static void all_texts_long(M *m)
{
	for (size_t i = 0; i < m->orders.n_rules; i++)
		m->orders.rules[i].because.kk = m->orders.rules[i].because.ru = m->orders.rules[i].because.en =
			(struct bsg_str){ long_text, BSG_TEXT_MAX };
	for (size_t i = 0; i < BSG_RULES_MAX; i++) {
		static const char *const ids[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p" };

		m->orders.rules[i] = m->orders.rules[0];
		m->orders.rules[i].id = (struct bsg_str){ ids[i], 1 };
	}
	m->orders.n_rules = BSG_RULES_MAX;
}

static const struct orders_case { const char *name; void (*breaks)(M *m); enum bsg_err want; } orders_cases[] = {
	{ "nothing broken", same, BSG_OK },
#define BAD(what) { #what, what, BSG_E_INVALID }
	BAD(serial_0), BAD(expires_at_once), BAD(too_long_a_life), BAD(issued_1969), BAD(no_lease), BAD(lease_36_days),
	BAD(glass_minutes), BAD(glass_per_day), BAD(presence_0), BAD(presence_nowhere), BAD(presence_never), BAD(release_never),
	BAD(place_capital), BAD(place_twice), BAD(parent_missing), BAD(parents_in_a_circle), BAD(name_control), BAD(place_stay),
	BAD(place_grace), BAD(place_self_stay), BAD(enter_by), BAD(keep), BAD(beacon_empty), BAD(beacon_long), BAD(bssid_capital),
	BAD(beacon_twice), BAD(two_vertices), BAD(vertex_off_earth), BAD(vertex_far), BAD(many_days), BAD(day_before_1970),
	BAD(window_backwards), BAD(window_seconds_from), BAD(window_seconds_until), BAD(window_1970), BAD(window_2101),
	BAD(rule_capital), BAD(rule_long), BAD(rule_twice), BAD(rule_nowhere), BAD(rule_nothing), BAD(rule_function_12),
	BAD(rule_windows_out), BAD(rule_windows_shared), BAD(rule_always_windows), BAD(rule_always_nowhere), BAD(rule_apps_out),
	BAD(rule_apps_unrestricted), BAD(because_broken), BAD(app_empty), BAD(exemption_backwards), BAD(exemption_1969),
	BAD(exemption_nothing), BAD(discharge),
#undef BAD
#define MORE(what) { #what, what, BSG_E_LIMIT }
	MORE(nine_places), MORE(many_rules), MORE(many_windows), MORE(many_exemptions), MORE(many_apps), MORE(many_beacons),
	MORE(many_vertices), MORE(name_long), MORE(app_long), MORE(all_texts_long),
#undef MORE
	{ "app_dialer", app_dialer, BSG_E_DENIED },
};

static void no_server_signs_orders_that_devices_refuse(void **state)
{
	struct bsg_bytes payload = vector("orders", 0), out;
	M *m = calloc(1, sizeof(*m));

	(void)state;
	assert_non_null(m);
	memset(long_text, 'a', sizeof(long_text));
	for (size_t i = 0; i < sizeof(orders_cases) / sizeof(orders_cases[0]); i++) {
		const char *why = NULL;

		assert_int_equal(bsg_orders_decode(payload, m, NULL), BSG_OK);
		orders_cases[i].breaks(m);
		check(orders_cases[i].name, bsg_orders_encode(m, buf, sizeof(buf), &out, &why), orders_cases[i].want, out);
		if ((why == NULL) != (orders_cases[i].want == BSG_OK))
			fail_msg("%s: reason '%s'", orders_cases[i].name, why != NULL ? why : "(none)");
	}
	free(m);
	free((void *)(uintptr_t)payload.ptr);
}

static void equal_orders_are_equal_bytes_also_prepared(void **state)
{
	struct bsg_bytes payload = vector("orders", 1), out;
	M *m = calloc(1, sizeof(*m));

	(void)state;
	assert_int_equal(bsg_orders_decode(payload, m, NULL), BSG_OK);
	assert_int_equal(bsg_orders_prepare(&m->orders, NULL), BSG_OK);
	memset(m->orders.digest, 7, sizeof(m->orders.digest));
	assert_int_equal(bsg_orders_encode(m, buf, sizeof(buf), &out, NULL), BSG_OK);
	assert_int_equal(out.len, payload.len);
	assert_memory_equal(out.ptr, payload.ptr, out.len);
	free(m);
	free((void *)(uintptr_t)payload.ptr);
}

static void each_day_has_its_own_exit_key(void **state)
{
	struct bsg_bytes payload = vector("orders", 0);
	M *m = calloc(1, sizeof(*m));
	int64_t first;

	(void)state;
	assert_int_equal(bsg_orders_decode(payload, m, NULL), BSG_OK);
	first = m->places[0].first_day;
	assert_int_equal(m->places[0].n_days, 36);
	for (int64_t d = 0; d < 36; d++)
		assert_ptr_equal(bsg_orders_exit_key(m, 0, first + d), m->places[0].exit_keys + d * BSG_EXIT_KEY_LEN);
	assert_null(bsg_orders_exit_key(m, 0, first - 1));
	assert_null(bsg_orders_exit_key(m, 0, first + 36));
	assert_null(bsg_orders_exit_key(m, 1, first));	/* a place without codes */
	assert_null(bsg_orders_exit_key(m, 2, first));	/* no place */
	free(m);
	free((void *)(uintptr_t)payload.ptr);
}

/* ---- reports ----------------------------------------------------------------- */

typedef struct bsg_report_batch B;

static void b_same(B *b) { (void)b; }
static void b_sequence_0(B *b) { b->sequence = 0; }
static void b_sequence_64(B *b) { b->sequence = UINT64_C(1) << 63; }
static void b_none(B *b) { b->n_reports = 0; }
static void b_many(B *b) { b->n_reports = BSG_REPORTS_MAX + 1; }
static void b_twice(B *b) { memcpy(b->reports[1].id, b->reports[0].id, BSG_REPORT_ID_LEN); }
static void b_at_0(B *b) { b->reports[0].at = 0; }
static void b_kind_0(B *b) { b->reports[0].kind = 0; }
static void b_kind_7(B *b) { b->reports[0].kind = (enum bsg_report_kind)7; }
static void b_two_bits(B *b) { b->reports[0].status.functions[0].function = 3; }
static void b_no_bit(B *b) { b->reports[0].status.functions[0].function = 0; }
static void b_order(B *b) { b->reports[0].status.functions[1].function = 1; }
static void b_state(B *b) { b->reports[0].status.functions[0].state = 0; }
static void b_no_rule(B *b) { b->reports[0].status.functions[0].rule = TEXT(""); }
static void b_stuck_rule(B *b) { b->reports[0].status.functions[2].rule = TEXT("r"); }
static void b_since(B *b) { b->reports[0].status.functions[0].since = 0; }
static void b_until(B *b) { b->reports[0].status.functions[0].until = -1; }
static void b_observed(B *b) { b->reports[0].status.observed = BSG_FUNCTIONS_ALL + 1; }
static void b_lift_by(B *b) { b->reports[0].status.lift_by = -1; }
static void b_discharged(B *b) { b->reports[0].status.discharged = true; }
static void b_many_functions(B *b) { b->reports[0].status.n_functions = BSG_FUNCTIONS_COUNT + 1; }
static void b_why_long(B *b) { b->reports[0].status.functions[0].why = (struct bsg_str){ long_text, BSG_REPORT_TEXT_MAX + 1 }; }
static void b_many_covers(B *b) { b->reports[3].coverage.n_functions = BSG_FUNCTIONS_COUNT + 1; }
static void b_grade(B *b) { b->reports[3].coverage.functions[0].grade = (enum bsg_report_grade)3; }
static void b_cover_order(B *b) { b->reports[3].coverage.functions[1].function = 1; }
static void b_agent_control(B *b) { b->reports[3].coverage.agent = TEXT("a\n"); }
static void b_event_0(B *b) { b->reports[4].event.kind = 0; }
static void b_event_place(B *b) { b->reports[4].event.place = TEXT("A"); }
static void b_event_value(B *b) { b->reports[4].event.value = BSG_TIME_MAX + 1; }
static void b_glass_until(B *b) { b->reports[6].break_glass.until = 0; }
static void b_crossing_place(B *b) { b->reports[7].crossing.place = TEXT(""); }
static void b_crossing_direction(B *b) { b->reports[7].crossing.direction = 0; }
static void b_crossing_by(B *b) { b->reports[7].crossing.by = 0; }
static void b_crossing_at(B *b) { b->reports[7].crossing.at = 0; }

static const struct report_case { const char *name; void (*breaks)(B *b); enum bsg_err want; } report_cases[] = {
	{ "nothing broken", b_same, BSG_OK },
#define BAD(what) { #what, what, BSG_E_INVALID }
	BAD(b_sequence_0), BAD(b_sequence_64), BAD(b_none), BAD(b_twice), BAD(b_at_0), BAD(b_kind_0), BAD(b_kind_7),
	BAD(b_two_bits), BAD(b_no_bit), BAD(b_order), BAD(b_state), BAD(b_no_rule), BAD(b_stuck_rule), BAD(b_since), BAD(b_until),
	BAD(b_observed), BAD(b_lift_by), BAD(b_discharged), BAD(b_grade), BAD(b_cover_order), BAD(b_agent_control), BAD(b_event_0),
	BAD(b_event_place), BAD(b_event_value), BAD(b_glass_until), BAD(b_crossing_place), BAD(b_crossing_direction),
	BAD(b_crossing_by), BAD(b_crossing_at),
#undef BAD
	{ "b_many", b_many, BSG_E_LIMIT }, { "b_many_functions", b_many_functions, BSG_E_LIMIT },
	{ "b_why_long", b_why_long, BSG_E_LIMIT }, { "b_many_covers", b_many_covers, BSG_E_LIMIT },
};

static void no_agent_sends_reports_that_the_server_refuses(void **state)
{
	struct bsg_bytes payload = vector("report", 0), out;
	B *b = calloc(1, sizeof(*b));

	(void)state;
	assert_non_null(b);
	for (size_t i = 0; i < sizeof(report_cases) / sizeof(report_cases[0]); i++) {
		assert_int_equal(bsg_report_decode(payload, b, NULL), BSG_OK);
		report_cases[i].breaks(b);
		check(report_cases[i].name, bsg_report_encode(b, buf, sizeof(buf), &out), report_cases[i].want, out);
	}
	free(b);
	free((void *)(uintptr_t)payload.ptr);
}

/* ---- passes -------------------------------------------------------------------- */

typedef struct bsg_pass P;

static void p_same(P *p) { (void)p; }
static void p_life(P *p) { p->expires = p->issued + BSG_PASS_LIFE_S + 1; }
static void p_no_life(P *p) { p->expires = p->issued; }
static void p_no_nonce(P *p) { p->has_nonce = false; }
static void p_no_gate(P *p) { p->gate = TEXT(""); }
static void p_gate(P *p) { p->gate = TEXT("North"); }
static void p_serial(P *p) { p->serial = 0; }
static void p_functions(P *p) { p->functions = BSG_FUNCTIONS_ALL + 1; }
static void p_by(P *p) { p->by = BSG_BY_NONE; }
static void p_by_4(P *p) { p->by = (enum bsg_by)4; }
static void p_verified_with_nonce(P *p) { p->verified_at = p->issued; }
static void p_verified_later(P *p) { p->has_nonce = p->has_gate_nonce = false; p->verified_at = p->issued + 1; }
static void p_verified_negative(P *p) { p->has_nonce = p->has_gate_nonce = false; p->verified_at = -1; }

static const struct pass_case { const char *name; void (*breaks)(P *p); } pass_cases[] = {
#define BAD(what) { #what, what }
	BAD(p_same), BAD(p_life), BAD(p_no_life), BAD(p_no_nonce), BAD(p_no_gate), BAD(p_gate), BAD(p_serial), BAD(p_functions),
	BAD(p_by), BAD(p_by_4), BAD(p_verified_with_nonce), BAD(p_verified_later), BAD(p_verified_negative),
#undef BAD
};

static void no_phone_shows_a_pass_that_gates_refuse(void **state)
{
	struct bsg_bytes payload = vector("pass", 0), out;
	P p;

	(void)state;
	for (size_t i = 0; i < sizeof(pass_cases) / sizeof(pass_cases[0]); i++) {
		assert_int_equal(bsg_pass_decode(payload, &p, NULL), BSG_OK);
		pass_cases[i].breaks(&p);
		check(pass_cases[i].name, bsg_pass_encode(&p, buf, sizeof(buf), &out), i == 0 ? BSG_OK : BSG_E_INVALID, out);
	}
	free((void *)(uintptr_t)payload.ptr);
}

/* W46: more presses than the field holds are still many, never few. */
static void a_break_glass_count_saturates(void **state)
{
	struct bsg_bytes payload = vector("pass", 0), out;
	P p;

	(void)state;
	assert_int_equal(bsg_pass_decode(payload, &p, NULL), BSG_OK);
	p.n_break_glass = UINT32_MAX;
	assert_int_equal(bsg_pass_encode(&p, buf, sizeof(buf), &out), BSG_OK);
	assert_int_equal(bsg_pass_decode(out, &p, NULL), BSG_OK);
	assert_int_equal(p.n_break_glass, BSG_PASS_COUNT_MAX);
	free((void *)(uintptr_t)payload.ptr);
}

static void the_pseudonym_can_be_read_before_the_key_is_known(void **state)
{
	struct bsg_bytes payload = vector("pass", 0);
	uint8_t pseudonym[BSG_PSEUDONYM_LEN], none[BSG_PSEUDONYM_LEN] = { 0 };
	P p;

	(void)state;
	assert_int_equal(bsg_pass_decode(payload, &p, NULL), BSG_OK);
	assert_int_equal(bsg_pass_peek(payload, pseudonym), BSG_OK);
	assert_memory_equal(pseudonym, p.pseudonym, sizeof(pseudonym));
	payload.len--;
	assert_int_equal(bsg_pass_peek(payload, pseudonym), BSG_E_INVALID);
	assert_memory_equal(pseudonym, none, sizeof(pseudonym));
	free((void *)(uintptr_t)payload.ptr);
}

/* ---- gates ----------------------------------------------------------------------- */

typedef struct bsg_gate_credential C;

static void c_same(C *c) { (void)c; }
static void c_life(C *c) { c->expires = c->issued + BSG_GATE_CREDENTIAL_LIFE_S + 1; }
static void c_place(C *c) { c->place = c->guest.place = TEXT("A"); }
static void c_gate(C *c) { c->gate = TEXT(""); }
static void c_other_place(C *c) { c->guest.place = TEXT("elsewhere"); }
static void c_lease(C *c) { c->guest.max_stay = 0; }
static void c_lease_long(C *c) { c->guest.max_stay = BSG_DURATION_MAX + 1; }
static void c_functions(C *c) { c->guest.functions = BSG_BIT(BSG_APPS) | (BSG_FUNCTIONS_ALL + 1); }
static void c_apps(C *c) { c->guest.functions = 1; }
static void c_text(C *c) { c->guest.because.ru = TEXT("\x7f"); }
static void c_many_apps(C *c) { c->guest.n_apps = BSG_GUEST_APPS_MAX + 1; }
static void c_sms(C *c) { c->guest.apps[0] = TEXT("com.android.mms"); }

static const struct credential_case { const char *name; void (*breaks)(C *c); enum bsg_err want; } credential_cases[] = {
	{ "nothing broken", c_same, BSG_OK },
#define BAD(what) { #what, what, BSG_E_INVALID }
	BAD(c_life), BAD(c_place), BAD(c_gate), BAD(c_other_place), BAD(c_lease), BAD(c_lease_long), BAD(c_functions), BAD(c_apps), BAD(c_text),
#undef BAD
	{ "c_many_apps", c_many_apps, BSG_E_LIMIT }, { "c_sms", c_sms, BSG_E_DENIED },
};

static void no_server_signs_a_credential_that_phones_refuse(void **state)
{
	struct bsg_bytes payload = vector("gate_credential", 1), out;
	C c;

	(void)state;
	for (size_t i = 0; i < sizeof(credential_cases) / sizeof(credential_cases[0]); i++) {
		assert_int_equal(bsg_gate_credential_decode(payload, &c, NULL), BSG_OK);
		credential_cases[i].breaks(&c);
		check(credential_cases[i].name, bsg_gate_credential_encode(&c, buf, sizeof(buf), &out), credential_cases[i].want, out);
	}
	free((void *)(uintptr_t)payload.ptr);
}

typedef struct bsg_token T;

static void t_same(T *t) { (void)t; }
static void t_life(T *t) { t->expires = t->issued + BSG_TOKEN_LIFE_S + 1; }
static void t_direction(T *t) { t->direction = 0; }
static void t_unbound(T *t) { t->bound = false; }
static void t_no_credential(T *t) { t->credential.len = 0; }
static void t_long_credential(T *t) { t->credential.len = BSG_GATE_CREDENTIAL_MAX + 1; }

static const struct token_case { const char *name; void (*breaks)(T *t); enum bsg_err want; } token_cases[] = {
	{ "nothing broken", t_same, BSG_OK },
	{ "t_life", t_life, BSG_E_INVALID }, { "t_direction", t_direction, BSG_E_INVALID }, { "t_unbound", t_unbound, BSG_E_INVALID },
	{ "t_no_credential", t_no_credential, BSG_E_INVALID }, { "t_long_credential", t_long_credential, BSG_E_LIMIT },
};

static void no_gate_signs_a_token_that_phones_refuse(void **state)
{
	struct bsg_bytes payload = vector("threshold_token", 2), out;
	T t;

	(void)state;
	for (size_t i = 0; i < sizeof(token_cases) / sizeof(token_cases[0]); i++) {
		assert_int_equal(bsg_token_decode(payload, &t, NULL), BSG_OK);
		token_cases[i].breaks(&t);
		check(token_cases[i].name, bsg_token_encode(&t, buf, sizeof(buf), &out), token_cases[i].want, out);
	}
	free((void *)(uintptr_t)payload.ptr);
}

/* ---- envelopes --------------------------------------------------------------------- */

static void no_envelope_is_made_with_the_wrong_header(void **state)
{
	static const uint8_t cert[BSG_COSE_CERT_MAX + 1] = { 0x30 };
	const struct bsg_bytes one = { cert, 400 }, big = { cert, sizeof(cert) }, none = { cert, 0 };
	const struct bsg_bytes kid = { cert, 8 }, long_kid = { cert, BSG_COSE_KID_MAX + 1 };
	const struct { enum bsg_cose_kind kind; struct bsg_cose_header h; enum bsg_err want; } cases[] = {
		{ BSG_COSE_ORDERS, { { NULL, 0 }, { one }, 1 }, BSG_OK },
		{ BSG_COSE_ORDERS, { { NULL, 0 }, { one, one, one }, 3 }, BSG_OK },
		{ BSG_COSE_ORDERS, { { NULL, 0 }, { one }, 0 }, BSG_E_INVALID },
		{ BSG_COSE_ORDERS, { kid, { one }, 1 }, BSG_E_INVALID },
		{ BSG_COSE_ORDERS, { { NULL, 0 }, { none }, 1 }, BSG_E_INVALID },
		{ BSG_COSE_ORDERS, { { NULL, 0 }, { big }, 1 }, BSG_E_LIMIT },
		{ BSG_COSE_ORDERS, { { NULL, 0 }, { one }, 4 }, BSG_E_LIMIT },
		{ BSG_COSE_GATE_CREDENTIAL, { { NULL, 0 }, { one }, 0 }, BSG_E_INVALID },
		{ BSG_COSE_THRESHOLD_TOKEN, { { NULL, 0 }, { one }, 0 }, BSG_OK },
		{ BSG_COSE_THRESHOLD_TOKEN, { kid, { one }, 0 }, BSG_E_INVALID },
		{ BSG_COSE_PASS, { kid, { one }, 0 }, BSG_OK },
		{ BSG_COSE_PASS, { long_kid, { one }, 0 }, BSG_E_LIMIT },
		{ BSG_COSE_PASS, { kid, { one }, 1 }, BSG_E_INVALID },
		{ (enum bsg_cose_kind)0, { { NULL, 0 }, { one }, 0 }, BSG_E_INVALID },
		{ (enum bsg_cose_kind)5, { { NULL, 0 }, { one }, 0 }, BSG_E_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bsg_bytes out;
		char name[32];

		(void)snprintf(name, sizeof(name), "case %zu", i);
		check(name, bsg_cose_header_encode(cases[i].kind, &cases[i].h, buf, sizeof(buf), &out), cases[i].want, out);
	}
}

/* W12, W18: no kind, no bytes; and one byte more than a kind may have. */
static void no_envelope_is_made_for_no_kind_or_too_long(void **state)
{
	static uint8_t payload[BSG_ORDERS_MAX];
	static const uint8_t header[] = { 0xa1, 0x01, 0x26 }, signature[64];
	const struct bsg_bytes h = { header, sizeof(header) };
	struct bsg_bytes out;

	(void)state;
	for (int kind = 0; kind <= 5; kind += 5) {
		assert_int_equal(bsg_cose_aad((enum bsg_cose_kind)kind).len, 0);
		assert_int_equal(bsg_cose_message_max((enum bsg_cose_kind)kind), 0);
		assert_int_equal(bsg_cose_sig_structure((enum bsg_cose_kind)kind, h, (struct bsg_bytes){ payload, 9 }, buf, sizeof(buf), &out),
				 BSG_E_INVALID);
		assert_int_equal(bsg_cose_assemble((enum bsg_cose_kind)kind, h, (struct bsg_bytes){ payload, 9 }, signature, buf, sizeof(buf), &out),
				 BSG_E_INVALID);
	}
	assert_int_equal(bsg_cose_assemble(BSG_COSE_PASS, h, (struct bsg_bytes){ payload, 124 }, signature, buf, sizeof(buf), &out), BSG_OK);
	assert_int_equal(out.len, BSG_PASS_MAX);
	assert_int_equal(bsg_cose_assemble(BSG_COSE_PASS, h, (struct bsg_bytes){ payload, 125 }, signature, buf, sizeof(buf), &out), BSG_E_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_server_signs_orders_that_devices_refuse),
		cmocka_unit_test(equal_orders_are_equal_bytes_also_prepared),
		cmocka_unit_test(each_day_has_its_own_exit_key),
		cmocka_unit_test(no_agent_sends_reports_that_the_server_refuses),
		cmocka_unit_test(no_phone_shows_a_pass_that_gates_refuse),
		cmocka_unit_test(a_break_glass_count_saturates),
		cmocka_unit_test(the_pseudonym_can_be_read_before_the_key_is_known),
		cmocka_unit_test(no_server_signs_a_credential_that_phones_refuse),
		cmocka_unit_test(no_gate_signs_a_token_that_phones_refuse),
		cmocka_unit_test(no_envelope_is_made_with_the_wrong_header),
		cmocka_unit_test(no_envelope_is_made_for_no_kind_or_too_long),
	};

	return cmocka_run_group_tests_name("encode", tests, NULL, NULL);
}
