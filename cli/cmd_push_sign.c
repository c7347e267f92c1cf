/* SPDX-License-Identifier: Apache-2.0 */
/* An MDM vendor signs a request for a push certificate, on a machine without a server. Rule A150. */
#include <stdlib.h>

#include "base/base64.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "crypto/csr.h"
#include "crypto/vendor.h"

#define UPLOAD_MAX (4U * BSG_VENDOR_PEM_MAX)

struct signing {
	struct bsg_buf request;		/* DER */
	struct bsg_buf chain;		/* PEM */
	struct bsg_buf signature;
	uint8_t spki[BSG_SHA256_LEN];	/* of the vendor's certificate */
};

static int take_request(const struct bsg_cli *cli, struct signing *signing)
{
	const char *path = cli->args[0];
	struct bsg_error err;
	enum bsg_err rc;
	uint8_t *pem;
	size_t len;

	if (bsg_cli_read_in(cli, path, BSG_VENDOR_PEM_MAX, &pem, &len) != BSG_CLI_DONE)
		return BSG_CLI_REFUSED;
	rc = bsg_vendor_request_read((const char *)pem, len, &signing->request, &err);
	free(pem);
	if (rc != BSG_OK)
		return bsg_cli_refuse(cli, "%s: %s; ask for a new request, as 'bosaga apple push-request' writes it", path, err.text);
	return BSG_CLI_DONE;
}

static int take_chain(const struct bsg_cli *cli, struct signing *signing)
{
	const char *path = bsg_cli_option(cli, "vendor-chain");
	const int64_t now = bsg_clock_utc(bsg_clock_system());
	struct bsg_error err;
	enum bsg_err rc;
	uint8_t *pem;
	size_t len;

	if (bsg_cli_read_in(cli, path, BSG_VENDOR_PEM_MAX, &pem, &len) != BSG_CLI_DONE)
		return BSG_CLI_REFUSED;
	rc = bsg_vendor_chain_read((const char *)pem, len, now, signing->spki, &signing->chain, &err);
	bsg_wipe(pem, len);	/* a key may lie beside the certificates */
	free(pem);
	if (rc != BSG_OK)
		return bsg_cli_refuse(cli, "%s: %s; it has to hold, in PEM and in this order, the vendor's certificate, "
				      "Apple's intermediate (WWDR) that issued it, and Apple's root", path, err.text);
	return BSG_CLI_DONE;
}

static int sign(const struct bsg_cli *cli, struct signing *signing)
{
	const char *path = bsg_cli_option(cli, "vendor-key");
	struct bsg_secret key;
	struct bsg_error err;
	enum bsg_err rc;

	if (bsg_secret_read(path, BSG_VENDOR_PEM_MAX, &key, &err) != BSG_OK)
		return bsg_cli_refuse(cli, "%s", err.text);
	rc = bsg_vendor_sign(&key, signing->spki, (struct bsg_bytes){ signing->request.data, signing->request.len },
			     &signing->signature, &err);
	bsg_secret_free(&key);
	if (rc != BSG_OK)
		return bsg_cli_refuse(cli, "%s: %s; it has to be the RSA key, in PEM and without a password, that the vendor's "
				      "certificate was asked for with", path, err.text);
	return BSG_CLI_DONE;
}

static void put_base64(struct bsg_buf *plist, const char *key, const struct bsg_buf *bytes)
{
	bsg_buf_printf(plist, "\t<key>%s</key>\n\t<string>", key);
	bsg_base64_encode(bytes->data, bytes->len, 0, plist);
	bsg_buf_add_text(plist, "</string>\n");
}

/* Base64 and PEM that we wrote have no character that XML would escape: no need for libplist, which only apple/ sees. */
static enum bsg_err make_upload(const struct signing *signing, struct bsg_buf *out, struct bsg_error *err)
{
	struct bsg_buf plist;
	enum bsg_err rc;

	bsg_buf_init(&plist, UPLOAD_MAX);
	bsg_buf_add_text(&plist, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			 "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
			 "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n<dict>\n");
	put_base64(&plist, "PushCertRequestCSR", &signing->request);
	bsg_buf_add_text(&plist, "\t<key>PushCertCertificateChain</key>\n\t<string>");
	bsg_buf_add(&plist, signing->chain.data, signing->chain.len);
	bsg_buf_add_text(&plist, "</string>\n");
	put_base64(&plist, "PushCertSignature", &signing->signature);
	bsg_buf_add_text(&plist, "</dict>\n</plist>\n");
	rc = bsg_buf_finish(&plist, err);
	if (rc == BSG_OK) {
		bsg_base64_encode(plist.data, plist.len, 0, out);
		rc = bsg_buf_finish(out, err);
	}
	bsg_buf_free(&plist);
	return rc;
}

static int write_upload(const struct bsg_cli *cli, const struct signing *signing)
{
	struct bsg_error err;
	struct bsg_buf upload;
	int status;

	bsg_buf_init(&upload, UPLOAD_MAX);
	if (make_upload(signing, &upload, &err) == BSG_OK)
		status = bsg_cli_write_out(cli, bsg_cli_option(cli, "out"), upload.data, upload.len, 0644);
	else
		status = bsg_cli_refuse(cli, "%s", err.text);
	bsg_buf_free(&upload);
	return status;
}

/* The key comes last: it is not in memory while other people's bytes are read. */
int bsg_cli_apple_push_sign(struct bsg_cli *cli)
{
	struct signing signing;
	int status;

	bsg_buf_init(&signing.request, BSG_CSR_MAX);
	bsg_buf_init(&signing.chain, 2U * BSG_VENDOR_PEM_MAX);
	bsg_buf_init(&signing.signature, BSG_VENDOR_SIGNATURE_MAX);
	status = take_request(cli, &signing);
	if (status == BSG_CLI_DONE)
		status = take_chain(cli, &signing);
	if (status == BSG_CLI_DONE)
		status = sign(cli, &signing);
	if (status == BSG_CLI_DONE)
		status = write_upload(cli, &signing);
	bsg_buf_free(&signing.request);
	bsg_buf_free(&signing.chain);
	bsg_buf_free(&signing.signature);
	return status;
}
