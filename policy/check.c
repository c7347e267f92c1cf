/* SPDX-License-Identifier: Apache-2.0 */
/* References, trees, geometry, and the words for mistakes. See policy/check.h. */
#include "policy/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/id.h"

/* One line that can be shown, whatever the document said and wherever it was cut. */
static void make_shown(char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		size_t n = bsg_text_shown_char(text, left);

		if (n == 0) {
			*text = '?';
			n = 1;
		}
		text += n;
		left -= n;
	}
}

void bsg_policy_error_add(struct bsg_policy_errors *errors, enum bsg_err code, const struct bsg_policy_at *at,
			  const char *path, const char *fmt, ...)
{
	const bool has_path = path != NULL && path[0] != '\0';
	char why[256];
	va_list ap;

	errors->denied |= code == BSG_E_DENIED;
	errors->too_large |= code == BSG_E_LIMIT;
	if (errors->n >= BSG_POLICY_ERRORS_MAX) {
		errors->n_more++;
		return;
	}
	struct bsg_policy_error *e = &errors->items[errors->n++];
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	snprintf(e->text, sizeof(e->text), "%.100s:%u:%u: %s%s%s", at->file, at->line, at->column, has_path ? path : "",
		 has_path ? ": " : "", why);
	make_shown(e->text);
	e->code = code;
	e->file_no = at->file_no;
	e->line = at->line;
	e->column = at->column;
}

int bsg_policy_at_compare(const struct bsg_policy_at *a, const struct bsg_policy_at *b)
{
	if (a->file_no != b->file_no)
		return a->file_no < b->file_no ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return (a->column > b->column) - (a->column < b->column);
}

static bool stands_after(const struct bsg_policy_error *a, const struct bsg_policy_error *b)
{
	const struct bsg_policy_at x = { .file_no = a->file_no, .line = a->line, .column = a->column };
	const struct bsg_policy_at y = { .file_no = b->file_no, .line = b->line, .column = b->column };

	return bsg_policy_at_compare(&x, &y) > 0;
}

void bsg_policy_errors_sort(struct bsg_policy_errors *errors)
{
	for (size_t i = 1; i < errors->n; i++)
		for (size_t k = i; k > 0 && stands_after(&errors->items[k - 1], &errors->items[k]); k--) {
			const struct bsg_policy_error e = errors->items[k];

			errors->items[k] = errors->items[k - 1];
			errors->items[k - 1] = e;
		}
}

const char *bsg_policy_say_at(const struct bsg_policy_at *at, char buf[static BSG_POLICY_AT_SIZE])
{
	snprintf(buf, BSG_POLICY_AT_SIZE, "%.100s:%u:%u", at->file, at->line, at->column);
	return buf;
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

bool bsg_policy_area_crosses_itself(const struct bsg_policy_vertex *area, size_t n, size_t *edge, size_t *with)
{
	size_t first = 0, second = 0;

	edge = edge != NULL ? edge : &first;
	with = with != NULL ? with : &second;
	*edge = *with = 0;
	if (n < 3)
		return true;
	for (size_t i = 0; i < n; i++) {
		const struct bsg_policy_vertex a = area[i], b = area[(i + 1) % n], c = area[(i + 2) % n];

		*edge = i;
		*with = (i + 1) % n;
		/* Neighbours share b: they may meet nowhere else, so no edge is a point or goes back on the one before. */
		if ((a.lat == b.lat && a.lon == b.lon) || on_edge(b, c, a) || on_edge(a, b, c))
			return true;
		for (*with = i + 2; *with < n; ++*with)
			if ((*with + 1) % n != i && edges_meet(a, b, area[*with], area[(*with + 1) % n]))
				return true;
	}
	return false;
}

static void same_id(struct bsg_policy_errors *errors, const char *what, const char *id, const struct bsg_policy_at *first,
		    const struct bsg_policy_at *second)
{
	char where[BSG_POLICY_AT_SIZE];

	bsg_policy_error_add(errors, BSG_E_INVALID, second, second->path, "%s '%s' is also at %s", what, id,
			     bsg_policy_say_at(first, where));
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

/* A name that nothing has. Which one was meant is looked for only while somebody will read it. */
static void unknown_name(struct bsg_policy_errors *errors, const char *what, const char *id, const struct bsg_policy_at *at,
			 const char *const *names)
{
	const char *near = errors->n < BSG_POLICY_ERRORS_MAX ? bsg_policy_nearest(id, strlen(id), names) : NULL;

	if (names[0] == NULL)
		bsg_policy_error_add(errors, BSG_E_INVALID, at, at->path, "there is no %s '%s': the policy has no %ss", what, id,
				     what);
	else if (near != NULL)
		bsg_policy_error_add(errors, BSG_E_INVALID, at, at->path, "there is no %s '%s', did you mean '%s'?", what, id,
				     near);
	else
		bsg_policy_error_add(errors, BSG_E_INVALID, at, at->path, "there is no %s '%s'", what, id);
}

/* The policy's ids, for unknown_name(). */
struct known {
	const char *places[BSG_POLICY_PLACES_MAX + 1], *calendars[BSG_POLICY_CALENDARS_MAX + 1];
};

static void know(const struct bsg_policy *policy, struct known *out)
{
	for (size_t i = 0; i < policy->n_places; i++)
		out->places[i] = policy->places[i].id;
	out->places[policy->n_places] = NULL;
	for (size_t i = 0; i < policy->n_calendars; i++)
		out->calendars[i] = policy->calendars[i].id;
	out->calendars[policy->n_calendars] = NULL;
}

/* A circle is told once, at the first of its places by id. */
static void check_circle(const struct bsg_policy *policy, const struct bsg_policy_place *place,
			 struct bsg_policy_errors *errors)
{
	const struct bsg_policy_place *up = place;
	size_t steps = 0;
	char circle[200];
	int len = snprintf(circle, sizeof(circle), "'%s'", place->id);

	do {
		up = up->parent != NULL ? bsg_policy_find_place(policy, up->parent) : NULL;
		if (up == NULL || strcmp(up->id, place->id) < 0 || steps++ > policy->n_places)
			return;
		if (len >= 0 && (size_t)len < sizeof(circle) && (steps < 4 || up == place))
			len += snprintf(circle + len, sizeof(circle) - (size_t)len, " in '%s'", up->id);
		else if (len >= 0 && (size_t)len < sizeof(circle) && steps == 4)
			len += snprintf(circle + len, sizeof(circle) - (size_t)len, " in ...");
	} while (up != place);
	bsg_policy_error_add(errors, BSG_E_INVALID, &place->parent_at, place->parent_at.path,
			     "place '%s' is inside itself: %s; parents must form a tree", place->id, circle);
}

static bool has_calendar(const struct bsg_policy *policy, const char *id)
{
	for (size_t i = 0; i < policy->n_calendars; i++)
		if (strcmp(policy->calendars[i].id, id) == 0)
			return true;
	return false;
}

static void check_names(const struct bsg_policy *policy, struct bsg_policy_errors *errors)
{
	struct known known;

	know(policy, &known);
	for (size_t i = 0; i < policy->n_places; i++) {
		const struct bsg_policy_place *place = &policy->places[i];

		if (place->parent != NULL && bsg_policy_find_place(policy, place->parent) == NULL)
			unknown_name(errors, "place", place->parent, &place->parent_at, known.places);
	}
	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct bsg_policy_rule *rule = &policy->rules[i];

		for (size_t k = 0; k < rule->n_where; k++)
			if (bsg_policy_find_place(policy, rule->where[k]) == NULL)
				unknown_name(errors, "place", rule->where[k], &rule->where_at[k], known.places);
		for (size_t k = 0; k < rule->n_calendars; k++)
			if (!has_calendar(policy, rule->calendars[k]))
				unknown_name(errors, "calendar", rule->calendars[k], &rule->calendars_at[k], known.calendars);
	}
}

void bsg_policy_check(const struct bsg_policy *policy, bool whole, struct bsg_policy_errors *errors)
{
	check_ids(policy, errors);
	for (size_t i = 0; i < policy->n_places; i++)
		check_circle(policy, &policy->places[i], errors);
	if (whole)
		check_names(policy, errors);
}
