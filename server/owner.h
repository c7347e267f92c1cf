/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The owner of a phone as a caller: a session, by a cookie that scripts and other sites never get. Rules V90-V95.
 *
 * The cookie is SameSite=Strict, and each form carries a token that is derived from it: a page of somebody else's can do nothing.
 */
#ifndef BSG_SERVER_OWNER_H
#define BSG_SERVER_OWNER_H

#include "http/exchange.h"
#include "server/app.h"

#define BSG_OWNER_CODE_LEN 8	/* of an alphabet of 32: 40 bits */
#define BSG_OWNER_CODE_SIZE (BSG_OWNER_CODE_LEN + 2)	/* as shown: ABCD-EFGH */
#define BSG_OWNER_CODE_LIFE_S INT64_C(86400)
#define BSG_OWNER_SESSION_LIFE_S (INT64_C(30) * 86400)
#define BSG_OWNER_FORM_TOKEN_SIZE 65

struct bsg_owner {
	struct bsg_session_rec session;
	uint8_t sha256[BSG_STORE_SHA256_LEN];	/* of the session's token */
	char form_token[BSG_OWNER_FORM_TOKEN_SIZE];
};

/** Find whose cookie came along. @param out  lives as long as the exchange @return BSG_E_NOT_FOUND: no session that holds; BSG_E_UNAVAILABLE */
enum bsg_err bsg_owner_of_cookie(struct bsg_http_exchange *x, struct bsg_server *server, const struct bsg_owner **out) BSG_MUST_CHECK;

/** Answer 403 with the page to log in. */
void bsg_owner_ask_login(struct bsg_http_exchange *x);

/** Check that a form is one of ours for this session, in constant time. @return false after answering 403 */
bool bsg_owner_own_form(struct bsg_http_exchange *x);

/** The value of Set-Cookie for a new session; with "" the one that takes the cookie away. */
void bsg_owner_cookie(const char *token, char *out, size_t size);

/** Make a code as it is shown. Secret: wipe it. */
enum bsg_err bsg_owner_code(char out[static BSG_OWNER_CODE_SIZE], struct bsg_error *err) BSG_MUST_CHECK;

/** Hash a code as somebody typed it: without case, blanks and dashes. */
enum bsg_err bsg_owner_code_sha256(const char *code, uint8_t out[static BSG_STORE_SHA256_LEN], struct bsg_error *err) BSG_MUST_CHECK;

#endif
