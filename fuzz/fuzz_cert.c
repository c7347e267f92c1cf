/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates: reading any bytes, and no bytes make themselves trusted under a root they are not. */
#include "crypto/x509.h"
#include "fuzz/fuzz.h"

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
	return 0;
}
