/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration: one table that reads, checks and explains `key = value` lines. */
#include "base/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/id.h"
#include "base/timetext.h"

#define VALUE_MAX 1024

static const char *const type_names[] = { "text", "number", "duration", "yes|no", "choice" };

static const struct bsg_config_key *find(const struct bsg_config_key *keys, size_t n_keys,
					 const char *name, size_t len)
{
	for (size_t i = 0; i < n_keys; i++)
		if (strlen(keys[i].name) == len && memcmp(keys[i].name, name, len) == 0)
			return &keys[i];
	return NULL;
}

static enum bsg_err check_range(const struct bsg_config_key *key, int64_t v, struct bsg_error *err)
{
	char low[BSG_DURATION_SIZE];
	char high[BSG_DURATION_SIZE];

	if ((key->min == 0 && key->max == 0) || (v >= key->min && v <= key->max))
		return BSG_OK;
	if (key->type == BSG_CONFIG_TYPE_DURATION) {
		bsg_duration_format(key->min, low);
		bsg_duration_format(key->max, high);
	} else {
		(void)snprintf(low, sizeof(low), "%" PRId64, key->min);
		(void)snprintf(high, sizeof(high), "%" PRId64, key->max);
	}
	return bsg_fail(err, BSG_E_INVALID, "%s: must be from %s to %s", key->name, low, high);
}

static enum bsg_err set_number(const struct bsg_config_key *key, const char *value, void *member,
			       struct bsg_error *err)
{
	int64_t v = 0;
	char *end = NULL;
	enum bsg_err rc = BSG_OK;

	errno = 0;
	if (key->type == BSG_CONFIG_TYPE_DURATION)
		rc = bsg_duration_parse(value, strlen(value), &v, NULL);
	else
		v = strtoll(value, &end, 10);
	if (rc != BSG_OK)
		return bsg_fail(err, rc, "%s: '%.40s' is not a duration such as 90s, 3m, 14h or 2d",
				key->name, value);
	if (end != NULL && (errno != 0 || end == value || *end != '\0' || value[0] == ' '))
		return bsg_fail(err, BSG_E_INVALID, "%s: '%.40s' is not a number", key->name, value);
	rc = check_range(key, v, err);
	if (rc == BSG_OK)
		memcpy(member, &v, sizeof(v));
	return rc;
}

static enum bsg_err set_bool(const struct bsg_config_key *key, const char *value, void *member,
			     struct bsg_error *err)
{
	bool v = strcmp(value, "yes") == 0;

	if (!v && strcmp(value, "no") != 0)
		return bsg_fail(err, BSG_E_INVALID, "%s: '%.40s' is neither yes nor no", key->name,
				value);
	memcpy(member, &v, sizeof(v));
	return BSG_OK;
}

static enum bsg_err set_choice(const struct bsg_config_key *key, const char *value, void *member,
			       struct bsg_error *err)
{
	char all[160] = "";

	for (int i = 0; key->choices != NULL && key->choices[i] != NULL; i++) {
		size_t used = strlen(all);

		if (strcmp(key->choices[i], value) == 0) {
			memcpy(member, &i, sizeof(i));
			return BSG_OK;
		}
		(void)snprintf(all + used, sizeof(all) - used, "%s%s", i > 0 ? ", " : "",
			       key->choices[i]);
	}
	return bsg_fail(err, BSG_E_INVALID, "%s: '%.40s' is not one of %s", key->name, value, all);
}

static enum bsg_err set_text(const struct bsg_config_key *key, const char *value, void *member,
			     struct bsg_error *err)
{
	size_t len = strlen(value);

	if (len >= key->size)
		return bsg_fail(err, BSG_E_INVALID, "%s: longer than %zu bytes", key->name,
				key->size - 1);
	memcpy(member, value, len + 1);
	return BSG_OK;
}

static enum bsg_err set_value(const struct bsg_config_key *key, const char *value, void *settings,
			      struct bsg_error *err)
{
	void *member = (char *)settings + key->offset;

	if (!bsg_text_is_shown(value, strlen(value)))
		return bsg_fail(err, BSG_E_INVALID, "%s: control characters or broken UTF-8",
				key->name);
	if (key->check != NULL) {
		enum bsg_err rc = bsg_fail_at(key->name, key->check(value, err), err);

		if (rc != BSG_OK)
			return rc;
	}
	switch (key->type) {
	case BSG_CONFIG_TYPE_TEXT:
		return set_text(key, value, member, err);
	case BSG_CONFIG_TYPE_NUMBER:
	case BSG_CONFIG_TYPE_DURATION:
		return set_number(key, value, member, err);
	case BSG_CONFIG_TYPE_BOOL:
		return set_bool(key, value, member, err);
	case BSG_CONFIG_TYPE_CHOICE:
		return set_choice(key, value, member, err);
	}
	return bsg_fail(err, BSG_E_BUG, "%s: unknown type in the table", key->name);
}

/* A member whose size does not fit its type would be written beyond. */
static bool size_fits(const struct bsg_config_key *key)
{
	switch (key->type) {
	case BSG_CONFIG_TYPE_TEXT:
		return key->size > 0;
	case BSG_CONFIG_TYPE_NUMBER:
	case BSG_CONFIG_TYPE_DURATION:
		return key->size == sizeof(int64_t);
	case BSG_CONFIG_TYPE_BOOL:
		return key->size == sizeof(bool);
	case BSG_CONFIG_TYPE_CHOICE:
		return key->size == sizeof(int) && key->choices != NULL;
	}
	return false;
}

enum bsg_err bsg_config_defaults(const struct bsg_config_key *keys, size_t n_keys,
				 void *settings, struct bsg_error *err)
{
	if (n_keys > BSG_CONFIG_MAX_KEYS)
		return bsg_fail(err, BSG_E_BUG, "more than %d configuration keys",
				BSG_CONFIG_MAX_KEYS);
	for (size_t i = 0; i < n_keys; i++) {
		struct bsg_error why = { 0 };

		if (keys[i].def == NULL || keys[i].help == NULL || !size_fits(&keys[i]))
			return bsg_fail(err, BSG_E_BUG, "key %s: no default, no help, or a member "
					"of another type", keys[i].name);
		if (set_value(&keys[i], keys[i].def, settings, &why) != BSG_OK)
			return bsg_fail(err, BSG_E_BUG, "default of %s", why.text);
	}
	return BSG_OK;
}

enum bsg_err bsg_config_set(const struct bsg_config_key *keys, size_t n_keys, const char *name,
			    const char *value, void *settings, struct bsg_error *err)
{
	const struct bsg_config_key *key = find(keys, n_keys, name, strlen(name));

	if (key == NULL)
		return bsg_fail(err, BSG_E_INVALID, "unknown key '%.40s'; --help-config lists all",
				name);
	return set_value(key, value, settings, err);
}

/* One file being read. */
struct parse {
	const struct bsg_config_key *keys;
	size_t n_keys;
	const char *name;
	int line;
	int seen_at[BSG_CONFIG_MAX_KEYS];	/* line of each key, 0 if not yet */
	void *settings;
};

struct span {
	const char *at;
	size_t len;
};

static struct span trim(struct span s)
{
	while (s.len > 0 && (s.at[0] == ' ' || s.at[0] == '\t')) {
		s.at++;
		s.len--;
	}
	while (s.len > 0 && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t' ||
			     s.at[s.len - 1] == '\r'))
		s.len--;
	return s;
}

static enum bsg_err set_line(struct parse *p, struct span name, struct span text,
			     struct bsg_error *err)
{
	const struct bsg_config_key *key = find(p->keys, p->n_keys, name.at, name.len);
	char value[VALUE_MAX];
	int *seen;

	if (key == NULL)
		return bsg_fail(err, BSG_E_INVALID, "unknown key '%.*s'; --help-config lists all",
				name.len < 40 ? (int)name.len : 40, name.at);
	seen = &p->seen_at[key - p->keys];
	if (*seen != 0)
		return bsg_fail(err, BSG_E_INVALID, "%s stands already in line %d", key->name, *seen);
	*seen = p->line;
	if (text.len >= sizeof(value) || memchr(text.at, '\0', text.len) != NULL)
		return bsg_fail(err, BSG_E_INVALID, "%s: too long, or a NUL in it", key->name);
	memcpy(value, text.at, text.len);
	value[text.len] = '\0';
	return set_value(key, value, p->settings, err);
}

static enum bsg_err parse_line(struct parse *p, struct span line, struct bsg_error *err)
{
	const char *equals;
	struct span name;
	struct span value;

	line = trim(line);
	if (line.len == 0 || line.at[0] == '#')
		return BSG_OK;
	equals = memchr(line.at, '=', line.len);
	if (equals == NULL)
		return bsg_fail(err, BSG_E_INVALID, "not of the form key = value");
	name.at = line.at;
	name.len = (size_t)(equals - line.at);
	value.at = equals + 1;
	value.len = line.len - name.len - 1;
	return set_line(p, trim(name), trim(value), err);
}

enum bsg_err bsg_config_parse(const struct bsg_config_key *keys, size_t n_keys,
			      const char *text, size_t len, const char *name,
			      void *settings, struct bsg_error *err)
{
	struct parse p = { .keys = keys, .n_keys = n_keys, .name = name, .settings = settings };
	const char *end = text + len;

	if (n_keys > BSG_CONFIG_MAX_KEYS)
		return bsg_fail(err, BSG_E_BUG, "more than %d configuration keys",
				BSG_CONFIG_MAX_KEYS);
	if (len > BSG_CONFIG_MAX_BYTES)
		return bsg_fail(err, BSG_E_LIMIT, "%s is larger than %d bytes", name,
				BSG_CONFIG_MAX_BYTES);
	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		struct span line = { text, (size_t)((nl != NULL ? nl : end) - text) };
		struct bsg_error why = { 0 };
		enum bsg_err rc;

		p.line++;
		rc = parse_line(&p, line, &why);
		if (rc != BSG_OK)
			return bsg_fail(err, rc, "%s:%d: %s", name, p.line, why.text);
		text = nl != NULL ? nl + 1 : end;
	}
	return BSG_OK;
}

enum bsg_err bsg_config_load(const struct bsg_config_key *keys, size_t n_keys,
			     const char *path, void *settings, struct bsg_error *err)
{
	uint8_t *text = NULL;
	size_t len = 0;
	enum bsg_err rc = bsg_file_read(path, BSG_CONFIG_MAX_BYTES, &text, &len, err);

	if (rc != BSG_OK)
		return rc;
	rc = bsg_config_parse(keys, n_keys, (const char *)text, len, path, settings, err);
	free(text);
	return rc;
}

/* What help shows as the type: the choices themselves where there are some. */
static void print_type(const struct bsg_config_key *key, FILE *out)
{
	if (key->type != BSG_CONFIG_TYPE_CHOICE) {
		(void)fputs(type_names[key->type], out);
		return;
	}
	for (int i = 0; key->choices[i] != NULL; i++)
		(void)fprintf(out, "%s%s", i > 0 ? "|" : "", key->choices[i]);
}

static const char *shown_default(const struct bsg_config_key *key)
{
	return key->shown != NULL ? key->shown : key->def;
}

bool bsg_config_help(const struct bsg_config_key *keys, size_t n_keys, FILE *out)
{
	for (size_t i = 0; i < n_keys; i++) {
		(void)fprintf(out, "%s = %s\n    ", keys[i].name, shown_default(&keys[i]));
		print_type(&keys[i], out);
		(void)fprintf(out, "; %s\n", keys[i].help);
	}
	return fflush(out) == 0 && !ferror(out);
}

void bsg_roff(const char *text, FILE *out)
{
	if (*text == '.' || *text == '\'')
		(void)fputs("\\&", out);
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			(void)fputs("\\e", out);
		else if (*text == '-')
			(void)fputs("\\-", out);
		else
			(void)fputc(*text, out);
	}
}

bool bsg_config_man(const struct bsg_config_key *keys, size_t n_keys, FILE *out)
{
	for (size_t i = 0; i < n_keys; i++) {
		(void)fprintf(out, ".TP\n.BR %s \" (\"", keys[i].name);
		print_type(&keys[i], out);
		(void)fputs("\")\"\n", out);
		bsg_roff(keys[i].help, out);
		(void)fputs(". Default: ", out);
		bsg_roff(shown_default(&keys[i])[0] != '\0' ? shown_default(&keys[i]) : "empty", out);
		(void)fputs(".\n", out);
	}
	return fflush(out) == 0 && !ferror(out);
}
