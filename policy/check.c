/* SPDX-License-Identifier: Apache-2.0 */
/* References, trees, geometry, and the words for mistakes. See policy/check.h. */
#include "policy/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void bsg_policy_error_add(struct bsg_policy_errors *errors, const struct bsg_policy_at *at, const char *path,
			  const char *fmt, ...)
{
	const bool has_path = path != NULL && path[0] != '\0';
	char why[256];
	va_list ap;

	if (errors->n >= BSG_POLICY_ERRORS_MAX) {
		errors->n_more++;
		return;
	}
	struct bsg_policy_error *e = &errors->items[errors->n++];
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	for (char *c = why; *c != '\0'; c++)	/* one line, whatever the document said */
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	if (at->line > 0)
		snprintf(e->text, sizeof(e->text), "%.100s:%u:%u: %s%s%s", at->file, at->line, at->column,
			 has_path ? path : "", has_path ? ": " : "", why);
	else
		snprintf(e->text, sizeof(e->text), "%.100s: %s%s%s", at->file, has_path ? path : "", has_path ? ": " : "",
			 why);
}

#define WORD_MAX 40u

/* Optimal string alignment: inserted, lost, other and swapped letters count one each. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *now = rows[2];

	for (size_t j = 0; j <= b_len; j++)
		last[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		now[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);

			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
		size_t *const oldest = before;
		before = last;
		last = now;
		now = oldest;
	}
	return last[b_len];
}

const char *bsg_policy_nearest(const char *unknown, size_t len, const char *const *names)
{
	const char *nearest = NULL;
	size_t best = 4;

	if (len == 0 || len > WORD_MAX)
		return NULL;
	for (; *names != NULL; names++) {
		const size_t name_len = strlen(*names);

		if (name_len > WORD_MAX)
			continue;
		const size_t d = distance(unknown, len, *names, name_len);
		if (d < best && d * 3 <= (len > name_len ? len : name_len) + 1) {
			best = d;
			nearest = *names;
		}
	}
	return nearest;
}

__extension__ typedef __int128 wide;

static int side(struct bsg_policy_vertex a, struct bsg_policy_vertex b, struct bsg_policy_vertex p)
{
	const wide cross = ((wide)b.lon - a.lon) * ((wide)p.lat - a.lat) - ((wide)b.lat - a.lat) * ((wide)p.lon - a.lon);

	return (cross > 0) - (cross < 0);
}

static bool between(int32_t a, int32_t b, int32_t p)
{
	return a < b ? a <= p && p <= b : b <= p && p <= a;
}

static bool on_edge(struct bsg_policy_vertex a, struct bsg_policy_vertex b, struct bsg_policy_vertex p)
{
	return side(a, b, p) == 0 && between(a.lon, b.lon, p.lon) && between(a.lat, b.lat, p.lat);
}

static bool edges_meet(struct bsg_policy_vertex a, struct bsg_policy_vertex b, struct bsg_policy_vertex c,
		       struct bsg_policy_vertex d)
{
	if (on_edge(a, b, c) || on_edge(a, b, d) || on_edge(c, d, a) || on_edge(c, d, b))
		return true;
	return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
}

bool bsg_policy_area_crosses_itself(const struct bsg_policy_vertex *area, size_t n)
{
	if (n < 3)
		return true;
	for (size_t i = 0; i < n; i++) {
		const struct bsg_policy_vertex a = area[i], b = area[(i + 1) % n], c = area[(i + 2) % n];

		/* Neighbours share b: they may meet nowhere else, so no edge is a point or goes back on the one before. */
		if ((a.lat == b.lat && a.lon == b.lon) || on_edge(b, c, a) || on_edge(a, b, c))
			return true;
		for (size_t j = i + 2; j < n; j++)
			if ((j + 1) % n != i && edges_meet(a, b, area[j], area[(j + 1) % n]))
				return true;
	}
	return false;
}

/* Where something else stands, for a message about both. */
static const char *say_at(const struct bsg_policy_at *at, char buf[static 160])
{
	if (at->line > 0)
		snprintf(buf, 160, "%.100s:%u:%u", at->file, at->line, at->column);
	else
		snprintf(buf, 160, "%.100s: %s", at->file, at->path);
	return buf;
}

static void same_id(struct bsg_policy_errors *errors, const char *what, const char *id, const struct bsg_policy_at *first,
		    const struct bsg_policy_at *second)
{
	char where[160];

	bsg_policy_error_add(errors, second, second->path, "%s '%s' is also at %s", what, id, say_at(first, where));
}

/* Everything is sorted by id and, within one id, in the order of reading. */
static void check_ids(const struct bsg_policy *policy, struct bsg_policy_errors *errors)
{
	for (size_t i = 1; i < policy->n_places; i++)
		if (strcmp(policy->places[i - 1].id, policy->places[i].id) == 0)
			same_id(errors, "place", policy->places[i].id, &policy->places[i - 1].at, &policy->places[i].at);
	for (size_t i = 1; i < policy->n_calendars; i++)
		if (strcmp(policy->calendars[i - 1].id, policy->calendars[i].id) == 0)
			same_id(errors, "calendar", policy->calendars[i].id, &policy->calendars[i - 1].at,
				&policy->calendars[i].at);
	for (size_t i = 1; i < policy->n_rules; i++)
		if (strcmp(policy->rules[i - 1].id, policy->rules[i].id) == 0)
			same_id(errors, "rule", policy->rules[i].id, &policy->rules[i - 1].at, &policy->rules[i].at);
}

static const char *nearest_place(const struct bsg_policy *policy, const char *id)
{
	const char *near = NULL;

	for (size_t i = 0; i < policy->n_places && near == NULL; i++) {
		const char *const one[] = { policy->places[i].id, NULL };

		near = bsg_policy_nearest(id, strlen(id), one);
	}
	return near;
}

static void no_such_place(const struct bsg_policy *policy, struct bsg_policy_errors *errors,
			  const struct bsg_policy_at *at, const char *key, const char *id)
{
	const char *near = nearest_place(policy, id);
	char path[200];

	snprintf(path, sizeof(path), "%s.%s", at->path, key);
	if (near != NULL)
		bsg_policy_error_add(errors, at, path, "there is no place '%s', did you mean '%s'?", id, near);
	else
		bsg_policy_error_add(errors, at, path, "there is no place '%s'", id);
}

static void check_parent(const struct bsg_policy *policy, const struct bsg_policy_place *place,
			 struct bsg_policy_errors *errors)
{
	const struct bsg_policy_place *up = place;

	if (place->parent != NULL && bsg_policy_find_place(policy, place->parent) == NULL) {
		no_such_place(policy, errors, &place->at, "parent", place->parent);
		return;
	}
	for (size_t steps = 0; up != NULL && up->parent != NULL; steps++) {
		up = bsg_policy_find_place(policy, up->parent);
		if (up == place || steps > BSG_POLICY_PLACES_MAX) {
			bsg_policy_error_add(errors, &place->at, place->at.path,
					     "place '%s' is inside itself: parents must form a tree (P8)", place->id);
			return;
		}
	}
}

static bool has_calendar(const struct bsg_policy *policy, const char *id)
{
	for (size_t i = 0; i < policy->n_calendars; i++)
		if (strcmp(policy->calendars[i].id, id) == 0)
			return true;
	return false;
}

static void check_rule(const struct bsg_policy *policy, const struct bsg_policy_rule *rule,
		       struct bsg_policy_errors *errors)
{
	char path[200];

	for (size_t i = 0; i < rule->n_where; i++)
		if (bsg_policy_find_place(policy, rule->where[i]) == NULL)
			no_such_place(policy, errors, &rule->at, "where", rule->where[i]);
	snprintf(path, sizeof(path), "%s.when", rule->at.path);
	for (size_t i = 0; i < rule->n_calendars; i++)
		if (!has_calendar(policy, rule->calendars[i]))
			bsg_policy_error_add(errors, &rule->at, path, "there is no calendar '%s'", rule->calendars[i]);
}

enum bsg_err bsg_policy_check(const struct bsg_policy *policy, struct bsg_policy_errors *errors)
{
	const size_t before = errors->n + errors->n_more;

	check_ids(policy, errors);
	for (size_t i = 0; i < policy->n_places; i++)
		check_parent(policy, &policy->places[i], errors);
	for (size_t i = 0; i < policy->n_rules; i++)
		check_rule(policy, &policy->rules[i], errors);
	return errors->n + errors->n_more == before ? BSG_OK : BSG_E_INVALID;
}
