/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates: reading any bytes, and no bytes make themselves trusted under a root they are not. Two libraries read
 * them: what enrolment knows a device by is what a connection is taken for.
 */
#include <string.h>

#include "base/id.h"
#include "crypto/x509.h"
#include "fuzz/fuzz.h"
#include "http/internal.h"

/* @info: NULL where crypto/ could not read it. */
static void try_peer(struct bsg_bytes der, const struct bsg_cert_info *info)
{
	struct bsg_http_peer peer = { .cn = "" };
	struct bsg_http_leaf *leaf = NULL;
	uint8_t sha256[BSG_SHA256_LEN];

	if (!bsg_http_leaf_describe(der.ptr, der.len, &peer, &leaf)) {
		FUZZ_CHECK(leaf == NULL && peer.der == NULL);
		return;
	}
	FUZZ_CHECK(der.len <= BSG_HTTP_DER_MAX && peer.der_len == der.len && memcmp(peer.der, der.ptr, der.len) == 0);
	FUZZ_CHECK(bsg_sha256(der.ptr, der.len, sha256, NULL) == BSG_OK && memcmp(peer.sha256, sha256, sizeof(sha256)) == 0);
	FUZZ_CHECK(peer.kind == BSG_HTTP_PEER_CERTIFICATE && strlen(peer.cn) < sizeof(peer.cn));
	FUZZ_CHECK(info == NULL || !bsg_id_is_device(peer.cn) || strcmp(peer.cn, info->cn) == 0);
	/* Before 1970 one of them only knows that it was. */
	FUZZ_CHECK(info == NULL || peer.not_after == info->not_after || (peer.not_after <= 0 && info->not_after < 0));
	bsg_http_leaf_unref(leaf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bsg_bytes der = { data, size };
	struct bsg_error err = { 0 };
	struct bsg_cert_info info;
	enum bsg_err rc = bsg_cert_read(der, &info, &err);

	FUZZ_CHECK((rc == BSG_OK) == (err.text[0] == '\0'));
	FUZZ_CHECK(rc == BSG_OK || (info.cn[0] == '\0' && info.serial[0] == '\0' && !info.has_key));
	for (int purpose = BSG_CERT_DEVICE; purpose <= BSG_CERT_APPLE; purpose++)
		FUZZ_CHECK(bsg_cert_verify(der, &der, 1, der, (enum bsg_cert_purpose)purpose, 1795471200,
					   NULL) != BSG_OK);
	try_peer(der, rc == BSG_OK ? &info : NULL);
	return 0;
}
