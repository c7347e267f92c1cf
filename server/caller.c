/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authentication and admission, asked before the body is read. What is not allowed here is refused: a route
 * names who may call it, and nobody else gets in.
 */
#include "server/caller.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "server/app.h"
#include "server/owner.h"

static const struct {
	const char *role;
	enum bsg_who who;
} roles[] = {
	{"admin", BSG_WHO_ADMIN},
	{"policy", BSG_WHO_POLICY},
	{"helpdesk", BSG_WHO_HELPDESK},
	{"auditor", BSG_WHO_AUDITOR},
};

#define ROLES (BSG_WHO_ADMIN | BSG_WHO_POLICY | BSG_WHO_HELPDESK | BSG_WHO_AUDITOR)

enum bsg_who bsg_who_of_role(const char *role)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strcmp(role, roles[i].role) == 0)
			return roles[i].who;
	return 0;
}

const struct bsg_caller *bsg_caller_of(const struct bsg_http_exchange *x)
{
	return bsg_http_caller(x);
}

bool bsg_caller_sees(const struct bsg_caller *caller, const char *unit)
{
	return caller->unit[0] == '\0' || strcmp(caller->unit, unit) == 0;
}

bool bsg_caller_needs_all(struct bsg_http_exchange *x)
{
	const struct bsg_caller *caller = bsg_caller_of(x);

	if (caller->unit[0] == '\0')
		return true;
	bsg_http_problem(x, 403, "unit-scope", "you administer unit %s; this concerns all units: ask an administrator of all",
			 caller->unit);
	return false;
}

static bool ask_for_token(struct bsg_http_exchange *x, const char *code, const char *detail)
{
	const struct bsg_http_field field = {"WWW-Authenticate", "Bearer realm=\"bosaga\""};

	bsg_http_problem_with(x, 401, code, &field, 1, detail);
	return false;
}

/* The one answer to a token that is unknown, expired or revoked: it does not say which. */
static bool refuse_token(struct bsg_http_exchange *x)
{
	return ask_for_token(x, "token", "the token is not known, expired or revoked: ask an administrator for a new one");
}

/* What a look-up came to. */
enum found { FOUND_NONE = 0, FOUND, FOUND_CANNOT_ASK };

static enum found of_error(enum bsg_err rc)
{
	return rc == BSG_E_NOT_FOUND ? FOUND_NONE : FOUND_CANNOT_ASK;
}

static enum found find_admin(struct bsg_server *server, const uint8_t hash[32], struct bsg_caller *caller)
{
	struct bsg_token_rec token;
	struct bsg_error err;
	enum bsg_err rc = bsg_store_token_by_sha256(server->store, hash, &token, &err);

	if (rc != BSG_OK)
		return of_error(rc);
	if (token.revoked != 0 || token.expires <= bsg_now(server))
		return FOUND_NONE;
	caller->who = bsg_who_of_role(token.role);
	snprintf(caller->unit, sizeof(caller->unit), "%s", token.unit);
	snprintf(caller->actor, sizeof(caller->actor), "admin:%s", token.admin);
	return caller->who != 0 ? FOUND : FOUND_NONE;
}

static enum found find_turnstile(struct bsg_server *server, const uint8_t hash[32], struct bsg_http_exchange *x,
				 struct bsg_caller *caller)
{
	struct bsg_turnstile_rec *rec = bsg_http_alloc(x, sizeof(*rec));
	struct bsg_error err;
	enum bsg_err rc = rec == NULL ? BSG_E_NO_MEMORY : bsg_store_turnstile_by_token(server->store, hash, rec, &err);

	if (rc != BSG_OK)
		return of_error(rc);
	if (rec->address[0] != '\0' && strcmp(rec->address, bsg_http_peer(x)->address) != 0)
		return FOUND_NONE;
	caller->turnstile = rec;
	caller->who = BSG_WHO_TURNSTILE;
	snprintf(caller->actor, sizeof(caller->actor), "turnstile:%s", rec->id);
	return FOUND;
}

/* A token that is good for something else is a 403 and no 401, so each is looked up as both: first as what the route is for. */
static enum found find_caller(struct bsg_http_exchange *x, const struct bsg_http_route *route, struct bsg_server *server,
			      const uint8_t hash[32], struct bsg_caller *caller)
{
	const bool is_for_turnstiles = (route->who & BSG_WHO_TURNSTILE) != 0;
	enum found found = is_for_turnstiles ? find_turnstile(server, hash, x, caller) : find_admin(server, hash, caller);

	if (found != FOUND_NONE)
		return found;
	return is_for_turnstiles ? find_admin(server, hash, caller) : find_turnstile(server, hash, x, caller);
}

static bool admit_token(struct bsg_http_exchange *x, const struct bsg_http_route *route, struct bsg_server *server,
			struct bsg_caller *caller)
{
	const char *token = bsg_http_bearer(x);
	enum found found;
	uint8_t hash[32];

	if (token == NULL)
		return ask_for_token(x, "no-token", "send `Authorization: Bearer TOKEN`");
	if (bsg_sha256(token, strlen(token), hash, NULL) != BSG_OK)
		return refuse_token(x);
	found = find_caller(x, route, server, hash, caller);
	if (found == FOUND_CANNOT_ASK) {
		bsg_http_fail(x, BSG_E_UNAVAILABLE, NULL);
		return false;
	}
	if (found == FOUND_NONE)
		return refuse_token(x);
	if ((route->who & caller->who) != 0)
		return true;
	bsg_http_problem(x, 403, "role", "your role may not do this; ask an administrator who may");
	return false;
}

static bool admit_device(struct bsg_http_exchange *x, const struct bsg_http_route *route, struct bsg_caller *caller)
{
	const struct bsg_http_peer *peer = bsg_http_peer(x);

	/* The layer below has asked bsg_caller_peer_check(): the certificate is known and its CN is the device. */
	if (peer->kind != BSG_HTTP_PEER_CERTIFICATE || !bsg_id_is_device(peer->cn))
		return false;
	caller->who = BSG_WHO_DEVICE;
	caller->active = peer->status == BSG_HTTP_PEER_VALID;
	memcpy(caller->device, peer->cn, sizeof(caller->device));
	snprintf(caller->actor, sizeof(caller->actor), "device:%s", caller->device);
	return (route->who & BSG_WHO_DEVICE) != 0;
}

static bool admit_local(struct bsg_http_exchange *x, const struct bsg_http_route *route, struct bsg_caller *caller)
{
	const struct bsg_http_peer *peer = bsg_http_peer(x);

	if (peer->kind != BSG_HTTP_PEER_LOCAL_USER || (peer->uid != 0 && peer->uid != geteuid()))
		return false;
	caller->who = BSG_WHO_SOCKET;
	snprintf(caller->actor, sizeof(caller->actor), "socket");
	return (route->who & BSG_WHO_SOCKET) != 0;
}

/* @return FOUND_NONE: no session that holds */
static enum found find_person(struct bsg_http_exchange *x, struct bsg_server *server, struct bsg_caller *caller)
{
	enum bsg_err rc = bsg_owner_of_cookie(x, server, &caller->owner);

	if (rc != BSG_OK)
		return of_error(rc);
	caller->who = BSG_WHO_PERSON;
	snprintf(caller->actor, sizeof(caller->actor), "person:%s", caller->owner->session.person);
	return FOUND;
}

/* By the session's cookie. Who has none is a stranger where strangers may be, else is asked to log in. */
static bool admit_person(struct bsg_http_exchange *x, const struct bsg_http_route *route, struct bsg_server *server,
			 struct bsg_caller *caller)
{
	enum found found = find_person(x, server, caller);

	if (found == FOUND)
		return true;
	if (found == FOUND_CANNOT_ASK) {
		bsg_http_fail(x, BSG_E_UNAVAILABLE, NULL);
		return false;
	}
	caller->who = BSG_WHO_ANYONE;
	if ((route->who & BSG_WHO_ANYONE) == 0)
		bsg_owner_ask_login(x);
	return (route->who & BSG_WHO_ANYONE) != 0;
}

bool bsg_caller_admit(struct bsg_http_exchange *x, const struct bsg_http_route *route, void *app)
{
	struct bsg_server *server = app;
	struct bsg_caller *caller = bsg_http_alloc(x, sizeof(*caller));

	if (caller == NULL || !atomic_load(&server->serving)) {
		bsg_http_fail(x, caller == NULL ? BSG_E_NO_MEMORY : BSG_E_UNAVAILABLE, NULL);
		return false;
	}
	bsg_http_set_caller(x, caller);
	if ((route->who & BSG_WHO_PERSON) != 0)
		return admit_person(x, route, server, caller);
	if ((route->who & (BSG_WHO_ANYONE | BSG_WHO_INVITATION)) != 0) {
		caller->who = (route->who & BSG_WHO_ANYONE) != 0 ? BSG_WHO_ANYONE : BSG_WHO_INVITATION;
		return true;
	}
	if ((route->who & BSG_WHO_APPLE) != 0) {
		caller->who = BSG_WHO_APPLE;
		return true;
	}
	if (bsg_http_peer(x)->kind == BSG_HTTP_PEER_LOCAL_USER)
		return admit_local(x, route, caller);
	if ((route->who & BSG_WHO_DEVICE) != 0)
		return admit_device(x, route, caller);
	if ((route->who & (ROLES | BSG_WHO_TURNSTILE)) == 0)
		return false;
	return admit_token(x, route, server, caller);
}

enum bsg_http_peer_status bsg_caller_peer_check(const struct bsg_http_peer *peer, void *app)
{
	struct bsg_server *server = app;
	struct bsg_certificate_rec rec;
	struct bsg_error err;
	enum bsg_err rc = bsg_store_certificate(server->store, peer->sha256, &rec, &err);

	/* An agent takes "unknown" for a last word: it is not said because a disk is slow. */
	if (rc != BSG_OK && rc != BSG_E_NOT_FOUND)
		return BSG_HTTP_PEER_UNDECIDED;
	if (rc != BSG_OK || strcmp(rec.device, peer->cn) != 0)
		return BSG_HTTP_PEER_UNKNOWN;
	if (rec.revoked != 0 || rec.device_state != BSG_DEVICE_ACTIVE)
		return BSG_HTTP_PEER_REVOKED;
	return BSG_HTTP_PEER_VALID;
}

enum bsg_http_peer_status bsg_caller_platform_peer(const struct bsg_http_peer *peer, void *app)
{
	(void)peer;
	(void)app;
	return BSG_HTTP_PEER_VALID;
}
