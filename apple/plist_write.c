/* SPDX-License-Identifier: Apache-2.0 */
/* Writes XML property lists. See apple/plist_write.h. */
#include "apple/plist_write.h"

#include <assert.h>
#include <string.h>

#include "apple/plist.h"
#include "apple/plist_scan.h"
#include "base/base64.h"

static bool in_array(const struct bsg_plist_writer *w)
{
	return (w->arrays >> w->depth & 1) != 0;
}

static void indent(struct bsg_plist_writer *w)
{
	for (unsigned i = 1; i < w->depth; i++)
		bsg_buf_add_text(&w->buf, "\t");
}

/* What stands for a character that XML would read otherwise; NULL: it stands for itself. */
static const char *reference_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '\r':	/* a reader of XML would make a line feed of it */
		return "&#13;";
	default:
		return NULL;
	}
}

/* Most that is written: a character that stands for itself, and is one byte. */
static bool is_plain(char c)
{
	return c >= ' ' && c <= '~' && c != '&' && c != '<' && c != '>';
}

static void add_escaped(struct bsg_plist_writer *w, struct bsg_str text)
{
	size_t added = 0, n;	/* characters that stand for themselves are added together */

	for (size_t i = 0; i < text.len; i += n) {
		const char *reference;

		n = is_plain(text.ptr[i]) ? 1 : bsg_plist_char((const uint8_t *)text.ptr + i, text.len - i);
		if (n == 0) {
			w->not_text = true;
			return;
		}
		reference = reference_of(text.ptr[i]);
		if (reference == NULL)
			continue;
		bsg_buf_add(&w->buf, text.ptr + added, i - added);
		bsg_buf_add_text(&w->buf, reference);
		added = i + 1;
	}
	bsg_buf_add(&w->buf, text.ptr + added, text.len - added);
}

static void begin_value(struct bsg_plist_writer *w, const char *key)
{
	assert(w->depth > 0 && in_array(w) == (key == NULL));
	if (key != NULL) {
		indent(w);
		bsg_buf_add_text(&w->buf, "<key>");
		add_escaped(w, (struct bsg_str){ key, strlen(key) });
		bsg_buf_add_text(&w->buf, "</key>\n");
	}
	indent(w);
}

static void open_level(struct bsg_plist_writer *w, bool array)
{
	assert(w->depth < BSG_PLIST_DEPTH_MAX);
	bsg_buf_add_text(&w->buf, array ? "<array>\n" : "<dict>\n");
	w->depth++;
	if (array)
		w->arrays |= UINT32_C(1) << w->depth;
	else
		w->arrays &= ~(UINT32_C(1) << w->depth);
}

static void close_level(struct bsg_plist_writer *w)
{
	const bool array = in_array(w);

	w->depth--;
	indent(w);
	bsg_buf_add_text(&w->buf, array ? "</array>\n" : "</dict>\n");
}

void bsg_plist_begin(struct bsg_plist_writer *w, size_t max)
{
	*w = (struct bsg_plist_writer){ 0 };
	bsg_buf_init_secret(&w->buf, max);
	bsg_buf_add_text(&w->buf, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			 "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
			 "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n");
	open_level(w, false);
}

void bsg_plist_put_str(struct bsg_plist_writer *w, const char *key, struct bsg_str text)
{
	begin_value(w, key);
	bsg_buf_add_text(&w->buf, "<string>");
	add_escaped(w, text);
	bsg_buf_add_text(&w->buf, "</string>\n");
}

void bsg_plist_put_text(struct bsg_plist_writer *w, const char *key, const char *text)
{
	bsg_plist_put_str(w, key, (struct bsg_str){ text, strlen(text) });
}

void bsg_plist_put_data(struct bsg_plist_writer *w, const char *key, struct bsg_bytes data)
{
	begin_value(w, key);
	bsg_buf_add_text(&w->buf, "<data>");
	bsg_base64_encode(data.ptr, data.len, 0, &w->buf);
	bsg_buf_add_text(&w->buf, "</data>\n");
}

void bsg_plist_put_int(struct bsg_plist_writer *w, const char *key, int64_t number)
{
	begin_value(w, key);
	bsg_buf_printf(&w->buf, "<integer>%lld</integer>\n", (long long)number);
}

void bsg_plist_put_real(struct bsg_plist_writer *w, const char *key, int64_t whole)
{
	begin_value(w, key);
	bsg_buf_printf(&w->buf, "<real>%lld</real>\n", (long long)whole);
}

void bsg_plist_put_bool(struct bsg_plist_writer *w, const char *key, bool flag)
{
	begin_value(w, key);
	bsg_buf_add_text(&w->buf, flag ? "<true/>\n" : "<false/>\n");
}

void bsg_plist_put_dict(struct bsg_plist_writer *w, const char *key)
{
	begin_value(w, key);
	open_level(w, false);
}

void bsg_plist_put_array(struct bsg_plist_writer *w, const char *key)
{
	begin_value(w, key);
	open_level(w, true);
}

void bsg_plist_end(struct bsg_plist_writer *w)
{
	assert(w->depth > 1);
	close_level(w);
}

enum bsg_err bsg_plist_finish(struct bsg_plist_writer *w, struct bsg_buf *out, struct bsg_error *err)
{
	enum bsg_err rc;

	assert(w->depth == 1);
	close_level(w);
	bsg_buf_add_text(&w->buf, "</plist>\n");
	rc = bsg_buf_finish(&w->buf, err);
	if (rc == BSG_OK && w->not_text)
		rc = bsg_fail(err, BSG_E_INVALID, "a property list cannot hold this text: it is not UTF-8 or has control characters");
	if (rc == BSG_OK) {
		bsg_buf_add(out, w->buf.data, w->buf.len);
		rc = bsg_buf_finish(out, err);
	}
	bsg_buf_free(&w->buf);
	return rc;
}
