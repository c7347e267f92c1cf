/* SPDX-License-Identifier: Apache-2.0 */
/* The header Mdm-Signature. */
#include "apple/mdm_signature.h"

#include <stdlib.h>

#include "base/base64.h"
#include "crypto/cms.h"
#include "crypto/x509.h"

static enum bsg_err judge(struct bsg_cms *cms, struct bsg_bytes body, struct bsg_bytes apple_ca, int64_t now,
			  struct bsg_error *err)
{
	enum bsg_err rc = bsg_cms_verify(cms, &body, true, NULL, err);
	int64_t at;

	if (rc == BSG_OK)
		rc = bsg_cert_verify(bsg_cms_signer(cms), NULL, 0, apple_ca, BSG_CERT_APPLE, now, err);
	if (rc != BSG_OK)
		return rc;
	if (!bsg_cms_signing_time(cms, &at))
		return bsg_fail(err, BSG_E_INVALID, "Mdm-Signature: it does not say when it was signed");
	if (at < now - BSG_MDM_SIGNATURE_S || at > now + BSG_MDM_SIGNATURE_S)
		return bsg_fail(err, BSG_E_CRYPTO, "Mdm-Signature: signed more than %d minutes from now",
				(int)(BSG_MDM_SIGNATURE_S / 60));
	return BSG_OK;
}

enum bsg_err bsg_mdm_signature_verify(const char *header, size_t len, struct bsg_bytes body, struct bsg_bytes apple_ca,
				      int64_t now, struct bsg_buf *certificate, struct bsg_error *err)
{
	struct bsg_cms *cms = NULL;
	struct bsg_bytes signer;
	uint8_t *der;
	size_t der_len = 0;
	enum bsg_err rc;

	if (header == NULL || len == 0)
		return bsg_fail(err, BSG_E_INVALID, "Mdm-Signature: empty");
	if (len > BSG_MDM_SIGNATURE_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "Mdm-Signature: more than %d characters", BSG_MDM_SIGNATURE_MAX);
	der = malloc(len);
	if (der == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "Mdm-Signature: out of memory");
	rc = bsg_base64_decode(header, len, der, len, &der_len, err);
	if (rc == BSG_OK)
		rc = bsg_cms_read((struct bsg_bytes){ der, der_len }, &cms, err);
	if (rc == BSG_OK)
		rc = judge(cms, body, apple_ca, now, err);
	if (rc == BSG_OK) {
		signer = bsg_cms_signer(cms);
		bsg_buf_add(certificate, signer.ptr, signer.len);
		rc = bsg_buf_finish(certificate, err);
	}
	bsg_cms_free(cms);
	free(der);
	return rc;
}
