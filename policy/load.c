/* SPDX-License-Identifier: Apache-2.0 */
/* Maps, lists, paths and memory of reading. See policy/load.h. */
#include "policy/load.h"

#include <stdio.h>
#include <string.h>

#include "policy/check.h"

void bsg_load_error(struct bsg_load *load, const struct bsg_node *node, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	bsg_policy_error_add(load->errors, &node->at, load->path, "%s", text);
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
		if (list->n == max)
			bsg_load_error(load, node, "more than %zu %s in one policy", max, what);
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

static void unknown_key(struct bsg_load *load, const struct bsg_node *member, const struct bsg_load_key *keys,
			size_t n_keys)
{
	const char *names[33] = { NULL };
	const struct bsg_policy_at *at = &member->key_at;

	for (size_t i = 0; i < n_keys && i < 32; i++)
		names[i] = keys[i].name;
	const char *near = bsg_policy_nearest(member->key, strlen(member->key), names);
	if (near != NULL)
		bsg_policy_error_add(load->errors, at, load->path, "unknown key '%.40s', did you mean '%s'?",
				     member->key, near);
	else
		bsg_policy_error_add(load->errors, at, load->path, "unknown key '%.40s'", member->key);
}

static const struct bsg_load_key *find_key(const struct bsg_load_key *keys, size_t n_keys, const char *name)
{
	for (size_t i = 0; i < n_keys; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static void check_required(struct bsg_load *load, const struct bsg_node *node, const struct bsg_load_key *keys,
			   size_t n_keys)
{
	for (size_t i = 0; i < n_keys; i++) {
		bool found = !keys[i].required;

		for (const struct bsg_node *m = node->first; m != NULL && !found; m = m->next)
			found = m->kind != BSG_NODE_NULL && strcmp(m->key, keys[i].name) == 0;
		if (!found)
			bsg_load_error(load, node, "'%s' is missing", keys[i].name);
	}
}

void bsg_load_map(struct bsg_load *load, const struct bsg_node *node, const struct bsg_load_key *keys, size_t n_keys,
		  void *target)
{
	if (node->kind != BSG_NODE_MAP) {
		bsg_load_error(load, node, "must be a map of keys, such as '%s'", keys[0].name);
		return;
	}
	for (const struct bsg_node *m = node->first; m != NULL && !load->no_memory; m = m->next) {
		const struct bsg_load_key *key = find_key(keys, n_keys, m->key);

		if (key == NULL) {
			unknown_key(load, m, keys, n_keys);
			continue;
		}
		if (m->kind == BSG_NODE_NULL || key->read == NULL)
			continue;
		const size_t mark = bsg_load_enter(load, m->key);
		key->read(load, m, (char *)target + key->offset);
		bsg_load_leave(load, mark);
	}
	check_required(load, node, keys, n_keys);
}

void bsg_load_each(struct bsg_load *load, const struct bsg_node *node, bsg_load_fn *read, void *target)
{
	size_t i = 0;

	if (node->kind != BSG_NODE_LIST) {
		bsg_load_error(load, node, "must be a list: [...]");
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
