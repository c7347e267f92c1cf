/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP client: TLS 1.2 or newer against a pinned root, never the system's.
 *
 * Only the roots handed over here are trusted: the system's store is not read,
 * redirects are not followed, proxies of the environment are not used. Any
 * HTTP status is a success of the call; an error means that there was no
 * trustworthy answer. Each new connection is a full handshake: Debian's
 * libcurl switches session tickets off in its GnuTLS flavour.
 */
#ifndef BSG_HTTP_CLIENT_H
#define BSG_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct bsg_http_client;

struct bsg_http_client_options {
	const char *unix_path;		/* connect to this socket, whatever the URL's host; NULL: TCP */

	/* Trust: one of the two for https URLs; without any they fail. PEM or DER bytes. */
	const void *root;
	size_t root_len;
	const char *root_file;

	/* Client certificate and key: both or none; PEM. Files are read at each new connection. */
	const char *certificate_file;
	const char *key_file;
	const char *certificate_pem;	/* instead of the files: PEM text; held in memory files */
	const char *key_pem;

	unsigned connect_timeout_ms;	/* 0: 10 s */
	const char *user_agent;		/* NULL: "bosaga/VERSION" */
	const char *bearer;		/* sent with each request to this client's URLs; NULL: none */
};

struct bsg_http_request {
	const char *method;		/* NULL: GET */
	const char *url;		/* absolute; for a Unix socket http://localhost/… */
	const char *const *headers;	/* "Name: value" lines; NULL-terminated; NULL: none */
	const void *body;
	size_t body_len;
	const char *type;		/* Content-Type of the body */
	const char *accept_language;	/* NULL: none */
	const char *if_none_match;	/* an ETag without quotes; NULL: none */
	const char *if_match;		/* likewise */
	const char *basic;		/* "user:password" (RFC 7617); NULL: none */
	unsigned wait_s;		/* long poll: sends Prefer: wait=N; the timeout is added to it */
	unsigned timeout_ms;		/* for everything; 0: 30 s */
	size_t response_max;		/* bytes of body; 0: 1 MiB */
};

/* Zeroed by bsg_http_client_do(), owned by the caller: bsg_http_response_clear(). */
struct bsg_http_response {
	unsigned status;
	char type[128];			/* Content-Type without parameters; "" if none */
	char etag[128];			/* without quotes and W/; "" if none */
	char location[512];
	char request_id[64];
	int64_t date;			/* Date as UTC seconds; 0 if none. Trust it over TLS only */
	int64_t retry_after_s;		/* -1 if none */
	uint8_t *body;			/* NUL-terminated beyond body_len; NULL if empty */
	size_t body_len;
};

/**
 * Make a client: one reusable handle with its own connections.
 *
 * @param options  copied, with everything it points to
 *
 * @return BSG_OK, BSG_E_INVALID (a certificate without key, root twice), BSG_E_CRYPTO (root is
 *         neither PEM nor DER), BSG_E_UNAVAILABLE, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_http_client_open(const struct bsg_http_client_options *options,
				  struct bsg_http_client **out,
				  struct bsg_error *err) BSG_MUST_CHECK;

/** Close its connections and free it. Not while another thread is in bsg_http_client_do(). NULL is fine. */
void bsg_http_client_close(struct bsg_http_client *client);

/**
 * Send one request and wait for its answer. One at a time per client.
 *
 * Blocks without waking up while nothing arrives, at most timeout_ms (+ wait_s). A connection is
 * reused when it is still open.
 *
 * @param out  filled on BSG_OK, else zero; clear it in any case
 *
 * @return BSG_OK whatever the status; BSG_E_UNAVAILABLE (no connection, time over, cut, cancelled:
 *         try again), BSG_E_CRYPTO (the server's chain, name or time does not hold, or our certificate
 *         does not load), BSG_E_LIMIT (the answer is too large), BSG_E_INVALID (URL, header),
 *         BSG_E_NO_MEMORY
 */
enum bsg_err bsg_http_client_do(struct bsg_http_client *client, const struct bsg_http_request *request,
				struct bsg_http_response *out,
				struct bsg_error *err) BSG_MUST_CHECK;

/** Free what a response holds and zero it. */
void bsg_http_response_clear(struct bsg_http_response *response);

/**
 * Make the request under way return BSG_E_UNAVAILABLE at once, and every later one too.
 *
 * Any thread. bsg_http_client_uncancel() makes the client usable again.
 */
void bsg_http_client_cancel(struct bsg_http_client *client);
void bsg_http_client_uncancel(struct bsg_http_client *client);

/** True after bsg_http_client_cancel(). Any thread. */
bool bsg_http_client_is_cancelled(const struct bsg_http_client *client);

/**
 * Find the root that a pin names, at first contact (RFC 7030 4.1.1).
 *
 * Asks @base_url/.well-known/est/cacerts over a connection that is not trusted yet,
 * and trusts nothing of the answer but a certificate whose SHA-256 is the pin.
 * Then use it as `root` of a client of its own.
 *
 * @param base_url   "https://server:8443"
 * @param pin        SHA-256 of the root's DER, as in an invitation (ca_sha256)
 * @param root_pem   on success PEM text, owned by the caller, free(); else NULL
 *
 * @return BSG_OK, BSG_E_CRYPTO (no certificate there has this fingerprint), BSG_E_UNAVAILABLE,
 *         BSG_E_INVALID, BSG_E_LIMIT, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_http_client_find_root(const char *base_url, const uint8_t pin[32],
				       char **root_pem, struct bsg_error *err) BSG_MUST_CHECK;

#endif
