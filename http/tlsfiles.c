/* SPDX-License-Identifier: Apache-2.0 */
/* Files for libcurl. See the header. */
#include "http/tlsfiles.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <curl/curl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_ready = CURLE_FAILED_INIT;

static void init_curl(void)
{
	curl_ready = curl_global_init(CURL_GLOBAL_DEFAULT);
}

enum bsg_err bsg_curl_start(struct bsg_error *err)
{
	pthread_once(&curl_once, init_curl);
	if (curl_ready != CURLE_OK)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "http client: libcurl does not start");
	return BSG_OK;
}

static enum bsg_err no_memory(struct bsg_error *err)
{
	return bsg_fail(err, BSG_E_NO_MEMORY, "http client: out of memory");
}

void bsg_tls_files_init(struct bsg_tls_files *files)
{
	for (int i = 0; i < BSG_TLS_FILES; i++) {
		files->paths[i] = NULL;
		files->memory[i] = -1;
	}
}

enum bsg_err bsg_tls_files_name(struct bsg_tls_files *files, enum bsg_tls_file which, const char *path,
				struct bsg_error *err)
{
	files->paths[which] = strdup(path);
	return files->paths[which] != NULL ? BSG_OK : no_memory(err);
}

enum bsg_err bsg_tls_files_put(struct bsg_tls_files *files, enum bsg_tls_file which, const void *data, size_t len,
			       struct bsg_error *err)
{
	char path[64];
	const char *at = data;
	int fd = memfd_create("bosaga", MFD_CLOEXEC);

	if (fd < 0)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "http client: memory file: %s", strerror(errno));
	files->memory[which] = fd;
	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0)
			return bsg_fail(err, BSG_E_UNAVAILABLE, "http client: memory file: %s", strerror(errno));
		at += n;
		len -= (size_t)n;
	}
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return bsg_tls_files_name(files, which, path, err);
}

enum bsg_err bsg_tls_root_to_pem(const void *der, size_t len, char **pem, struct bsg_error *err)
{
	gnutls_datum_t in = { .data = (unsigned char *)(uintptr_t)der, .size = (unsigned)len };
	gnutls_datum_t out = { 0 };
	gnutls_x509_crt_t crt;
	int rc = gnutls_x509_crt_init(&crt);

	*pem = NULL;
	if (rc < 0)
		return no_memory(err);
	rc = gnutls_x509_crt_import(crt, &in, GNUTLS_X509_FMT_DER);
	if (rc >= 0)
		rc = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &out);
	gnutls_x509_crt_deinit(crt);
	if (rc < 0)
		return bsg_fail(err, BSG_E_CRYPTO, "root certificate: %s", gnutls_strerror(rc));
	*pem = strndup((const char *)out.data, out.size);
	gnutls_free(out.data);
	return *pem != NULL ? BSG_OK : no_memory(err);
}

static enum bsg_err check_pem(const void *pem, size_t len, struct bsg_error *err)
{
	gnutls_datum_t in = { .data = (unsigned char *)(uintptr_t)pem, .size = (unsigned)len };
	gnutls_x509_crt_t *list = NULL;
	unsigned n = 0;
	int rc = gnutls_x509_crt_list_import2(&list, &n, &in, GNUTLS_X509_FMT_PEM, 0);

	if (rc < 0)
		return bsg_fail(err, BSG_E_CRYPTO, "root certificate: %s", gnutls_strerror(rc));
	for (unsigned i = 0; i < n; i++)
		gnutls_x509_crt_deinit(list[i]);
	gnutls_free(list);
	return BSG_OK;
}

enum bsg_err bsg_tls_files_put_root(struct bsg_tls_files *files, const void *root, size_t len,
				    struct bsg_error *err)
{
	char *pem = NULL;
	enum bsg_err rc;

	if (memmem(root, len, "-----BEGIN", 10) != NULL) {
		rc = check_pem(root, len, err);
		return rc == BSG_OK ? bsg_tls_files_put(files, BSG_TLS_FILE_ROOT, root, len, err) : rc;
	}
	rc = bsg_tls_root_to_pem(root, len, &pem, err);
	if (rc == BSG_OK)
		rc = bsg_tls_files_put(files, BSG_TLS_FILE_ROOT, pem, strlen(pem), err);
	free(pem);
	return rc;
}

void bsg_tls_files_close(struct bsg_tls_files *files)
{
	for (int i = 0; i < BSG_TLS_FILES; i++) {
		if (files->memory[i] >= 0)
			close(files->memory[i]);
		free(files->paths[i]);
	}
	bsg_tls_files_init(files);
}
