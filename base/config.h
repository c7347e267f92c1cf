/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration: `key = value` lines, one table per program.
 *
 *	struct settings { char listen[128]; int64_t hold_s; bool sample; int log_format; };
 *	static const char *const formats[] = { "text", "json", NULL };
 *	static const struct bsg_config_key keys[] = {
 *		{ BSG_CONFIG_TEXT(struct settings, listen), .def = "127.0.0.1:8443",
 *		  .help = "address of the people plane" },
 *		{ BSG_CONFIG_CHOICE(struct settings, log_format), .choices = formats, .def = "text",
 *		  .help = "how log lines look" },
 *	};
 *
 * The key's name is the member's name. The same table reads files, checks,
 * prints `--help-config` and the manual page. Lines may be empty or start with
 * '#'; a value runs to the end of its line, blanks around it cut; no quotes,
 * no escapes. An unknown key, a key given twice, or a bad value stops with
 * `FILE:LINE: reason`.
 */
#ifndef BSG_BASE_CONFIG_H
#define BSG_BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

#define BSG_CONFIG_MAX_BYTES (64 * 1024)	/* of a file */
#define BSG_CONFIG_MAX_KEYS 64			/* of a table */

enum bsg_config_type {
	BSG_CONFIG_TYPE_TEXT,		/* char[]; empty is allowed unless a check says otherwise */
	BSG_CONFIG_TYPE_NUMBER,		/* int64_t within min..max */
	BSG_CONFIG_TYPE_DURATION,	/* int64_t seconds within min..max, written 90s 3m 14h 2d */
	BSG_CONFIG_TYPE_BOOL,		/* bool: yes or no */
	BSG_CONFIG_TYPE_CHOICE,		/* int: index into choices */
};

struct bsg_config_key {
	const char *name;
	enum bsg_config_type type;
	size_t offset;			/* of the member */
	size_t size;			/* of a text member, with its NUL */
	const char *def;		/* as if it stood in a file; never NULL */
	const char *shown;		/* what help says instead of def, when def is worked out later */
	const char *const *choices;	/* ended by NULL */
	int64_t min, max;		/* both 0: any */
	enum bsg_err (*check)(const char *value, struct bsg_error *err);	/* may be NULL; the key's name is put before what it says */
	const char *help;		/* one line, no full stop */
};

#define BSG_CONFIG_TEXT(type_, member) \
	.name = #member, .type = BSG_CONFIG_TYPE_TEXT, .offset = offsetof(type_, member), \
	.size = sizeof(((type_ *)0)->member)
#define BSG_CONFIG_NUMBER(type_, member) \
	.name = #member, .type = BSG_CONFIG_TYPE_NUMBER, .offset = offsetof(type_, member), \
	.size = sizeof(((type_ *)0)->member)
#define BSG_CONFIG_DURATION(type_, member) \
	.name = #member, .type = BSG_CONFIG_TYPE_DURATION, .offset = offsetof(type_, member), \
	.size = sizeof(((type_ *)0)->member)
#define BSG_CONFIG_BOOL(type_, member) \
	.name = #member, .type = BSG_CONFIG_TYPE_BOOL, .offset = offsetof(type_, member), \
	.size = sizeof(((type_ *)0)->member)
#define BSG_CONFIG_CHOICE(type_, member) \
	.name = #member, .type = BSG_CONFIG_TYPE_CHOICE, .offset = offsetof(type_, member), \
	.size = sizeof(((type_ *)0)->member)

/** Set every member of @settings to its default. @return BSG_OK, BSG_E_BUG (the table is wrong) */
enum bsg_err bsg_config_defaults(const struct bsg_config_key *keys, size_t n_keys,
				 void *settings, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Read the file @path over @settings, which holds defaults or earlier values.
 *
 * @return BSG_OK, BSG_E_INVALID (text starts with `PATH:LINE: `), BSG_E_NOT_FOUND,
 *         BSG_E_LIMIT, BSG_E_UNAVAILABLE, BSG_E_NO_MEMORY; after a failure @settings is
 *         partly read: do not start with it
 */
enum bsg_err bsg_config_load(const struct bsg_config_key *keys, size_t n_keys,
			     const char *path, void *settings, struct bsg_error *err) BSG_MUST_CHECK;

/** As bsg_config_load() for @len bytes of text; @name stands for the path in errors. */
enum bsg_err bsg_config_parse(const struct bsg_config_key *keys, size_t n_keys,
			      const char *text, size_t len, const char *name,
			      void *settings, struct bsg_error *err) BSG_MUST_CHECK;

/** Set one key, as from a command line. @return BSG_OK, BSG_E_INVALID (unknown key, bad value) */
enum bsg_err bsg_config_set(const struct bsg_config_key *keys, size_t n_keys,
			    const char *key, const char *value,
			    void *settings, struct bsg_error *err) BSG_MUST_CHECK;

/** Print every key with type, default and meaning. @return whether all was written */
bool bsg_config_help(const struct bsg_config_key *keys, size_t n_keys, FILE *out) BSG_MUST_CHECK;

/** Print @text within a manual page: a line of roff must not start with a dot or quote, and '-' and '\' need care. */
void bsg_roff(const char *text, FILE *out);

/** Print the same as lines of a manual page (roff, man macros). @return whether all was written */
bool bsg_config_man(const struct bsg_config_key *keys, size_t n_keys, FILE *out) BSG_MUST_CHECK;

#endif
