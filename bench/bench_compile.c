/* SPDX-License-Identifier: Apache-2.0 */
/*
 * B2: what it costs to compile orders, from a policy of 50 rules over 35 days.
 *
 * A ministry of 40 units in two buildings with floors: three rules for everybody (one of them without place), one for each
 * unit, seven for people by name. Each rule has its working days, so that orders hold 4 to 6 rules, 6 places and up to 175
 * windows. One core; medians of five runs.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/changes.h"
#include "wire/orders.h"

#define RUNS 5
#define DEVICES 20000
#define UNITS 40
#define NOW INT64_C(1762732800)	/* 2025-11-10, a Monday */
#define DAY INT64_C(86400)

static char *text;
static size_t len, room;

__attribute__((format(printf, 1, 2))) static void say(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text + len, room - len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room - len)
		abort();
	len += (size_t)n;
}

static void say_time(int64_t t)
{
	const time_t at = (time_t)t;
	struct tm tm;
	char out[32];

	gmtime_r(&at, &tm);
	strftime(out, sizeof(out), "%Y-%m-%dT%H:%M:00Z", &tm);
	say("\"%s\"", out);
}

/* Monday to Friday of eight weeks, each day @minutes later: rules differ, so windows are not shared. */
static void say_windows(int minutes)
{
	const char *comma = "";

	for (int day = -7; day < 49; day++) {
		if (((day % 7) + 7) % 7 > 4)
			continue;
		say("%s[", comma);
		say_time(NOW + day * DAY + 4 * 3600 + minutes * 60);
		say(",");
		say_time(NOW + day * DAY + 13 * 3600 + minutes * 60);
		say("]");
		comma = ",";
	}
}

static void say_rule(int n, const char *who, const char *where)
{
	say("%s{\"id\":\"rule-%d\",\"who\":%s,%s\"windows\":[", n > 0 ? "," : "", n, who, where);
	say_windows(n);
	say("],\"restrict\":[\"camera\",\"microphone\"],\"because\":{\"kk\":\"Ақпаратты қорғау\",\"ru\":\"Защита информации\","
	    "\"en\":\"To protect information\"}}");
}

static void say_policy(void)
{
	char who[200];
	int n = 0;

	len = 0;
	say("{\"bosaga\":1,\"places\":[");
	for (int house = 0; house < 2; house++) {
		say("%s{\"id\":\"house-%d\",\"timezone\":\"Asia/Almaty\",\"gates\":[{\"id\":\"north\"},{\"id\":\"south\"}]}",
		    house > 0 ? "," : "", house);
		for (int floor = 0; floor < 2; floor++)
			say(",{\"id\":\"floor-%d-%d\",\"parent\":\"house-%d\",\"gates\":[{\"id\":\"door\"}],\"wifi\":"
			    "[\"00:11:22:33:%02d:%02d\"]}", house, floor, house, house, floor);
	}
	say("],\"rules\":[");
	say_rule(n++, "{\"all\":true}", "\"where\":[\"house-0\"],");
	say_rule(n++, "{\"all\":true}", "\"where\":[\"house-1\"],");
	say_rule(n++, "{\"all\":true}", "");
	for (int unit = 0; unit < UNITS; unit++) {
		snprintf(who, sizeof(who), "{\"units\":[\"unit-%d\"]}", unit);
		say_rule(n++, who, unit % 2 == 0 ? "\"where\":[\"floor-0-1\"]," : "\"where\":[\"floor-1-0\"],");
	}
	while (n < 50) {
		snprintf(who, sizeof(who), "{\"people\":[\"person-%d\",\"person-%d\",\"person-%d\"]}", n, n * 7, n * 11);
		say_rule(n++, who, "\"where\":[\"floor-0-0\"],");
	}
	say("]}");
}

static struct bsg_policy *parse(void)
{
	const struct bsg_policy_source source = { .name = "bench", .bytes = text, .len = len, .format = BSG_POLICY_JSON };
	struct bsg_policy *policy;
	struct bsg_error err;

	if (bsg_policy_parse(&source, 1, &policy, NULL, &err) != BSG_OK) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	return policy;
}

struct device {
	char id[33], person[24], unit[16];
	const char *units[1];
	struct bsg_compile_facts facts;
};

static void make_device(struct device *d, unsigned i)
{
	snprintf(d->id, sizeof(d->id), "%032x", i);
	snprintf(d->person, sizeof(d->person), "person-%u", i);
	snprintf(d->unit, sizeof(d->unit), "unit-%u", i % UNITS);
	d->units[0] = d->unit;
	d->facts = (struct bsg_compile_facts){ .device = d->id, .person = d->person, .units = d->units, .n_units = 1,
		.has_agent = i % 2 == 0, .serial = 7, .now = NOW + 3600, .has_presence = true, .presence_seq = 3,
		.presence_place = "house-0", .presence_in = true, .presence_at = NOW };
}

static double cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, RUNS, sizeof(*values), by_value);
	return values[RUNS / 2];
}

static void compile_all(const struct bsg_policy *policy)
{
	double rates[RUNS];
	size_t windows = 0, rules = 0;

	for (int run = 0; run < RUNS; run++) {
		const double begin = cpu();

		for (unsigned i = 0; i < DEVICES; i++) {
			struct bsg_compiled *compiled;
			struct bsg_error err;
			struct device d;

			make_device(&d, i);
			if (bsg_policy_compile(policy, NULL, &d.facts, &compiled, &err) != BSG_OK) {
				fprintf(stderr, "%s\n", err.text);
				exit(1);
			}
			windows = compiled->orders.n_windows;
			rules = compiled->orders.n_rules;
			bsg_compiled_free(compiled);
		}
		rates[run] = DEVICES / (cpu() - begin);
	}
	const double rate = median(rates);
	printf("{\"bench\": \"B2\", \"what\": \"compile orders: 50 rules, 35 days, one core\", \"value\": %.0f, \"unit\": \"devices/s\", "
	       "\"target\": \">= 20000\", \"met\": %s, \"rules\": %zu, \"windows\": %zu}\n", rate, rate >= 20000 ? "true" : "false",
	       rules, windows);
}

/* Which of many devices does a change of one unit's rule touch? */
static void change_one(const struct bsg_policy *before, const struct bsg_policy *after)
{
	double seconds[RUNS];
	unsigned touched = 0;

	for (int run = 0; run < RUNS; run++) {
		const struct bsg_policy_version a = { before, NULL }, b = { after, NULL };
		struct bsg_policy_changes changes;
		const double begin = cpu();

		touched = 0;
		if (bsg_policy_changes_find(a, b, NOW + 3600, &changes, NULL) != BSG_OK)
			exit(1);
		for (unsigned i = 0; i < 90000; i++) {
			struct device d;
			bool differ;

			make_device(&d, i);
			if (bsg_policy_changes_device(&changes, &d.facts, &differ, NULL) != BSG_OK)
				exit(1);
			touched += differ ? 1 : 0;
		}
		bsg_policy_changes_free(&changes);
		seconds[run] = cpu() - begin;
	}
	printf("{\"bench\": \"B2\", \"what\": \"find who is touched by a change of one rule among 50, 90,000 devices\", \"value\": %.2f, "
	       "\"unit\": \"s\", \"touched\": %u}\n", median(seconds), touched);
}

int main(void)
{
	struct bsg_policy *before, *after;

	room = 4u << 20;
	text = malloc(room);
	if (text == NULL)
		return 1;
	say_policy();
	before = parse();
	compile_all(before);
	/* The rule of one unit is written otherwise. */
	memcpy(strstr(text, "\"where\":[\"floor-0-1\"]"), "\"where\":[\"floor-0-0\"]", 21);
	after = parse();
	change_one(before, after);
	bsg_policy_free(before);
	bsg_policy_free(after);
	free(text);
	return 0;
}
