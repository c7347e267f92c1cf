/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device with a fake clock and a fake camera, and everything that a server and
 * a gate would have made for it: for tests of the agent without its loop.
 */
#ifndef BSG_TEST_AGENT_WORLD_H
#define BSG_TEST_AGENT_WORLD_H

#include "agent/linux/agent.h"
#include "base/clock.h"
#include "crypto/keyring.h"

#define NOW INT64_C(1800000000)
#define HOUR INT64_C(3600)

struct agent_world {
	char dir[64];			/* holds server/ and device/ */
	char state[96];
	struct bsg_keyring *server;
	struct bsg_key *gate;
	struct bsg_fake_clock clock;
	char boot[BSG_UUID_SIZE];
	char device[BSG_ID_SIZE];
	struct bsg_agent *agent;	/* NULL: not running */
};

/* What the fake camera was told, and what it does. One for all, reset by world_set_up(). */
struct fake_camera {
	bool restricted;	/* as the kernel would say */
	bool broken;		/* neither restricts nor lifts */
	bool leaks;
	unsigned n_imposed, n_lifted;
	bool was_saved;		/* when it was imposed, the orders' state was on disk */
	const char *saved;	/* path */
	char state[256];	/* the folder that it was told */
	int64_t end_ms;		/* by which the machine opens it itself */
};
extern struct fake_camera fake_camera;

int world_set_up(void **state);
int world_tear_down(void **state);

/** (Re)start the agent, as after `kill -9`: nothing of the old one is closed in an orderly way but its memory. */
void world_restart(struct agent_world *w);
enum bsg_err world_try_restart(struct agent_world *w, struct bsg_error *err);

/** Another boot: the monotonic clock starts anew. */
void world_reboot(struct agent_world *w);

/* Orders as the server signs them. Zero means a plain one: a house with its rule, presence as given. */
struct orders_wish {
	uint32_t serial;
	bool in, out;		/* the server's word */
	int64_t at;		/* of it; 0: now */
	uint32_t max_stay;	/* 0: 14 h */
	bool no_rule, discharge, self;
	int64_t windows_end;	/* the rule has a window up to then; 0: always */
	const char *device;	/* NULL: this one */
	bool other_root;	/* signed by somebody else's server */
	uint32_t keep;		/* functions that break-glass leaves */
};
void world_orders(const struct agent_world *w, const struct orders_wish *wish, struct bsg_buf *out);

/** Make orders and hand them over; @return what the agent says */
enum bsg_err world_take(struct agent_world *w, const struct orders_wish *wish);

/* A token as a gate signs it. */
struct token_wish {
	enum bsg_direction direction;
	const char *place;		/* NULL: house */
	int64_t issued;			/* 0: the fake clock's now */
	const struct bsg_pass *pass;	/* bound to it; NULL: unbound */
	uint8_t nonce;			/* fills the gate's nonce */
	bool guest;			/* the credential says what guests get */
	bool other_root, other_key;
	int64_t credential_issued;	/* 0: an hour before the token */
};
/** @return hex text, owned */
char *world_token(const struct agent_world *w, const struct token_wish *wish);

/** A pass of the running agent, decoded. */
void world_pass(struct agent_world *w, struct bsg_pass *out);

/** The exit code of the house at @utc. */
void world_code(int64_t utc, char out[static BSG_EXIT_CODE_DIGITS + 1]);

/** Let time pass and let the agent do what becomes due meanwhile. */
void world_pass_time(struct agent_world *w, int64_t seconds);

#endif
