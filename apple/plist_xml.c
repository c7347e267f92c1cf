/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strict reader of XML property lists. It reads the subset of XML that Apple's systems and the usual libraries write: no
 * comments, no CDATA, no processing instructions, no attributes but `version`, no DOCTYPE with anything inside, and
 * of references only the five predefined ones and numbers. So there is nothing to expand and nothing to fetch.
 */
#include <string.h>
#include <strings.h>

#include "apple/plist.h"
#include "apple/plist_scan.h"

#define REFERENCES_MAX 4096	/* libplist moves the rest of a text for each of them: many in a long one cost seconds */
#define QUOTED_MAX 128

struct xml {
	const char *text;
	size_t len, at;
	size_t nodes, references, depth;
	struct bsg_error *err;
};

enum content { CONTENT_DICT, CONTENT_ARRAY, CONTENT_TEXT, CONTENT_KEY, CONTENT_DATA, CONTENT_INT, CONTENT_REAL,
	       CONTENT_DATE, CONTENT_NONE };

static const struct element {
	const char *name;
	enum content content;
} elements[] = {
	{ "dict", CONTENT_DICT }, { "array", CONTENT_ARRAY }, { "string", CONTENT_TEXT }, { "key", CONTENT_KEY },
	{ "data", CONTENT_DATA }, { "integer", CONTENT_INT }, { "real", CONTENT_REAL }, { "date", CONTENT_DATE },
	{ "true", CONTENT_NONE }, { "false", CONTENT_NONE },
};

static enum bsg_err bad(const struct xml *x, const char *what)
{
	return bsg_fail(x->err, BSG_E_INVALID, "property list: %s at byte %zu", what, x->at);
}

static enum bsg_err too_much(const struct xml *x, const char *what)
{
	return bsg_fail(x->err, BSG_E_LIMIT, "property list: too many %s at byte %zu", what, x->at);
}

/* ---- pieces ------------------------------------------------------------ */

static int peek(const struct xml *x)
{
	return x->at < x->len ? (unsigned char)x->text[x->at] : -1;
}

static bool is_space(int c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct xml *x)
{
	while (is_space(peek(x)))
		x->at++;
}

static bool take(struct xml *x, const char *literal)
{
	const size_t n = strlen(literal);

	if (x->len - x->at < n || memcmp(x->text + x->at, literal, n) != 0)
		return false;
	x->at += n;
	return true;
}

/* A quoted piece of printable ASCII that nobody could take for markup. */
static bool take_quoted(struct xml *x, struct bsg_str *out)
{
	const int quote = peek(x);
	const size_t from = x->at + 1;

	if (quote != '"' && quote != '\'')
		return false;
	x->at++;
	while (peek(x) != quote) {
		const int c = peek(x);

		if (c < 0x20 || c > 0x7e || c == '<' || c == '>' || c == '&' || c == '[' || c == '%' || c == '"' ||
		    x->at - from >= QUOTED_MAX)
			return false;
		x->at++;
	}
	*out = (struct bsg_str){ x->text + from, x->at - from };
	x->at++;
	return true;
}

static bool take_attribute(struct xml *x, const char *name, struct bsg_str *value)
{
	const size_t before = x->at;

	skip_space(x);
	if (x->at > before && take(x, name)) {
		skip_space(x);
		if (take(x, "=")) {
			skip_space(x);
			if (take_quoted(x, value))
				return true;
		}
	}
	x->at = before;
	return false;
}

/* ---- before the first value ------------------------------------------------ */

static enum bsg_err scan_declaration(struct xml *x)
{
	struct bsg_str value;

	if (!take(x, "<?xml"))
		return BSG_OK;
	if (!take_attribute(x, "version", &value))
		return bad(x, "an XML declaration without version");
	if (take_attribute(x, "encoding", &value) && (value.len != 5 || strncasecmp(value.ptr, "utf-8", 5) != 0))
		return bad(x, "an encoding other than UTF-8");
	(void)take_attribute(x, "standalone", &value);
	skip_space(x);
	return take(x, "?>") ? BSG_OK : bad(x, "an XML declaration that does not end");
}

static enum bsg_err scan_doctype(struct xml *x)
{
	struct bsg_str value;

	if (!take(x, "<!DOCTYPE"))
		return BSG_OK;
	skip_space(x);
	if (!take(x, "plist"))
		return bad(x, "a DOCTYPE that is not plist's");
	skip_space(x);
	if (take(x, "PUBLIC")) {
		skip_space(x);
		if (!take_quoted(x, &value))
			return bad(x, "a DOCTYPE without its public name");
		skip_space(x);
		if (!take_quoted(x, &value))
			return bad(x, "a DOCTYPE without its system name");
	} else if (take(x, "SYSTEM")) {
		skip_space(x);
		if (!take_quoted(x, &value))
			return bad(x, "a DOCTYPE without its system name");
	}
	skip_space(x);
	return take(x, ">") ? BSG_OK : bad(x, "a DOCTYPE with declarations inside");
}

/* ---- what stands between tags ------------------------------------------- */

static bool is_hex_digit(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* The number in `#65;` or `#x41;`; libplist takes at most eight characters. */
static bool take_number(struct xml *x, uint32_t *out)
{
	const bool hex = take(x, "x");
	size_t n = 0;

	*out = 0;
	for (; is_hex_digit(peek(x)) && n < 6; n++, x->at++) {
		const int c = peek(x);

		if (!hex && c > '9')
			return false;
		*out = *out * (hex ? 16 : 10) + (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return n > 0 && take(x, ";");
}

static enum bsg_err scan_reference(struct xml *x)
{
	static const char *const named[] = { "amp;", "lt;", "gt;", "quot;", "apos;" };
	uint32_t c;

	if (++x->references > REFERENCES_MAX)
		return too_much(x, "references");
	x->at++;
	if (take(x, "#"))
		return take_number(x, &c) && bsg_plist_char_ok(c) ? BSG_OK : bad(x, "a reference to no character");
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (take(x, named[i]))
			return BSG_OK;
	return bad(x, "an unknown entity");
}

static enum bsg_err scan_text(struct xml *x, size_t max)
{
	const size_t from = x->at;
	enum bsg_err rc = BSG_OK;

	while (rc == BSG_OK && peek(x) >= 0 && peek(x) != '<') {
		if (peek(x) == '&') {
			rc = scan_reference(x);
		} else {
			const size_t n = bsg_plist_char((const uint8_t *)x->text + x->at, x->len - x->at);

			if (n == 0)
				return bad(x, "bytes that are not text");
			x->at += n;
		}
		if (x->at - from > max)
			return too_much(x, "bytes in a key");
	}
	return rc;
}

static bool is_integer(const char *s, size_t n)
{
	const bool negative = n > 0 && s[0] == '-';
	uint64_t value = 0;

	s += negative;
	n -= negative;
	if (n == 0 || n > 19 || (s[0] == '0' && n > 1))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(s[i] - '0');
	}
	return value <= (uint64_t)INT64_MAX + negative;
}

static size_t digits(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] >= '0' && s[i] <= '9')
		i++;
	return i;
}

static bool is_real(const char *s, size_t n)
{
	size_t i = n > 0 && (s[0] == '-' || s[0] == '+') ? 1 : 0;
	size_t more = digits(s + i, n - i);

	if (more == 0 || n > 40)
		return false;
	i += more;
	if (i < n && s[i] == '.') {
		more = digits(s + i + 1, n - i - 1);
		i += 1 + more;
		if (more == 0)
			return false;
	}
	if (i < n && (s[i] | 0x20) == 'e') {
		i++;
		i += i < n && (s[i] == '-' || s[i] == '+') ? 1 : 0;
		more = digits(s + i, n - i);
		i += more;
		if (more == 0 || more > 3)
			return false;
	}
	return i == n;
}

static unsigned two_digits(const char *s)
{
	return (unsigned)(s[0] - '0') * 10 + (unsigned)(s[1] - '0');
}

static bool is_date(const char *s, size_t n)
{
	static const char form[] = "0000-00-00T00:00:00Z";

	if (n != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < n; i++)
		if (form[i] == '0' ? s[i] < '0' || s[i] > '9' : s[i] != form[i])
			return false;
	return memcmp(s, "0000", 4) != 0 && two_digits(s + 5) >= 1 && two_digits(s + 5) <= 12 && two_digits(s + 8) >= 1 &&
	       two_digits(s + 8) <= 31 && two_digits(s + 11) <= 23 && two_digits(s + 14) <= 59 && two_digits(s + 17) <= 59;
}

static bool is_base64(const char *s, size_t n)
{
	size_t letters = 0, padding = 0;

	for (size_t i = 0; i < n; i++) {
		const char c = s[i];

		if (is_space(c))
			continue;
		if (c == '=')
			padding++;
		else if (padding > 0 || !((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
					  c == '+' || c == '/'))
			return false;
		letters++;
	}
	return letters % 4 == 0 && padding <= 2;
}

static enum bsg_err scan_leaf(struct xml *x, enum content content)
{
	const char *s = x->text + x->at;
	const char *end = memchr(s, '<', x->len - x->at);
	const size_t n = end != NULL ? (size_t)(end - s) : 0;
	bool ok = end != NULL;

	if (content == CONTENT_TEXT)
		return scan_text(x, x->len);
	if (content == CONTENT_KEY)
		return n > 0 ? scan_text(x, BSG_PLIST_KEY_MAX) : bad(x, "an empty key");
	ok = ok && (content == CONTENT_DATA ? is_base64(s, n) : content == CONTENT_INT ? is_integer(s, n) :
		    content == CONTENT_REAL ? is_real(s, n) : content == CONTENT_DATE ? is_date(s, n) : n == 0);
	if (!ok)
		return bad(x, content == CONTENT_DATA ? "data that is not base64" : content == CONTENT_INT ? "no whole number" :
			      content == CONTENT_REAL ? "no number" : content == CONTENT_DATE ? "no date" :
			      "something in a truth value");
	x->at += n;
	return BSG_OK;
}

/* ---- elements ------------------------------------------------------------ */

static enum bsg_err open_tag(struct xml *x, const struct element **out, bool *empty)
{
	size_t n = 0;

	*out = NULL;
	if (!take(x, "<"))
		return bad(x, "no tag where one must be");
	while (x->at + n < x->len && x->text[x->at + n] >= 'a' && x->text[x->at + n] <= 'z')
		n++;
	for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++)
		if (strlen(elements[i].name) == n && memcmp(elements[i].name, x->text + x->at, n) == 0)
			*out = &elements[i];
	if (*out == NULL)
		return bad(x, "an unknown tag");
	x->at += n;
	skip_space(x);
	*empty = take(x, "/");
	return take(x, ">") ? BSG_OK : bad(x, "a tag with something in it");
}

static enum bsg_err close_tag(struct xml *x, const struct element *element)
{
	return take(x, "</") && take(x, element->name) && take(x, ">") ? BSG_OK : bad(x, "a tag that is not closed");
}

static enum bsg_err scan_value(struct xml *x, const struct element **out);	/* recursive, at most as deep as depth */

static enum bsg_err scan_key(struct xml *x)
{
	const struct element *key;
	bool empty;
	enum bsg_err rc = open_tag(x, &key, &empty);

	if (rc != BSG_OK)
		return rc;
	if (key->content != CONTENT_KEY)
		return bad(x, "no key where one must be");
	if (empty)
		return bad(x, "an empty key");
	if (++x->nodes > BSG_PLIST_NODES_MAX)
		return too_much(x, "values");
	rc = scan_leaf(x, CONTENT_KEY);
	return rc == BSG_OK ? close_tag(x, key) : rc;
}

static enum bsg_err scan_entries(struct xml *x, enum content content)
{
	const struct element *value;
	enum bsg_err rc = BSG_OK;
	size_t n = 0;

	if (++x->depth > BSG_PLIST_DEPTH_MAX)
		return too_much(x, "levels");
	for (;;) {
		skip_space(x);
		if (x->len - x->at >= 2 && memcmp(x->text + x->at, "</", 2) == 0)
			break;
		if (++n > BSG_PLIST_ENTRIES_MAX)
			return too_much(x, "entries");
		if (content == CONTENT_DICT) {
			rc = scan_key(x);
			skip_space(x);
		}
		if (rc == BSG_OK)
			rc = scan_value(x, &value);
		if (rc != BSG_OK)
			return rc;
	}
	x->depth--;
	return BSG_OK;
}

static enum bsg_err scan_value(struct xml *x, const struct element **out)
{
	bool empty;
	enum bsg_err rc = open_tag(x, out, &empty);

	if (rc != BSG_OK)
		return rc;
	if ((*out)->content == CONTENT_KEY)
		return bad(x, "a key where a value must be");
	if (++x->nodes > BSG_PLIST_NODES_MAX)
		return too_much(x, "values");
	if (empty)
		return (*out)->content >= CONTENT_INT && (*out)->content <= CONTENT_DATE ? bad(x, "an empty number or date") : BSG_OK;
	if ((*out)->content == CONTENT_DICT || (*out)->content == CONTENT_ARRAY)
		rc = scan_entries(x, (*out)->content);
	else
		rc = scan_leaf(x, (*out)->content);
	return rc == BSG_OK ? close_tag(x, *out) : rc;
}

static enum bsg_err scan_plist(struct xml *x)
{
	const struct element *root;
	struct bsg_str value;
	enum bsg_err rc;

	if (!take(x, "<plist"))
		return bad(x, "no <plist>");
	(void)take_attribute(x, "version", &value);
	skip_space(x);
	if (!take(x, ">"))
		return bad(x, "a <plist> with something in it");
	skip_space(x);
	rc = scan_value(x, &root);
	if (rc != BSG_OK)
		return rc;
	if (root->content != CONTENT_DICT)
		return bad(x, "no dictionary as the root");
	skip_space(x);
	if (!take(x, "</plist>"))
		return bad(x, "a second value or no </plist>");
	skip_space(x);
	return x->at == x->len ? BSG_OK : bad(x, "something after the end");
}

size_t bsg_plist_char(const uint8_t *s, size_t left)
{
	const size_t n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	uint32_t c = n == 1 ? s[0] : s[0] & (0x7fu >> n);

	if (n > left || (s[0] >= 0x80 && (s[0] < 0xc2 || s[0] > 0xf4)))
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fu);
	}
	if ((n == 3 && c < 0x800) || (n == 4 && c < 0x10000))
		return 0;
	return bsg_plist_char_ok(c) ? n : 0;
}

enum bsg_err bsg_plist_scan_xml(const char *text, size_t len, size_t *nodes, struct bsg_error *err)
{
	struct xml x = { .text = text, .len = len, .err = err };
	enum bsg_err rc = scan_declaration(&x);

	*nodes = 0;
	skip_space(&x);
	if (rc == BSG_OK)
		rc = scan_doctype(&x);
	skip_space(&x);
	if (rc == BSG_OK)
		rc = scan_plist(&x);
	if (rc == BSG_OK)
		*nodes = x.nodes;
	return rc;
}
