/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for apple/plist.h and plist_write.h; the formats themselves are compared with plistlib in tests/e2e/apple_interop.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apple/plist.h"
#include "apple/plist_scan.h"
#include "apple/plist_write.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define DOCTYPE "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
#define PLIST(inside) "<plist version=\"1.0\">" inside "</plist>"
#define DICT(inside) PLIST("<dict>" inside "</dict>")
#define A(value) DICT("<key>a</key>" value)

static const struct xml_case {
	const char *name, *text;
	enum bsg_err want;
} xml_cases[] = {
	{ "A2 as Apple writes it", HEAD DOCTYPE A("<string>x</string>") "\n", BSG_OK },
	{ "A2 without declaration and DOCTYPE", A("<string>x</string>"), BSG_OK },
	{ "A2 an empty root", PLIST("<dict/>"), BSG_OK },
	{ "A2 blanks before the end of an empty tag", A("<true />"), BSG_OK },
	{ "A2 a truth value that is opened and closed", A("<true></true>"), BSG_OK },
	{ "A2 a system DOCTYPE", "<!DOCTYPE plist SYSTEM \"file.dtd\">" PLIST("<dict/>"), BSG_OK },
	{ "A2 base64 over lines", A("<data>\n\tQUJD\n\tRA==\n</data>"), BSG_OK },
	{ "A2 the largest number", A("<integer>9223372036854775807</integer>"), BSG_OK },
	{ "A2 the smallest number", A("<integer>-9223372036854775808</integer>"), BSG_OK },
	{ "A2 a date far away", A("<date>4001-01-01T00:00:00Z</date>"), BSG_OK },
	{ "nothing", "", BSG_E_INVALID },
	{ "a blank", " ", BSG_E_INVALID },
	{ "no property list", "hello", BSG_E_INVALID },
	{ "JSON", "{\"a\": 1}", BSG_E_INVALID },
	{ "half", HEAD "<plist><dict><key>a", BSG_E_INVALID },
	{ "A2 the root is an array", PLIST("<array/>"), BSG_E_INVALID },
	{ "A2 the root is text", PLIST("<string>a</string>"), BSG_E_INVALID },
	{ "A2 two roots", PLIST("<dict/><dict/>"), BSG_E_INVALID },
	{ "A2 no root", PLIST(""), BSG_E_INVALID },
	{ "A2 something after the end", PLIST("<dict/>") "x", BSG_E_INVALID },
	{ "A2 a second property list after the end", PLIST("<dict/>") PLIST("<dict/>"), BSG_E_INVALID },
	{ "A2 another encoding", "<?xml version=\"1.0\" encoding=\"KOI8-R\"?>" PLIST("<dict/>"), BSG_E_INVALID },
	{ "A2 a tag with an attribute", A("<string x=\"y\">a</string>"), BSG_E_INVALID },
	{ "A2 an unknown tag", A("<set/>"), BSG_E_INVALID },
	{ "A2 tags that cross", DICT("<key>a</key><array><dict></array></dict>"), BSG_E_INVALID },
	{ "A2 a tag in a text", A("<string>a<b/>c</string>"), BSG_E_INVALID },
	{ "A3 a comment", DICT("<!-- c --><key>a</key><true/>"), BSG_E_INVALID },
	{ "A3 CDATA", A("<string><![CDATA[a]]></string>"), BSG_E_INVALID },
	{ "A3 a processing instruction", DICT("<?a b?>"), BSG_E_INVALID },
	{ "A3 a DOCTYPE with an entity", "<!DOCTYPE plist [<!ENTITY a \"b\">]>" A("<string>&a;</string>"), BSG_E_INVALID },
	{ "A3 a DOCTYPE whose name could be markup", "<!DOCTYPE plist PUBLIC \"a<b\" \"c\">" PLIST("<dict/>"), BSG_E_INVALID },
	{ "A3 a DOCTYPE whose name could be a subset", "<!DOCTYPE plist SYSTEM \"a[b\">" PLIST("<dict/>"), BSG_E_INVALID },
	{ "A3 an unknown entity", A("<string>&a;</string>"), BSG_E_INVALID },
	{ "A3 a reference to NUL", A("<string>&#0;</string>"), BSG_E_INVALID },
	{ "A3 a reference that does not end", A("<string>&#65</string>"), BSG_E_INVALID },
	{ "A3 a hexadecimal digit in a decimal reference", A("<string>&#6A;</string>"), BSG_E_INVALID },
	{ "A3 a reference of seven digits", A("<string>&#0000065;</string>"), BSG_E_INVALID },
	{ "A5 no key", DICT("<true/>"), BSG_E_INVALID },
	{ "A5 a key without value", DICT("<key>a</key>"), BSG_E_INVALID },
	{ "A5 two keys in a row", DICT("<key>a</key><key>b</key><true/>"), BSG_E_INVALID },
	{ "A5 a text where a key must be", DICT("<string>a</string><true/>"), BSG_E_INVALID },
	{ "A5 an empty key", DICT("<key></key><true/>"), BSG_E_INVALID },
	{ "A5 an empty key in one tag", DICT("<key/><true/>"), BSG_E_INVALID },
	{ "A5 a key in an array", A("<array><key>a</key></array>"), BSG_E_INVALID },
	{ "A5 a key twice", DICT("<key>a</key><true/><key>a</key><true/>"), BSG_E_INVALID },
	{ "A5 a key twice, once by reference", DICT("<key>a</key><true/><key>&#97;</key><true/>"), BSG_E_INVALID },
	{ "A5 a key twice deep inside", A("<array><dict><key>a</key><dict/><key>a</key><dict/></dict></array>"), BSG_E_INVALID },
	{ "A2 a number too large", A("<integer>9223372036854775808</integer>"), BSG_E_INVALID },
	{ "A2 a number that wraps", A("<integer>18446744073709551617</integer>"), BSG_E_INVALID },
	{ "A2 a number with a zero before it", A("<integer>010</integer>"), BSG_E_INVALID },
	{ "A2 a hexadecimal number", A("<integer>0x10</integer>"), BSG_E_INVALID },
	{ "A2 an empty number", A("<integer></integer>"), BSG_E_INVALID },
	{ "A2 an empty number in one tag", A("<integer/>"), BSG_E_INVALID },
	{ "A2 a real number that is none", A("<real>1.5x</real>"), BSG_E_INVALID },
	{ "A2 not a number", A("<real>nan</real>"), BSG_E_INVALID },
	{ "A2 a month 13", A("<date>2024-13-01T00:00:00Z</date>"), BSG_E_INVALID },
	{ "A2 a date without zone", A("<date>2024-12-01T00:00:00</date>"), BSG_E_INVALID },
	{ "A2 base64 of three letters", A("<data>QUJ</data>"), BSG_E_INVALID },
	{ "A2 base64 with padding inside", A("<data>QQ==QUJD</data>"), BSG_E_INVALID },
	{ "A2 base64 of another alphabet", A("<data>QU-_</data>"), BSG_E_INVALID },
	{ "A2 a truth value with text", A("<true>1</true>"), BSG_E_INVALID },
	{ "A2 no UTF-8", A("<string>\xc3\x28</string>"), BSG_E_INVALID },
	{ "A2 a surrogate in UTF-8", A("<string>\xed\xa0\x80</string>"), BSG_E_INVALID },
	{ "A2 an overlong character", A("<string>\xc0\xaf</string>"), BSG_E_INVALID },
	{ "A2 an overlong character of three bytes", A("<string>\xe0\x80\xaf</string>"), BSG_E_INVALID },
	{ "A2 an overlong character of four bytes", A("<string>\xf0\x80\x80\xaf</string>"), BSG_E_INVALID },
	{ "A2 a control character", A("<string>\x07</string>"), BSG_E_INVALID },
};

/* Equal keys are found when the tree is there; all else by the strict reader, before libplist sees a byte. */
static enum bsg_err want_of_scan(const char *name, enum bsg_err want)
{
	return strstr(name, "a key twice") != NULL ? BSG_OK : want;
}

static void every_XML_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(xml_cases) / sizeof(xml_cases[0]); i++) {
		const struct xml_case *c = &xml_cases[i];
		size_t nodes;
		struct bsg_error err = { 0 };
		struct bsg_plist *plist = NULL;
		const enum bsg_err rc = bsg_plist_read(c->text, strlen(c->text), BSG_PLIST_MAX, &plist, &err);

		if (rc != c->want)
			fail_msg("%s: got %d, %s", c->name, (int)rc, err.text);
		if (rc != BSG_OK && (plist != NULL || err.text[0] == '\0'))
			fail_msg("%s: a failure leaves text and nothing to free", c->name);
		bsg_plist_free(plist);
		if (bsg_plist_scan_xml(c->text, strlen(c->text), &nodes, NULL) != want_of_scan(c->name, c->want))
			fail_msg("%s: libplist saw it", c->name);
	}
}

static void A2_a_NUL_is_never_text(void **state)
{
	static const char xml[] = A("<string>a\0b</string>");
	static const char after[] = PLIST("<dict/>") "\0";
	struct bsg_plist *plist;

	(void)state;
	assert_int_equal(bsg_plist_read(xml, sizeof(xml) - 1, BSG_PLIST_MAX, &plist, NULL), BSG_E_INVALID);
	assert_int_equal(bsg_plist_read(after, sizeof(after) - 1, BSG_PLIST_MAX, &plist, NULL), BSG_E_INVALID);
}

/* ---- binary ------------------------------------------------------------------- */

/* magic, objects, a table of one-byte offsets, a trailer. @offsets begin at 8. */
static size_t binary(uint8_t *out, const char *objects, size_t objects_len, const char *offsets, size_t n_offsets, uint8_t root)
{
	uint8_t *trailer = out + 8 + objects_len + n_offsets;

	memcpy(out, "bplist00", 8);
	memcpy(out + 8, objects, objects_len);
	for (size_t i = 0; i < n_offsets; i++)
		out[8 + objects_len + i] = (uint8_t)(8 + offsets[i]);
	memset(trailer, 0, 32);
	trailer[6] = trailer[7] = 1;
	trailer[15] = (uint8_t)n_offsets;
	trailer[23] = root;
	trailer[31] = (uint8_t)(8 + objects_len);
	return (size_t)(trailer + 32 - out);
}

#define OBJECTS(text) text, sizeof(text) - 1

static const struct binary_case {
	const char *name;
	const char *objects;
	size_t objects_len;
	const char *offsets;
	size_t n_offsets;
	uint8_t root;
	enum bsg_err want;
} binary_cases[] = {
	{ "A4 a dictionary", OBJECTS("\xd1\1\2" "\x51" "a" "\x09"), OBJECTS("\0\3\5"), 0, BSG_OK },
	{ "A4 an empty dictionary", OBJECTS("\xd0"), OBJECTS("\0"), 0, BSG_OK },
	{ "A4 values that nobody refers to", OBJECTS("\xd0\xff\xff"), OBJECTS("\0\1\2"), 0, BSG_OK },
	{ "A4 the root is text", OBJECTS("\x51" "a"), OBJECTS("\0"), 0, BSG_E_INVALID },
	{ "A4 the root does not exist", OBJECTS("\xd0"), OBJECTS("\0"), 1, BSG_E_INVALID },
	{ "A4 a reference to no value", OBJECTS("\xd1\1\7" "\x51" "a"), OBJECTS("\0\3"), 0, BSG_E_INVALID },
	{ "A4 a value in the table", OBJECTS("\xd1\1\2" "\x51" "a" "\x09"), OBJECTS("\0\3\6"), 0, BSG_E_INVALID },
	{ "A4 a value in the header", OBJECTS("\xd1\1\2" "\x51" "a" "\x09"), OBJECTS("\0\3\xff"), 0, BSG_E_INVALID },
	{ "A4 entries past the end", OBJECTS("\xd5\1\2" "\x51" "a" "\x09"), OBJECTS("\0\3\5"), 0, BSG_E_INVALID },
	{ "A4 text past the end", OBJECTS("\xd1\1\2" "\x51" "a" "\x5e"), OBJECTS("\0\3\5"), 0, BSG_E_INVALID },
	{ "A4 UTF-16 past the end", OBJECTS("\xd1\1\2" "\x51" "a" "\x61" "\x04"), OBJECTS("\0\3\5"), 0, BSG_E_INVALID },
	{ "A4 data past the end", OBJECTS("\xd1\1\2" "\x51" "a" "\x42" "a"), OBJECTS("\0\3\5"), 0, BSG_E_INVALID },
	{ "A4 a number past the end", OBJECTS("\xd1\1\2" "\x51" "a" "\x13" "a"), OBJECTS("\0\3\5"), 0, BSG_E_INVALID },
	{ "A4 a count of 16 bytes", OBJECTS("\xd1\1\2" "\x51" "a" "\x5f\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1" "x"), OBJECTS("\0\3\5"), 0,
	  BSG_E_INVALID },
	{ "A4 a count past the end", OBJECTS("\xd1\1\2" "\x51" "a" "\x5f\x13" "01"), OBJECTS("\0\3\5"), 0, BSG_E_INVALID },
	{ "A4 a count that wraps", OBJECTS("\xd1\1\2" "\x51" "a" "\xaf\x13\xff\xff\xff\xff\xff\xff\xff\xff"), OBJECTS("\0\3\5"), 0, BSG_E_LIMIT },
	{ "A4 a text whose count wraps", OBJECTS("\xd1\1\2" "\x51" "a" "\x5f\x13\xff\xff\xff\xff\xff\xff\xff\xff"), OBJECTS("\0\3\5"), 0,
	  BSG_E_INVALID },
	{ "A4 a count that is text", OBJECTS("\xd1\1\2" "\x51" "a" "\x5f\x51" "a"), OBJECTS("\0\3\5"), 0, BSG_E_INVALID },
	{ "A4 a key that is a number", OBJECTS("\xd1\1\2" "\x10\1" "\x09"), OBJECTS("\0\3\5"), 0, BSG_E_INVALID },
	{ "A4 an empty key", OBJECTS("\xd1\1\2" "\x50" "\x09"), OBJECTS("\0\3\4"), 0, BSG_E_INVALID },
	{ "A5 a key twice", OBJECTS("\xd2\1\1\2\2" "\x51" "a" "\x09"), OBJECTS("\0\5\7"), 0, BSG_E_INVALID },
	{ "A5 a key twice, once in UTF-16", OBJECTS("\xd2\1\2\3\3" "\x51" "a" "\x61\0a" "\x09"), OBJECTS("\0\5\7\12"), 0, BSG_E_INVALID },
	{ "A4 itself", OBJECTS("\xd1\1\0" "\x51" "a"), OBJECTS("\0\3"), 0, BSG_E_LIMIT },
	{ "A4 a set", OBJECTS("\xd1\1\2" "\x51" "a" "\xc0"), OBJECTS("\0\3\5"), 0, BSG_E_INVALID },
	{ "A4 null", OBJECTS("\xd1\1\2" "\x51" "a" "\0"), OBJECTS("\0\3\5"), 0, BSG_E_INVALID },
	{ "A4 a UID", OBJECTS("\xd1\1\2" "\x51" "a" "\x80\1"), OBJECTS("\0\3\5"), 0, BSG_E_INVALID },
	{ "A4 a number of 16 bytes", OBJECTS("\xd1\1\2" "\x51" "a" "\x14" "0123456789abcdef"), OBJECTS("\0\3\5"), 0, BSG_E_INVALID },
	{ "A4 a real number of 2 bytes", OBJECTS("\xd1\1\2" "\x51" "a" "\x21" "01"), OBJECTS("\0\3\5"), 0, BSG_E_INVALID },
	{ "A4 a real number that is none", OBJECTS("\xd1\1\2" "\x51" "a" "\x22\x7f\xc0\0\0"), OBJECTS("\0\3\5"), 0, BSG_E_INVALID },
	{ "A4 a date of 4 bytes", OBJECTS("\xd1\1\2" "\x51" "a" "\x32\0\0\0\0"), OBJECTS("\0\3\5"), 0, BSG_E_INVALID },
	{ "A4 a NUL in a text", OBJECTS("\xd1\1\2" "\x51" "a" "\x51\0"), OBJECTS("\0\3\5"), 0, BSG_E_INVALID },
	{ "A4 a byte over 127 in a text", OBJECTS("\xd1\1\2" "\x51" "a" "\x51\xe9"), OBJECTS("\0\3\5"), 0, BSG_E_INVALID },
	{ "A4 half a surrogate pair", OBJECTS("\xd1\1\2" "\x51" "a" "\x61\xd8\0"), OBJECTS("\0\3\5"), 0, BSG_E_INVALID },
	{ "A4 the wrong half first", OBJECTS("\xd1\1\2" "\x51" "a" "\x62\xdc\0\xd8\0"), OBJECTS("\0\3\5"), 0, BSG_E_INVALID },
	{ "A4 a surrogate pair", OBJECTS("\xd1\1\2" "\x51" "a" "\x62\xd8\x3d\xdc\xf7"), OBJECTS("\0\3\5"), 0, BSG_OK },
	{ "A4 an empty text in UTF-16", OBJECTS("\xd1\1\2" "\x51" "a" "\x60"), OBJECTS("\0\3\5"), 0, BSG_E_INVALID },
};

static void every_binary_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(binary_cases) / sizeof(binary_cases[0]); i++) {
		const struct binary_case *c = &binary_cases[i];
		size_t nodes;
		uint8_t bytes[256];
		const size_t len = binary(bytes, c->objects, c->objects_len, c->offsets, c->n_offsets, c->root);
		uint8_t *exact = malloc(len);
		struct bsg_error err = { 0 };
		struct bsg_plist *plist = NULL;
		enum bsg_err rc;

		assert_non_null(exact);
		memcpy(exact, bytes, len);
		rc = bsg_plist_read(exact, len, BSG_PLIST_MAX, &plist, &err);
		if (rc != c->want)
			fail_msg("%s: got %d, %s", c->name, (int)rc, err.text);
		if (rc != BSG_OK && (plist != NULL || err.text[0] == '\0'))
			fail_msg("%s: a failure leaves text and nothing to free", c->name);
		bsg_plist_free(plist);
		if (bsg_plist_scan_binary(exact, len, BSG_PLIST_MAX, &nodes, NULL) != want_of_scan(c->name, c->want))
			fail_msg("%s: libplist saw it", c->name);
		free(exact);
	}
}

static void A4_a_trailer_that_cannot_be_is_refused(void **state)
{
	static const struct { size_t at; uint8_t value; } changes[] = {
		{ 6, 0 }, { 6, 3 }, { 6, 16 }, { 7, 0 }, { 7, 5 }, { 8, 1 }, { 15, 0 }, { 15, 2 }, { 16, 1 }, { 23, 1 }, { 24, 1 }, { 31, 0 },
		{ 31, 7 }, { 31, 8 }, { 31, 40 }, { 31, 255 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		uint8_t bytes[64];
		const size_t len = binary(bytes, "\xd0", 1, "\0", 1, 0);
		struct bsg_plist *plist;
		size_t nodes;
		enum bsg_err rc;

		assert_int_equal(bsg_plist_read(bytes, len, BSG_PLIST_MAX, &plist, NULL), BSG_OK);
		bsg_plist_free(plist);
		bytes[len - 32 + changes[i].at] = changes[i].value;
		rc = bsg_plist_scan_binary(bytes, len, BSG_PLIST_MAX, &nodes, NULL);
		if (rc != BSG_E_INVALID && rc != BSG_E_LIMIT)
			fail_msg("byte %zu as %u: %d", changes[i].at, changes[i].value, (int)rc);
	}
	for (unsigned kept = 2; kept <= 3; kept++) {	/* of three offsets; the byte after them could be one */
		uint8_t bytes[64];
		const size_t len = binary(bytes, "\xd1\1\3" "\x51" "a" "\x09", 6, "\0\3\5", 3, 0);
		size_t nodes;

		bytes[len - 32] = 13;
		bytes[len - 32 + 15] = (uint8_t)kept;
		assert_int_equal(bsg_plist_scan_binary(bytes, len, BSG_PLIST_MAX, &nodes, NULL), BSG_E_INVALID);
	}
	for (unsigned kept = 2; kept <= 3; kept++) {	/* and when nobody refers to the third */
		uint8_t bytes[64];
		const size_t len = binary(bytes, "\xd1\1\1" "\x51" "a" "\x09", 6, "\0\3\5", 3, 0);
		size_t nodes;

		bytes[len - 32 + 15] = (uint8_t)kept;
		assert_int_equal(bsg_plist_scan_binary(bytes, len, BSG_PLIST_MAX, &nodes, NULL), kept == 3 ? BSG_OK : BSG_E_INVALID);
	}
	for (size_t len = 0; len < 41; len++) {
		uint8_t bytes[64];
		struct bsg_plist *plist;

		(void)binary(bytes, "\xd0", 1, "\0", 1, 0);
		assert_int_equal(bsg_plist_read(bytes, len, BSG_PLIST_MAX, &plist, NULL), BSG_E_INVALID);
	}
}

static void A4_a_binary_file_has_at_most_16_levels(void **state)
{
	(void)state;
	for (uint8_t arrays = 14; arrays <= 16; arrays++) {	/* in each other, in the root */
		char objects[64] = "\xd1\1\2" "\x51" "a", offsets[32] = "\0\3";
		uint8_t bytes[256];
		size_t len = 5, nodes;

		for (uint8_t i = 0; i < arrays; i++) {
			offsets[2 + i] = (char)len;
			objects[len++] = (char)(i + 1 < arrays ? 0xa1 : 0xa0);
			if (i + 1 < arrays)
				objects[len++] = (char)(3 + i);
		}
		len = binary(bytes, objects, len, offsets, 2 + (size_t)arrays, 0);
		assert_int_equal(bsg_plist_scan_binary(bytes, len, BSG_PLIST_MAX, &nodes, NULL), arrays <= 15 ? BSG_OK : BSG_E_LIMIT);
	}
}

/* ---- limits ---------------------------------------------------------------------- */

static enum bsg_err read_built(const char *before, const char *piece, size_t n, const char *after, size_t max)
{
	struct bsg_buf buf;
	struct bsg_plist *plist;
	enum bsg_err rc;

	bsg_buf_init(&buf, 8u << 20);
	bsg_buf_add_text(&buf, before);
	for (size_t i = 0; i < n; i++)
		bsg_buf_add_text(&buf, piece);
	bsg_buf_add_text(&buf, after);
	assert_int_equal(bsg_buf_finish(&buf, NULL), BSG_OK);
	rc = bsg_plist_read(buf.data, buf.len, max, &plist, NULL);
	bsg_plist_free(plist);
	bsg_buf_free(&buf);
	return rc;
}

static void A1_what_is_too_large_is_refused_before_it_is_built(void **state)
{
	(void)state;
	assert_int_equal(read_built(PLIST("<dict/>"), " ", 100, "", 128), BSG_E_LIMIT);
	assert_int_equal(read_built(PLIST("<dict/>"), " ", 80, "", 128), BSG_OK);
	assert_int_equal(read_built(PLIST("<dict/>"), " ", BSG_PLIST_MAX, "", 8u << 20), BSG_E_LIMIT);
	assert_int_equal(read_built("<plist><dict><key>a</key>", "<array>", 15, "", BSG_PLIST_MAX), BSG_E_INVALID);
	assert_int_equal(read_built("<plist><dict><key>a</key>", "<array>", 16, "", BSG_PLIST_MAX), BSG_E_LIMIT);
	assert_int_equal(read_built("<plist><dict><key>a</key>", "<array>", 30000, "", BSG_PLIST_MAX), BSG_E_LIMIT);
	assert_int_equal(read_built("<plist><dict><key>a</key><array>", "<true/>", 1024, "</array></dict></plist>", BSG_PLIST_MAX), BSG_OK);
	assert_int_equal(read_built("<plist><dict><key>a</key><array>", "<true/>", 1025, "</array></dict></plist>", BSG_PLIST_MAX),
			 BSG_E_LIMIT);
	assert_int_equal(read_built("<plist><dict><key>", "k", 256, "</key><true/></dict></plist>", BSG_PLIST_MAX), BSG_OK);
	assert_int_equal(read_built("<plist><dict><key>", "k", 257, "</key><true/></dict></plist>", BSG_PLIST_MAX), BSG_E_LIMIT);
	assert_int_equal(read_built("<plist><dict><key>a</key><string>", "&amp;", 4096, "</string></dict></plist>", BSG_PLIST_MAX), BSG_OK);
	assert_int_equal(read_built("<plist><dict><key>a</key><string>", "&amp;", 4097, "</string></dict></plist>", BSG_PLIST_MAX),
			 BSG_E_LIMIT);
}

/* ---- getters and writer --------------------------------------------------------------- */

static struct bsg_plist *read_all(const struct bsg_buf *buf)
{
	struct bsg_plist *plist;

	assert_int_equal(bsg_plist_read(buf->data, buf->len, BSG_PLIST_MAX, &plist, NULL), BSG_OK);
	return plist;
}

static void write_sample(struct bsg_buf *out)
{
	struct bsg_plist_writer w;

	bsg_buf_init(out, BSG_PLIST_MAX);
	bsg_plist_begin(&w, BSG_PLIST_MAX);
	bsg_plist_put_text(&w, "text", "Қ & <x> \"'");
	bsg_plist_put_text(&w, "empty", "");
	bsg_plist_put_data(&w, "data", (struct bsg_bytes){ (const uint8_t *)"\0\1\xff", 3 });
	bsg_plist_put_int(&w, "int", -5);
	bsg_plist_put_real(&w, "real", 14400);
	bsg_plist_put_bool(&w, "bool", true);
	bsg_plist_put_dict(&w, "dict");
	bsg_plist_put_array(&w, "array");
	bsg_plist_put_text(&w, NULL, "a");
	bsg_plist_put_dict(&w, NULL);
	bsg_plist_end(&w);
	bsg_plist_end(&w);
	bsg_plist_end(&w);
	assert_int_equal(bsg_plist_finish(&w, out, NULL), BSG_OK);
}

static void A6_what_is_written_is_read_again(void **state)
{
	const struct bsg_plist_node *root, *dict, *array;
	struct bsg_plist_value value;
	struct bsg_plist *plist;
	struct bsg_bytes data;
	struct bsg_str text;
	struct bsg_buf buf;
	int64_t number;
	bool flag;

	(void)state;
	write_sample(&buf);
	plist = read_all(&buf);
	root = bsg_plist_root(plist);
	assert_int_equal(bsg_plist_count(root), 7);
	assert_int_equal(bsg_plist_get_text(root, "text", 100, &text, NULL), BSG_OK);
	assert_int_equal(text.len, strlen("Қ & <x> \"'"));
	assert_memory_equal(text.ptr, "Қ & <x> \"'", text.len + 1);
	assert_int_equal(bsg_plist_get_data(root, "data", 3, &data, NULL), BSG_OK);
	assert_memory_equal(data.ptr, "\0\1\xff", 3);
	assert_int_equal(bsg_plist_get_int(root, "int", -5, 5, &number, NULL), BSG_OK);
	assert_int_equal(number, -5);
	assert_int_equal(bsg_plist_get_bool(root, "bool", &flag, NULL), BSG_OK);
	assert_true(flag);
	bsg_plist_value(bsg_plist_find(root, "real"), &value);
	assert_int_equal(value.type, BSG_PLIST_REAL);
	assert_true(value.real > 14399.5 && value.real < 14400.5);
	assert_int_equal(bsg_plist_get_dict(root, "dict", &dict, NULL), BSG_OK);
	assert_int_equal(bsg_plist_get_array(dict, "array", &array, NULL), BSG_OK);
	assert_int_equal(bsg_plist_count(array), 2);
	assert_null(bsg_plist_item(array, 2));
	assert_null(bsg_plist_item(dict, 0));
	bsg_plist_value(bsg_plist_item(array, 0), &value);
	assert_int_equal(value.type, BSG_PLIST_TEXT);
	bsg_plist_free(plist);
	bsg_buf_free(&buf);
}

static void A6_absent_wrong_type_and_too_long_are_told_apart(void **state)
{
	const struct bsg_plist_node *root, *node;
	struct bsg_error err = { 0 };
	struct bsg_plist *plist;
	struct bsg_bytes data;
	struct bsg_str text;
	struct bsg_buf buf;
	int64_t number;
	bool flag;

	(void)state;
	write_sample(&buf);
	plist = read_all(&buf);
	root = bsg_plist_root(plist);
	assert_int_equal(bsg_plist_get_text(root, "none", 9, &text, &err), BSG_E_NOT_FOUND);
	assert_string_equal(err.text, "none is missing");
	assert_null(text.ptr);
	assert_int_equal(bsg_plist_get_text(root, "int", 9, &text, &err), BSG_E_INVALID);
	assert_string_equal(err.text, "int is a whole number, not text");
	assert_int_equal(bsg_plist_get_text(root, "text", 9, &text, &err), BSG_E_LIMIT);
	assert_string_equal(err.text, "text has 11 bytes, at most 9");
	assert_null(text.ptr);
	assert_int_equal(bsg_plist_get_text(root, "empty", 9, &text, &err), BSG_E_INVALID);
	assert_int_equal(bsg_plist_get_data(root, "data", 2, &data, &err), BSG_E_LIMIT);
	assert_int_equal(bsg_plist_get_data(root, "text", 2, &data, &err), BSG_E_INVALID);
	assert_int_equal(bsg_plist_get_int(root, "int", 0, 9, &number, &err), BSG_E_INVALID);
	assert_string_equal(err.text, "int is -5, not within 0 to 9");
	assert_int_equal(bsg_plist_get_int(root, "bool", 0, 9, &number, &err), BSG_E_INVALID);
	assert_int_equal(bsg_plist_get_bool(root, "int", &flag, &err), BSG_E_INVALID);
	assert_int_equal(bsg_plist_get_bool(root, "none", &flag, &err), BSG_E_NOT_FOUND);
	assert_int_equal(bsg_plist_get_dict(root, "text", &node, &err), BSG_E_INVALID);
	assert_null(node);
	assert_int_equal(bsg_plist_get_array(root, "dict", &node, &err), BSG_E_INVALID);
	assert_null(node);
	bsg_plist_free(plist);
	bsg_buf_free(&buf);
}

static void A6_a_writer_fails_as_a_whole(void **state)
{
	struct bsg_plist_writer w;
	struct bsg_error err = { 0 };
	struct bsg_buf out;

	(void)state;
	bsg_buf_init(&out, BSG_PLIST_MAX);
	bsg_plist_begin(&w, BSG_PLIST_MAX);
	bsg_plist_put_text(&w, "a", "b\x01");
	bsg_plist_put_text(&w, "c", "d");
	assert_int_equal(bsg_plist_finish(&w, &out, &err), BSG_E_INVALID);
	assert_int_equal(out.len, 0);
	bsg_plist_begin(&w, BSG_PLIST_MAX);
	bsg_plist_put_text(&w, "a", "\xff");
	assert_int_equal(bsg_plist_finish(&w, &out, &err), BSG_E_INVALID);
	bsg_plist_begin(&w, 250);
	bsg_plist_put_text(&w, "a", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
	assert_int_equal(bsg_plist_finish(&w, &out, &err), BSG_E_LIMIT);
	assert_int_equal(out.len, 0);
	bsg_buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_XML_of_the_table),
		cmocka_unit_test(A2_a_NUL_is_never_text),
		cmocka_unit_test(every_binary_of_the_table),
		cmocka_unit_test(A4_a_trailer_that_cannot_be_is_refused),
		cmocka_unit_test(A4_a_binary_file_has_at_most_16_levels),
		cmocka_unit_test(A1_what_is_too_large_is_refused_before_it_is_built),
		cmocka_unit_test(A6_what_is_written_is_read_again),
		cmocka_unit_test(A6_absent_wrong_type_and_too_long_are_told_apart),
		cmocka_unit_test(A6_a_writer_fails_as_a_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
