/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of senders, as the stand-in APNs checks them: JWT (RFC 7519), ES256. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/base64.h"
#include "sim/apns_internal.h"

#define LIFE_S 3600	/* Apple: "no more than one hour ago" */

static json_t *part_of(const char *text, size_t len)
{
	uint8_t bytes[BSG_APNS_AUTHORIZATION_MAX];
	size_t n = 0;

	if (bsg_base64url_decode(text, len, bytes, sizeof(bytes), &n, NULL) != BSG_OK)
		return NULL;
	return json_loadb((const char *)bytes, n, JSON_REJECT_DUPLICATES, NULL);
}

static bool is_text(const json_t *object, const char *name, const char *want)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL && want != NULL && strcmp(text, want) == 0;
}

static const char *claims_fault(const struct bsg_sim_apns_options *o, const json_t *header, const json_t *claims)
{
	const json_t *iat = json_object_get(claims, "iat");
	const int64_t now = bsg_clock_utc(o->clock);

	if (!is_text(header, "alg", "ES256") || !is_text(header, "kid", o->key_id) ||
	    !is_text(claims, "iss", o->team_id) || !json_is_integer(iat) || json_integer_value(iat) > now + 60)
		return "InvalidProviderToken";
	return json_integer_value(iat) < now - LIFE_S ? "ExpiredProviderToken" : NULL;
}

const char *bsg_apns_token_fault(const struct bsg_sim_apns *apns, const char *authorization)
{
	static const char scheme[] = "bearer ";
	const char *token = authorization + sizeof(scheme) - 1, *dot1, *dot2;
	uint8_t signature[BSG_SIGNATURE_LEN];
	const char *fault = "InvalidProviderToken";
	json_t *header, *claims;
	size_t n = 0;

	if (authorization[0] == '\0')
		return "MissingProviderToken";
	if (strncmp(authorization, scheme, sizeof(scheme) - 1) != 0)
		return fault;
	dot1 = strchr(token, '.');
	dot2 = dot1 != NULL ? strchr(dot1 + 1, '.') : NULL;
	if (dot2 == NULL || bsg_base64url_decode(dot2 + 1, strlen(dot2 + 1), signature, sizeof(signature), &n, NULL) !=
	    BSG_OK || n != sizeof(signature) ||
	    bsg_public_key_verify(&apns->options.token_key, (struct bsg_bytes){ (const uint8_t *)token,
				  (size_t)(dot2 - token) }, signature, NULL) != BSG_OK)
		return fault;
	header = part_of(token, (size_t)(dot1 - token));
	claims = part_of(dot1 + 1, (size_t)(dot2 - dot1 - 1));
	if (header != NULL && claims != NULL)
		fault = claims_fault(&apns->options, header, claims);
	json_decref(header);
	json_decref(claims);
	return fault;
}
