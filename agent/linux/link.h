/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's two requests to its server, each in a thread of its own: the held
 * request for orders, and reports. They know nothing of orders or reports; they
 * carry bytes. Everything else belongs to the loop's thread, which is told by a
 * descriptor that there is an answer.
 */
#ifndef BSG_AGENT_LINK_H
#define BSG_AGENT_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

struct bsg_link;

/* The two, and the renewal of the certificate, which the first one carries in between. */
enum bsg_link_line { BSG_LINK_ORDERS = 0, BSG_LINK_REPORTS };
#define BSG_LINK_LINES 2

enum bsg_link_ask {
	BSG_ASK_ORDERS = 1,	/* GET, held */
	BSG_ASK_REPORT,		/* POST a batch */
	BSG_ASK_RENEW,		/* POST a certificate request */
};

struct bsg_link_request {
	enum bsg_link_ask ask;
	int64_t delay_ms;	/* wait so long first */
	char etag[128];		/* of the orders in hand; empty: none */
	unsigned wait_s;	/* how long the server may hold it */
	const void *body;	/* copied */
	size_t body_len;
};

struct bsg_link_answer {
	enum bsg_link_ask ask;
	enum bsg_err rc;	/* BSG_OK: the server answered; status says what */
	unsigned status;
	int64_t date;		/* Date of the answer; 0: none */
	int64_t mono_ms;	/* when it arrived */
	bool slept;		/* the machine did, since it was asked: the answer may have waited here */
	char etag[128];
	uint8_t *body;		/* owned by whoever took the answer */
	size_t body_len;
	char text[256];		/* of a failure */
};

struct bsg_link_options {
	const char *device_url;
	const void *root;	/* PEM or DER */
	size_t root_len;
	const char *certificate_file, *key_file;
	const struct bsg_clock *clock;	/* NULL: the machine's */
	const struct bsg_log *log;
};

/** Start the threads; they wait for bsg_link_ask(). @return BSG_OK, as bsg_http_client_open(), BSG_E_UNAVAILABLE */
enum bsg_err bsg_link_open(const struct bsg_link_options *options, struct bsg_link **out,
			   struct bsg_error *err) BSG_MUST_CHECK;

/** End requests under way and the threads. NULL is fine. */
void bsg_link_close(struct bsg_link *link);

/** Readable when an answer can be taken. */
int bsg_link_fd(const struct bsg_link *link);

/** Ask on a line that is idle. @return BSG_OK, BSG_E_CONFLICT (it is busy), BSG_E_NO_MEMORY */
enum bsg_err bsg_link_ask(struct bsg_link *link, enum bsg_link_line line,
			  const struct bsg_link_request *request, struct bsg_error *err) BSG_MUST_CHECK;

/** Whether the line has neither a request under way nor an answer waiting. */
bool bsg_link_idle(struct bsg_link *link, enum bsg_link_line line);

/** Cut the delay before a request short. */
void bsg_link_hurry(struct bsg_link *link, enum bsg_link_line line);

/** Take the answer of a line; the line is idle afterwards. @return whether there was one */
bool bsg_link_take(struct bsg_link *link, enum bsg_link_line line, struct bsg_link_answer *out);

#endif
