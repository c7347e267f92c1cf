/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML to nodes, from libfyaml's events and never from its documents: what we build is bounded by what we count,
 * and an alias is refused where it stands instead of being resolved (nine levels of aliases can ask for gigabytes).
 */
#include "policy/node.h"

#include <errno.h>
#include <stdio.h>
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
	struct fy_mark last;	/* where the last event ended: a value that is left out has no mark of its own */
};

static struct bsg_policy_at at_mark(const struct yaml *yaml, const struct fy_mark *mark)
{
	struct bsg_policy_at at = { .file = yaml->reader->file, .file_no = yaml->reader->file_no, .line = 1, .column = 1 };

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
	yaml->rc = bsg_node_refuse(yaml->reader, &at, BSG_E_INVALID, yaml->err, "%s", why);
}

/* What libfyaml found wrong itself. Its words are good; its positions count from 1. */
static void refuse_collected(struct yaml *yaml, struct fy_diag *diag)
{
	struct fy_diag_error *e;
	void *prev = NULL;
	char why[256];

	while (yaml->rc == BSG_OK && (e = fy_diag_errors_iterate(diag, &prev)) != NULL) {
		struct bsg_policy_at at = { .file = yaml->reader->file, .file_no = yaml->reader->file_no,
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
	const struct fy_mark *end = event != NULL ? fy_event_end_mark(event) : NULL;

	if (end != NULL)
		yaml->last = *end;
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

/*
 * Where a value stands. libfyaml's marks of texts are those of what is in them: not the quote, and the margin before a block.
 *
 * @return line 0: a value that is left out; its list or map knows
 */
static struct bsg_policy_at at_event(const struct yaml *yaml, struct fy_event *event)
{
	const struct fy_mark *mark = fy_event_start_mark(event);
	struct fy_token *token = event->type == FYET_SCALAR ? event->scalar.value : NULL;
	const enum fy_scalar_style style = token != NULL ? fy_token_scalar_style(token) : FYSS_PLAIN;
	struct bsg_policy_at at = at_mark(yaml, mark);

	if (mark == NULL)
		at.line = 0;
	else if (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED)
		at.column--;
	else if (style == FYSS_LITERAL || style == FYSS_FOLDED)
		for (size_t i = mark->input_pos; i < yaml->source->len && yaml->source->bytes[i] == ' '; i++)
			at.column++;
	return at;
}

static enum bsg_err new_node(struct yaml *yaml, struct fy_event *event, enum bsg_node_kind kind, struct bsg_node **out)
{
	yaml->rc = bsg_node_new(yaml->reader, kind, at_event(yaml, event), out, yaml->err);
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
		refuse(yaml, at_event(yaml, event),
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

/* An item that is nothing stands at its dash: the next one after what was read, beyond spaces and comments. */
static struct bsg_policy_at find_dash(struct yaml *yaml)
{
	const char *const bytes = yaml->source->bytes;
	struct fy_mark *mark = &yaml->last;
	struct bsg_policy_at at;
	bool in_comment = false;

	while (mark->input_pos < yaml->source->len && (in_comment || bytes[mark->input_pos] != '-')) {
		const char c = bytes[mark->input_pos++];

		in_comment = c == '#' || (in_comment && c != '\n');
		mark->column = c == '\n' ? 0 : mark->column + 1;
		mark->line += c == '\n';
	}
	at = at_mark(yaml, mark);
	mark->input_pos++;	/* beyond it */
	mark->column++;
	return at;
}

static void read_list(struct yaml *yaml, struct bsg_node *list, unsigned depth)
{
	struct bsg_node **tail = &list->first;
	struct fy_event *event;

	while ((event = next_event(yaml)) != NULL && event->type != FYET_SEQUENCE_END) {
		*tail = read_node(yaml, event, depth + 1);
		fy_parser_event_free(yaml->parser, event);
		if (*tail == NULL)
			return;
		if ((*tail)->at.line == 0)
			(*tail)->at = find_dash(yaml);
		tail = &(*tail)->next;
		list->n++;
	}
	fy_parser_event_free(yaml->parser, event);
}

static const char *read_key(struct yaml *yaml, struct fy_event *event, struct bsg_policy_at *at)
{
	struct bsg_node *key;

	*at = at_event(yaml, event);
	if (at->line == 0)
		*at = at_mark(yaml, &yaml->last);
	if (is_plain(yaml, event) && event->type != FYET_SCALAR)
		refuse(yaml, *at, "a key must be a single word");
	key = yaml->rc == BSG_OK ? read_scalar(yaml, event) : NULL;
	if (key == NULL || yaml->rc != BSG_OK)
		return NULL;
	yaml->reader->n_nodes--;	/* a key is no value */
	return key->text;
}

/* The limit of keys keeps the search for duplicates from being quadratic. */
static void check_key(struct yaml *yaml, const struct bsg_node *map, const char *key, const struct bsg_policy_at *at)
{
	char why[200], where[BSG_POLICY_AT_SIZE];

	if (map->n >= BSG_POLICY_KEYS_MAX) {
		yaml->rc = bsg_node_too_many_keys(yaml->reader, at, yaml->err);
		return;
	}
	if (strcmp(key, "<<") == 0)
		refuse(yaml, *at, "merge keys (<<) are refused: write the keys out");
	for (const struct bsg_node *m = map->first; m != NULL; m = m->next) {
		if (strcmp(m->key, key) != 0)
			continue;
		snprintf(why, sizeof(why), "key '%.40s' is also at %s", key, bsg_policy_say_at(&m->key_at, where));
		refuse(yaml, *at, why);
	}
}

static void read_map(struct yaml *yaml, struct bsg_node *map, unsigned depth)
{
	struct bsg_node **tail = &map->first;
	struct fy_event *event;

	while ((event = next_event(yaml)) != NULL && event->type != FYET_MAPPING_END) {
		struct bsg_policy_at at;
		const char *key = read_key(yaml, event, &at);

		fy_parser_event_free(yaml->parser, event);
		if (key != NULL)
			check_key(yaml, map, key, &at);
		event = next_event(yaml);
		struct bsg_node *value = event != NULL ? read_node(yaml, event, depth + 1) : NULL;

		fy_parser_event_free(yaml->parser, event);
		if (value == NULL || key == NULL)
			return;
		value->key = key;
		value->key_at = at;
		if (value->at.line == 0)
			value->at = at;
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

		yaml->rc = bsg_node_too_deep(yaml->reader, &at, yaml->err);
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
		if (root != NULL && root->at.line == 0)
			root->at = at_mark(yaml, NULL);
		fy_parser_event_free(yaml->parser, event);
	}
	fy_parser_event_free(yaml->parser, event);
	if (root == NULL)
		refuse(yaml, at_mark(yaml, NULL), "the file is empty: a policy begins with `bosaga: 1`");
	return root;
}

/* The number of a character that bsg_text_shown_char() refuses though it is UTF-8; -1: it is not. */
static long refused_character(const unsigned char *s, size_t len)
{
	if (s[0] < 0x80)
		return s[0];
	if (len >= 2 && s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0)
		return s[1];
	if (len >= 3 && s[0] == 0xe2 && (s[1] & 0xfe) == 0x80 && (s[2] & 0xc0) == 0x80)
		return 0x2000L | (s[1] & 0x3f) << 6 | (s[2] & 0x3f);
	return -1;
}

static void refuse_character(struct yaml *yaml, struct bsg_policy_at at, const unsigned char *s, size_t len)
{
	const long c = refused_character(s, len);
	char why[100];

	if (c < 0)
		snprintf(why, sizeof(why), "byte 0x%02X is not UTF-8: save the file as UTF-8", s[0]);
	else
		snprintf(why, sizeof(why), "character U+%04lX is refused: no control characters, nor marks that reorder text", c);
	refuse(yaml, at, why);
}

/*
 * What libfyaml 0.7.12 is not shown: bytes that are no UTF-8 in a directive make its scanner spin for ever (found by
 * fuzz_policy). Directives are of no use to a policy. A policy is text: UTF-8 and no control characters.
 */
static enum bsg_err check_text(struct yaml *yaml)
{
	const char *at = yaml->source->bytes, *const end = at + yaml->source->len;
	struct bsg_policy_at where = at_mark(yaml, NULL);

	while (at < end && yaml->rc == BSG_OK) {
		const bool is_break = *at == '\n' || (*at == '\r' && (at + 1 == end || at[1] != '\n'));
		const size_t n = is_break || *at == '\r' || *at == '\t' ? 1 : bsg_text_shown_char(at, (size_t)(end - at));

		if (n == 0)
			refuse_character(yaml, where, (const unsigned char *)at, (size_t)(end - at));
		else if (*at == '%' && where.column == 1)
			refuse(yaml, where, "directives (%NAME) are refused: a policy is plain YAML 1.2");
		where.column = is_break ? 1 : where.column + 1;
		where.line += is_break;
		at += n;
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
	const struct bsg_policy_source text = bsg_node_skip_mark(source);
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
