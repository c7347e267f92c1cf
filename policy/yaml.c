/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML to nodes, from libfyaml's events and never from its documents: what we build is bounded by what we count,
 * and an alias is refused where it stands instead of being resolved (nine levels of aliases can ask for gigabytes).
 */
#include "policy/node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libfyaml.h>

#include "base/id.h"
#include "policy/check.h"

struct yaml {
	struct bsg_reader *reader;
	const struct bsg_policy_source *source;
	struct fy_parser *parser;
	struct bsg_error *err;
	enum bsg_err rc;	/* the first failure; BSG_OK while all is well */
};

static struct bsg_policy_at at_mark(const struct yaml *yaml, const struct fy_mark *mark)
{
	struct bsg_policy_at at = { .file = yaml->reader->file, .line = 1, .column = 1 };

	if (mark != NULL) {
		at.line = (unsigned)mark->line + 1;
		at.column = (unsigned)mark->column + 1;
	}
	return at;
}

/* One mistake of the author; reading stops, as what follows would be nonsense. */
static void refuse(struct yaml *yaml, struct bsg_policy_at at, const char *why)
{
	if (yaml->rc != BSG_OK)
		return;
	bsg_policy_error_add(yaml->reader->errors, &at, "", "%s", why);
	yaml->rc = bsg_fail(yaml->err, BSG_E_INVALID, "%s:%u:%u: %s", at.file, at.line, at.column, why);
}

/* What libfyaml found wrong itself. Its words are good; its positions count from 1. */
static void refuse_collected(struct yaml *yaml, struct fy_diag *diag)
{
	struct fy_diag_error *e;
	void *prev = NULL;
	char why[256];

	while (yaml->rc == BSG_OK && (e = fy_diag_errors_iterate(diag, &prev)) != NULL) {
		struct bsg_policy_at at = { .file = yaml->reader->file,
					    .line = e->line > 0 ? (unsigned)e->line : 1,
					    .column = e->column > 0 ? (unsigned)e->column : 1 };

		snprintf(why, sizeof(why), "not YAML: %s", e->msg != NULL ? e->msg : "cannot be read");
		refuse(yaml, at, why);
	}
	if (yaml->rc == BSG_OK)
		refuse(yaml, at_mark(yaml, NULL), "not YAML: cannot be read");
}

static struct fy_event *next_event(struct yaml *yaml)
{
	struct fy_event *event = yaml->rc == BSG_OK ? fy_parser_parse(yaml->parser) : NULL;

	if (event == NULL && yaml->rc == BSG_OK) {
		struct fy_diag *diag = fy_parser_get_diag(yaml->parser);

		refuse_collected(yaml, diag);
		fy_diag_unref(diag);
	}
	return event;
}

static bool all_digits(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return len > 0;
}

static bool one_of(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

static bool looks_real(const char *text)
{
	char *end;

	if (strspn(text, "+-.0123456789eE") != strlen(text) || strpbrk(text, "0123456789") == NULL)
		return false;
	errno = 0;
	strtod(text, &end);
	return *end == '\0';
}

/* YAML 1.2's core schema, without its octal and hexadecimal numbers, which no key of ours wants. */
static void resolve(struct bsg_node *node)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
	static const char *const yes[] = { "true", "True", "TRUE", NULL };
	static const char *const no[] = { "false", "False", "FALSE", NULL };
	const char *digits = node->text + (node->text[0] == '-' || node->text[0] == '+');
	const size_t n_digits = strlen(digits);

	if (one_of(node->text, nulls)) {
		node->kind = BSG_NODE_NULL;
	} else if (one_of(node->text, yes) || one_of(node->text, no)) {
		node->kind = BSG_NODE_BOOL;
		node->integer = one_of(node->text, yes) ? 1 : 0;
	} else if (all_digits(digits, n_digits) && n_digits <= 18) {
		node->kind = BSG_NODE_INT;
		node->integer = strtoll(node->text, NULL, 10);
	} else if (looks_real(node->text)) {
		node->kind = BSG_NODE_REAL;
	}
}

static enum bsg_err new_node(struct yaml *yaml, struct fy_event *event, enum bsg_node_kind kind, struct bsg_node **out)
{
	yaml->rc = bsg_node_new(yaml->reader, kind, at_mark(yaml, fy_event_start_mark(event)), out, yaml->err);
	return yaml->rc;
}

/* libfyaml 0.7.12 loses memory on quotes that follow each other in a single-quoted text (found by fuzz_policy). */
static bool has_quotes_in_a_row(const struct yaml *yaml, struct fy_token *token)
{
	const struct fy_mark *start = fy_token_start_mark(token), *end = fy_token_end_mark(token);

	if (fy_token_scalar_style(token) != FYSS_SINGLE_QUOTED || start == NULL || end == NULL)
		return false;
	if (start->input_pos > end->input_pos || end->input_pos > yaml->source->len)
		return true;
	return memmem(yaml->source->bytes + start->input_pos, end->input_pos - start->input_pos, "''''", 4) != NULL;
}

static struct bsg_node *read_scalar(struct yaml *yaml, struct fy_event *event)
{
	struct fy_token *token = event->scalar.value;
	struct bsg_node *node;
	size_t len = 0;

	if (token != NULL && has_quotes_in_a_row(yaml, token)) {
		refuse(yaml, at_mark(yaml, fy_event_start_mark(event)),
		       "several quotes in a row in a single-quoted text: use double quotes around it");
		return NULL;
	}
	const char *text = token != NULL ? fy_token_get_text(token, &len) : "";
	if (new_node(yaml, event, BSG_NODE_TEXT, &node) != BSG_OK)
		return NULL;
	if (text == NULL || memchr(text, '\0', len) != NULL) {
		refuse(yaml, node->at, "a text must not contain a zero character");
		return NULL;
	}
	node->text = bsg_arena_copy(yaml->reader->arena, text, len);
	node->len = len;
	if (node->text == NULL)
		yaml->rc = bsg_fail(yaml->err, BSG_E_NO_MEMORY, "%s: no memory for the document", yaml->reader->file);
	else if (token == NULL || fy_token_scalar_style(token) == FYSS_PLAIN)
		resolve(node);
	return node;
}

/* Anchors and tags say that a value is more than what stands here. */
static bool is_plain(struct yaml *yaml, struct fy_event *event)
{
	struct bsg_policy_at at = at_mark(yaml, fy_event_start_mark(event));

	if (event->type == FYET_ALIAS)
		refuse(yaml, at, "aliases (*name) are refused: write the value out");
	else if (fy_event_get_anchor_token(event) != NULL)
		refuse(yaml, at, "anchors (&name) are refused: write the value out where it is needed");
	else if (fy_event_get_tag_token(event) != NULL)
		refuse(yaml, at, "tags (!name) are refused: write the plain value");
	return yaml->rc == BSG_OK;
}

static struct bsg_node *read_node(struct yaml *yaml, struct fy_event *event, unsigned depth);

static void read_list(struct yaml *yaml, struct bsg_node *list, unsigned depth)
{
	struct bsg_node **tail = &list->first;
	struct fy_event *event;

	while ((event = next_event(yaml)) != NULL && event->type != FYET_SEQUENCE_END) {
		*tail = read_node(yaml, event, depth + 1);
		fy_parser_event_free(yaml->parser, event);
		if (*tail == NULL)
			return;
		tail = &(*tail)->next;
		list->n++;
	}
	fy_parser_event_free(yaml->parser, event);
}

static const char *read_key(struct yaml *yaml, struct fy_event *event, struct bsg_policy_at *at)
{
	struct bsg_node *key;

	*at = at_mark(yaml, fy_event_start_mark(event));
	if (is_plain(yaml, event) && event->type != FYET_SCALAR)
		refuse(yaml, *at, "a key must be a single word");
	key = yaml->rc == BSG_OK ? read_scalar(yaml, event) : NULL;
	return key != NULL && yaml->rc == BSG_OK ? key->text : NULL;
}

static bool has_key(const struct bsg_node *map, const char *key)
{
	for (const struct bsg_node *m = map->first; m != NULL; m = m->next)
		if (strcmp(m->key, key) == 0)
			return true;
	return false;
}

/* No map of ours has more than 20 keys; the limit keeps the search for duplicates from being quadratic. */
#define KEYS_MAX 64

static void read_map(struct yaml *yaml, struct bsg_node *map, unsigned depth)
{
	struct bsg_node **tail = &map->first;
	struct fy_event *event;

	while ((event = next_event(yaml)) != NULL && event->type != FYET_MAPPING_END) {
		struct bsg_policy_at at;
		const char *key = read_key(yaml, event, &at);

		fy_parser_event_free(yaml->parser, event);
		if (key != NULL && map->n >= KEYS_MAX)
			refuse(yaml, at, "more than 64 keys in one place: no part of a policy has so many");
		if (key != NULL && has_key(map, key))
			refuse(yaml, at, "this key stands here twice");
		event = next_event(yaml);
		struct bsg_node *value = event != NULL ? read_node(yaml, event, depth + 1) : NULL;

		fy_parser_event_free(yaml->parser, event);
		if (value == NULL)
			return;
		value->key = key;
		value->key_at = at;
		*tail = value;
		tail = &value->next;
		map->n++;
	}
	fy_parser_event_free(yaml->parser, event);
}

/* Recursion is bounded by BSG_POLICY_DEPTH_MAX. */
static struct bsg_node *read_node(struct yaml *yaml, struct fy_event *event, unsigned depth)
{
	const bool is_list = event->type == FYET_SEQUENCE_START;
	struct bsg_node *node;

	if (!is_plain(yaml, event))
		return NULL;
	if (event->type == FYET_SCALAR) {
		node = read_scalar(yaml, event);
		return yaml->rc == BSG_OK ? node : NULL;
	}
	if (depth > BSG_POLICY_DEPTH_MAX) {
		struct bsg_policy_at at = at_mark(yaml, fy_event_start_mark(event));

		yaml->rc = bsg_node_too_deep(&at, yaml->err);
		return NULL;
	}
	if (new_node(yaml, event, is_list ? BSG_NODE_LIST : BSG_NODE_MAP, &node) != BSG_OK)
		return NULL;
	if (is_list)
		read_list(yaml, node, depth);
	else
		read_map(yaml, node, depth);
	return yaml->rc == BSG_OK ? node : NULL;
}

static struct bsg_node *read_stream(struct yaml *yaml)
{
	struct bsg_node *root = NULL;
	struct fy_event *event;

	while ((event = next_event(yaml)) != NULL && event->type != FYET_STREAM_END) {
		const bool is_value = event->type != FYET_STREAM_START && event->type != FYET_DOCUMENT_START &&
				      event->type != FYET_DOCUMENT_END;

		if (event->type == FYET_DOCUMENT_START && root != NULL)
			refuse(yaml, at_mark(yaml, fy_event_start_mark(event)),
			       "a second document in one file: use a file each");
		else if (is_value)
			root = read_node(yaml, event, 1);
		fy_parser_event_free(yaml->parser, event);
	}
	fy_parser_event_free(yaml->parser, event);
	if (root == NULL)
		refuse(yaml, at_mark(yaml, NULL), "the file is empty: a policy begins with `bosaga: 1`");
	return root;
}

/*
 * What libfyaml 0.7.12 is not shown: bytes that are no UTF-8 in a directive make its scanner spin for ever (found by
 * fuzz_policy). Directives are of no use to a policy. A policy is text: UTF-8 and no control characters.
 */
static enum bsg_err check_text(struct yaml *yaml)
{
	const struct bsg_policy_source *source = yaml->source;
	struct bsg_policy_at at = { .file = yaml->reader->file, .line = 1, .column = 1 };
	size_t start = 0;

	for (size_t i = 0; i <= source->len && yaml->rc == BSG_OK; i++) {
		if (i < source->len && strchr("\n\r\t", source->bytes[i]) == NULL)
			continue;
		if (i < source->len && source->bytes[i] == '\0')
			continue;	/* strchr() finds the end of its list, too */
		if (at.column == 1 && i > start && source->bytes[start] == '%')
			refuse(yaml, at, "directives (%NAME) are refused: a policy is plain YAML 1.2");
		else if (!bsg_text_is_shown(source->bytes + start, i - start))
			refuse(yaml, at, "not UTF-8 text, or a control character, from here to the end of the line");
		at.column = i < source->len && source->bytes[i] == '\t' ? at.column + (unsigned)(i - start) + 1 : 1;
		at.line += i < source->len && source->bytes[i] == '\n';
		start = i + 1;
	}
	return yaml->rc;
}

/* A diag that collects; without one libfyaml prints to stderr. */
static struct fy_diag *new_diag(void)
{
	struct fy_diag_cfg cfg;
	struct fy_diag *diag;

	fy_diag_cfg_default(&cfg);
	cfg.level = FYET_ERROR;
	diag = fy_diag_create(&cfg);
	if (diag != NULL)
		fy_diag_set_collect_errors(diag, true);
	return diag;
}

enum bsg_err bsg_node_read_yaml(struct bsg_reader *reader, const struct bsg_policy_source *source,
				struct bsg_node **out, struct bsg_error *err)
{
	const bool has_mark = source->len >= 3 && memcmp(source->bytes, "\xef\xbb\xbf", 3) == 0;
	const struct bsg_policy_source text = { .name = source->name, .bytes = source->bytes + (has_mark ? 3 : 0),
						.len = source->len - (has_mark ? 3 : 0) };
	struct yaml yaml = { .reader = reader, .source = &text, .err = err, .rc = BSG_OK };
	struct fy_diag *diag = new_diag();
	const struct fy_parse_cfg cfg = { .flags = FYPCF_QUIET | FYPCF_JSON_NONE, .diag = diag };

	*out = NULL;
	yaml.parser = diag != NULL ? fy_parser_create(&cfg) : NULL;
	if (yaml.parser == NULL || fy_parser_set_string(yaml.parser, text.bytes, text.len) != 0)
		yaml.rc = bsg_fail(err, BSG_E_NO_MEMORY, "%s: no memory for the YAML parser", source->name);
	else if (check_text(&yaml) == BSG_OK)
		*out = read_stream(&yaml);
	if (yaml.rc != BSG_OK)
		*out = NULL;
	if (diag != NULL)
		fy_diag_reset_error(diag);	/* fy_diag_unref() alone leaks what was collected (0.7.12) */
	fy_parser_destroy(yaml.parser);
	fy_diag_unref(diag);
	return yaml.rc;
}
