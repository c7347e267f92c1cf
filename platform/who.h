/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of callers; a route's `who` is a set of them. Columns of docs/spec/access.csv. */
#ifndef BSG_PLATFORM_WHO_H
#define BSG_PLATFORM_WHO_H

enum bsg_who {
	BSG_WHO_ANYONE = 1 << 0,
	BSG_WHO_INVITATION = 1 << 1,	/* an invitation's token, as HTTP Basic or in the path; the route itself looks it up */
	BSG_WHO_DEVICE = 1 << 2,
	BSG_WHO_TURNSTILE = 1 << 3,
	BSG_WHO_ADMIN = 1 << 4,
	BSG_WHO_POLICY = 1 << 5,
	BSG_WHO_HELPDESK = 1 << 6,
	BSG_WHO_AUDITOR = 1 << 7,
	BSG_WHO_SOCKET = 1 << 8,	/* root and the server's own user, by peer credentials */
	BSG_WHO_APPLE = 1 << 9,		/* a phone that is managed: the route itself finds out which, by certificate or signature */
	BSG_WHO_PERSON = 1 << 10,	/* the owner of a phone, by a session of the owner's page */
};

#endif
