/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes and the JSON reader. See policy/node.h. */
#include "policy/node.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "policy/check.h"

enum bsg_err bsg_node_new(struct bsg_reader *reader, enum bsg_node_kind kind, struct bsg_policy_at at,
			  struct bsg_node **out, struct bsg_error *err)
{
	*out = NULL;
	if (reader->n_nodes >= BSG_POLICY_NODES_MAX)
		return bsg_node_refuse(reader, &at, BSG_E_LIMIT, err,
				       "more than %u values in all files: split off what other servers need",
				       BSG_POLICY_NODES_MAX);
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

enum bsg_err (bsg_node_refuse)(struct bsg_reader *reader, const struct bsg_policy_at *at, enum bsg_err code,
			       struct bsg_error *err, const char *fmt, ...)
{
	char why[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	bsg_policy_error_add(reader->errors, code, at, "", "%s", why);
	return bsg_fail(err, code, "%.100s:%u:%u: %.130s", at->file, at->line, at->column, why);
}

enum bsg_err bsg_node_too_deep(struct bsg_reader *reader, const struct bsg_policy_at *at, struct bsg_error *err)
{
	return bsg_node_refuse(reader, at, BSG_E_LIMIT, err, "nested deeper than %d: no policy needs that",
			       BSG_POLICY_DEPTH_MAX);
}

enum bsg_err bsg_node_too_many_keys(struct bsg_reader *reader, const struct bsg_policy_at *at, struct bsg_error *err)
{
	return bsg_node_refuse(reader, at, BSG_E_LIMIT, err, "more than %d keys in one map: no part of a policy has so many",
			       BSG_POLICY_KEYS_MAX);
}

struct bsg_policy_source bsg_node_skip_mark(const struct bsg_policy_source *source)
{
	const bool has_mark = source->len >= 3 && memcmp(source->bytes, "\xef\xbb\xbf", 3) == 0;
	struct bsg_policy_source rest = *source;

	rest.bytes += has_mark ? 3 : 0;
	rest.len -= has_mark ? 3 : 0;
	return rest;
}

/*
 * Where JSON values stand. jansson keeps the order of a text but not its positions; it has checked the text, so that a
 * walk beside its tree finds each token without reading it.
 */
struct walk {
	struct bsg_reader *reader;
	const char *at, *end;
	unsigned line, column;
};

static void step(struct walk *w)
{
	if (w->at == w->end)
		return;
	if (*w->at == '\n') {
		w->line++;
		w->column = 0;
	}
	w->at++;
	if (w->at < w->end && ((unsigned char)*w->at & 0xc0) == 0x80)
		return;	/* within a character */
	w->column++;
}

static bool is_one_of(const struct walk *w, const char *bytes)
{
	return w->at < w->end && *w->at != '\0' && strchr(bytes, *w->at) != NULL;
}

/* To the next token that is a value, a key, or closes one. */
static struct bsg_policy_at next_token(struct walk *w)
{
	while (is_one_of(w, " \t\r\n,:"))
		step(w);
	return (struct bsg_policy_at){ .file = w->reader->file, .file_no = w->reader->file_no, .line = w->line,
				       .column = w->column };
}

static void skip_string(struct walk *w)
{
	for (step(w); w->at < w->end && *w->at != '"'; step(w))
		if (*w->at == '\\')
			step(w);
	step(w);
}

static void skip_scalar(struct walk *w)
{
	if (is_one_of(w, "\""))
		skip_string(w);
	else
		while (w->at < w->end && !is_one_of(w, " \t\r\n,]}"))
			step(w);
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

static enum bsg_err convert(struct walk *w, json_t *json, unsigned depth, struct bsg_node **out, struct bsg_error *err);

static enum bsg_err convert_list(struct walk *w, json_t *json, unsigned depth, struct bsg_node *list,
				 struct bsg_error *err)
{
	struct bsg_node **tail = &list->first;
	size_t i;
	json_t *item;

	json_array_foreach(json, i, item) {
		enum bsg_err rc = convert(w, item, depth + 1, tail, err);

		if (rc != BSG_OK)
			return rc;
		tail = &(*tail)->next;
		list->n++;
	}
	return BSG_OK;
}

static enum bsg_err convert_map(struct walk *w, json_t *json, unsigned depth, struct bsg_node *map, struct bsg_error *err)
{
	struct bsg_node **tail = &map->first;
	const char *key;
	json_t *item;

	json_object_foreach(json, key, item) {
		const struct bsg_policy_at at = next_token(w);

		if (map->n >= BSG_POLICY_KEYS_MAX)
			return bsg_node_too_many_keys(w->reader, &at, err);
		skip_string(w);
		enum bsg_err rc = convert(w, item, depth + 1, tail, err);
		if (rc != BSG_OK)
			return rc;
		(*tail)->key = bsg_arena_text(w->reader->arena, key);
		if ((*tail)->key == NULL)
			return bsg_fail(err, BSG_E_NO_MEMORY, "%s: no memory for the document", at.file);
		(*tail)->key_at = at;
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

/* @param written the value as it stands in the document: numbers keep their form */
static enum bsg_err convert_scalar(struct bsg_reader *reader, const json_t *json, struct bsg_node *node,
				   const char *written, size_t len, struct bsg_error *err)
{
	switch (node->kind) {
	case BSG_NODE_TEXT:
		return set_text(reader, node, json_string_value(json), json_string_length(json), err);
	case BSG_NODE_INT:
		node->integer = json_integer_value(json);
		return set_text(reader, node, written, len, err);
	case BSG_NODE_REAL:
		return set_text(reader, node, written, len, err);
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
static enum bsg_err convert(struct walk *w, json_t *json, unsigned depth, struct bsg_node **out, struct bsg_error *err)
{
	const struct bsg_policy_at at = next_token(w);
	enum bsg_err rc;

	*out = NULL;
	if (depth > BSG_POLICY_DEPTH_MAX && (json_is_array(json) || json_is_object(json)))
		return bsg_node_too_deep(w->reader, &at, err);
	rc = bsg_node_new(w->reader, kind_of(json), at, out, err);
	if (rc != BSG_OK)
		return rc;
	if ((*out)->kind != BSG_NODE_LIST && (*out)->kind != BSG_NODE_MAP) {
		const char *const written = w->at;

		skip_scalar(w);
		return convert_scalar(w->reader, json, *out, written, (size_t)(w->at - written), err);
	}
	step(w);
	rc = (*out)->kind == BSG_NODE_LIST ? convert_list(w, json, depth, *out, err) : convert_map(w, json, depth, *out, err);
	(void)next_token(w);
	step(w);
	return rc;
}

/* jansson tells the last byte it read; who wrote it looks for the beginning of that token. */
static void find_token(const struct bsg_policy_source *text, size_t last, struct bsg_policy_at *at)
{
	struct walk w = { .at = text->bytes, .end = text->bytes + text->len, .line = 1, .column = 1 };

	while (w.at < w.end) {
		const unsigned line = w.line, column = w.column;

		if (is_one_of(&w, " \t\r\n[]{},:"))
			step(&w);
		else
			skip_scalar(&w);
		if ((size_t)(w.at - text->bytes) > last) {
			at->line = line;
			at->column = column;
			return;
		}
	}
}

static enum bsg_err refuse_json(struct bsg_reader *reader, const struct bsg_policy_source *text, const json_error_t *why,
				struct bsg_error *err)
{
	struct bsg_policy_at at = { .file = reader->file, .file_no = reader->file_no,
				    .line = why->line > 0 ? (unsigned)why->line : 1,
				    .column = why->column > 0 ? (unsigned)why->column : 1 };

	find_token(text, (size_t)(why->position > 0 ? why->position - 1 : 0), &at);
	if (why->text[0] == '\0')	/* jansson has no words for a failed allocation */
		return bsg_fail(err, BSG_E_NO_MEMORY, "%s: no memory for the document", reader->file);
	if (json_error_code(why) == json_error_stack_overflow)
		return bsg_node_too_deep(reader, &at, err);
	return bsg_node_refuse(reader, &at, BSG_E_INVALID, err, "not JSON: %s", why->text);
}

enum bsg_err bsg_node_read_json(struct bsg_reader *reader, const struct bsg_policy_source *source,
				struct bsg_node **out, struct bsg_error *err)
{
	const struct bsg_policy_source text = bsg_node_skip_mark(source);
	struct walk walk = { .reader = reader, .at = text.bytes, .end = text.bytes + text.len, .line = 1, .column = 1 };
	json_error_t why;
	json_t *json = json_loadb(text.bytes, text.len, JSON_REJECT_DUPLICATES, &why);

	*out = NULL;
	if (json == NULL)
		return refuse_json(reader, &text, &why, err);
	enum bsg_err rc = convert(&walk, json, 1, out, err);
	json_decref(json);
	return rc;
}
