/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of single values: ids, texts, durations, functions, windows. See policy/load.h. */
#include "policy/load.h"

#include <stdlib.h>
#include <string.h>

#include <bosaga/functions.h>
#include <bosaga/limits.h>

#include "base/id.h"
#include "base/timetext.h"
#include "policy/check.h"

/* In YAML an id of digits looks like a number; it is still an id. */
static bool is_word(const struct bsg_node *node)
{
	return node->kind == BSG_NODE_TEXT || node->kind == BSG_NODE_INT || node->kind == BSG_NODE_REAL;
}

static bool must_be_word(struct bsg_load *load, const struct bsg_node *node, const char *what)
{
	if (is_word(node))
		return true;
	bsg_load_error(load, node, "must be %s", what);
	return false;
}

void bsg_load_id(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	if (!must_be_word(load, node, "an id: lower-case letters, digits, '-'"))
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
	(void)target;
	if (node->kind != BSG_NODE_INT || node->integer != 1)
		bsg_load_error(load, node, "this program reads version 1 of policy documents, not '%.20s'", node->text);
}

static void load_text(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	if (!must_be_word(load, node, "a text"))
		return;
	if (node->len == 0 || node->len > BSG_POLICY_TEXT_MAX)
		bsg_load_error(load, node, "a text has 1 to %d bytes, this one %zu", BSG_POLICY_TEXT_MAX, node->len);
	else if (!bsg_text_is_shown(node->text, node->len))
		bsg_load_error(load, node, "a text must be UTF-8 in one line, without control characters");
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

	if (!must_be_word(load, node, "a duration such as 90s, 3m, 14h, 2d"))
		return;
	if (bsg_duration_parse(node->text, node->len, &seconds, NULL) != BSG_OK) {
		bsg_load_error(load, node, "'%.40s' is no duration: write 90s, 3m, 14h or 2d", node->text);
	} else if (seconds < min_s || seconds > max_s) {
		bsg_duration_format(min_s, min);
		bsg_duration_format(max_s, max);
		bsg_load_error(load, node, "must be %s to %s, not %.40s", min, max, node->text);
	} else {
		*out = seconds;
	}
}

void bsg_load_number(struct bsg_load *load, const struct bsg_node *node, int64_t min, int64_t max, uint32_t *out)
{
	if (node->kind != BSG_NODE_INT || node->integer < min || node->integer > max)
		bsg_load_error(load, node, "must be a whole number from %lld to %lld", (long long)min, (long long)max);
	else
		*out = (uint32_t)node->integer;
}

int bsg_load_word(struct bsg_load *load, const struct bsg_node *node, const char *const *words, const char *what)
{
	if (!must_be_word(load, node, what))
		return -1;
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], node->text) == 0)
			return i;
	const char *near = bsg_policy_nearest(node->text, node->len, words);
	if (near != NULL)
		bsg_load_error(load, node, "'%.40s' is no %s, did you mean '%s'?", node->text, what, near);
	else
		bsg_load_error(load, node, "'%.40s' is no %s", node->text, what);
	return -1;
}

/* Names of mechanisms get their own answer: their author has read a vendor's manual, and "unknown" would not help. */
int bsg_load_function(struct bsg_load *load, const struct bsg_node *node, const char *name)
{
	const struct bsg_str text = { name, strlen(name) };
	const char *words[BSG_FUNCTIONS_COUNT + 1] = { NULL };
	const char *why = NULL;
	uint32_t bit = 0;
	const enum bsg_err rc = bsg_function_by_name(text, &bit, &why);

	if (rc == BSG_OK)
		return __builtin_ctz(bit);
	if (rc != BSG_E_DENIED)
		why = bsg_mechanism_never_touched(text);
	for (unsigned i = 0; i < BSG_FUNCTIONS_COUNT; i++)
		words[i] = bsg_functions[i].name;
	const char *near = bsg_policy_nearest(name, strlen(name), words);
	if (why != NULL) {
		load->denied = true;
		bsg_load_error(load, node, "'%.40s' is refused: %s", name, why);
	} else if (near != NULL) {
		bsg_load_error(load, node, "'%.40s' is no function, did you mean '%s'?", name, near);
	} else {
		bsg_load_error(load, node, "'%.40s' is no function; functions are camera, microphone, ...", name);
	}
	return -1;
}

static void load_function(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	if (!must_be_word(load, node, "the name of a function"))
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

/* A list of words that `read` accepts, sorted, without duplicates. */
static void load_words(struct bsg_load *load, const struct bsg_node *node, size_t max, bsg_load_fn *read,
		       struct bsg_load_names *out)
{
	struct bsg_load_names found = { NULL, 0 };
	const char **items;
	size_t n = 0;

	if (node->n > max) {
		bsg_load_error(load, node, "at most %zu, not %zu", max, node->n);
		return;
	}
	if (node->kind == BSG_NODE_LIST && node->n == 0) {
		bsg_load_error(load, node, "an empty list says neither all nor none: leave the key out");
		return;
	}
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

static void load_app(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@";

	if (!must_be_word(load, node, "an app's package, bundle or desktop id"))
		return;
	const char *why = bsg_app_never_touched((struct bsg_str){ node->text, node->len });
	if (node->len == 0 || node->len > BSG_APP_NAME_MAX || strspn(node->text, letters) != node->len) {
		bsg_load_error(load, node, "'%.60s' is no app: letters, digits, '.', '_', '-', at most %d", node->text,
			       BSG_APP_NAME_MAX);
	} else if (why != NULL) {
		load->denied = true;
		bsg_load_error(load, node, "'%.60s' is refused: %s", node->text, why);
	} else {
		append_word(target, node->text);
	}
}

void bsg_load_apps(struct bsg_load *load, const struct bsg_node *node, void *target)
{
	load_words(load, node, BSG_APPS_MAX, load_app, target);
}

static bool load_minute(struct bsg_load *load, const struct bsg_node *node, int64_t *out)
{
	if (!must_be_word(load, node, "a time such as 2026-11-23T09:00:00+05:00"))
		return false;
	if (bsg_time_parse(node->text, node->len, out, NULL) != BSG_OK) {
		bsg_load_error(load, node, "'%.40s' is no time: write 2026-11-23T09:00:00+05:00 (RFC 3339)", node->text);
		return false;
	}
	if (*out % 60 != 0) {
		bsg_load_error(load, node, "'%.40s': windows are in whole minutes", node->text);
		return false;
	}
	return true;
}

bool bsg_load_window(struct bsg_load *load, const struct bsg_node *node, struct bsg_policy_window *out)
{
	if (node->kind != BSG_NODE_LIST || node->n != 2) {
		bsg_load_error(load, node, "a window is a pair: [from, until]");
		return false;
	}
	const bool from = load_minute(load, node->first, &out->from);
	const bool until = load_minute(load, node->first->next, &out->until);
	if (!from || !until)
		return false;
	if (out->from >= out->until) {
		bsg_load_error(load, node, "the window ends at %.40s, not after it begins", node->first->next->text);
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
		bsg_load_error(load, node, "an empty list of windows: leave the key out for 'always'");
		return;
	}
	bsg_load_each(load, node, load_window_item, &room);
	out->n = bsg_windows_join(room.items, room.n);
	out->items = room.items;
}
