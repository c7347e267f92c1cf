/* SPDX-License-Identifier: Apache-2.0 */
/* See policy_property.h. */
#include "policy_property.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned long things[N_THINGS];
struct looked_at now_at;

const char *const thing_texts[N_THINGS] = {
#define X(name, text) text,
	THINGS(X)
#undef X
};

void look_at(uint64_t seed, json_t *doc, json_t *after, const struct bsg_compile_facts *facts)
{
	now_at = (struct looked_at){ .seed = seed, .doc = doc, .after = after, .facts = facts };
}

void note(const char *fmt, ...)
{
	va_list args;

	if (now_at.len > sizeof(now_at.trace) - 200)
		now_at.len = 0;
	va_start(args, fmt);
	now_at.len += (size_t)vsnprintf(now_at.trace + now_at.len, 200, fmt, args);
	va_end(args);
}

static void print_facts(const struct bsg_compile_facts *f)
{
	fprintf(stderr, "device %s, person %s, units", f->device, f->person);
	for (size_t i = 0; i < f->n_units; i++)
		fprintf(stderr, " %s", f->units[i]);
	fprintf(stderr, ", %s, now %lld, horizon %lld", f->has_agent ? "agent" : "no agent", (long long)f->now,
		(long long)f->horizon_s);
	if (f->has_presence)
		fprintf(stderr, ", presence %u %s %s %lld", f->presence_seq, f->presence_in ? "in" : "out", f->presence_place,
			(long long)f->presence_at);
	if (f->has_release)
		fprintf(stderr, ", release %lld", (long long)f->release_at);
	fprintf(stderr, "\n");
	for (size_t i = 0; i < f->n_exemptions; i++)
		fprintf(stderr, "exemption %x %lld %lld\n", f->exemptions[i].functions, (long long)f->exemptions[i].from,
			(long long)f->exemptions[i].until);
}

void failed(const char *fmt, ...)
{
	char text[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (now_at.doc != NULL)
		json_dumpf(now_at.doc, stderr, JSON_INDENT(1));
	if (now_at.after != NULL) {
		fprintf(stderr, "\n--- and after\n");
		json_dumpf(now_at.after, stderr, JSON_INDENT(1));
	}
	fprintf(stderr, "\n");
	if (now_at.facts != NULL)
		print_facts(now_at.facts);
	fprintf(stderr, "%s", now_at.trace);
	fail_msg("BSG_SEED=%llu: %s", (unsigned long long)now_at.seed, text);
	abort();
}

/* ---- parsing and compiling --------------------------------------------------- */

struct bsg_policy *parse(json_t *const *docs, size_t n, bool yaml, enum bsg_err *code)
{
	struct bsg_policy_source sources[2] = { { .name = "a.json" }, { .name = "b.json" } };
	char *texts[2] = { NULL, NULL };
	struct bsg_policy *policy;
	struct bsg_error err;

	for (size_t i = 0; i < n; i++) {
		texts[i] = json_dumps(docs[i], JSON_COMPACT);
		assert_non_null(texts[i]);
		sources[i].bytes = texts[i];
		sources[i].len = strlen(texts[i]);
		sources[i].format = yaml ? BSG_POLICY_YAML : BSG_POLICY_JSON;
	}
	const enum bsg_err got = bsg_policy_parse(sources, n, &policy, NULL, &err);

	free(texts[0]);
	free(texts[1]);
	if (code != NULL)
		*code = got;
	else if (got != BSG_OK)
		failed("refused: %s", err.text);
	return policy;
}

struct bsg_policy *parse_one(json_t *doc)
{
	return parse(&doc, 1, false, NULL);
}

struct bsg_timetable *timetable_of(const struct bsg_policy *policy, int64_t from, int64_t until)
{
	struct bsg_timetable *timetable;
	struct bsg_error err;

	if (bsg_timetable_make(policy, (struct bsg_timetable_span){ .from = from, .until = until }, &timetable, NULL, &err) != BSG_OK)
		failed("no timetable: %s", err.text);
	return timetable;
}

struct bsg_timetable *timetable_for(const struct bsg_policy *policy, const struct bsg_compile_facts *f)
{
	return timetable_of(policy, naive_begin(f), naive_expires(f) + BSG_COMPILE_LEAD_S);
}

static bool over(struct naive_range size, size_t limit, bool *open, enum thing thing)
{
	things[thing] += size.least > limit;
	*open = *open || (size.least <= limit && size.most > limit);
	return size.least > limit;
}

/* P19: whether orders can hold it. @return BSG_OK or BSG_E_LIMIT; *open: the document leaves it open */
static enum bsg_err fits(json_t *doc, const struct bsg_compile_facts *f, bool *open)
{
	struct naive_size size;
	bool is_over;

	naive_size(doc, f, &size);
	*open = false;
	is_over = over(size.rules, BSG_RULES_MAX, open, OVER_RULES);
	is_over |= over(size.places, BSG_PLACES_MAX, open, OVER_PLACES);
	is_over |= over(size.windows, BSG_WINDOWS_MAX, open, OVER_WINDOWS);
	is_over |= over(size.apps, BSG_APPS_MAX, open, OVER_APPS);
	is_over |= over(size.exemptions, BSG_EXEMPTIONS_MAX, open, OVER_EXEMPTIONS);
	*open = *open && !is_over;
	return is_over ? BSG_E_LIMIT : BSG_OK;
}

struct bsg_compiled *compile(json_t *doc, const struct bsg_policy *policy, const struct bsg_timetable *timetable,
				    const struct bsg_compile_facts *f)
{
	struct bsg_compiled *compiled;
	struct bsg_error err = { .text = "" };
	bool open;
	const enum bsg_err want = fits(doc, f, &open), got = bsg_policy_compile(policy, timetable, f, &compiled, &err);

	if (got != want && !(open && got == BSG_E_LIMIT))
		failed("compile gave %d (%s), not %d", got, err.text, want);
	if (got == BSG_E_LIMIT && strstr(err.text, f->device) == NULL)
		failed("the refusal does not name the device: %s", err.text);
	return compiled;
}

void bytes_of(const struct bsg_policy *policy, const struct bsg_timetable *timetable, const struct bsg_compile_facts *f,
		     struct bytes *out)
{
	struct bsg_compiled *compiled;
	struct bsg_bytes bytes = { NULL, 0 };
	struct bsg_error err;

	out->code = bsg_policy_compile(policy, timetable, f, &compiled, &err);
	if (out->code == BSG_OK)
		out->code = bsg_compiled_bytes(compiled, out->bytes, sizeof(out->bytes), &bytes, &err);
	if (out->code != BSG_OK && out->code != BSG_E_LIMIT)
		failed("orders that cannot travel: %s", err.text);
	out->len = bytes.len;
	bsg_compiled_free(compiled);
}

bool same_bytes(const struct bytes *a, const struct bytes *b)
{
	return a->code == b->code && a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

bool is_text(struct bsg_str str, const char *text)
{
	return str.len == (text != NULL ? strlen(text) : 0) && (str.len == 0 || memcmp(str.ptr, text, str.len) == 0);
}
