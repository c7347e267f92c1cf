/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document before it means anything: values with their positions, from YAML or JSON.
 *
 * Private to policy/. Both readers make the same tree, so that everything after them is written once.
 */
#ifndef BSG_POLICY_NODE_H
#define BSG_POLICY_NODE_H

#include "base/arena.h"
#include "policy/document.h"

enum bsg_node_kind {
	BSG_NODE_NULL = 0,
	BSG_NODE_BOOL,
	BSG_NODE_INT,
	BSG_NODE_REAL,
	BSG_NODE_TEXT,
	BSG_NODE_LIST,
	BSG_NODE_MAP,
};

struct bsg_node {
	enum bsg_node_kind kind;
	struct bsg_policy_at at;
	const char *key;		/* in a map: the member's name */
	struct bsg_policy_at key_at;
	const char *text;		/* scalars: as written, NUL-terminated */
	size_t len;
	int64_t integer;		/* BSG_NODE_INT; BSG_NODE_BOOL: 0 or 1 */
	struct bsg_node *first;		/* lists and maps: children in order */
	struct bsg_node *next;
	size_t n;
};

/* What reading one policy shares over its files. */
struct bsg_reader {
	struct bsg_arena *arena;	/* owns all nodes */
	struct bsg_policy_errors *errors;
	const char *file;
	unsigned file_no;	/* of the sources, from 0 */
	size_t n_nodes;
};

/**
 * Read YAML 1.2 (one document, no anchors, aliases, tags or directives of one's own).
 *
 * @return BSG_E_INVALID  errors has the reasons; BSG_E_LIMIT nesting or number of values; BSG_E_NO_MEMORY
 */
enum bsg_err bsg_node_read_yaml(struct bsg_reader *reader, const struct bsg_policy_source *source,
				struct bsg_node **out, struct bsg_error *err) BSG_MUST_CHECK;

/** Read JSON (RFC 8259, no duplicate names); columns are those of jansson, in characters. @return as bsg_node_read_yaml() */
enum bsg_err bsg_node_read_json(struct bsg_reader *reader, const struct bsg_policy_source *source,
				struct bsg_node **out, struct bsg_error *err) BSG_MUST_CHECK;

/** Make a node; counts towards BSG_POLICY_NODES_MAX. @return BSG_E_LIMIT or BSG_E_NO_MEMORY */
enum bsg_err bsg_node_new(struct bsg_reader *reader, enum bsg_node_kind kind, struct bsg_policy_at at,
			  struct bsg_node **out, struct bsg_error *err) BSG_MUST_CHECK;

/** Note why a file is read no further. @param code BSG_E_INVALID or BSG_E_LIMIT @return it */
enum bsg_err bsg_node_refuse(struct bsg_reader *reader, const struct bsg_policy_at *at, enum bsg_err code,
			     struct bsg_error *err, const char *fmt, ...) BSG_MUST_CHECK __attribute__((format(printf, 5, 6)));

#ifdef __clang_analyzer__	/* as for bsg_fail() */
#define bsg_node_refuse(reader, at, code, err, ...) ((void)bsg_node_refuse((reader), (at), (code), (err), __VA_ARGS__), (code))
#endif

/** Note that a document nests too deeply. @return BSG_E_LIMIT */
enum bsg_err bsg_node_too_deep(struct bsg_reader *reader, const struct bsg_policy_at *at,
			       struct bsg_error *err) BSG_MUST_CHECK;

/** Note that a map has too many keys. @return BSG_E_LIMIT */
enum bsg_err bsg_node_too_many_keys(struct bsg_reader *reader, const struct bsg_policy_at *at,
				    struct bsg_error *err) BSG_MUST_CHECK;

/** Step over a byte order mark (P2). @param text as given @return what follows it, or all of it */
struct bsg_policy_source bsg_node_skip_mark(const struct bsg_policy_source *source);

#endif
