/* SPDX-License-Identifier: Apache-2.0 */
/* The profile that enrols a phone, and what in it can never change. */
#include "apple/service.h"

enum bsg_err bsg_apple_invite(struct bsg_platform *p, const struct bsg_platform_invitation *invitation,
			      struct bsg_platform_file *out, struct bsg_error *err)
{
	(void)p;
	(void)invitation;
	(void)out;
	return bsg_fail(err, BSG_E_UNAVAILABLE, "no push certificate: import one first");
}

const char *const *bsg_apple_rights(const struct bsg_platform *p, const char *kind, enum bsg_http_lang lang, bool not_asked)
{
	static const char *const none[] = {NULL};

	(void)p;
	(void)kind;
	(void)lang;
	(void)not_asked;
	return none;
}

enum bsg_err bsg_apple_check_fixed(struct bsg_apple *apple, struct bsg_error *err)
{
	(void)apple;
	(void)err;
	return BSG_OK;
}
