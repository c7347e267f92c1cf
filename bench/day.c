/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One working day of many iPhones, at speed: they arrive, half of them go out for lunch, they leave; some screens are locked, some
 * phones are silent, some people forget their badge in the evening, and Apple's pushes are down for an hour in the morning.
 *
 * A model beside it, written from the rules alone (docs/spec/platform.md, apple.md), says at every moment what each phone and each
 * verdict must be. After each tick of the clock everything comes to rest, so that nothing here depends on speed.
 *
 * day [N [json]]: N phones, 1000 if not said; TAP, or one line of JSON for the benchmarks.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <jansson.h>

#include <bosaga/functions.h>

#include "bench/apple_seed.h"
#include "bench/day_world.h"
#include "store/apple.h"
#include "store/read.h"

#define TICK 30
#define MINUTE 60
#define HOUR 3600
#define ZONE (5 * HOUR)			/* Asia/Almaty */
#define LEASE (4 * HOUR)
#define LOCKED_S (2 * MINUTE)		/* a locked screen is unlocked after this */
#define POLL_S (20 * MINUTE)
#define N_GATES 8
#define N_RECORDS 100			/* that are read in a tick */
#define HOPS 4

static const char policy_format[] =
	"{\"bosaga\": 1, \"places\": [{\"id\": \"house\", \"timezone\": \"Asia/Almaty\", \"gates\": [{\"id\": \"north\"}], \"phone_lease\": \"4h\"}],"
	"\"rules\": [{\"id\": \"no-camera\", \"who\": {\"all\": true}, \"where\": [\"house\"], \"restrict\": [\"camera\"], \"lead\": \"0m\","
	"\"windows\": [[\"%s\", \"%s\"]], \"because\": {\"en\": \"To protect information\"}},"
	"{\"id\": \"briefing\", \"who\": {\"units\": [\"hall\"]}, \"restrict\": [\"screen_capture\"], \"lead\": \"0m\","
	"\"windows\": [[\"%s\", \"%s\"]], \"because\": {\"en\": \"A briefing\"}}]}";

/* Moments of the day, Unix seconds. */
static int64_t start, opens, closes, briefing, briefing_end, apns_down, apns_back, end;

enum asked { NOT_ASKED = 0, ASKED, SEALED, SETTLED };

struct person {
	int64_t hop[HOPS];		/* when they pass the gate: in, out, in, out; 0: no more */
	unsigned at_hop;
	int64_t in_at;			/* 0: outside */
	int64_t polled;
	int64_t locked_until;
	enum asked asked;		/* the last crossing's verdict */
	char crossing[37], verdict[16], why[160];
};

static struct bsg_world world;
static struct person *people;
static bool as_json;
static unsigned long n_restrictions_seen, n_by_poll, n_crossings, n_admitted, n_sealed, n_sealed_then_admitted;

static struct claim {
	const char *name;
	unsigned long n_looked, n_wrong;
	char first[300];
} claims[] = {
	{.name = "everything_comes_to_rest"}, {.name = "no_phone_is_restricted_past_its_reason"}, {.name = "no_lock_is_without_an_end"},
	{.name = "a_phone_inside_that_can_be_told_is_restricted"}, {.name = "a_phone_that_polls_needs_no_push"},
	{.name = "a_proven_phone_is_admitted_at_once"}, {.name = "what_is_pending_says_why_and_ends_with_the_time_out"},
	{.name = "who_cannot_prove_is_sealed_with_the_reason"}, {.name = "a_sealed_phone_that_proves_itself_later_is_admitted"},
	{.name = "what_the_server_calls_verified_the_phone_restricts"}, {.name = "in_the_evening_every_phone_is_free"},
	{.name = "in_the_evening_the_server_knows_that_and_has_nothing_left_to_say"}, {.name = "no_request_of_a_phone_failed"},
};
enum { REST, FREE, BOUNDED, LOCKED_IN, POLLS, ADMIT, PENDING, SEAL, LATER, RECORD, EVENING, KNOWN, REQUESTS, N_CLAIMS };

static int64_t now(void)
{
	return bsg_clock_utc(&world.clock.clock);
}

static void look(int claim, bool good, size_t i, const char *what)
{
	struct claim *c = &claims[claim];
	const int64_t local = now() + ZONE;

	c->n_looked++;
	if (good)
		return;
	if (c->n_wrong++ == 0)
		(void)snprintf(c->first, sizeof(c->first), "%02d:%02d:%02d phone %zu: %s", (int)(local / HOUR % 24), (int)(local / 60 % 60),
			       (int)(local % 60), i, what);
}

/* ---- who does what, by arithmetic ------------------------------------------------ */

static uint32_t chance(size_t i, uint32_t salt)
{
	uint64_t x = ((uint64_t)i + 1) * 0x9e3779b97f4a7c15u + salt * 0xbf58476d1ce4e5b9u;

	x ^= x >> 31;
	x *= 0x94d049bb133111ebu;
	return (uint32_t)(x >> 33);
}

static int64_t moment(size_t i, uint32_t salt, int64_t from, int64_t spread)
{
	return from + (int64_t)(chance(i, salt) % (uint32_t)(spread / TICK)) * TICK;
}

static bool is_in_hall(size_t i)
{
	return i % 10 == 0;	/* as bsg_seed() says */
}

static bool is_silent(size_t i)
{
	return chance(i, 7) % 100 < 1;
}

static bool is_poller(size_t i)
{
	return chance(i, 8) % 100 < 10;
}

static bool is_often_locked(size_t i)
{
	return chance(i, 9) % 100 < 5;
}

static void plan(size_t i)
{
	struct person *p = &people[i];
	unsigned n = 0;

	p->hop[n++] = moment(i, 1, start + 90 * MINUTE, HOUR);		/* 08:30 to 09:30 */
	if (chance(i, 2) % 2 == 0) {
		p->hop[n++] = moment(i, 3, start + 330 * MINUTE, 30 * MINUTE);	/* 12:30 */
		p->hop[n++] = moment(i, 4, start + 370 * MINUTE, 30 * MINUTE);	/* 13:10 */
	}
	if (chance(i, 5) % 100 >= 2)
		p->hop[n++] = moment(i, 6, start + 630 * MINUTE, HOUR);		/* 17:30 to 18:30 */
	if (is_silent(i))
		world.phones[i].iphone.is |= BSG_IPHONE_SILENT;
}

/* ---- the model -------------------------------------------------------------------- */

/* What must be restricted now: the camera inside, within working hours, and no longer than the lease after the crossing. */
static uint32_t should(size_t i)
{
	const struct person *p = &people[i];
	uint32_t functions = 0;

	if (p->in_at != 0 && now() < p->in_at + LEASE && now() >= opens && now() < closes)
		functions |= BSG_BIT(BSG_CAMERA);
	if (is_in_hall(i) && now() >= briefing && now() < briefing_end)
		functions |= BSG_BIT(BSG_SCREEN_CAPTURE);
	return functions;
}

static bool can_obey(size_t i)
{
	return !is_silent(i) && (world.phones[i].iphone.is & BSG_IPHONE_LOCKED) == 0;
}

static void check_phone(size_t i)
{
	const struct bsg_iphone *phone = &world.phones[i].iphone;
	const uint32_t has = bsg_iphone_restricted(phone), wanted = should(i);
	const bool polled = is_poller(i) && people[i].polled == now() && can_obey(i);

	n_restrictions_seen += has != 0;
	if (bsg_world_apple_works(&world) || polled || (has & ~wanted) == 0)
		look(FREE, (has & ~wanted) == 0, i, "restricted without a reason");
	if (has != 0)
		look(BOUNDED, phone->removal > now() && phone->removal <= now() + LEASE &&
		     (phone->removal <= closes || wanted == 0), i, "a lock that lasts too long");
	if (bsg_world_apple_works(&world) && can_obey(i))
		look(LOCKED_IN, (wanted & ~has) == 0, i, "not restricted");
	if (polled && !bsg_world_apple_works(&world)) {
		look(POLLS, (wanted & ~has) == 0, i, "polled, and is not restricted");
		n_by_poll += wanted != 0;
	}
}

/* ---- the server's own record ---------------------------------------------------------- */

static bool read_record(size_t i, struct bsg_apple_rec *out, int claim)
{
	char device[BSG_ID_SIZE];
	struct bsg_error err;
	enum bsg_err rc;

	bsg_seed_device((unsigned)i, device);
	rc = bsg_store_apple(world.server->store, device, out, NULL, &err);
	if (rc != BSG_OK)
		look(claim, false, i, err.text);
	return rc == BSG_OK;
}

/* Of some phones in each tick: all would double the time of a day. */
static void check_record(size_t i)
{
	const uint32_t has = bsg_iphone_restricted(&world.phones[i].iphone);
	const size_t each = world.n / N_RECORDS + 1;
	struct bsg_apple_rec rec;

	if ((i + (size_t)(now() / TICK)) % each != 0 || !read_record(i, &rec, RECORD))
		return;
	look(RECORD, rec.verified_until <= now() || ((uint32_t)rec.verified & ~has) == 0, i, "called verified, and free");
}

static void check_evening(size_t i)
{
	struct bsg_apple_rec rec;

	look(EVENING, bsg_iphone_restricted(&world.phones[i].iphone) == 0, i, "restricted at 20:00");
	if (!is_silent(i) && read_record(i, &rec, KNOWN))	/* a silent one has still to hear of its lift */
		look(KNOWN, rec.desired == 0 && rec.verified == 0 && rec.command == BSG_APPLE_NO_COMMAND, i, "not known to be free at 20:00");
}

/* ---- the gate ----------------------------------------------------------------------- */

/* Those who are at the gate in this tick, shared out among its connections. */
struct gate {
	pthread_t thread;
	struct bsg_sim_wire wire;
	const size_t *who;
	size_t n;
	bool ask;	/* about the last crossing, else pass */
	unsigned long n_failed;
};

static struct gate gates[N_GATES];
static size_t *at_gate, n_at_gate;

static void read_verdict(struct gate *gate, struct person *p)
{
	json_t *json = json_loadb((const char *)gate->wire.body.data, gate->wire.body.len, 0, NULL);
	const char *verdict = json_string_value(json_object_get(json, "verdict")), *why = json_string_value(json_object_get(json, "why"));

	(void)snprintf(p->verdict, sizeof(p->verdict), "%s", verdict != NULL ? verdict : "");
	(void)snprintf(p->why, sizeof(p->why), "%s", why != NULL ? why : "");
	json_decref(json);
}

static void serve(struct gate *gate, size_t i)
{
	static const char headers[] = "Authorization: Bearer " BSG_SEED_TOKEN "\r\nAccept-Language: en\r\nContent-Type: application/json\r\n";
	struct person *p = &people[i];
	struct bsg_error err;
	char path[80] = "/v1/crossings", body[160] = "";
	enum bsg_err rc;

	if (gate->ask) {
		(void)snprintf(path, sizeof(path), "/v1/crossings/%s", p->crossing);
	} else {
		(void)snprintf(p->crossing, sizeof(p->crossing), "%08zx-0000-4000-8000-%012x", i, p->at_hop);
		(void)snprintf(body, sizeof(body), "{\"id\": \"%s\", \"direction\": \"%s\", \"badge\": \"b%zu\"}", p->crossing,
			       p->at_hop % 2 == 0 ? "in" : "out", i);
	}
	rc = bsg_sim_wire_exchange(&gate->wire, gate->ask ? "GET" : "POST", path, headers,
				   (struct bsg_bytes){(const uint8_t *)body, strlen(body)}, &err);
	p->verdict[0] = p->why[0] = '\0';
	if (rc == BSG_OK && gate->wire.status == 200)
		read_verdict(gate, p);
	else if (gate->n_failed++ == 0)
		(void)fprintf(stderr, "day: %s: %u %.*s\n", path, gate->wire.status, (int)gate->wire.body.len, (const char *)gate->wire.body.data);
}

static void *run_gate(void *arg)
{
	struct gate *gate = arg;

	for (size_t k = 0; k < gate->n; k++)
		serve(gate, gate->who[k]);
	return NULL;
}

/* All that stand at the gate, N_GATES at a time. */
static void at_the_gate(bool ask)
{
	const size_t each = (n_at_gate + N_GATES - 1) / N_GATES;

	for (size_t g = 0, from = 0; g < N_GATES && from < n_at_gate; g++, from += each) {
		gates[g].who = &at_gate[from];
		gates[g].n = n_at_gate - from < each ? n_at_gate - from : each;
		gates[g].ask = ask;
		if (pthread_create(&gates[g].thread, NULL, run_gate, &gates[g]) != 0)
			exit(1);
	}
	for (size_t g = 0, from = 0; g < N_GATES && from < n_at_gate; g++, from += each)
		pthread_join(gates[g].thread, NULL);
}

static bool is(const struct person *p, const char *verdict)
{
	return strcmp(p->verdict, verdict) == 0;
}

/* ---- one tick ---------------------------------------------------------------------- */

static void set_lock(size_t i, bool locked)
{
	struct bsg_iphone *phone = &world.phones[i].iphone;

	if (locked) {
		phone->is |= BSG_IPHONE_LOCKED;
		people[i].locked_until = now() + LOCKED_S;
	} else {
		phone->is &= ~BSG_IPHONE_LOCKED;
		people[i].locked_until = 0;
		bsg_fleet_want(world.fleet, i, BSG_FLEET_TALK);	/* it was unlocked: it polls by itself */
	}
}

static void pass_the_gate(void)
{
	n_at_gate = 0;
	for (size_t i = 0; i < world.n; i++) {
		struct person *p = &people[i];

		if (p->at_hop >= HOPS || p->hop[p->at_hop] != now())
			continue;
		at_gate[n_at_gate++] = i;
		if (p->at_hop % 2 == 0 && is_often_locked(i))
			set_lock(i, true);
	}
	at_the_gate(false);
	n_crossings += n_at_gate;
	for (size_t k = 0; k < n_at_gate; k++) {
		struct person *p = &people[at_gate[k]];

		p->in_at = p->at_hop % 2 == 0 ? now() : 0;
		p->asked = NOT_ASKED;
		if (p->in_at == 0)
			look(ADMIT, is(p, "admit"), at_gate[k], "out, and not let go");
		else
			look(PENDING, is(p, "admit") || (is(p, "pending") && p->why[0] != '\0'), at_gate[k], p->verdict);
		p->at_hop++;
	}
}

static void phones_by_themselves(void)
{
	for (size_t i = 0; i < world.n; i++) {
		(void)bsg_iphone_tick(&world.phones[i].iphone, now());	/* whose lease has ended is free, and says nothing */
		if (people[i].locked_until != 0 && people[i].locked_until <= now())
			set_lock(i, false);
	}
}

static void polls(void)
{
	for (size_t i = 0; i < world.n; i++)
		if (is_poller(i) && (now() - start) % POLL_S == (int64_t)(i % (POLL_S / TICK)) * TICK) {
			people[i].polled = now();
			bsg_fleet_want(world.fleet, i, BSG_FLEET_TALK);
		}
}

/* The guard asks again: at once, when the time-out is over, and of those who were sealed as soon as they should have proved themselves. */
static void ask_again(void)
{
	n_at_gate = 0;
	for (size_t i = 0; i < world.n; i++) {
		const struct person *p = &people[i];
		const bool proves = can_obey(i) && bsg_world_apple_works(&world);

		if (p->in_at != 0 && now() < p->in_at + LEASE && (p->asked == NOT_ASKED || (p->asked == ASKED && now() > p->in_at) ||
								  (p->asked == SEALED && proves)))
			at_gate[n_at_gate++] = i;
	}
	at_the_gate(true);
}

static void judge_first(size_t i, struct person *p, bool proven)
{
	if (proven)
		look(ADMIT, is(p, "admit"), i, p->verdict);
	else
		look(PENDING, is(p, "pending") && p->why[0] != '\0', i, p->verdict);
	p->asked = proven ? SETTLED : ASKED;
	n_admitted += proven;
}

static void judge(size_t i)
{
	struct person *p = &people[i];
	const bool proven = should(i) == 0 || (should(i) & ~bsg_iphone_restricted(&world.phones[i].iphone)) == 0;
	const bool locked = (world.phones[i].iphone.is & BSG_IPHONE_LOCKED) != 0 && !is_silent(i) && bsg_world_apple_works(&world);

	if (p->asked == NOT_ASKED) {
		judge_first(i, p, proven);
	} else if (p->asked == ASKED && !proven) {
		look(SEAL, is(p, "seal") && (locked ? strstr(p->why, "unlock") != NULL : p->why[0] != '\0'), i, p->why);
		n_sealed++;
		p->asked = SEALED;
	} else {
		look(LATER, is(p, "admit"), i, p->verdict);
		n_sealed_then_admitted++;
		p->asked = SETTLED;
	}
}

static bool tick(void)
{
	bool rests;

	if (now() == apns_down || now() == apns_back)
		bsg_world_apns(&world, now() == apns_down);
	phones_by_themselves();
	rests = bsg_world_settle(&world);
	pass_the_gate();
	polls();
	rests = rests && bsg_world_settle(&world);
	look(REST, rests, 0, "no rest");
	for (size_t i = 0; i < world.n; i++) {
		check_phone(i);
		check_record(i);
	}
	ask_again();
	for (size_t k = 0; k < n_at_gate; k++)
		judge(at_gate[k]);
	return rests;
}

/* ---- the whole of it ------------------------------------------------------------------ */

static void set_day(void)
{
	const int64_t today = (bsg_clock_utc(bsg_clock_system()) + ZONE) / 86400 * 86400 - ZONE;

	/* Yesterday: TLS below is judged by the machine's clock, and certificates of the future hold for nobody. */
	start = today - 86400 + 7 * HOUR;
	opens = start + HOUR;			/* 08:00 */
	apns_down = start + 135 * MINUTE;	/* 09:15 */
	briefing = start + 3 * HOUR;		/* 10:00 */
	apns_back = apns_down + HOUR;
	briefing_end = start + 4 * HOUR;
	closes = start + 12 * HOUR;		/* 19:00 */
	end = start + 13 * HOUR;
}

static void rfc3339(int64_t at, char out[32])
{
	const time_t t = (time_t)at;
	struct tm tm;

	(void)gmtime_r(&t, &tm);
	(void)strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static void make_policy(char *out, size_t size)
{
	char from[32], to[32], from2[32], to2[32];

	rfc3339(opens, from);
	rfc3339(closes, to);
	rfc3339(briefing, from2);
	rfc3339(briefing_end, to2);
	(void)snprintf(out, size, policy_format, from, to, from2, to2);
}

static double wall(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double enrol(void)
{
	const double began = wall();

	for (size_t i = 0; i < world.n; i++)
		bsg_fleet_want(world.fleet, i, BSG_FLEET_AUTHENTICATE | BSG_FLEET_TOKEN);
	bsg_fleet_wait(world.fleet);
	look(REST, bsg_world_settle(&world), 0, "no rest after the enrolment");
	return wall() - began;
}

static void finish(void)
{
	struct bsg_fleet_stats stats;
	unsigned long n_failed = 0;

	bsg_fleet_stats(world.fleet, &stats);
	for (size_t g = 0; g < N_GATES; g++) {
		n_failed += gates[g].n_failed;
		bsg_sim_wire_close(&gates[g].wire);
	}
	look(REQUESTS, stats.n_failed == 0 && n_failed == 0, 0, stats.n_failed > 0 ? stats.why : "a gate's request");
	for (size_t i = 0; i < world.n; i++)
		check_evening(i);
}

static int report(double enrolled_s, double day_s, const struct bsg_fleet_stats *stats)
{
	unsigned long n_wrong = 0;
	struct rusage used;

	(void)getrusage(RUSAGE_SELF, &used);
	if (!as_json)
		printf("1..%d\n", N_CLAIMS);
	for (int i = 0; i < N_CLAIMS; i++) {
		const struct claim *c = &claims[i];
		const bool good = c->n_wrong == 0 && c->n_looked > 0;

		n_wrong += good ? 0 : c->n_wrong + 1;
		if (!as_json || !good)
			printf("%sok %d - %s\n# looked at %lu times, wrong %lu times%s%s\n", good ? "" : "not ", i + 1, c->name, c->n_looked,
			       c->n_wrong, c->n_wrong > 0 ? ", first " : "", c->first);
	}
	if (as_json)
		printf("{\"bench\":\"day\",\"what\":\"a working day of %zu iPhones: phones or verdicts that were wrong\",\"value\":%lu,\"unit\":\"\","
		       "\"target\":\"0\",\"met\":%s,\"crossings\":%lu,\"commands\":%llu,\"requests\":%llu,\"admitted_at_once\":%lu,\"sealed\":%lu,"
		       "\"sealed_then_admitted\":%lu,\"enrolment_s\":%.1f,\"day_s\":%.1f,\"peak_mib_of_all\":%ld,"
		       "\"shared_with\":\"server, phones, pushes and gates in one process\"}\n", world.n, n_wrong, n_wrong == 0 ? "true" : "false",
		       n_crossings, (unsigned long long)stats->n_commands, (unsigned long long)stats->n_requests, n_admitted, n_sealed,
		       n_sealed_then_admitted, enrolled_s, day_s, used.ru_maxrss / 1024);
	else
		printf("# %zu phones, %lu crossings, %llu commands, %llu requests; %lu admitted at once, %lu sealed, %lu of them admitted later;"
		       " enrolled in %.1f s, the day took %.1f s\n", world.n, n_crossings, (unsigned long long)stats->n_commands,
		       (unsigned long long)stats->n_requests, n_admitted, n_sealed, n_sealed_then_admitted, enrolled_s, day_s);
	return n_wrong == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	const unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000;
	struct bsg_fleet_stats stats;
	double enrolled_s, began;
	char policy[2048];
	int rc;

	as_json = argc > 2 && strcmp(argv[2], "json") == 0;
	set_day();
	make_policy(policy, sizeof(policy));
	bsg_world_open(&world, n, start, policy);
	people = calloc(n, sizeof(*people));
	at_gate = calloc(n, sizeof(*at_gate));
	if (people == NULL || at_gate == NULL)
		return 1;
	for (size_t i = 0; i < n; i++)
		plan(i);
	for (size_t g = 0; g < N_GATES; g++)
		bsg_sim_wire_init(&gates[g].wire, world.people_port);
	enrolled_s = enrol();
	began = wall();
	while (now() <= end && tick())
		bsg_world_pass(&world, TICK);
	finish();
	bsg_fleet_stats(world.fleet, &stats);
	rc = report(enrolled_s, wall() - began, &stats);
	bsg_world_close(&world);
	free(people);
	free(at_gate);
	return rc;
}
