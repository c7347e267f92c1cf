/* SPDX-License-Identifier: Apache-2.0 */
/* Reports. See wire/report.h; rules W30..W39 of docs/spec/messages.md. */
#include "wire/report.h"

#include "wire/cbor.h"
#include "wire/internal.h"

enum batch_key { INSTANCE = 1, SEQUENCE, REPORTS };
enum item_key { ID = 1, AT, KIND, BODY };
enum status_key { S_SERIAL = 1, S_OBSERVED, S_LIFT_BY, S_DISCHARGED, S_FUNCTIONS };
enum coverage_key { C_AGENT = 1, C_SYSTEM, C_FUNCTIONS };

#define SEQUENCE_MAX UINT64_C(0x7fffffffffffffff)
#define ALL(last) ((2u << (last)) - 2)	/* the bits of keys 1..last */

static unsigned seen_bit(int64_t key)
{
	return key >= 0 && key < 32 ? 1u << key : 0;
}

static unsigned number_of(uint32_t bit)
{
	unsigned n = 0;

	while (n < BSG_FUNCTIONS_COUNT && bit != UINT32_C(1) << n)
		n++;
	return n;
}

/* A time, or null where it is 0. */
static int64_t get_optional_time(struct bsg_cbor_reader *r)
{
	return bsg_cbor_take_null(r) ? 0 : bsg_wire_get_time(r);
}

static void put_optional_time(struct bsg_cbor_writer *w, int64_t utc)
{
	if (utc == 0)
		bsg_cbor_put_null(w);
	else
		bsg_wire_put_time(w, utc);
}

/* ---- what both directions check: NULL if it holds -------------------- */

static const char *check_function(uint32_t bit, uint32_t before)
{
	if (number_of(bit) == BSG_FUNCTIONS_COUNT)
		return "unknown function";
	if (bit <= before)
		return "functions out of order";
	return NULL;
}

static const char *check_state(const struct bsg_report_function *f)
{
	if (f->state < BSG_REPORT_ACKNOWLEDGED || f->state > BSG_REPORT_STUCK)
		return "unknown state of a function";
	if (f->state == BSG_REPORT_STUCK && (f->rule.len > 0 || f->place.len > 0 || f->until != 0))
		return "stuck by a rule";
	if (f->state != BSG_REPORT_STUCK && !bsg_wire_is_rule_id(f->rule))
		return "restricted by no rule";
	return NULL;
}

static const char *check_status(const struct bsg_report_status *s)
{
	const char *why = NULL;

	if ((s->observed & ~BSG_FUNCTIONS_ALL) != 0)
		return "unknown function";
	for (size_t i = 0; i < s->n_functions && why == NULL; i++) {
		why = check_function(s->functions[i].function, i > 0 ? s->functions[i - 1].function : 0);
		if (why == NULL)
			why = check_state(&s->functions[i]);
		if (why == NULL && s->discharged && s->functions[i].state != BSG_REPORT_STUCK)
			why = "discharged and restricted";
	}
	return why;
}

static const char *check_coverage(const struct bsg_report_coverage *c)
{
	const char *why = NULL;

	for (size_t i = 0; i < c->n_functions && why == NULL; i++) {
		why = check_function(c->functions[i].function, i > 0 ? c->functions[i - 1].function : 0);
		if (why == NULL && c->functions[i].grade > BSG_REPORT_ENFORCED)
			why = "unknown grade";
	}
	return why;
}

static const char *check_item(const struct bsg_report_item *item)
{
	switch (item->kind) {
	case BSG_REPORT_STATUS:
		return check_status(&item->status);
	case BSG_REPORT_COVERAGE:
		return check_coverage(&item->coverage);
	case BSG_REPORT_EVENT:
		return item->event.kind < BSG_OUT_CLOCK_CORRECTED || item->event.kind > BSG_OUT_UNKNOWN_PLACE ?
		       "unknown event" : NULL;
	case BSG_REPORT_CROSSING:
		if (item->crossing.direction != BSG_DIRECTION_IN &&
		    item->crossing.direction != BSG_DIRECTION_OUT)
			return "unknown direction";
		if (item->crossing.by < BSG_REPORT_BY_TOKEN || item->crossing.by > BSG_REPORT_BY_SELF)
			return "unknown way to cross";
		return NULL;
	case BSG_REPORT_BREAK_GLASS:
	case BSG_REPORT_LEAVING:
		return NULL;
	}
	return "unknown kind of report";
}

static const char *check_batch(const struct bsg_report_batch *b)
{
	const char *why = NULL;

	if (b->sequence == 0 || b->sequence > SEQUENCE_MAX)
		return "sequence out of range";
	for (size_t i = 0; i < b->n_reports && why == NULL; i++) {
		why = check_item(&b->reports[i]);
		for (size_t k = 0; k < i && why == NULL; k++) {
			struct bsg_str one = { (const char *)b->reports[k].id, BSG_REPORT_ID_LEN };
			struct bsg_str two = { (const char *)b->reports[i].id, BSG_REPORT_ID_LEN };

			if (bsg_wire_same(one, two))
				why = "a report twice";
		}
	}
	return why;
}

/* Counts that the checks above rely on. */
static bool is_within_limits(const struct bsg_report_batch *b)
{
	if (b->n_reports > BSG_REPORTS_MAX)
		return false;
	for (size_t i = 0; i < b->n_reports; i++) {
		const struct bsg_report_item *item = &b->reports[i];

		if (item->kind == BSG_REPORT_STATUS && item->status.n_functions > BSG_FUNCTIONS_COUNT)
			return false;
		if (item->kind == BSG_REPORT_COVERAGE && item->coverage.n_functions > BSG_FUNCTIONS_COUNT)
			return false;
	}
	return true;
}

/* ---- writing --------------------------------------------------------- */

static void put_function(struct bsg_cbor_writer *w, const struct bsg_report_function *f)
{
	bsg_cbor_put_array(w, 7);
	bsg_cbor_put_uint(w, number_of(f->function));
	bsg_cbor_put_uint(w, (unsigned)f->state);
	bsg_wire_put_time(w, f->since);
	if (f->rule.len == 0)
		bsg_cbor_put_null(w);
	else
		bsg_cbor_put_text(w, f->rule.ptr, f->rule.len);
	bsg_wire_put_optional_id(w, f->place);
	put_optional_time(w, f->until);
	bsg_wire_put_text(w, f->why, BSG_REPORT_TEXT_MAX);
}

static void put_status(struct bsg_cbor_writer *w, const struct bsg_report_status *s)
{
	bsg_cbor_put_map(w, (size_t)(s->serial != 0) + (s->observed != 0) + (s->lift_by != 0) +
			    s->discharged + (s->n_functions > 0));
	if (s->serial != 0) {
		bsg_cbor_put_int(w, S_SERIAL);
		bsg_cbor_put_uint(w, s->serial);
	}
	if (s->observed != 0) {
		bsg_cbor_put_int(w, S_OBSERVED);
		bsg_wire_put_functions(w, s->observed);
	}
	if (s->lift_by != 0) {
		bsg_cbor_put_int(w, S_LIFT_BY);
		bsg_wire_put_time(w, s->lift_by);
	}
	if (s->discharged) {
		bsg_cbor_put_int(w, S_DISCHARGED);
		bsg_cbor_put_bool(w, true);
	}
	if (s->n_functions > 0) {
		bsg_cbor_put_int(w, S_FUNCTIONS);
		bsg_cbor_put_array(w, s->n_functions);
		for (size_t i = 0; i < s->n_functions; i++)
			put_function(w, &s->functions[i]);
	}
}

static void put_coverage(struct bsg_cbor_writer *w, const struct bsg_report_coverage *c)
{
	bsg_cbor_put_map(w, 3);
	bsg_cbor_put_int(w, C_AGENT);
	bsg_wire_put_text(w, c->agent, BSG_REPORT_TEXT_MAX);
	bsg_cbor_put_int(w, C_SYSTEM);
	bsg_wire_put_text(w, c->system, BSG_REPORT_TEXT_MAX);
	bsg_cbor_put_int(w, C_FUNCTIONS);
	bsg_cbor_put_array(w, c->n_functions);
	for (size_t i = 0; i < c->n_functions; i++) {
		bsg_cbor_put_array(w, 3);
		bsg_cbor_put_uint(w, number_of(c->functions[i].function));
		bsg_cbor_put_uint(w, (unsigned)c->functions[i].grade);
		bsg_wire_put_text(w, c->functions[i].why, BSG_REPORT_TEXT_MAX);
	}
}

static void put_crossing(struct bsg_cbor_writer *w, const struct bsg_report_crossing *c)
{
	bsg_cbor_put_array(w, 5);
	bsg_cbor_put_id(w, c->place);
	bsg_wire_put_optional_id(w, c->gate);
	bsg_cbor_put_uint(w, (unsigned)c->direction);
	bsg_wire_put_time(w, c->at);
	bsg_cbor_put_uint(w, (unsigned)c->by);
}

static void put_event(struct bsg_cbor_writer *w, const struct bsg_report_event *e)
{
	if (e->value < -BSG_TIME_MAX || e->value > BSG_TIME_MAX)
		bsg_cbor_refuse_write(w, BSG_E_INVALID);
	bsg_cbor_put_array(w, 3);
	bsg_cbor_put_uint(w, (unsigned)e->kind);
	bsg_wire_put_optional_id(w, e->place);
	bsg_cbor_put_int(w, e->value);
}

static void put_item(struct bsg_cbor_writer *w, const struct bsg_report_item *item)
{
	bsg_cbor_put_map(w, item->kind == BSG_REPORT_LEAVING ? 3 : 4);
	bsg_cbor_put_int(w, ID);
	bsg_cbor_put_bytes(w, item->id, BSG_REPORT_ID_LEN);
	bsg_cbor_put_int(w, AT);
	bsg_wire_put_time(w, item->at);
	bsg_cbor_put_int(w, KIND);
	bsg_cbor_put_uint(w, (unsigned)item->kind);
	if (item->kind != BSG_REPORT_LEAVING)
		bsg_cbor_put_int(w, BODY);
	switch (item->kind) {
	case BSG_REPORT_STATUS: put_status(w, &item->status); break;
	case BSG_REPORT_COVERAGE: put_coverage(w, &item->coverage); break;
	case BSG_REPORT_EVENT: put_event(w, &item->event); break;
	case BSG_REPORT_BREAK_GLASS:
		bsg_cbor_put_array(w, 2);
		bsg_wire_put_time(w, item->break_glass.until);
		bsg_wire_put_text(w, item->break_glass.reason, BSG_REPORT_TEXT_MAX);
		break;
	case BSG_REPORT_CROSSING: put_crossing(w, &item->crossing); break;
	case BSG_REPORT_LEAVING: break;
	}
}

enum bsg_err bsg_report_encode(const struct bsg_report_batch *batch, uint8_t *buf, size_t cap,
			       struct bsg_bytes *out)
{
	struct bsg_cbor_writer w;

	bsg_cbor_writer_init(&w, buf, cap < BSG_REPORT_BATCH_MAX ? cap : BSG_REPORT_BATCH_MAX);
	if (!is_within_limits(batch))
		bsg_cbor_refuse_write(&w, BSG_E_LIMIT);
	else if (batch->n_reports == 0 || check_batch(batch) != NULL)
		bsg_cbor_refuse_write(&w, BSG_E_INVALID);
	bsg_cbor_put_map(&w, 3);
	bsg_cbor_put_int(&w, INSTANCE);
	bsg_cbor_put_bytes(&w, batch->instance, BSG_INSTANCE_ID_LEN);
	bsg_cbor_put_int(&w, SEQUENCE);
	bsg_cbor_put_uint(&w, batch->sequence);
	bsg_cbor_put_int(&w, REPORTS);
	bsg_cbor_put_array(&w, batch->n_reports);
	for (size_t i = 0; i < batch->n_reports && w.err == BSG_OK; i++)
		put_item(&w, &batch->reports[i]);
	return bsg_cbor_writer_end(&w, out);
}

/* ---- reading --------------------------------------------------------- */

static uint32_t get_function_number(struct bsg_cbor_reader *r)
{
	return UINT32_C(1) << (uint32_t)bsg_cbor_get_uint(r, 0, BSG_FUNCTIONS_COUNT - 1);
}

static void get_function(struct bsg_cbor_reader *r, struct bsg_report_function *f)
{
	(void)bsg_cbor_get_array(r, 7, 7);
	f->function = get_function_number(r);
	f->state = (enum bsg_report_state)bsg_cbor_get_uint(r, BSG_REPORT_ACKNOWLEDGED, BSG_REPORT_STUCK);
	f->since = bsg_wire_get_time(r);
	if (!bsg_cbor_take_null(r))
		f->rule = bsg_cbor_get_text(r, 1, BSG_RULE_ID_MAX);
	f->place = bsg_wire_get_optional_id(r);
	f->until = get_optional_time(r);
	f->why = bsg_cbor_get_text(r, 0, BSG_REPORT_TEXT_MAX);
}

static void get_status_field(struct bsg_cbor_reader *r, int64_t key, struct bsg_report_status *s)
{
	size_t n;

	switch (key) {
	case S_SERIAL: s->serial = (uint32_t)bsg_cbor_get_uint(r, 1, UINT32_MAX); break;
	case S_OBSERVED: s->observed = bsg_wire_get_functions(r); break;
	case S_LIFT_BY: s->lift_by = bsg_wire_get_time(r); break;
	case S_DISCHARGED:
		s->discharged = bsg_cbor_get_bool(r);
		if (!s->discharged)
			bsg_cbor_refuse(r, BSG_E_INVALID, "a default is written out");
		break;
	case S_FUNCTIONS:
		n = bsg_cbor_get_array(r, 1, BSG_FUNCTIONS_COUNT);
		for (size_t i = 0; i < n; i++)
			get_function(r, &s->functions[i]);
		s->n_functions = n;
		break;
	default: bsg_cbor_unknown(r, key);
	}
}

static void get_status(struct bsg_cbor_reader *r, struct bsg_report_status *s)
{
	struct bsg_cbor_map map;
	int64_t key;

	bsg_cbor_get_map(r, BSG_WIRE_PAIRS_MAX, &map);
	while (bsg_cbor_map_next(r, &map, &key))
		get_status_field(r, key, s);
}

static void get_coverage_functions(struct bsg_cbor_reader *r, struct bsg_report_coverage *c)
{
	size_t n = bsg_cbor_get_array(r, 0, BSG_FUNCTIONS_COUNT);

	for (size_t i = 0; i < n; i++) {
		(void)bsg_cbor_get_array(r, 3, 3);
		c->functions[i].function = get_function_number(r);
		c->functions[i].grade = (enum bsg_report_grade)bsg_cbor_get_uint(r, BSG_REPORT_IMPOSSIBLE,
										 BSG_REPORT_ENFORCED);
		c->functions[i].why = bsg_cbor_get_text(r, 0, BSG_REPORT_TEXT_MAX);
	}
	c->n_functions = n;
}

static void get_coverage(struct bsg_cbor_reader *r, struct bsg_report_coverage *c)
{
	struct bsg_cbor_map map;
	unsigned seen = 0;
	int64_t key;

	bsg_cbor_get_map(r, BSG_WIRE_PAIRS_MAX, &map);
	while (bsg_cbor_map_next(r, &map, &key)) {
		seen |= seen_bit(key);
		switch (key) {
		case C_AGENT: c->agent = bsg_cbor_get_text(r, 0, BSG_REPORT_TEXT_MAX); break;
		case C_SYSTEM: c->system = bsg_cbor_get_text(r, 0, BSG_REPORT_TEXT_MAX); break;
		case C_FUNCTIONS: get_coverage_functions(r, c); break;
		default: bsg_cbor_unknown(r, key);
		}
	}
	if (seen != ALL(C_FUNCTIONS))
		bsg_cbor_refuse(r, BSG_E_INVALID, "a key of the coverage is missing");
}

static void get_crossing(struct bsg_cbor_reader *r, struct bsg_report_crossing *c)
{
	(void)bsg_cbor_get_array(r, 5, 5);
	c->place = bsg_cbor_get_id(r);
	c->gate = bsg_wire_get_optional_id(r);
	c->direction = (enum bsg_direction)bsg_cbor_get_uint(r, BSG_DIRECTION_IN, BSG_DIRECTION_OUT);
	c->at = bsg_wire_get_time(r);
	c->by = (enum bsg_report_by)bsg_cbor_get_uint(r, BSG_REPORT_BY_TOKEN, BSG_REPORT_BY_SELF);
}

static void get_body(struct bsg_cbor_reader *r, struct bsg_report_item *item)
{
	switch (item->kind) {
	case BSG_REPORT_STATUS: get_status(r, &item->status); break;
	case BSG_REPORT_COVERAGE: get_coverage(r, &item->coverage); break;
	case BSG_REPORT_EVENT:
		(void)bsg_cbor_get_array(r, 3, 3);
		item->event.kind = (enum bsg_out_kind)bsg_cbor_get_uint(r, BSG_OUT_CLOCK_CORRECTED,
									BSG_OUT_UNKNOWN_PLACE);
		item->event.place = bsg_wire_get_optional_id(r);
		item->event.value = bsg_cbor_get_int(r, -BSG_TIME_MAX, BSG_TIME_MAX);
		break;
	case BSG_REPORT_BREAK_GLASS:
		(void)bsg_cbor_get_array(r, 2, 2);
		item->break_glass.until = bsg_wire_get_time(r);
		item->break_glass.reason = bsg_cbor_get_text(r, 0, BSG_REPORT_TEXT_MAX);
		break;
	case BSG_REPORT_CROSSING: get_crossing(r, &item->crossing); break;
	case BSG_REPORT_LEAVING:
		bsg_cbor_refuse(r, BSG_E_INVALID, "leaving says nothing else");
		break;
	}
}

static void get_item(struct bsg_cbor_reader *r, struct bsg_report_item *item)
{
	struct bsg_cbor_map map;
	unsigned seen = 0;
	int64_t key;

	bsg_cbor_get_map(r, BSG_WIRE_PAIRS_MAX, &map);
	while (bsg_cbor_map_next(r, &map, &key)) {
		seen |= seen_bit(key);
		switch (key) {
		case ID: bsg_wire_get_fixed(r, item->id, BSG_REPORT_ID_LEN); break;
		case AT: item->at = bsg_wire_get_time(r); break;
		case KIND:	/* before the body: keys ascend */
			item->kind = (enum bsg_report_kind)bsg_cbor_get_uint(r, BSG_REPORT_STATUS,
									     BSG_REPORT_LEAVING);
			break;
		case BODY:
			if ((seen & 1u << KIND) == 0)
				bsg_cbor_refuse(r, BSG_E_INVALID, "a report without kind");
			get_body(r, item);
			break;
		default: bsg_cbor_unknown(r, key);
		}
	}
	if (seen != (item->kind == BSG_REPORT_LEAVING ? ALL(KIND) : ALL(BODY)))
		bsg_cbor_refuse(r, BSG_E_INVALID, "a key of a report is missing");
}

static void get_batch_field(struct bsg_cbor_reader *r, int64_t key, struct bsg_report_batch *out)
{
	size_t n;

	switch (key) {
	case INSTANCE: bsg_wire_get_fixed(r, out->instance, BSG_INSTANCE_ID_LEN); break;
	case SEQUENCE: out->sequence = bsg_cbor_get_uint(r, 1, SEQUENCE_MAX); break;
	case REPORTS:
		n = bsg_cbor_get_array(r, 1, BSG_REPORTS_MAX);
		for (size_t i = 0; i < n && r->err == BSG_OK; i++)
			get_item(r, &out->reports[i]);
		out->n_reports = n;
		break;
	default: bsg_cbor_unknown(r, key);
	}
}

enum bsg_err bsg_report_decode(struct bsg_bytes bytes, struct bsg_report_batch *out, const char **why)
{
	struct bsg_cbor_reader r;
	struct bsg_cbor_map map;
	unsigned seen = 0;
	int64_t key;
	enum bsg_err rc;

	bsg_wire_zero(out, sizeof(*out));
	bsg_cbor_reader_init(&r, bytes);
	if (bytes.len > BSG_REPORT_BATCH_MAX)
		bsg_cbor_refuse(&r, BSG_E_LIMIT, "batch too long");
	bsg_cbor_get_map(&r, BSG_WIRE_PAIRS_MAX, &map);
	while (bsg_cbor_map_next(&r, &map, &key)) {
		seen |= seen_bit(key);
		get_batch_field(&r, key, out);
	}
	if (r.err == BSG_OK && seen != ALL(REPORTS))
		bsg_cbor_refuse(&r, BSG_E_INVALID, "a key of the batch is missing");
	if (r.err == BSG_OK && check_batch(out) != NULL)
		bsg_cbor_refuse(&r, BSG_E_INVALID, check_batch(out));
	rc = bsg_cbor_reader_end(&r, why);
	if (rc != BSG_OK)
		bsg_wire_zero(out, sizeof(*out));
	return rc;
}
