/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client certificates whose chain was verified lately, by the SHA-256 of their DER: behind a proxy any of many thousand phones may send
 * the next request of a connection, and verifying its chain is most of what a request costs.
 *
 * It belongs to the credentials, so that another client CA begins with an empty one. Revocation and the certificate's own end are
 * judged on every request all the same (check_peer in request.c); what ends above it is noticed within AGAIN_S.
 */
#include <stdlib.h>
#include <string.h>

#include "http/internal.h"

#define SETS 32768u	/* with WAYS: room for 131,072; memory is taken as it is used */
#define WAYS 4u
#define AGAIN_S 3600

struct proved {
	uint8_t sha256[32];
	int64_t not_after, verified_at;		/* verified_at 0: empty */
	char cn[65];
};

struct bsg_http_proved {
	pthread_mutex_t lock;
	struct proved sets[SETS][WAYS];
};

struct bsg_http_proved *bsg_http_proved_new(void)
{
	struct bsg_http_proved *table = calloc(1, sizeof(*table));

	if (table != NULL)
		pthread_mutex_init(&table->lock, NULL);
	return table;
}

void bsg_http_proved_free(struct bsg_http_proved *table)
{
	if (table == NULL)
		return;
	pthread_mutex_destroy(&table->lock);
	free(table);
}

static struct proved *set_of(struct bsg_http_proved *table, const uint8_t sha256[32])
{
	return table->sets[(sha256[0] | (unsigned)sha256[1] << 8) % SETS];
}

bool bsg_http_proved_find(struct bsg_http_proved *table, int64_t now, struct bsg_http_peer *peer)
{
	bool found = false;

	if (table == NULL)
		return false;
	pthread_mutex_lock(&table->lock);
	for (unsigned i = 0; i < WAYS && !found; i++) {
		const struct proved *p = &set_of(table, peer->sha256)[i];

		if (p->verified_at == 0 || p->verified_at > now || now - p->verified_at >= AGAIN_S ||
		    memcmp(p->sha256, peer->sha256, sizeof(p->sha256)) != 0)
			continue;
		memcpy(peer->cn, p->cn, sizeof(peer->cn));
		peer->not_after = p->not_after;
		peer->kind = BSG_HTTP_PEER_CERTIFICATE;
		found = true;
	}
	pthread_mutex_unlock(&table->lock);
	return found;
}

void bsg_http_proved_keep(struct bsg_http_proved *table, int64_t now, const struct bsg_http_peer *peer)
{
	struct proved *set, *p;

	if (table == NULL)
		return;
	pthread_mutex_lock(&table->lock);
	set = set_of(table, peer->sha256);
	p = &set[peer->sha256[2] % WAYS];
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].verified_at == 0 || memcmp(set[i].sha256, peer->sha256, sizeof(set[i].sha256)) == 0)
			p = &set[i];
	memcpy(p->sha256, peer->sha256, sizeof(p->sha256));
	memcpy(p->cn, peer->cn, sizeof(p->cn));
	p->not_after = peer->not_after;
	p->verified_at = now;
	pthread_mutex_unlock(&table->lock);
}
