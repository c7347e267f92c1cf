/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What pushes are sent with: a certificate with its key, or a key that signs tokens; from the operator's files or imported.
 *
 * Imported, certificate and key lie in one file (DIR/keys/apple-push.pem), so that a crash leaves the old pair or the new one. The key
 * of a request that waits for its certificate lies beside it (DIR/keys/apple-push.key). Both 0600. Rules A60, A61, A146-A149.
 */
#ifndef BSG_APPLE_PUSH_KEYS_H
#define BSG_APPLE_PUSH_KEYS_H

#include "apple/service.h"
#include "crypto/keys.h"
#include "crypto/secret.h"

#define BSG_APPLE_PUSH_PEM_MAX (64 * 1024)

/* Zeroed: nothing. */
struct bsg_apple_push_keys {
	struct bsg_secret certificate, key;	/* PEM; empty with a token */
	struct bsg_key *token_key;		/* NULL with a certificate */
	char topic[BSG_PUSH_TOPIC_SIZE];
	int64_t not_after;			/* of the certificate; 0: a token, which has no end */
};

/**
 * Read what the options name, else what was imported.
 *
 * @param out  owned on success, bsg_apple_push_keys_free(); else zeroed
 * @return BSG_OK, BSG_E_NOT_FOUND (there is nothing yet), BSG_E_DENIED (another topic than the one that is configured; others may
 *         read a key), BSG_E_INVALID (half of what belongs together), BSG_E_CONFLICT (a file that is configured is not there), BSG_E_CRYPTO, BSG_E_UNAVAILABLE
 */
enum bsg_err bsg_apple_push_keys_load(const struct bsg_apple *apple, struct bsg_apple_push_keys *out, struct bsg_error *err) BSG_MUST_CHECK;

/** The sender's view of them; borrowed. */
struct bsg_push_credentials bsg_apple_push_credentials(const struct bsg_apple_push_keys *keys);

/** Wipe and free; zeroed afterwards. */
void bsg_apple_push_keys_free(struct bsg_apple_push_keys *keys);

/**
 * Put a setting's name before what is wrong with the file that it names. Such a file has to be there: one that is not is
 * BSG_E_CONFLICT, never BSG_E_NOT_FOUND, which means that nothing was configured. @return the code
 */
enum bsg_err bsg_apple_push_setting(const char *setting, enum bsg_err rc, struct bsg_error *err) BSG_MUST_CHECK;

/** Write where a file of DIR/keys lies. @param path  of 600 bytes */
enum bsg_err bsg_apple_push_path(const struct bsg_apple *apple, const char *name, char path[static 600], struct bsg_error *err) BSG_MUST_CHECK;

/* push_route.c: handlers. */
void bsg_apple_post_push_request(struct bsg_http_exchange *x, void *app);
void bsg_apple_put_push_certificate(struct bsg_http_exchange *x, void *app);

#define BSG_APPLE_PUSH_PAIR "keys/apple-push.pem"
#define BSG_APPLE_PUSH_PENDING "keys/apple-push.key"

#endif
