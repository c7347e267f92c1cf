/* SPDX-License-Identifier: Apache-2.0 */
/* Property lists: libplist between two checks. See apple/plist.h. */
#include "apple/plist.h"

#include <stdlib.h>
#include <string.h>

#include <plist/plist.h>

#include "apple/plist_scan.h"

struct bsg_plist {
	plist_t root;
};

/* What stands in an error where a type is named. */
static const char *const type_names[] = {
	[BSG_PLIST_DICT] = "a dictionary", [BSG_PLIST_ARRAY] = "an array", [BSG_PLIST_TEXT] = "text",
	[BSG_PLIST_DATA] = "data", [BSG_PLIST_INT] = "a whole number", [BSG_PLIST_REAL] = "a number",
	[BSG_PLIST_BOOL] = "true or false", [BSG_PLIST_DATE] = "a date",
};

/* libplist's handles are void *, also where it only reads. */
static plist_t raw(const struct bsg_plist_node *node)
{
	plist_t out;

	memcpy(&out, &node, sizeof(out));
	return out;
}

static const struct bsg_plist_node *node_of(plist_t raw_node)
{
	return raw_node;
}

static bool known_type(plist_t node, enum bsg_plist_type *out)
{
	static const struct { plist_type from; enum bsg_plist_type to; } types[] = {
		{ PLIST_DICT, BSG_PLIST_DICT }, { PLIST_ARRAY, BSG_PLIST_ARRAY }, { PLIST_STRING, BSG_PLIST_TEXT },
		{ PLIST_DATA, BSG_PLIST_DATA }, { PLIST_UINT, BSG_PLIST_INT }, { PLIST_REAL, BSG_PLIST_REAL },
		{ PLIST_BOOLEAN, BSG_PLIST_BOOL }, { PLIST_DATE, BSG_PLIST_DATE },
	};
	const plist_type type = plist_get_node_type(node);

	*out = BSG_PLIST_DICT;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].from == type) {
			*out = types[i].to;
			return true;
		}
	return false;
}

/* ---- the check afterwards ------------------------------------------------- */

struct count {
	size_t nodes;
	bool binary;
	struct bsg_error *err;
};

static enum bsg_err count_node(struct count *c, plist_t node, unsigned depth);	/* recursive, BSG_PLIST_DEPTH_MAX deep */

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum bsg_err check_keys(struct count *c, char **keys, size_t n)
{
	qsort(keys, n, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < n; i++)
		if (strcmp(keys[i - 1], keys[i]) == 0)
			return bsg_fail(c->err, BSG_E_INVALID, "property list: a key is there twice in one dictionary");
	return BSG_OK;
}

/* @param keys  of a binary dictionary, to be freed one by one; NULL: they are not asked for, since each is a copy */
static enum bsg_err count_entries(struct count *c, plist_t dict, unsigned depth, char **keys, uint32_t n)
{
	plist_dict_iter at = NULL;
	enum bsg_err rc = BSG_OK;

	plist_dict_new_iter(dict, &at);
	for (uint32_t i = 0; i < n && rc == BSG_OK; i++) {
		plist_t value = NULL;

		plist_dict_next_item(dict, at, keys != NULL ? &keys[i] : NULL, &value);
		if (value == NULL || (keys != NULL && keys[i] == NULL))
			rc = bsg_fail(c->err, BSG_E_BUG, "property list: a dictionary shorter than it says");
		else
			rc = count_node(c, value, depth + 1);
		c->nodes++;
	}
	free(at);
	return rc;
}

/* Of a key that is twice in an XML dictionary libplist keeps one, which the number of nodes tells; in a binary one it keeps both. */
static enum bsg_err count_dict(struct count *c, plist_t dict, unsigned depth)
{
	const uint32_t n = plist_dict_get_size(dict);
	char **keys = c->binary ? calloc((size_t)n + 1, sizeof(*keys)) : NULL;
	enum bsg_err rc;

	if (c->binary && keys == NULL)
		return bsg_fail(c->err, BSG_E_NO_MEMORY, "no memory for a property list");
	rc = count_entries(c, dict, depth, keys, n);
	if (rc == BSG_OK && keys != NULL)
		rc = check_keys(c, keys, n);
	for (uint32_t i = 0; keys != NULL && i < n; i++)
		free(keys[i]);
	free(keys);
	return rc;
}

static enum bsg_err count_array(struct count *c, plist_t array, unsigned depth)
{
	const uint32_t n = plist_array_get_size(array);
	enum bsg_err rc = BSG_OK;

	for (uint32_t i = 0; i < n && rc == BSG_OK; i++)
		rc = count_node(c, plist_array_get_item(array, i), depth + 1);
	return rc;
}

static enum bsg_err count_node(struct count *c, plist_t node, unsigned depth)
{
	enum bsg_plist_type type;

	c->nodes++;
	if (!known_type(node, &type))
		return bsg_fail(c->err, BSG_E_INVALID, "property list: a value of unknown type");
	if ((type == BSG_PLIST_DICT || type == BSG_PLIST_ARRAY) && depth > BSG_PLIST_DEPTH_MAX)
		return bsg_fail(c->err, BSG_E_LIMIT, "property list: too many levels");
	if (type == BSG_PLIST_DICT)
		return count_dict(c, node, depth);
	return type == BSG_PLIST_ARRAY ? count_array(c, node, depth) : BSG_OK;
}

/* libplist must have built exactly what was checked. */
static enum bsg_err check_tree(plist_t root, bool binary, size_t nodes, struct bsg_error *err)
{
	struct count c = { .binary = binary, .err = err };
	enum bsg_err rc;

	if (root == NULL || plist_get_node_type(root) != PLIST_DICT)
		return bsg_fail(err, BSG_E_INVALID, "property list: libplist cannot read it");
	rc = count_node(&c, root, 1);
	if (rc == BSG_OK && c.nodes < nodes)
		return bsg_fail(err, BSG_E_INVALID, "property list: a key is there twice in one dictionary");
	if (rc == BSG_OK && c.nodes > nodes)
		return bsg_fail(err, BSG_E_INVALID, "property list: two readers understand it differently");
	return rc;
}

/* ---- reading ---------------------------------------------------------------- */

enum bsg_err bsg_plist_read(const void *bytes, size_t len, size_t max, struct bsg_plist **out, struct bsg_error *err)
{
	static const char magic[] = "bplist";
	struct bsg_plist *plist;
	size_t nodes;
	bool binary;
	enum bsg_err rc;

	*out = NULL;
	if (len > max || len > BSG_PLIST_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "property list: %zu bytes, at most %zu", len,
				max < BSG_PLIST_MAX ? max : (size_t)BSG_PLIST_MAX);
	if (len == 0)
		return bsg_fail(err, BSG_E_INVALID, "property list: it is empty");
	binary = len >= sizeof(magic) - 1 && memcmp(bytes, magic, sizeof(magic) - 1) == 0;
	rc = binary ? bsg_plist_scan_binary(bytes, len, max, &nodes, err) : bsg_plist_scan_xml(bytes, len, &nodes, err);
	if (rc != BSG_OK)
		return rc;
	plist = calloc(1, sizeof(*plist));
	if (plist == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory for a property list");
	if (binary)
		plist_from_bin(bytes, (uint32_t)len, &plist->root);
	else
		plist_from_xml(bytes, (uint32_t)len, &plist->root);
	rc = check_tree(plist->root, binary, nodes, err);
	if (rc == BSG_OK)
		*out = plist;
	else
		bsg_plist_free(plist);
	return rc;
}

void bsg_plist_free(struct bsg_plist *plist)
{
	if (plist == NULL)
		return;
	plist_free(plist->root);
	free(plist);
}

const struct bsg_plist_node *bsg_plist_root(const struct bsg_plist *plist)
{
	return node_of(plist->root);
}

/* ---- values ------------------------------------------------------------------ */

void bsg_plist_value(const struct bsg_plist_node *node, struct bsg_plist_value *out)
{
	plist_t n = raw(node);
	uint64_t number = 0, len = 0;
	uint8_t flag = 0;

	*out = (struct bsg_plist_value){ 0 };
	(void)known_type(n, &out->type);	/* true: check_tree() has seen it */
	if (out->type == BSG_PLIST_TEXT) {
		out->text.ptr = plist_get_string_ptr(n, &len);
		out->text.len = (size_t)len;
	} else if (out->type == BSG_PLIST_DATA) {
		out->data.ptr = (const uint8_t *)plist_get_data_ptr(n, &len);
		out->data.len = (size_t)len;
	} else if (out->type == BSG_PLIST_INT) {
		plist_get_uint_val(n, &number);
		out->number = (int64_t)number;	/* both readers have refused what is past 64 bits with sign */
	} else if (out->type == BSG_PLIST_REAL) {
		plist_get_real_val(n, &out->real);
	} else if (out->type == BSG_PLIST_BOOL) {
		plist_get_bool_val(n, &flag);
		out->flag = flag != 0;
	}
}

const struct bsg_plist_node *bsg_plist_find(const struct bsg_plist_node *dict, const char *key)
{
	return node_of(plist_dict_get_item(raw(dict), key));
}

static enum bsg_err get(const struct bsg_plist_node *dict, const char *key, enum bsg_plist_type type,
			struct bsg_plist_value *out, const struct bsg_plist_node **node, struct bsg_error *err)
{
	*node = bsg_plist_find(dict, key);
	*out = (struct bsg_plist_value){ 0 };
	if (*node == NULL)
		return bsg_fail(err, BSG_E_NOT_FOUND, "%s is missing", key);
	bsg_plist_value(*node, out);
	if (out->type != type)
		return bsg_fail(err, BSG_E_INVALID, "%s is %s, not %s", key, type_names[out->type], type_names[type]);
	return BSG_OK;
}

static enum bsg_err check_length(const char *key, size_t len, size_t max, struct bsg_error *err)
{
	if (len == 0)
		return bsg_fail(err, BSG_E_INVALID, "%s is empty", key);
	if (len > max)
		return bsg_fail(err, BSG_E_LIMIT, "%s has %zu bytes, at most %zu", key, len, max);
	return BSG_OK;
}

enum bsg_err bsg_plist_get_text(const struct bsg_plist_node *dict, const char *key, size_t max, struct bsg_str *out,
				struct bsg_error *err)
{
	const struct bsg_plist_node *node;
	struct bsg_plist_value value;
	enum bsg_err rc = get(dict, key, BSG_PLIST_TEXT, &value, &node, err);

	if (rc == BSG_OK)
		rc = check_length(key, value.text.len, max, err);
	*out = rc == BSG_OK ? value.text : (struct bsg_str){ 0 };
	return rc;
}

enum bsg_err bsg_plist_get_data(const struct bsg_plist_node *dict, const char *key, size_t max, struct bsg_bytes *out,
				struct bsg_error *err)
{
	const struct bsg_plist_node *node;
	struct bsg_plist_value value;
	enum bsg_err rc = get(dict, key, BSG_PLIST_DATA, &value, &node, err);

	if (rc == BSG_OK)
		rc = check_length(key, value.data.len, max, err);
	*out = rc == BSG_OK ? value.data : (struct bsg_bytes){ 0 };
	return rc;
}

enum bsg_err bsg_plist_get_int(const struct bsg_plist_node *dict, const char *key, int64_t min, int64_t max,
			       int64_t *out, struct bsg_error *err)
{
	const struct bsg_plist_node *node;
	struct bsg_plist_value value;
	enum bsg_err rc = get(dict, key, BSG_PLIST_INT, &value, &node, err);

	if (rc == BSG_OK && (value.number < min || value.number > max))
		rc = bsg_fail(err, BSG_E_INVALID, "%s is %lld, not within %lld to %lld", key, (long long)value.number,
			      (long long)min, (long long)max);
	*out = rc == BSG_OK ? value.number : 0;
	return rc;
}

enum bsg_err bsg_plist_get_bool(const struct bsg_plist_node *dict, const char *key, bool *out, struct bsg_error *err)
{
	const struct bsg_plist_node *node;
	struct bsg_plist_value value;
	const enum bsg_err rc = get(dict, key, BSG_PLIST_BOOL, &value, &node, err);

	*out = rc == BSG_OK && value.flag;
	return rc;
}

enum bsg_err bsg_plist_get_dict(const struct bsg_plist_node *dict, const char *key, const struct bsg_plist_node **out,
				struct bsg_error *err)
{
	struct bsg_plist_value value;
	const enum bsg_err rc = get(dict, key, BSG_PLIST_DICT, &value, out, err);

	if (rc != BSG_OK)
		*out = NULL;
	return rc;
}

enum bsg_err bsg_plist_get_array(const struct bsg_plist_node *dict, const char *key, const struct bsg_plist_node **out,
				 struct bsg_error *err)
{
	struct bsg_plist_value value;
	const enum bsg_err rc = get(dict, key, BSG_PLIST_ARRAY, &value, out, err);

	if (rc != BSG_OK)
		*out = NULL;
	return rc;
}

/* ---- entries --------------------------------------------------------------------- */

size_t bsg_plist_count(const struct bsg_plist_node *node)
{
	const plist_type type = plist_get_node_type(raw(node));

	return type == PLIST_DICT ? plist_dict_get_size(raw(node)) : type == PLIST_ARRAY ? plist_array_get_size(raw(node)) : 0;
}

const struct bsg_plist_node *bsg_plist_item(const struct bsg_plist_node *array, size_t i)
{
	if (plist_get_node_type(raw(array)) != PLIST_ARRAY || i >= plist_array_get_size(raw(array)))
		return NULL;
	return node_of(plist_array_get_item(raw(array), (uint32_t)i));
}

void bsg_plist_each(const struct bsg_plist_node *node,
		    void (*visit)(const char *key, const struct bsg_plist_node *value, void *ctx), void *ctx)
{
	const size_t n = bsg_plist_count(node);
	plist_dict_iter at = NULL;

	if (plist_get_node_type(raw(node)) == PLIST_DICT)
		plist_dict_new_iter(raw(node), &at);
	for (size_t i = 0; i < n; i++) {
		char *key = NULL;
		plist_t value = NULL;

		if (at == NULL) {
			visit(NULL, bsg_plist_item(node, i), ctx);
			continue;
		}
		plist_dict_next_item(raw(node), at, &key, &value);
		visit(key, node_of(value), ctx);
		free(key);
	}
	free(at);
}
