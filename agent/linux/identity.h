/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who this device is: its folder, key, certificate, the pinned root, and where
 * its server is. Made by enrolment, removed by unenrolment.
 */
#ifndef BSG_AGENT_IDENTITY_H
#define BSG_AGENT_IDENTITY_H

#include <stdint.h>

#include <bosaga/slice.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/id.h"
#include "crypto/keys.h"
#include "wire/report.h"

#define BSG_AGENT_PATH 300
#define BSG_AGENT_URL 256

/* Paths inside the state folder. */
struct bsg_agent_paths {
	char dir[256];		/* absolute */
	char key[BSG_AGENT_PATH], certificate[BSG_AGENT_PATH], root[BSG_AGENT_PATH];
	char identity[BSG_AGENT_PATH], instance[BSG_AGENT_PATH], orders[BSG_AGENT_PATH];
	char saved[BSG_AGENT_PATH], queue[BSG_AGENT_PATH], batch[BSG_AGENT_PATH];
	char guest[2][BSG_AGENT_PATH], socket[BSG_AGENT_PATH], lock[BSG_AGENT_PATH];
};

/** Name the files of @dir, made absolute. @return BSG_OK, BSG_E_LIMIT, BSG_E_UNAVAILABLE */
enum bsg_err bsg_agent_paths(const char *dir, struct bsg_agent_paths *out, struct bsg_error *err)
	BSG_MUST_CHECK;

struct bsg_identity {
	char device[BSG_ID_SIZE];
	char server[BSG_AGENT_URL];	/* people plane */
	char device_url[BSG_AGENT_URL];	/* device plane */
	struct bsg_buf root;		/* DER */
	struct bsg_key *key;
	int64_t not_before, not_after;	/* of the certificate */
	uint8_t instance[BSG_INSTANCE_ID_LEN];
};

/**
 * Read what enrolment left; make the instance id at the first call in a folder.
 *
 * @param out  bsg_identity_free() in any case
 * @return BSG_OK, BSG_E_NOT_FOUND (not enrolled), BSG_E_INVALID, BSG_E_CRYPTO (damaged), BSG_E_DENIED
 *         (others may read the key), BSG_E_UNAVAILABLE
 */
enum bsg_err bsg_identity_load(const struct bsg_agent_paths *paths, struct bsg_identity *out,
			       struct bsg_error *err) BSG_MUST_CHECK;

/** Write server and device addresses, the root and the certificates; the key is already there. The last step of enrolment. */
enum bsg_err bsg_identity_save(const struct bsg_agent_paths *paths, const struct bsg_identity *identity,
			       const struct bsg_bytes *certs, size_t n_certs, struct bsg_error *err)
	BSG_MUST_CHECK;

/** Replace the certificate only, after a renewal. */
enum bsg_err bsg_identity_save_certificate(const struct bsg_agent_paths *paths,
					   const struct bsg_bytes *certs, size_t n_certs,
					   struct bsg_error *err) BSG_MUST_CHECK;

/** Remove all that enrolment and the agent left, the key first. Goes on after a failure and reports it. */
enum bsg_err bsg_identity_forget(const struct bsg_agent_paths *paths, struct bsg_error *err)
	BSG_MUST_CHECK;

/** Wipe and free; zeroed afterwards. */
void bsg_identity_free(struct bsg_identity *identity);

#endif
