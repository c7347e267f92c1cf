/* SPDX-License-Identifier: Apache-2.0 */
/* Pages for people without a console: plain HTML that works without JavaScript, in kk, ru, en. Everything that is put in is escaped. */
#ifndef BSG_SERVER_PAGE_H
#define BSG_SERVER_PAGE_H

#include "base/buf.h"
#include "http/exchange.h"

/* One text in each language. */
struct bsg_page_text {
	const char *in[BSG_HTTP_N_LANGS];	/* kk, ru, en */
};

struct bsg_html {
	struct bsg_buf out;
	enum bsg_http_lang lang;
	unsigned refresh_s;	/* looks again by itself after so long; 0: never. To be set after bsg_page_begin() */
};

/** The languages as in `lang=`: kk, ru, en. */
extern const char *const bsg_page_langs[BSG_HTTP_N_LANGS];

/** The caller's language: `?lang=kk|ru|en`, else Accept-Language. */
enum bsg_http_lang bsg_page_language(struct bsg_http_exchange *x);

/** The language that a person has, `kk`, `ru` or `en`; else kk. */
enum bsg_http_lang bsg_page_language_named(const char *code);

/** Begin a page, with links to itself in the other languages. @param path  of this page, without query; as bsg_http_path() gives it */
void bsg_page_begin(struct bsg_html *page, enum bsg_http_lang lang, const struct bsg_page_text *title, const char *path);

/** Append markup of ours as it is. Never what came from somewhere else. */
void bsg_page_raw(struct bsg_html *page, const char *markup);
/** Append a text, escaped: may be anything. */
void bsg_page_put(struct bsg_html *page, const char *text);
/** Append a text of ours in the page's language. */
void bsg_page_say(struct bsg_html *page, const struct bsg_page_text *text);

/** Append a text as a QR code; nothing if it is too long for one. */
void bsg_page_qr(struct bsg_html *page, const char *text);

/** End the page, answer with it and free it. CSP, no store, no referrer. Memory that ran out is 503. */
void bsg_page_answer(struct bsg_http_exchange *x, unsigned status, struct bsg_html *page);

#endif
