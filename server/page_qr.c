/* SPDX-License-Identifier: Apache-2.0 */
/* A QR code in a page, as SVG: it works under our CSP, without JavaScript and at any size. */
#include <stdio.h>
#include <stdlib.h>

#include <qrencode.h>

#include "server/page.h"

#define QUIET 4		/* modules of light around it (ISO/IEC 18004) */

/* One rectangle for each run of dark modules in a row. */
static void put_row(struct bsg_html *page, const unsigned char *row, int width, int y)
{
	for (int x = 0, n; x < width; x += n) {
		for (n = 0; x + n < width && (row[x + n] & 1U) != 0; n++)
			;
		if (n > 0)
			bsg_buf_printf(&page->out, "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET, n, n);
		else
			n = 1;
	}
}

void bsg_page_qr(struct bsg_html *page, const char *text)
{
	QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);

	if (code == NULL)
		return;
	bsg_buf_printf(&page->out, "<svg class=\"qr\" role=\"img\" aria-label=\"QR\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\"><path d=\"",
		       code->width + 2 * QUIET, code->width + 2 * QUIET);
	for (int y = 0; y < code->width; y++)
		put_row(page, code->data + y * code->width, code->width, y);
	bsg_page_raw(page, "\"/></svg>");
	QRcode_free(code);
}
