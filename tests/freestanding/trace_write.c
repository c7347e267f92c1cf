/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs as JSON, for trace.h: compact, keys sorted. */
#include "tests/freestanding/trace.h"

static void put(const char *text)
{
	size_t len = 0;

	while (text[len] != 0)
		len++;
	trace_put(text, len);
}

static void put_string(struct bsg_str s)
{
	put("\"");
	trace_put(s.ptr, s.len);
	put("\"");
}

static void put_number(int64_t n)
{
	char digits[24];
	size_t at = sizeof(digits);
	uint32_t part;
	uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

	if (n < 0)
		put("-");
	/* Digit by digit, by long division in 16-bit steps: 64-bit division would need a helper on armv7a. */
	do {
		uint64_t quotient = 0;

		part = 0;
		for (int shift = 48; shift >= 0; shift -= 16) {
			part = part << 16 | (uint32_t)(rest >> shift & 0xffff);
			quotient |= (uint64_t)(part / 10u) << shift;
			part %= 10u;
		}
		digits[--at] = (char)('0' + part);
		rest = quotient;
	} while (rest != 0);
	trace_put(digits + at, sizeof(digits) - at);
}

static void put_moment(int64_t t)
{
	if (t != 0)
		put_number(t);
	else
		put("null");
}

static void put_texts(const struct bsg_text *t)
{
	const struct {
		const char *key;
		struct bsg_str text;
	} all[] = { { "\"en\":", t->en }, { "\"kk\":", t->kk }, { "\"ru\":", t->ru } };
	const char *before = "{";

	if (t->kk.len + t->ru.len + t->en.len == 0) {
		put("null");
		return;
	}
	for (size_t i = 0; i < 3; i++) {
		if (all[i].text.len == 0)
			continue;
		put(before);
		put(all[i].key);
		put_string(all[i].text);
		before = ",";
	}
	put("}");
}

static void put_restricted(const struct bsg_output *out)
{
	const char *before = "";

	for (size_t f = 0; f < BSG_FUNCTIONS_COUNT; f++) {
		const struct bsg_out_why *why = &out->why[f];

		if ((out->restricted >> f & 1) == 0)
			continue;
		put(before);
		put("{\"because\":");
		put_texts(why->because);
		put(",\"function\":\"");
		put(bsg_functions[f].name);
		put("\",\"place\":");
		if (why->place.len != 0)
			put_string(why->place);
		else
			put("null");
		put(",\"rule\":");
		put_string(why->rule);
		put(",\"until\":");
		put_number(why->until);
		put("}");
		before = ",";
	}
}

static void put_present(const struct bsg_output *out)
{
	for (size_t i = 0; i < out->n_present; i++) {
		const struct bsg_out_present *p = &out->present[i];

		put(i == 0 ? "{\"anchor\":" : ",{\"anchor\":");
		put_number(p->anchor);
		put(p->by == BSG_BY_GATE ? ",\"by\":\"gate\",\"end\":" : p->by == BSG_BY_SELF ?
		    ",\"by\":\"self\",\"end\":" : ",\"by\":\"weak\",\"end\":");
		put_number(p->end);
		put(",\"place\":");
		put_string(p->place);
		put(",\"since\":");
		put_number(p->since);
		put("}");
	}
}

static const struct {
	const char *name;
	bool place, value;
} report_kinds[] = {
	[BSG_OUT_CLOCK_CORRECTED] = { "clock_corrected", false, true },
	[BSG_OUT_LEFT_UNCONFIRMED] = { "left_unconfirmed", true, false },
	[BSG_OUT_BREAK_GLASS] = { "break_glass", false, true },
	[BSG_OUT_BREAK_GLASS_REFUSED] = { "break_glass_refused", false, false },
	[BSG_OUT_GATE_EVENT_STALE] = { "gate_event_stale", true, true },
	[BSG_OUT_GUEST_REFUSED] = { "guest_refused", true, true },
	[BSG_OUT_PLACE_GONE] = { "place_gone", true, false },
	[BSG_OUT_UNKNOWN_PLACE] = { "unknown_place", true, true },
};

static void put_reports(const struct bsg_output *out)
{
	for (size_t i = 0; i < out->n_reports; i++) {
		const struct bsg_out_report *r = &out->reports[i];

		put(i == 0 ? "{\"kind\":\"" : ",{\"kind\":\"");
		put(report_kinds[r->kind].name);
		put("\"");
		if (report_kinds[r->kind].place) {
			put(",\"place\":");
			put_string((struct bsg_str){ r->place, r->place_len });
		}
		if (report_kinds[r->kind].value) {
			put(",\"value\":");
			put_number(r->value);
		}
		put("}");
	}
}

static void put_may_pass(const struct bsg_output *out)
{
	static const char *const reasons[] = {
		[BSG_PASS_ORDERS_EXPIRED] = "orders_expired",
		[BSG_PASS_RELEASED] = "released",
		[BSG_PASS_TIME_UNVERIFIED] = "time_unverified",
		[BSG_PASS_BREAK_GLASS] = "break_glass",
		[BSG_PASS_LEFT_UNCONFIRMED] = "left_unconfirmed",
		[BSG_PASS_ABSENT] = "absent",
	};

	if (out->may_pass) {
		put("{\"ok\":true,\"why\":null}");
		return;
	}
	put("{\"ok\":false,\"why\":\"");
	put(reasons[out->why_no_pass]);
	put("\"}");
}

void trace_write_output(const struct bsg_output *out)
{
	const char *before = "";

	put("{\"apps\":[");
	for (size_t i = 0; i < out->n_apps; i++, before = ",") {
		put(before);
		put_string(out->apps[i]);
	}
	put("],\"lift_by\":");
	put_moment(out->lift_by);
	put(",\"may_pass\":");
	put_may_pass(out);
	put(",\"next\":");
	put_moment(out->next);
	put(",\"observed\":[");
	before = "\"";
	for (size_t f = 0; f < BSG_FUNCTIONS_COUNT; f++) {
		if ((out->observed >> f & 1) == 0)
			continue;
		put(before);
		put(bsg_functions[f].name);
		put("\"");
		before = ",\"";
	}
	put("],\"present\":[");
	put_present(out);
	put("],\"reports\":[");
	put_reports(out);
	put("],\"restricted\":[");
	put_restricted(out);
	put("]}\n");
}

void trace_write_hex(const char *key, uint32_t value)
{
	put("{\"");
	put(key);
	put("\":\"");
	for (int shift = 28; shift >= 0; shift -= 4)
		trace_put(&"0123456789abcdef"[value >> shift & 15], 1);
	put("\"}\n");
}
