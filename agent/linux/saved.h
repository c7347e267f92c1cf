/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent remembers between two starts besides orders and reports: the
 * decision's state, the clock, what was already used. One file, replaced
 * durably after every step and before anything is enforced.
 */
#ifndef BSG_AGENT_SAVED_H
#define BSG_AGENT_SAVED_H

#include <stdint.h>

#include <bosaga/decide.h>

#include "agent/linux/agenttime.h"
#include "base/error.h"
#include "base/id.h"
#include "wire/pass.h"

#define BSG_SAVED_TOKENS 16

/* Exit codes: the last step that was taken at a place; it and earlier ones never count again. */
struct bsg_saved_code {
	char place[BSG_NAME_SIZE];	/* empty: not in use */
	int64_t step;
};

/* A threshold token that was taken, until it has expired by itself. */
struct bsg_saved_token {
	uint8_t nonce[BSG_NONCE_LEN];
	int64_t expires;	/* 0: not in use */
};

struct bsg_saved {
	struct bsg_state core;
	struct bsg_agent_time time;
	uint64_t batch_sequence;	/* of the last batch of reports */
	uint32_t pass_sequence;		/* of the last pass */
	struct bsg_saved_code code[BSG_PLACES_MAX];
	uint32_t wrong_codes;		/* since one was right */
	int64_t codes_from;		/* no code is tried before; 0: at once */
	struct bsg_saved_token token[BSG_SAVED_TOKENS];
};

/**
 * Read the file. A missing or damaged one is a fresh start, which lifts
 * everything: the server's or a gate's next word begins presence again.
 *
 * @param why  set to a static text if something was there and is not used, else NULL
 */
void bsg_saved_load(const char *path, struct bsg_saved *out, const char **why);

/** Read the file's text. @return NULL, or why not all of it is used, as bsg_saved_load() says it */
const char *bsg_saved_decode(const void *text, size_t len, struct bsg_saved *out);

/** The file's text. @return to be freed; NULL: no memory */
char *bsg_saved_encode(const struct bsg_saved *saved) BSG_MUST_CHECK;

/** Write the file durably. @return as bsg_file_replace() */
enum bsg_err bsg_saved_store(const struct bsg_saved *saved, const char *path,
			     struct bsg_error *err) BSG_MUST_CHECK;

#endif
