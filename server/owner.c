/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of the owner's page: cookie, form token, one-time codes. */
#include "server/owner.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "server/caller.h"
#include "server/me.h"

#define COOKIE "__Host-bosaga"
#define FORM_LABEL "bosaga/form "

/* Without I, O, 0 and 1, which look like each other. */
static const char alphabet[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

static enum bsg_err make_form_token(const char *token, size_t len, char out[static BSG_OWNER_FORM_TOKEN_SIZE])
{
	uint8_t hash[BSG_SHA256_LEN];
	enum bsg_err rc = bsg_hmac_sha256(token, len, FORM_LABEL, strlen(FORM_LABEL), hash, NULL);

	if (rc == BSG_OK)
		bsg_hex_encode(hash, sizeof(hash), out);
	return rc;
}

enum bsg_err bsg_owner_of_cookie(struct bsg_http_exchange *x, struct bsg_server *server, const struct bsg_owner **out)
{
	const char *token = bsg_http_cookie(x, COOKIE);
	const size_t len = token != NULL ? strlen(token) : 0;
	struct bsg_owner *owner;
	struct bsg_error err;
	enum bsg_err rc;

	*out = NULL;
	if (len != BSG_RANDOM_TOKEN_SIZE - 1)
		return BSG_E_NOT_FOUND;
	owner = bsg_http_alloc(x, sizeof(*owner));
	if (owner == NULL)
		return BSG_E_NO_MEMORY;
	rc = bsg_sha256(token, len, owner->sha256, &err);
	if (rc == BSG_OK)
		rc = make_form_token(token, len, owner->form_token);
	if (rc == BSG_OK)
		rc = bsg_store_session(server->store, owner->sha256, &owner->session, &err);
	if (rc != BSG_OK)
		return rc;
	if (owner->session.ended != 0 || owner->session.expires <= bsg_now(server) || owner->session.state != BSG_PERSON_ACTIVE)
		return BSG_E_NOT_FOUND;
	*out = owner;
	return BSG_OK;
}

void bsg_owner_ask_login(struct bsg_http_exchange *x)
{
	bsg_me_login_page(x, 403, BSG_ME_SAID_NOTHING);
}

bool bsg_owner_own_form(struct bsg_http_exchange *x)
{
	const struct bsg_owner *owner = bsg_caller_of(x)->owner;
	const char *given = bsg_http_form(x, "form");

	if (given != NULL && strlen(given) == BSG_OWNER_FORM_TOKEN_SIZE - 1 &&
	    bsg_equal(given, owner->form_token, BSG_OWNER_FORM_TOKEN_SIZE - 1))
		return true;
	bsg_http_problem(x, 403, "form", "this form is not of your session: open /me again and repeat it there");
	return false;
}

void bsg_owner_cookie(const char *token, char *out, size_t size)
{
	(void)snprintf(out, size, COOKIE "=%s; Path=/; Max-Age=%lld; Secure; HttpOnly; SameSite=Strict", token,
		       token[0] != '\0' ? (long long)BSG_OWNER_SESSION_LIFE_S : 0LL);
}

enum bsg_err bsg_owner_code(char out[static BSG_OWNER_CODE_SIZE], struct bsg_error *err)
{
	uint8_t random[BSG_OWNER_CODE_LEN];
	enum bsg_err rc = bsg_random(random, sizeof(random), err);
	char *at = out;

	for (size_t i = 0; i < sizeof(random); i++) {
		if (i == BSG_OWNER_CODE_LEN / 2)
			*at++ = '-';
		*at++ = alphabet[random[i] % (sizeof(alphabet) - 1)];	/* 256 is a multiple of 32: all alike */
	}
	*at = '\0';
	bsg_wipe(random, sizeof(random));
	return rc;
}

enum bsg_err bsg_owner_code_sha256(const char *code, uint8_t out[static BSG_STORE_SHA256_LEN], struct bsg_error *err)
{
	char plain[2 * BSG_OWNER_CODE_LEN];	/* what is longer is no code, and stays so */
	size_t len = 0;
	enum bsg_err rc;

	for (; *code != '\0' && len < sizeof(plain); code++)
		if (*code != ' ' && *code != '-')
			plain[len++] = (char)toupper((unsigned char)*code);
	rc = bsg_sha256(plain, len, out, err);
	bsg_wipe(plain, sizeof(plain));
	return rc;
}
