/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes and the JSON reader. See policy/node.h. */
#include "policy/node.h"

#include <stdio.h>
#include <string.h>

#include "policy/check.h"

enum bsg_err bsg_node_new(struct bsg_reader *reader, enum bsg_node_kind kind, struct bsg_policy_at at,
			  struct bsg_node **out, struct bsg_error *err)
{
	*out = NULL;
	if (reader->n_nodes >= BSG_POLICY_NODES_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "%s:%u: more than %u values in one policy; split it",
				at.file, at.line, BSG_POLICY_NODES_MAX);
	struct bsg_node *node = bsg_arena_alloc(reader->arena, sizeof(*node));
	if (node == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "%s: no memory for the document", at.file);
	reader->n_nodes++;
	node->kind = kind;
	node->at = at;
	node->text = "";
	*out = node;
	return BSG_OK;
}

enum bsg_err bsg_node_too_deep(const struct bsg_policy_at *at, struct bsg_error *err)
{
	return bsg_fail(err, BSG_E_LIMIT, "%s:%u:%u: nested deeper than %d; no policy needs that",
			at->file, at->line, at->column, BSG_POLICY_DEPTH_MAX);
}

static enum bsg_err set_text(struct bsg_reader *reader, struct bsg_node *node, const char *text, size_t len,
			     struct bsg_error *err)
{
	char *copy = bsg_arena_copy(reader->arena, text, len);

	if (copy == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "%s: no memory for the document", reader->file);
	node->text = copy;
	node->len = len;
	return BSG_OK;
}

static enum bsg_err convert(struct bsg_reader *reader, json_t *json, unsigned depth, struct bsg_node **out,
			    struct bsg_error *err);

static enum bsg_err convert_list(struct bsg_reader *reader, json_t *json, unsigned depth, struct bsg_node *list,
				 struct bsg_error *err)
{
	struct bsg_node **tail = &list->first;
	size_t i;
	json_t *item;

	json_array_foreach(json, i, item) {
		enum bsg_err rc = convert(reader, item, depth + 1, tail, err);

		if (rc != BSG_OK)
			return rc;
		tail = &(*tail)->next;
		list->n++;
	}
	return BSG_OK;
}

static enum bsg_err convert_map(struct bsg_reader *reader, json_t *json, unsigned depth, struct bsg_node *map,
				struct bsg_error *err)
{
	struct bsg_node **tail = &map->first;
	const char *key;
	json_t *item;

	json_object_foreach(json, key, item) {
		enum bsg_err rc = convert(reader, item, depth + 1, tail, err);

		if (rc != BSG_OK)
			return rc;
		(*tail)->key = bsg_arena_text(reader->arena, key);
		if ((*tail)->key == NULL)
			return bsg_fail(err, BSG_E_NO_MEMORY, "%s: no memory for the document", reader->file);
		(*tail)->key_at = (*tail)->at;
		tail = &(*tail)->next;
		map->n++;
	}
	return BSG_OK;
}

static enum bsg_node_kind kind_of(const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT: return BSG_NODE_MAP;
	case JSON_ARRAY: return BSG_NODE_LIST;
	case JSON_STRING: return BSG_NODE_TEXT;
	case JSON_INTEGER: return BSG_NODE_INT;
	case JSON_REAL: return BSG_NODE_REAL;
	case JSON_TRUE:
	case JSON_FALSE: return BSG_NODE_BOOL;
	case JSON_NULL: break;
	}
	return BSG_NODE_NULL;
}

static enum bsg_err convert_scalar(struct bsg_reader *reader, const json_t *json, struct bsg_node *node,
				   struct bsg_error *err)
{
	char number[400];	/* the largest double has 309 digits before the point */

	switch (node->kind) {
	case BSG_NODE_TEXT:
		return set_text(reader, node, json_string_value(json), json_string_length(json), err);
	case BSG_NODE_INT:
		node->integer = json_integer_value(json);
		snprintf(number, sizeof(number), "%lld", (long long)node->integer);
		return set_text(reader, node, number, strlen(number), err);
	case BSG_NODE_REAL:	/* enough digits for 1e-7 degrees */
		snprintf(number, sizeof(number), "%.10f", json_real_value(json));
		return set_text(reader, node, number, strlen(number), err);
	case BSG_NODE_BOOL:
		node->integer = json_is_true(json) ? 1 : 0;
		node->text = node->integer != 0 ? "true" : "false";
		node->len = strlen(node->text);
		return BSG_OK;
	case BSG_NODE_NULL:
	case BSG_NODE_LIST:
	case BSG_NODE_MAP:
		break;
	}
	return BSG_OK;
}

/* Recursion is bounded by BSG_POLICY_DEPTH_MAX. */
static enum bsg_err convert(struct bsg_reader *reader, json_t *json, unsigned depth, struct bsg_node **out,
			    struct bsg_error *err)
{
	const struct bsg_policy_at at = { .file = reader->file };

	*out = NULL;
	if (depth > BSG_POLICY_DEPTH_MAX)
		return bsg_node_too_deep(&at, err);
	enum bsg_err rc = bsg_node_new(reader, kind_of(json), at, out, err);
	if (rc != BSG_OK)
		return rc;
	if ((*out)->kind == BSG_NODE_LIST)
		return convert_list(reader, json, depth, *out, err);
	if ((*out)->kind == BSG_NODE_MAP)
		return convert_map(reader, json, depth, *out, err);
	return convert_scalar(reader, json, *out, err);
}

enum bsg_err bsg_node_read_json(struct bsg_reader *reader, const struct bsg_policy_source *source,
				struct bsg_node **out, struct bsg_error *err)
{
	json_error_t at;
	json_t *json = json_loadb(source->bytes, source->len, JSON_REJECT_DUPLICATES, &at);

	*out = NULL;
	if (json == NULL && at.text[0] == '\0')	/* jansson has no words for a failed allocation */
		return bsg_fail(err, BSG_E_NO_MEMORY, "%s: no memory for the document", source->name);
	if (json == NULL) {
		const struct bsg_policy_at where = { .file = reader->file, .line = at.line > 0 ? (unsigned)at.line : 1,
						     .column = at.column > 0 ? (unsigned)at.column : 1 };

		bsg_policy_error_add(reader->errors, &where, "", "not JSON: %s", at.text);
		return bsg_fail(err, BSG_E_INVALID, "%s:%u:%u: not JSON: %s", where.file, where.line, where.column, at.text);
	}
	enum bsg_err rc = convert(reader, json, 1, out, err);
	json_decref(json);
	return rc;
}
