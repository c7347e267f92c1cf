/* SPDX-License-Identifier: Apache-2.0 */
/* JSON in and out. Whatever a caller sends is checked here against a table before a handler sees it. */
#include "server/answer.h"

#include <stdlib.h>
#include <string.h>

#include <bosaga/functions.h>

#include "base/hex.h"
#include "base/id.h"
#include "base/timetext.h"
#include "policy/check.h"
#include "policy/compile.h"

#define LIMIT_DEFAULT 100

static enum bsg_err bad(const struct bsg_field *f, struct bsg_error *err, const char *what)
{
	return bsg_fail(err, BSG_E_INVALID, "%s: %s", f->name, what);
}

static bool is_badge(const char *text, size_t len)
{
	if (len == 0 || len >= BSG_BADGE_SIZE)
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return true;
}

static bool is_choice(const struct bsg_field *f, const char *text)
{
	for (size_t i = 0; f->choices[i] != NULL; i++)
		if (strcmp(f->choices[i], text) == 0)
			return true;
	return false;
}

static enum bsg_err bad_choice(const struct bsg_field *f, struct bsg_error *err)
{
	char all[160] = "";

	for (size_t i = 0; f->choices[i] != NULL; i++) {
		const size_t used = strlen(all);

		(void)snprintf(all + used, sizeof(all) - used, "%s%s", i > 0 ? ", " : "", f->choices[i]);
	}
	return bsg_fail(err, BSG_E_INVALID, "%s: must be one of %s", f->name, all);
}

static enum bsg_err check_text(const struct bsg_field *f, const char *text, size_t len, struct bsg_error *err)
{
	size_t max = f->max != 0 ? f->max : BSG_FULL_NAME_SIZE - 1;

	switch (f->type) {
	case BSG_FIELD_NAME:
		return bsg_id_is_name(text) ? BSG_OK : bad(f, err, "must be 1 to 40 lower-case letters, digits and -");
	case BSG_FIELD_DEVICE:
		return bsg_id_is_device(text) ? BSG_OK : bad(f, err, "must be 32 lower-case hex digits");
	case BSG_FIELD_UUID:
		return bsg_id_is_uuid(text) ? BSG_OK : bad(f, err, "must be a UUID in lower case");
	case BSG_FIELD_BADGE:
		return is_badge(text, len) ? BSG_OK : bad(f, err, "must be 1 to 64 printable characters without blanks");
	case BSG_FIELD_CHOICE:
		return is_choice(f, text) ? BSG_OK : bad_choice(f, err);
	case BSG_FIELD_TEXT:
		if (len > 0 && len <= max && bsg_text_is_shown(text, len))
			return BSG_OK;
		return bsg_fail(err, BSG_E_INVALID, "%s: must be text of 1 to %zu bytes without control characters", f->name, max);
	case BSG_FIELD_TIME:
	case BSG_FIELD_INT:
	case BSG_FIELD_BOOL:
	case BSG_FIELD_FUNCTIONS:
		break;
	}
	return bad(f, err, "has the wrong type");
}

static enum bsg_err read_text(const struct bsg_field *f, json_t *value, void *at, struct bsg_error *err)
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);
	enum bsg_err rc;

	if (text == NULL || strlen(text) != len)
		return bad(f, err, "must be a text");
	if (f->type == BSG_FIELD_TIME) {
		if (bsg_time_parse(text, len, at, NULL) != BSG_OK)
			return bad(f, err, "must be a time as in 2026-11-23T22:00:00Z");
		return BSG_OK;
	}
	rc = check_text(f, text, len, err);
	if (rc == BSG_OK)
		memcpy(at, &text, sizeof(text));
	return rc;
}

static enum bsg_err read_int(const struct bsg_field *f, json_t *value, void *at, struct bsg_error *err)
{
	json_int_t i = json_integer_value(value);
	int64_t out = i;

	if (!json_is_integer(value) || i < f->min || i > f->max_int)
		return bsg_fail(err, BSG_E_INVALID, "%s: must be a whole number from %lld to %lld", f->name,
				(long long)f->min, (long long)f->max_int);
	memcpy(at, &out, sizeof(out));
	return BSG_OK;
}

static enum bsg_err read_function(const struct bsg_field *f, json_t *value, uint32_t *bit, struct bsg_error *err)
{
	const char *name = json_string_value(value), *words[BSG_FUNCTIONS_COUNT + 1] = {NULL}, *why = NULL, *near;
	struct bsg_str text = {name, json_string_length(value)};
	enum bsg_err rc;

	*bit = BSG_FUNCTIONS_ALL;
	if (name == NULL)
		return bad(f, err, "must be a list of names of functions");
	if (strcmp(name, "all") == 0)
		return BSG_OK;
	rc = bsg_function_by_name(text, bit, &why);
	if (rc == BSG_OK)
		return BSG_OK;
	for (size_t i = 0; i < BSG_FUNCTIONS_COUNT; i++)
		words[i] = bsg_functions[i].name;
	near = rc == BSG_E_NOT_FOUND ? bsg_policy_nearest(name, strlen(name), words) : NULL;
	if (near != NULL)
		return bsg_fail(err, BSG_E_INVALID, "%s: \"%.40s\" is no function, did you mean \"%s\"?", f->name, name, near);
	return bsg_fail(err, BSG_E_INVALID, "%s: \"%.40s\": %s", f->name, name, why);
}

static enum bsg_err read_functions(const struct bsg_field *f, json_t *value, void *at, struct bsg_error *err)
{
	uint32_t set = 0, bit;
	json_t *one;
	size_t i;

	if (!json_is_array(value) || json_array_size(value) == 0)
		return bad(f, err, "must be a list of names of functions");
	json_array_foreach(value, i, one) {
		enum bsg_err rc = read_function(f, one, &bit, err);

		if (rc != BSG_OK)
			return rc;
		set |= bit;
	}
	memcpy(at, &set, sizeof(set));
	return BSG_OK;
}

static enum bsg_err read_field(const struct bsg_field *f, json_t *value, void *at, struct bsg_error *err)
{
	bool flag = json_is_true(value);

	if (f->type == BSG_FIELD_FUNCTIONS)
		return read_functions(f, value, at, err);
	if (f->type == BSG_FIELD_INT)
		return read_int(f, value, at, err);
	if (f->type != BSG_FIELD_BOOL)
		return read_text(f, value, at, err);
	if (!json_is_boolean(value))
		return bad(f, err, "must be true or false");
	memcpy(at, &flag, sizeof(flag));
	return BSG_OK;
}

static const struct bsg_field *find_field(const struct bsg_field *fields, size_t n_fields, const char *name)
{
	for (size_t i = 0; i < n_fields; i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

static enum bsg_err read_object(json_t *object, const struct bsg_field *fields, size_t n_fields, void *out,
				struct bsg_error *err)
{
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return bsg_fail(err, BSG_E_INVALID, "the body must be a JSON object");
	json_object_foreach(object, key, value)
		if (find_field(fields, n_fields, key) == NULL)
			return bsg_fail(err, BSG_E_INVALID, "%.60s: no such member", key);
	for (size_t i = 0; i < n_fields; i++) {
		enum bsg_err rc;

		value = json_object_get(object, fields[i].name);
		if (value == NULL || json_is_null(value)) {
			if (fields[i].required)
				return bad(&fields[i], err, "is missing");
			continue;
		}
		rc = read_field(&fields[i], value, (char *)out + fields[i].offset, err);
		if (rc != BSG_OK)
			return rc;
	}
	return BSG_OK;
}

enum bsg_err bsg_body_parse(const char *bytes, size_t len, const struct bsg_field *fields, size_t n_fields, void *out,
			    json_t **json, struct bsg_error *err)
{
	json_error_t at;
	enum bsg_err rc;

	*json = len == 0 ? json_object() : json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &at);
	if (*json == NULL && len == 0)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory for a body");
	if (*json == NULL)
		return bsg_fail(err, BSG_E_INVALID, "the body is not JSON: line %d, column %d: %s", at.line, at.column, at.text);
	rc = read_object(*json, fields, n_fields, out, err);
	if (rc != BSG_OK) {
		json_decref(*json);
		*json = NULL;
	}
	return rc;
}

/* The texts found belong to the parsed object; give them the life of the exchange. */
static bool keep_texts(struct bsg_http_exchange *x, const struct bsg_field *fields, size_t n_fields, json_t *json, void *out)
{
	for (size_t i = 0; i < n_fields; i++) {
		json_t *value = json_object_get(json, fields[i].name);
		char *copy;

		if (!json_is_string(value) || fields[i].type == BSG_FIELD_TIME)
			continue;
		copy = bsg_http_strdup(x, json_string_value(value));
		if (copy == NULL)
			return false;
		memcpy((char *)out + fields[i].offset, &copy, sizeof(copy));
	}
	return true;
}

bool bsg_body_read(struct bsg_http_exchange *x, const struct bsg_field *fields, size_t n_fields, void *out)
{
	struct bsg_error err = {.code = BSG_OK};
	size_t len;
	const void *body = bsg_http_body(x, &len);
	json_t *json;
	bool kept;

	if (len > 0 && !bsg_http_has_type(x, "application/json")) {
		bsg_http_problem(x, 415, "unsupported-type", "send the body as application/json");
		return false;
	}
	if (bsg_body_parse(body, len, fields, n_fields, out, &json, &err) != BSG_OK) {
		bsg_http_fail(x, err.code, &err);
		return false;
	}
	kept = keep_texts(x, fields, n_fields, json, out);
	json_decref(json);
	if (!kept)
		bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
	return kept;
}

static bool is_in(const char *name, const char *const *names)
{
	for (size_t i = 0; names != NULL && names[i] != NULL; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

bool bsg_query_only(struct bsg_http_exchange *x, bool paged, const char *const *names)
{
	static const char *const page_names[] = {"cursor", "limit", NULL};

	for (size_t i = 0; i < bsg_http_n_queries(x); i++) {
		const char *name = bsg_http_query_name(x, i);

		for (size_t before = 0; before < i; before++)
			if (strcmp(bsg_http_query_name(x, before), name) == 0) {
				bsg_http_problem(x, 400, "invalid", "%.60s: given twice", name);
				return false;
			}
		if (is_in(name, names) || (paged && is_in(name, page_names)))
			continue;
		bsg_http_problem(x, 400, "invalid", "%.60s: no such query field here", name);
		return false;
	}
	return true;
}

bool bsg_query_time(struct bsg_http_exchange *x, const char *name, int64_t *out)
{
	const char *text = bsg_http_query(x, name);

	if (text == NULL || bsg_time_parse(text, strlen(text), out, NULL) == BSG_OK)
		return true;
	bsg_http_problem(x, 400, "invalid", "%s: must be a time as in 2026-11-23T22:00:00Z", name);
	return false;
}

bool bsg_query_moment(struct bsg_http_exchange *x, const char *name, int64_t *out)
{
	if (!bsg_query_time(x, name, out))
		return false;
	if (bsg_http_query(x, name) == NULL || (*out >= BSG_TIME_MIN && *out <= BSG_COMPILE_NOW_MAX))
		return true;
	bsg_http_problem(x, 400, "invalid", "%s: must be a time of the years 1970 to 2099", name);
	return false;
}

bool bsg_query_page(struct bsg_http_exchange *x, struct bsg_page *page)
{
	const char *limit = bsg_http_query(x, "limit");
	char *end;
	unsigned long n;

	*page = (struct bsg_page){.cursor = bsg_http_query(x, "cursor"), .limit = LIMIT_DEFAULT};
	if (limit == NULL)
		return true;
	n = strtoul(limit, &end, 10);
	if (*end == '\0' && limit[0] >= '0' && limit[0] <= '9' && n >= 1 && n <= BSG_STORE_LIST_MAX) {
		page->limit = n;
		return true;
	}
	bsg_http_problem(x, 400, "invalid", "limit: must be a whole number from 1 to %d", BSG_STORE_LIST_MAX);
	return false;
}

void bsg_answer_json(struct bsg_http_exchange *x, unsigned status, json_t *body, const char *etag)
{
	char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
	struct bsg_http_answer answer = {.status = status, .type = "application/json", .etag = etag};

	json_decref(body);
	if (text == NULL) {
		bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		return;
	}
	answer.body = text;
	answer.body_len = strlen(text);
	bsg_http_answer(x, &answer);
	free(text);
}

void bsg_answer_list(struct bsg_http_exchange *x, json_t *items, const struct bsg_page *page)
{
	bsg_answer_json(x, 200, json_pack("{s:o, s:o}", "items", items, "next", bsg_reply_text(page == NULL ? "" : page->next)), NULL);
}

void bsg_answer_empty(struct bsg_http_exchange *x, unsigned status)
{
	bsg_http_answer(x, &(struct bsg_http_answer){.status = status});
}

json_t *bsg_reply_text(const char *text)
{
	return text == NULL || text[0] == '\0' ? json_null() : json_string(text);
}

json_t *bsg_reply_time(int64_t utc)
{
	char text[BSG_TIME_SIZE];

	if (utc == 0)
		return json_null();
	bsg_time_format(utc, text);
	return json_string(text);
}

json_t *bsg_reply_hex(const uint8_t *bytes, size_t len)
{
	char *text = malloc(2 * len + 1);
	json_t *out;

	if (text == NULL)
		return NULL;
	bsg_hex_encode(bytes, len, text);
	out = json_string(text);
	free(text);
	return out;
}
