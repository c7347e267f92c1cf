/* SPDX-License-Identifier: Apache-2.0 */
/* The profile that enrols a phone: made of the invitation and of what is set up here. Rules A130..A132 of docs/spec/apple.md. */
#include <stdio.h>
#include <string.h>

#include "apple/enrolment.h"
#include "apple/service.h"
#include "crypto/hash.h"
#include "crypto/keyring.h"
#include "crypto/secret.h"

struct inputs {
	struct bsg_enrolment enrolment;
	struct bsg_bytes root;
	uint8_t ca_sha256[BSG_SHA256_LEN];
	char topic[BSG_PUSH_TOPIC_SIZE];
	char scep[BSG_PLATFORM_URL_SIZE + 16], server[BSG_PLATFORM_URL_SIZE + 16], checkin[BSG_PLATFORM_URL_SIZE + 16];
};

/* The same token gives the same seed, so the same bytes; nobody finds the token by it. */
static enum bsg_err seed_of(const char *token, uint8_t out[static BSG_SEED_LEN], struct bsg_error *err)
{
	char text[200];
	uint8_t hash[BSG_SHA256_LEN];
	int len = snprintf(text, sizeof(text), "profile%s", token);
	enum bsg_err rc = len > 0 && (size_t)len < sizeof(text) ? bsg_sha256(text, (size_t)len, hash, err)
								: bsg_fail(err, BSG_E_INVALID, "the token is too long");

	if (rc == BSG_OK)
		memcpy(out, hash, BSG_SEED_LEN);
	bsg_wipe(text, sizeof(text));
	return rc;
}

static enum bsg_err take_topic(struct bsg_apple *apple, char out[static BSG_PUSH_TOPIC_SIZE], struct bsg_error *err)
{
	pthread_mutex_lock(&apple->lock);
	memcpy(out, apple->topic, BSG_PUSH_TOPIC_SIZE);
	pthread_mutex_unlock(&apple->lock);
	if (out[0] != '\0')
		return BSG_OK;
	return bsg_fail(err, BSG_E_UNAVAILABLE, "no topic of pushes is known, so no iPhone can be enrolled: import a push certificate, or set apple_topic");
}

static enum bsg_err take_certificates(struct bsg_apple *apple, struct inputs *in, struct bsg_error *err)
{
	struct bsg_keyring *keyring = apple->platform.host->keyring;
	struct bsg_bytes ca;
	enum bsg_err rc = bsg_keyring_certificate(keyring, BSG_KEYRING_APPLE_CA, &ca, err);

	if (rc == BSG_OK)
		rc = bsg_sha256(ca.ptr, ca.len, in->ca_sha256, err);
	if (rc == BSG_OK && !apple->options.is_root_public) {
		rc = bsg_keyring_certificate(keyring, BSG_KEYRING_ROOT, &in->root, err);
		in->enrolment.roots = &in->root;
		in->enrolment.n_roots = 1;
	}
	return rc;
}

static enum bsg_err gather(struct bsg_apple *apple, const struct bsg_platform_invitation *invitation, struct inputs *in,
			   struct bsg_error *err)
{
	const char *url = apple->platform.plane.url;
	struct bsg_enrolment *e = &in->enrolment;
	enum bsg_err rc;

	*in = (struct inputs){.topic = ""};
	*e = (struct bsg_enrolment){
		.language = (enum bsg_profile_language)invitation->lang,	/* both are kk, ru, en */
		.deployment = apple->options.deployment, .organisation = apple->options.organisation, .challenge = invitation->token,
		.common_name = invitation->person, .ca_fingerprint = {in->ca_sha256, sizeof(in->ca_sha256)}, .topic = in->topic,
		.scep_url = in->scep, .server_url = in->server, .checkin_url = in->checkin,
	};
	if (!bsg_apple_kind_parse(invitation->kind, &e->kind))
		return bsg_fail(err, BSG_E_DENIED, "%s is no kind of Apple's", invitation->kind);
	snprintf(in->scep, sizeof(in->scep), "%s/scep", url);
	snprintf(in->server, sizeof(in->server), "%s/mdm/server", url);
	snprintf(in->checkin, sizeof(in->checkin), "%s/mdm/checkin", url);
	rc = take_topic(apple, in->topic, err);
	if (rc == BSG_OK)
		rc = seed_of(invitation->token, e->seed, err);
	return rc == BSG_OK ? take_certificates(apple, in, err) : rc;
}

/* Signed at the moment of the invitation: opened again it is the same bytes. */
static enum bsg_err sign(struct bsg_apple *apple, struct bsg_buf *xml, int64_t at, struct bsg_buf *out, struct bsg_error *err)
{
	struct bsg_cms_message message = {.digest = BSG_CMS_SHA256, .at = at};
	enum bsg_err rc = bsg_buf_finish(xml, err);

	message.content = (struct bsg_bytes){xml->data, xml->len};
	return rc == BSG_OK ? bsg_keyring_sign_cms(apple->platform.host->keyring, BSG_SIGN_PROFILE, &message, out, err) : rc;
}

enum bsg_err bsg_apple_invite(struct bsg_platform *p, const struct bsg_platform_invitation *invitation,
			      struct bsg_platform_file *out, struct bsg_error *err)
{
	struct bsg_apple *apple = (struct bsg_apple *)p;	/* its first member */
	struct inputs in;
	struct bsg_buf xml;
	enum bsg_err rc = gather(apple, invitation, &in, err);

	bsg_buf_init_secret(&xml, BSG_PROFILE_MAX);	/* holds the challenge */
	out->type = "application/x-apple-aspen-config";
	out->extension = "mobileconfig";
	if (rc == BSG_OK)
		rc = bsg_enrolment_profile(&in.enrolment, apple->options.sign_profiles ? &xml : &out->bytes, err);
	if (rc == BSG_OK && apple->options.sign_profiles)
		rc = sign(apple, &xml, invitation->created, &out->bytes, err);
	if (rc == BSG_OK)
		rc = bsg_buf_finish(&out->bytes, err);
	if (rc == BSG_OK)
		rc = bsg_apple_fix(apple, in.topic, err);	/* the last thing before it leaves */
	bsg_buf_free(&xml);
	return rc;
}
