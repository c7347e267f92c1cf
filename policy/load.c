/* SPDX-License-Identifier: Apache-2.0 */
/* Maps, lists, paths and memory of reading. See policy/load.h. */
#include "policy/load.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "policy/check.h"

static void __attribute__((format(printf, 4, 0)))
note(struct bsg_load *load, enum bsg_err code, const struct bsg_policy_at *at, const char *fmt, va_list ap)
{
	char text[256];

	vsnprintf(text, sizeof(text), fmt, ap);
	bsg_policy_error_add(load->errors, code, at, load->path, "%s", text);
}

void bsg_load_error(struct bsg_load *load, const struct bsg_node *node, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(load, BSG_E_INVALID, &node->at, fmt, ap);
	va_end(ap);
}

void bsg_load_deny(struct bsg_load *load, const struct bsg_node *node, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(load, BSG_E_DENIED, &node->at, fmt, ap);
	va_end(ap);
}

void bsg_load_limit(struct bsg_load *load, const struct bsg_node *node, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(load, BSG_E_LIMIT, &node->at, fmt, ap);
	va_end(ap);
	load->cut = true;
}

void bsg_load_error_in(struct bsg_load *load, const struct bsg_node *map, const char *key, const char *fmt, ...)
{
	const struct bsg_node *member = map->kind == BSG_NODE_MAP ? map->first : NULL;
	const size_t mark = load->path_len;
	va_list ap;

	while (member != NULL && strcmp(member->key, key) != 0)
		member = member->next;
	if (member != NULL)
		(void)bsg_load_enter(load, key);
	va_start(ap, fmt);
	note(load, BSG_E_INVALID, member != NULL ? &member->at : &map->at, fmt, ap);
	va_end(ap);
	bsg_load_leave(load, mark);
}

size_t bsg_load_mistakes(const struct bsg_load *load)
{
	return load->errors->n + load->errors->n_more;
}

const char *bsg_load_what(const struct bsg_node *node, char buf[static BSG_LOAD_WHAT_SIZE])
{
	const char *const what = node->kind == BSG_NODE_LIST ? "a list" :
				 node->kind == BSG_NODE_MAP  ? "a map" :
				 node->kind == BSG_NODE_NULL ? "nothing" : NULL;

	if (what != NULL)
		snprintf(buf, BSG_LOAD_WHAT_SIZE, "%s", what);
	else
		snprintf(buf, BSG_LOAD_WHAT_SIZE, node->kind == BSG_NODE_TEXT ? "'%.40s'" : "%.40s", node->text);
	return buf;
}

bool bsg_load_is_word(struct bsg_load *load, const struct bsg_node *node, const char *what)
{
	char other[BSG_LOAD_WHAT_SIZE];

	if (node->kind == BSG_NODE_TEXT || node->kind == BSG_NODE_INT || node->kind == BSG_NODE_REAL)
		return true;
	bsg_load_error(load, node, "must be %s, not %s", what, bsg_load_what(node, other));
	return false;
}

size_t bsg_load_enter(struct bsg_load *load, const char *name)
{
	const size_t mark = load->path_len;
	const size_t room = sizeof(load->path) - mark;
	const int n = snprintf(load->path + mark, room, "%s%s", mark > 0 && name[0] != '[' ? "." : "", name);

	load->path_len += n < 0 ? 0 : ((size_t)n < room ? (size_t)n : room - 1);
	return mark;
}

void bsg_load_leave(struct bsg_load *load, size_t mark)
{
	load->path_len = mark;
	load->path[mark] = '\0';
}

void *bsg_load_array(struct bsg_load *load, size_t n, size_t size)
{
	void *items = n > 0 ? bsg_arena_array(load->arena, n, size) : NULL;

	if (n > 0 && items == NULL)
		load->no_memory = true;
	return items;
}

void *bsg_load_append(struct bsg_load *load, const struct bsg_node *node, struct bsg_load_list *list, size_t size,
		      size_t max, const char *what)
{
	if (list->n >= max) {
		if (!list->full)
			bsg_load_limit(load, node, "more than %zu %s", max, what);
		list->full = true;
		return NULL;
	}
	if (list->n == list->room) {
		const size_t room = list->room > 0 ? list->room * 2 : 16;
		void *items = bsg_load_array(load, room, size);

		if (items == NULL)
			return NULL;
		if (list->n > 0)
			memcpy(items, list->items, list->n * size);
		list->items = items;
		list->room = room;
	}
	return (char *)list->items + size * list->n++;
}

struct bsg_policy_at bsg_load_at(struct bsg_load *load, const struct bsg_node *node)
{
	struct bsg_policy_at at = node->at;

	at.path = bsg_arena_text(load->arena, load->path);
	if (at.path == NULL)
		load->no_memory = true;
	return at;
}

/* @return the known key that was probably meant, or NULL */
static const char *unknown_key(struct bsg_load *load, const struct bsg_node *member, const struct bsg_load_key *keys,
			       size_t n_keys)
{
	const struct bsg_policy_at *at = &member->key_at;
	const char *names[33] = { NULL };
	char known[200] = "";
	size_t len = 0;

	for (size_t i = 0; i < n_keys && i < 32; i++) {
		names[i] = keys[i].name;
		len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s", i > 0 ? ", " : "", keys[i].name);
		len = len < sizeof(known) ? len : sizeof(known) - 1;
	}
	const char *near = bsg_policy_nearest(member->key, strlen(member->key), names);
	if (near != NULL)
		bsg_policy_error_add(load->errors, BSG_E_INVALID, at, load->path, "unknown key '%.40s', did you mean '%s'?",
				     member->key, near);
	else
		bsg_policy_error_add(load->errors, BSG_E_INVALID, at, load->path, "unknown key '%.40s'; known here: %s",
				     member->key, known);
	return near;
}

static const struct bsg_load_key *find_key(const struct bsg_load_key *keys, size_t n_keys, const char *name)
{
	for (size_t i = 0; i < n_keys; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static void check_required(struct bsg_load *load, const struct bsg_node *node, const struct bsg_load_key *keys,
			   size_t n_keys, uint64_t meant)
{
	for (size_t i = 0; i < n_keys; i++) {
		bool found = !keys[i].required || (meant & UINT64_C(1) << i) != 0;

		for (const struct bsg_node *m = node->first; m != NULL && !found; m = m->next)
			found = m->kind != BSG_NODE_NULL && strcmp(m->key, keys[i].name) == 0;
		if (!found)
			bsg_load_error(load, node, "'%s' is missing", keys[i].name);
	}
}

void bsg_load_map(struct bsg_load *load, const struct bsg_node *node, const struct bsg_load_key *keys, size_t n_keys,
		  void *target)
{
	char what[BSG_LOAD_WHAT_SIZE];
	uint64_t meant = 0;

	if (node->kind != BSG_NODE_MAP) {
		bsg_load_error(load, node, "must be a map with keys such as '%s', not %s", keys[0].name,
			       bsg_load_what(node, what));
		return;
	}
	for (const struct bsg_node *m = node->first; m != NULL && !load->no_memory; m = m->next) {
		const struct bsg_load_key *key = find_key(keys, n_keys, m->key);

		if (key == NULL) {
			const char *near = unknown_key(load, m, keys, n_keys);

			for (size_t i = 0; near != NULL && i < n_keys; i++)
				meant |= near == keys[i].name ? UINT64_C(1) << i : 0;
			continue;
		}
		if (m->kind == BSG_NODE_NULL || key->read == NULL)
			continue;
		const size_t mark = bsg_load_enter(load, m->key);
		key->read(load, m, (char *)target + key->offset);
		bsg_load_leave(load, mark);
	}
	check_required(load, node, keys, n_keys, meant);	/* who mistyped a key has been told */
}

void bsg_load_each(struct bsg_load *load, const struct bsg_node *node, bsg_load_fn *read, void *target)
{
	char what[BSG_LOAD_WHAT_SIZE];
	size_t i = 0;

	if (node->kind != BSG_NODE_LIST) {
		bsg_load_error(load, node, "must be a list, [...], not %s", bsg_load_what(node, what));
		return;
	}
	for (const struct bsg_node *item = node->first; item != NULL && !load->no_memory; item = item->next, i++) {
		char index[24];

		snprintf(index, sizeof(index), "[%zu]", i);
		const size_t mark = bsg_load_enter(load, index);
		read(load, item, target);
		bsg_load_leave(load, mark);
	}
}
