/* SPDX-License-Identifier: Apache-2.0 */
/* Root, certificate and key as libcurl's GnuTLS flavour takes them: as files. Private to http/. */
#ifndef BSG_HTTP_TLSFILES_H
#define BSG_HTTP_TLSFILES_H

#include <stddef.h>

#include "base/error.h"

enum bsg_tls_file { BSG_TLS_FILE_ROOT, BSG_TLS_FILE_CERTIFICATE, BSG_TLS_FILE_KEY, BSG_TLS_FILES };

struct bsg_tls_files {
	char *paths[BSG_TLS_FILES];	/* what curl opens; NULL: none */
	int memory[BSG_TLS_FILES];	/* memory files behind /proc/self/fd/N; -1: none */
};

/** Start libcurl, once per process. @return BSG_OK, BSG_E_UNAVAILABLE */
enum bsg_err bsg_curl_start(struct bsg_error *err) BSG_MUST_CHECK;

void bsg_tls_files_init(struct bsg_tls_files *files);

/** Name a file that lies somewhere. @return BSG_OK, BSG_E_NO_MEMORY */
enum bsg_err bsg_tls_files_name(struct bsg_tls_files *files, enum bsg_tls_file which, const char *path,
				struct bsg_error *err) BSG_MUST_CHECK;

/** Keep bytes in a file that no disk sees. @return BSG_OK, BSG_E_UNAVAILABLE, BSG_E_NO_MEMORY */
enum bsg_err bsg_tls_files_put(struct bsg_tls_files *files, enum bsg_tls_file which, const void *data, size_t len,
			       struct bsg_error *err) BSG_MUST_CHECK;

/** Keep a root, PEM or DER, that is one. @return as bsg_tls_files_put(), and BSG_E_CRYPTO (it is neither) */
enum bsg_err bsg_tls_files_put_root(struct bsg_tls_files *files, const void *root, size_t len,
				    struct bsg_error *err) BSG_MUST_CHECK;

/** A certificate as PEM text. @param pem  owned by the caller, free(); NULL on failure */
enum bsg_err bsg_tls_root_to_pem(const void *der, size_t len, char **pem, struct bsg_error *err) BSG_MUST_CHECK;

void bsg_tls_files_close(struct bsg_tls_files *files);

#endif
