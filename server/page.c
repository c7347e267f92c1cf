/* SPDX-License-Identifier: Apache-2.0 */
/* Pages for people without a console. */
#include "server/page.h"

#include <stdio.h>
#include <string.h>

#include "server/handlers.h"

#define PAGE_MAX (128 * 1024)

const char *const bsg_page_langs[BSG_HTTP_N_LANGS] = {"kk", "ru", "en"};
static const char *const names[BSG_HTTP_N_LANGS] = {"Қазақша", "Русский", "English"};

static const char style[] =
	":root{color-scheme:light dark;font:1.05rem/1.5 system-ui,sans-serif}"
	"body{margin:0 auto;max-width:36rem;padding:1rem}"
	"nav a{margin-right:1rem}h1{font-size:1.5rem;line-height:1.2}h2{font-size:1.15rem;margin-top:1.8rem}"
	"ul{padding-left:1.2rem}"
	"button,.button{display:block;width:100%;box-sizing:border-box;margin:.6rem 0;padding:.9rem;border:0;border-radius:.6rem;"
	"background:#0b5cad;color:#fff;font:inherit;font-weight:600;text-align:center;text-decoration:none}"
	"input{width:100%;box-sizing:border-box;padding:.8rem;font:inherit;border:1px solid #888;border-radius:.6rem}"
	".quiet{color:#767676}.ok{color:#1a7f37}.bad{color:#c62828}"
	"svg.qr{display:block;width:100%;max-width:20rem;margin:1rem auto;background:#fff}"
	"ol{padding-left:1.4rem}li{margin:.25rem 0}summary{margin-top:1.5rem;padding:.4rem 0;cursor:pointer}"
	".card{border:1px solid #8886;border-radius:.8rem;padding:.2rem 1rem .6rem;margin:1.2rem 0}"
	".state{font-weight:600;font-size:1.1rem}.wait{color:#b35900}.said{border-left:.3rem solid #1a7f37;padding-left:.8rem}"
	"time{white-space:nowrap}.second{background:none;color:inherit;border:1px solid #888;font-weight:400}form{margin:0}label{display:block;margin:.8rem 0}"
	"table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .5rem .3rem 0;vertical-align:top}";

static bool find_language(const char *code, enum bsg_http_lang *out)
{
	for (size_t i = 0; i < BSG_HTTP_N_LANGS; i++) {
		if (strcmp(code, bsg_page_langs[i]) == 0) {
			*out = (enum bsg_http_lang)i;
			return true;
		}
	}
	return false;
}

enum bsg_http_lang bsg_page_language(struct bsg_http_exchange *x)
{
	const char *asked = bsg_http_query(x, "lang");
	enum bsg_http_lang lang;

	return asked != NULL && find_language(asked, &lang) ? lang : bsg_http_language(x);
}

enum bsg_http_lang bsg_page_language_named(const char *code)
{
	enum bsg_http_lang lang;

	return find_language(code, &lang) ? lang : BSG_HTTP_KK;
}

void bsg_page_raw(struct bsg_html *page, const char *markup)
{
	bsg_buf_add(&page->out, markup, strlen(markup));
}

void bsg_page_put(struct bsg_html *page, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '<':
			bsg_page_raw(page, "&lt;");
			break;
		case '>':
			bsg_page_raw(page, "&gt;");
			break;
		case '&':
			bsg_page_raw(page, "&amp;");
			break;
		case '"':
			bsg_page_raw(page, "&quot;");
			break;
		case '\'':
			bsg_page_raw(page, "&#39;");
			break;
		default:
			bsg_buf_add(&page->out, text, 1);
		}
	}
}

void bsg_page_say(struct bsg_html *page, const struct bsg_page_text *text)
{
	bsg_page_put(page, text->in[page->lang]);
}

void bsg_page_begin(struct bsg_html *page, enum bsg_http_lang lang, const struct bsg_page_text *title, const char *path)
{
	bsg_buf_init(&page->out, PAGE_MAX);
	page->lang = lang;
	page->refresh_s = 0;
	bsg_buf_printf(&page->out, "<!doctype html><html lang=\"%s\"><head><meta charset=\"utf-8\">"
		       "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>", bsg_page_langs[lang]);
	bsg_page_say(page, title);
	bsg_page_raw(page, "</title><link rel=\"stylesheet\" href=\"/bosaga.css\"></head><body><nav>");
	for (size_t i = 0; i < BSG_HTTP_N_LANGS; i++) {
		if (i == (size_t)lang)
			continue;
		bsg_page_raw(page, "<a href=\"");
		bsg_page_put(page, path);
		bsg_buf_printf(&page->out, "?lang=%s\" lang=\"%s\">%s</a>", bsg_page_langs[i], bsg_page_langs[i], names[i]);
	}
	bsg_page_raw(page, "</nav><main><h1>");
	bsg_page_say(page, title);
	bsg_page_raw(page, "</h1>");
}

void bsg_page_answer(struct bsg_http_exchange *x, unsigned status, struct bsg_html *page)
{
	char refresh[16];
	const struct bsg_http_field fields[] = {
		{"Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
					    "frame-ancestors 'none'; base-uri 'none'"},
		{"Referrer-Policy", "no-referrer"},
		{"X-Content-Type-Options", "nosniff"},
		{"X-Robots-Tag", "noindex"},
		{"Refresh", refresh},	/* last: left out when there is none */
	};
	const size_t n_fields = sizeof(fields) / sizeof(fields[0]) - (page->refresh_s == 0);
	struct bsg_error err;

	(void)snprintf(refresh, sizeof(refresh), "%u", page->refresh_s);

	bsg_page_raw(page, "</main></body></html>\n");
	if (bsg_buf_finish(&page->out, &err) == BSG_OK)
		bsg_http_answer(x, &(struct bsg_http_answer){.status = status, .type = "text/html; charset=utf-8",
							      .body = page->out.data, .body_len = page->out.len, .fields = fields,
							      .n_fields = n_fields});
	else
		bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
	bsg_buf_free(&page->out);
}

void bsg_get_style(struct bsg_http_exchange *x, void *app)
{
	static const struct bsg_http_field keep = {"Cache-Control", "public, max-age=3600"};

	(void)app;
	bsg_http_answer(x, &(struct bsg_http_answer){.status = 200, .type = "text/css", .body = style, .body_len = sizeof(style) - 1,
						      .fields = &keep, .n_fields = 1});
}
