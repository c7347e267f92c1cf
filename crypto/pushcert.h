/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The push certificate that Apple issues for an MDM server, once a year.
 *
 * Its subject has one UID (0.9.2342.19200300.100.1.1, RFC 4519 section 2.39): the
 * topic, which stands in every enrolment profile and can never change there. So
 * a certificate with another topic is refused. Rules A60, A61 of docs/spec/apple.md.
 *
 * Nothing is verified here: it is Apple who verifies it. Safe from any thread.
 */
#ifndef BSG_CRYPTO_PUSHCERT_H
#define BSG_CRYPTO_PUSHCERT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "crypto/hash.h"

#define BSG_PUSH_TOPIC_SIZE 129		/* with its NUL */

struct bsg_push_cert {
	char topic[BSG_PUSH_TOPIC_SIZE];	/* letters, digits, '.', '-', '_' only */
	uint8_t sha256[BSG_SHA256_LEN];		/* of the DER */
	int64_t not_before;			/* Unix seconds */
	int64_t not_after;			/* the last second it is valid */
};

/**
 * Read topic and dates of the first certificate in a PEM text.
 *
 * @param out  filled on BSG_OK, else zeroed
 * @return BSG_OK, BSG_E_CRYPTO (no certificate there, no UID or two of them, a UID that is no topic),
 *         BSG_E_LIMIT (the text, the certificate or the topic is too long)
 */
enum bsg_err bsg_push_cert_read(const char *pem, size_t len, struct bsg_push_cert *out, struct bsg_error *err)
	BSG_MUST_CHECK;

/**
 * As bsg_push_cert_read(), and refuse a certificate of another topic than @topic.
 *
 * An expired one is not refused: look at not_after, and warn early.
 *
 * @return as above, and BSG_E_DENIED (another topic; the text says how to renew under the same one)
 */
enum bsg_err bsg_push_cert_check(const char *pem, size_t len, const char *topic, struct bsg_push_cert *out,
				 struct bsg_error *err) BSG_MUST_CHECK;

#endif
