/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of single values: ids, texts, durations, functions, windows. See policy/load.h. */
#include "policy/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bosaga/functions.h>
#include <bosaga/limits.h>

#include "base/id.h"
#include "base/timetext.h"
#include "policy/check.h"

void bsg_load_id(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	if (!bsg_load_is_word(load, node, "an id (lower-case letters, digits, '-')"))
		return;
	if (!bsg_id_is_name_n(node->text, node->len)) {
		bsg_load_error(load, node, "'%.60s' is no id: lower-case letters, digits, '-', at most %d",
			       node->text, BSG_NAME_MAX);
		return;
	}
	*(const char **)target = node->text;
}

void bsg_load_version(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	char what[BSG_LOAD_WHAT_SIZE];

	(void)target;
	if (node->kind != BSG_NODE_INT)
		bsg_load_error(load, node, "must be the number 1, the version of policy documents, not %s",
			       bsg_load_what(node, what));
	else if (node->integer != 1)
		bsg_load_error(load, node, "this program reads version 1 of policy documents, not %.20s", node->text);
}

static void load_text(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	if (!bsg_load_is_word(load, node, "a text"))
		return;
	if (node->len == 0 || node->len > BSG_POLICY_TEXT_MAX)
		bsg_load_error(load, node, "a text has 1 to %d bytes, this one %zu", BSG_POLICY_TEXT_MAX, node->len);
	else if (!bsg_text_is_shown(node->text, node->len))
		bsg_load_error(load, node, "a text must be one line without control characters");
	else
		*(const char **)target = node->text;
}

void bsg_load_texts(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	static const struct bsg_load_key keys[] = {
		{ "kk", load_text, offsetof(struct bsg_policy_texts, kk), false },
		{ "ru", load_text, offsetof(struct bsg_policy_texts, ru), false },
		{ "en", load_text, offsetof(struct bsg_policy_texts, en), false },
	};
	bsg_load_map(load, node, keys, sizeof(keys) / sizeof(keys[0]), target);
}

void bsg_load_duration(struct bsg_load *load, const struct bsg_node *node, int64_t min_s, int64_t max_s, int64_t *out)
{
	char min[BSG_DURATION_SIZE], max[BSG_DURATION_SIZE];
	int64_t seconds;

	if (!bsg_load_is_word(load, node, "a duration such as 90s, 3m, 14h or 2d"))
		return;
	const size_t n_digits = strspn(node->text, "0123456789");
	const bool has_form = n_digits > 0 && n_digits + 1 == node->len && strchr("smhd", node->text[n_digits]) != NULL;
	if (!has_form) {
		bsg_load_error(load, node, "'%.40s' is no duration: write 90s, 3m, 14h or 2d", node->text);
	} else if (bsg_duration_parse(node->text, node->len, &seconds, NULL) != BSG_OK || seconds < min_s ||
		   seconds > max_s) {
		bsg_duration_format(min_s, min);
		bsg_duration_format(max_s, max);
		bsg_load_error(load, node, "must be %s to %s, not %.40s", min, max, node->text);
	} else {
		*out = seconds;
	}
}

void bsg_load_number(struct bsg_load *load, const struct bsg_node *node, int64_t min, int64_t max, uint32_t *out)
{
	char what[BSG_LOAD_WHAT_SIZE];

	if (node->kind != BSG_NODE_INT || node->integer < min || node->integer > max)
		bsg_load_error(load, node, "must be a whole number from %lld to %lld, not %s", (long long)min, (long long)max,
			       bsg_load_what(node, what));
	else
		*out = (uint32_t)node->integer;
}

int bsg_load_word(struct bsg_load *load, const struct bsg_node *node, const char *const *words, const char *what)
{
	char known[100] = "", other[BSG_LOAD_WHAT_SIZE];
	const char *near;
	size_t len = 0;

	for (int i = 0; words[i] != NULL; i++) {
		if (node->kind == BSG_NODE_TEXT && strcmp(words[i], node->text) == 0)
			return i;
		len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s", i > 0 ? ", " : "", words[i]);
		len = len < sizeof(known) ? len : sizeof(known) - 1;
	}
	near = node->kind == BSG_NODE_TEXT ? bsg_policy_nearest(node->text, node->len, words) : NULL;
	if (near != NULL)
		bsg_load_error(load, node, "'%.40s' is no %s, did you mean '%s'?", node->text, what, near);
	else
		bsg_load_error(load, node, "%s is no %s (%s)", bsg_load_what(node, other), what, known);
	return -1;
}

/* Names of mechanisms get their own answer: their author has read a vendor's manual, and "unknown" would not help. */
int bsg_load_function(struct bsg_load *load, const struct bsg_node *node, const char *name)
{
	const struct bsg_str text = { name, strlen(name) };
	const char *words[BSG_FUNCTIONS_COUNT + 1] = { NULL };
	const char *why = NULL, *known = NULL;
	uint32_t bit = 0;
	const enum bsg_err rc = bsg_function_by_name(text, &bit, &why);

	if (rc == BSG_OK)
		return __builtin_ctz(bit);
	if (rc != BSG_E_DENIED) {
		known = why;
		why = bsg_mechanism_never_touched(text);
	}
	for (unsigned i = 0; i < BSG_FUNCTIONS_COUNT; i++)
		words[i] = bsg_functions[i].name;
	const char *near = bsg_policy_nearest(name, strlen(name), words);
	if (why != NULL) {
		bsg_load_deny(load, node, "'%.40s' is refused: %s", name, why);
	} else if (near != NULL) {
		bsg_load_error(load, node, "'%.40s' is no function, did you mean '%s'?", name, near);
	} else {
		bsg_load_error(load, node, "'%.40s': %s", name, known);
	}
	return -1;
}

static void load_function(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	if (!bsg_load_is_word(load, node, "the name of a function"))
		return;
	const int bit = bsg_load_function(load, node, node->text);
	if (bit >= 0)
		*(uint32_t *)target |= UINT32_C(1) << bit;
}

void bsg_load_functions(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	bsg_load_each(load, node, load_function, target);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has_length(struct bsg_load *load, const struct bsg_node *node, size_t max)
{
	if (node->kind == BSG_NODE_LIST && node->n > max && max == BSG_POLICY_NAMES_MAX)
		bsg_load_limit(load, node, "a list of at most %zu, not %zu", max, node->n);
	else if (node->kind == BSG_NODE_LIST && node->n > max)
		bsg_load_error(load, node, "a list of at most %zu, not %zu", max, node->n);
	else if (node->kind == BSG_NODE_LIST && node->n == 0)
		bsg_load_error(load, node, "an empty list says neither all nor none: name at least one");
	else
		return true;
	return false;
}

/* A list of words that `read` accepts, sorted, without duplicates. */
static void load_words(struct bsg_load *load, const struct bsg_node *node, size_t max, bsg_load_fn *read,
		       struct bsg_load_names *out)
{
	struct bsg_load_names found = { NULL, 0 };
	const char **items;
	size_t n = 0;

	if (!has_length(load, node, max))
		return;
	items = bsg_load_array(load, node->n, sizeof(*items));
	found.items = items;
	bsg_load_each(load, node, read, &found);
	if (found.n == 0)
		return;
	qsort(items, found.n, sizeof(*items), by_text);
	for (size_t i = 0; i < found.n; i++)
		if (i == 0 || strcmp(items[i], items[n - 1]) != 0)
			items[n++] = items[i];
	out->items = items;
	out->n = n;
}

static void append_word(struct bsg_load_names *names, const char *word)
{
	union { const char *const *c; const char **m; } items = { .c = names->items };

	items.m[names->n++] = word;
}

static void load_name_item(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	const char *id = NULL;

	bsg_load_id(load, node, &id);
	if (id != NULL)
		append_word(target, id);
}

void bsg_load_names(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	load_words(load, node, BSG_POLICY_NAMES_MAX, load_name_item, target);
}

void bsg_load_ref(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	struct bsg_load_ref *ref = target;

	bsg_load_id(load, node, &ref->id);
	if (ref->id != NULL)
		ref->at = bsg_load_at(load, node);
}

static int by_ref(const void *a, const void *b)
{
	const struct bsg_load_ref *x = a, *y = b;
	const int order = strcmp(x->id, y->id);

	return order != 0 ? order : bsg_policy_at_compare(&x->at, &y->at);
}

void bsg_load_refs_sort(struct bsg_load *load, struct bsg_load_ref *refs, size_t n, struct bsg_load_refs *out)
{
	const char **items = bsg_load_array(load, n, sizeof(*items));
	struct bsg_policy_at *at = bsg_load_array(load, n, sizeof(*at));
	size_t k = 0;

	if (n == 0 || items == NULL || at == NULL)
		return;
	qsort(refs, n, sizeof(*refs), by_ref);
	for (size_t i = 0; i < n; i++) {
		if (k > 0 && strcmp(items[k - 1], refs[i].id) == 0)
			continue;
		items[k] = refs[i].id;
		at[k++] = refs[i].at;
	}
	*out = (struct bsg_load_refs){ items, at, k };
}

struct ref_room {
	struct bsg_load_ref *items;
	size_t n;
};

static void load_ref_item(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	struct ref_room *room = target;

	bsg_load_ref(load, node, &room->items[room->n]);
	room->n += room->items[room->n].id != NULL;
}

void bsg_load_refs(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	struct ref_room room = { NULL, 0 };

	if (!has_length(load, node, BSG_POLICY_NAMES_MAX))
		return;
	room.items = bsg_load_array(load, node->n, sizeof(*room.items));
	bsg_load_each(load, node, load_ref_item, &room);
	if (!load->no_memory)
		bsg_load_refs_sort(load, room.items, room.n, target);
}

static void load_app(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@";

	if (!bsg_load_is_word(load, node, "an app's package, bundle or desktop id"))
		return;
	const char *why = bsg_app_never_touched((struct bsg_str){ node->text, node->len });
	if (node->len == 0 || node->len > BSG_APP_NAME_MAX || strspn(node->text, letters) != node->len) {
		bsg_load_error(load, node, "'%.60s' is no app: letters, digits, '.', '_', '-', '@', at most %d", node->text,
			       BSG_APP_NAME_MAX);
	} else if (why != NULL) {
		bsg_load_deny(load, node, "'%.60s' is refused: %s", node->text, why);
	} else {
		append_word(target, node->text);
	}
}

void bsg_load_apps(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	load_words(load, node, BSG_APPS_MAX, load_app, target);
}

/* Whether text begins like a pattern in which 0 is any digit. @return what follows, or NULL */
static const char *after_pattern(const char *text, const char *pattern)
{
	for (; *pattern != '\0'; text++, pattern++)
		if (*pattern == '0' ? *text < '0' || *text > '9' : *text != *pattern)
			return NULL;
	return text;
}

static const char *why_no_time(const char *text)
{
	const char *offset = after_pattern(text, "0000-00-00T00:00:00");

	if (offset != NULL && *offset == '\0')
		return "has no offset from UTC: write Z or +05:00 after it";
	if (offset != NULL && (strcmp(offset, "Z") == 0 || after_pattern(offset, "+00:00") != NULL ||
			       after_pattern(offset, "-00:00") != NULL))
		return "is a time that does not exist, or not in the years 1970 to 9999";
	return "is no time: write 2026-11-23T09:00:00+05:00 (RFC 3339)";
}

void bsg_load_check_apps(struct bsg_load *load, const struct bsg_node *map, uint32_t restrict_set, size_t n_apps)
{
	const bool has_function = (restrict_set & BSG_BIT(BSG_APPS)) != 0;

	if (has_function && n_apps == 0)
		bsg_load_error_in(load, map, "restrict", "'apps' is restricted, but none is named: apps: [...]");
	if (!has_function && n_apps > 0)
		bsg_load_error_in(load, map, "apps", "apps are named, but not restricted: restrict: [apps]");
}

static bool read_minute(struct bsg_load *load, const struct bsg_node *node, int64_t *out)
{
	if (!bsg_load_is_word(load, node, "a time such as 2026-11-23T09:00:00+05:00"))
		return false;
	if (bsg_time_parse(node->text, node->len, out, NULL) != BSG_OK) {
		bsg_load_error(load, node, "'%.40s' %s", node->text, why_no_time(node->text));
		return false;
	}
	if (*out % 60 != 0 || strchr(node->text, '.') != NULL) {	/* a fraction is cut off by bsg_time_parse() */
		bsg_load_error(load, node, "'%.40s': windows are in whole minutes", node->text);
		return false;
	}
	return true;
}

static bool load_minute(struct bsg_load *load, const struct bsg_node *node, const char *index, int64_t *out)
{
	const size_t mark = bsg_load_enter(load, index);
	const bool ok = read_minute(load, node, out);

	bsg_load_leave(load, mark);
	return ok;
}

bool bsg_load_window(struct bsg_load *load, const struct bsg_node *node, struct bsg_policy_window *out)
{
	char what[BSG_LOAD_WHAT_SIZE];

	if (node->kind != BSG_NODE_LIST || node->n != 2) {
		bsg_load_error(load, node, "a window is a pair, [from, until], not %s%s", bsg_load_what(node, what),
			       node->kind == BSG_NODE_LIST ? " of another length" : "");
		return false;
	}
	const bool from = load_minute(load, node->first, "[0]", &out->from);
	const bool until = load_minute(load, node->first->next, "[1]", &out->until);
	if (!from || !until)
		return false;
	if (out->from >= out->until) {
		bsg_load_error(load, node, "the window ends at %.40s, which is not after %.40s, when it begins",
			       node->first->next->text, node->first->text);
		return false;
	}
	return true;
}

struct window_room {
	struct bsg_policy_window *items;
	size_t n;
};

static void load_window_item(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	struct window_room *room = target;

	if (bsg_load_window(load, node, &room->items[room->n]))
		room->n++;
}

static int by_from(const void *a, const void *b)
{
	const struct bsg_policy_window *x = a, *y = b;

	return x->from != y->from ? (x->from > y->from) - (x->from < y->from) : (x->until > y->until) - (x->until < y->until);
}

size_t bsg_windows_join(struct bsg_policy_window *windows, size_t n)
{
	size_t k = 0;

	if (n > 0)
		qsort(windows, n, sizeof(*windows), by_from);
	for (size_t i = 0; i < n; i++) {
		if (k > 0 && windows[i].from <= windows[k - 1].until) {
			if (windows[i].until > windows[k - 1].until)
				windows[k - 1].until = windows[i].until;
		} else {
			windows[k++] = windows[i];
		}
	}
	return k;
}

void bsg_load_windows(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	struct bsg_load_windows *out = target;
	struct window_room room = { bsg_load_array(load, node->n, sizeof(*room.items)), 0 };

	if (load->no_memory)
		return;
	if (node->kind == BSG_NODE_LIST && node->n == 0) {
		bsg_load_error(load, node, "an empty list of windows: name at least one, [from, until]");
		return;
	}
	bsg_load_each(load, node, load_window_item, &room);
	out->n = bsg_windows_join(room.items, room.n);
	out->items = room.items;
}
