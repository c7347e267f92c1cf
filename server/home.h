/* SPDX-License-Identifier: Apache-2.0 */
/* The state directory: made at the first start; the keys in it; the names by which the server is reached. */
#ifndef BSG_SERVER_HOME_H
#define BSG_SERVER_HOME_H

#include <stdbool.h>

#include "base/log.h"
#include "crypto/keyring.h"
#include "crypto/tls.h"
#include "server/settings.h"

#define BSG_URL_SIZE 300

struct bsg_home {
	char dir[512];
	bool is_new;
	struct bsg_keyring *keyring;
	struct bsg_tls_identity tls;		/* ours, or read from the operator's files */
	char people_url[BSG_URL_SIZE], device_url[BSG_URL_SIZE];
	char database[600];			/* URL */
	char socket[600];			/* `unix:DIR/admin.sock` */
	char tickets_people[600], tickets_device[600], tickets_platform[600];	/* TLS session ticket keys */
	char ca_sha256[2 * BSG_SHA256_LEN + 1];	/* of the root's DER, hex: what phones pin */
	struct bsg_buf device_ca_pem;		/* client CA of the device plane */
	struct bsg_buf cacerts;			/* body of /.well-known/est/cacerts */
};

/**
 * Make or open the directory and its keys.
 *
 * @param out  zeroed; bsg_home_close() also after a failure
 * @return BSG_E_DENIED (the directory belongs to somebody else or is open to others), BSG_E_CRYPTO, BSG_E_UNAVAILABLE, BSG_E_LIMIT
 */
enum bsg_err bsg_home_open(const char *dir, const struct bsg_settings *settings, int64_t now, struct bsg_home *out,
			   struct bsg_error *err) BSG_MUST_CHECK;
void bsg_home_close(struct bsg_home *home);

/** Load the TLS identity again; ours is made anew when it ends soon. For the daily look. */
enum bsg_err bsg_home_load_tls(struct bsg_home *home, const struct bsg_settings *settings, int64_t now,
			       struct bsg_error *err) BSG_MUST_CHECK;

/** The URL of a listener, unless the operator gave one; 0.0.0.0 and [::] become the machine's name. @return BSG_OK, BSG_E_LIMIT */
enum bsg_err bsg_home_url(const char *given, const char *listen, unsigned port, char out[static BSG_URL_SIZE],
			  struct bsg_error *err) BSG_MUST_CHECK;

/** Copy the host of `https://HOST:PORT` or `HOST:PORT` without brackets. @return false: there is none, or it does not fit */
bool bsg_home_host(const char *text, char *out, size_t size);

/** Whether a text is a DNS host name (RFC 1123 section 2.1), which a certificate can hold. */
bool bsg_home_is_name(const char *text);

#endif
