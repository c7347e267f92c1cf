/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of SCEP that are text: capabilities, names, the parameter of a GET. */
#include "apple/scep.h"

#include <stdlib.h>

#include "base/base64.h"

const char *bsg_scep_caps(bool legacy)
{
	return legacy ? "POSTPKIOperation\nSHA-256\nAES\nSCEPStandard\nRenewal\nDES3\nSHA-1\n" :
			"POSTPKIOperation\nSHA-256\nAES\nSCEPStandard\nRenewal\n";
}

const char *bsg_scep_fail_name(enum bsg_scep_fail fail)
{
	static const char *const names[] = { "badAlg", "badMessageCheck", "badRequest", "badTime", "badCertId" };

	return (size_t)fail < sizeof(names) / sizeof(names[0]) ? names[fail] : "?";
}

/* One character of either alphabet as RFC 4648 section 4 has it; 0: none at all. */
static char standard(char c)
{
	switch (c) {
	case '-':
	case ' ':
		return '+';
	case '_':
		return '/';
	case '\r':
	case '\n':
	case '=':
		return 0;
	default:
		return c;
	}
}

enum bsg_err bsg_scep_decode_get(const char *text, size_t len, struct bsg_buf *out,
				 struct bsg_error *err)
{
	uint8_t *bytes = NULL;
	char *plain = NULL;
	size_t n_plain = 0;
	size_t n = 0;
	enum bsg_err rc;

	while (len > 0 && (text[len - 1] == '=' || text[len - 1] == '\r' || text[len - 1] == '\n'))
		len--;
	if (len > BSG_BASE64_LEN((size_t)BSG_SCEP_MESSAGE_MAX) * 66 / 64)
		return bsg_fail(err, BSG_E_LIMIT, "SCEP: a message of more than %d bytes", BSG_SCEP_MESSAGE_MAX);
	plain = malloc(len + 4);
	bytes = malloc(BSG_SCEP_MESSAGE_MAX);
	if (plain == NULL || bytes == NULL) {
		rc = bsg_fail(err, BSG_E_NO_MEMORY, "SCEP: out of memory");
		goto out;
	}
	for (size_t i = 0; i < len; i++) {
		char c = standard(text[i]);

		/* Padding inside stays, so that it is refused below. */
		if (c != 0 || text[i] == '=')
			plain[n_plain++] = c != 0 ? c : '=';
	}
	while (n_plain % 4 != 0 && n_plain % 4 != 1)
		plain[n_plain++] = '=';
	rc = bsg_base64_decode(plain, n_plain, bytes, BSG_SCEP_MESSAGE_MAX, &n, err);
	if (rc == BSG_OK && n == 0)
		rc = bsg_fail(err, BSG_E_INVALID, "SCEP: an empty message");
	if (rc == BSG_OK) {
		bsg_buf_add(out, bytes, n);
		rc = bsg_buf_finish(out, err);
	}
out:
	free(bytes);
	free(plain);
	return rc;
}
