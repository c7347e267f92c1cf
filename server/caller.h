/* SPDX-License-Identifier: Apache-2.0 */
/* Who calls: anonymous, by certificate, by token, over the socket; and what they may see. */
#ifndef BSG_SERVER_CALLER_H
#define BSG_SERVER_CALLER_H

#include "http/server.h"
#include "platform/who.h"
#include "store/records.h"

struct bsg_owner;

struct bsg_caller {
	enum bsg_who who;
	char actor[BSG_ACTOR_SIZE];	/* as the audit names them; also who approves: one person is one actor */
	char unit[BSG_NAME_SIZE];	/* an administrator's scope; "": all */
	char device[BSG_ID_SIZE];	/* a device's own id */
	bool active;			/* a device that is neither revoked nor leaving */
	const struct bsg_turnstile_rec *turnstile;	/* only of a turnstile: callers of held requests are kept small */
	const struct bsg_owner *owner;	/* only of a person (owner.h) */
};

/** The caller of an admitted request. Never NULL in a handler of a route that is not for anyone. */
const struct bsg_caller *bsg_caller_of(const struct bsg_http_exchange *x);

/** True if the caller may see what belongs to @unit. */
bool bsg_caller_sees(const struct bsg_caller *caller, const char *unit);

/** Refuse with 403 `unit-scope` what concerns all units when the caller has one. @return true: go on */
bool bsg_caller_needs_all(struct bsg_http_exchange *x);

/** The roles by name: admin, policy, helpdesk, auditor. @return 0: no such role */
enum bsg_who bsg_who_of_role(const char *role);

/* For struct bsg_http_server_options; app is the struct bsg_server. */
bool bsg_caller_admit(struct bsg_http_exchange *x, const struct bsg_http_route *route, void *app);
enum bsg_http_peer_status bsg_caller_peer_check(const struct bsg_http_peer *peer, void *app);
/* For planes of platforms, whose routes look the certificate up themselves, and answer as their phones expect. */
enum bsg_http_peer_status bsg_caller_platform_peer(const struct bsg_http_peer *peer, void *app);

#endif
