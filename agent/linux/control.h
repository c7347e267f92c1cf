/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local control socket, STATE/agent.sock: one JSON object in a line, one
 * back. Who asks is known from the socket's peer credentials, never from what
 * they say.
 *
 * {"do": "status"}                 the keys of `status --json`
 * {"do": "pass", "place": P}       {hex, place, expires}; place may be left out
 * {"do": "tap", "token": T}        {place, direction, pass}; pass is hex or null
 * {"do": "enter", "place": P}      {place}
 * {"do": "break_glass", "reason": R}   {until}
 * {"do": "unenrol"}                {told}: whether the server knows
 * Every answer has "ok"; a refusal has "error" and nothing else.
 */
#ifndef BSG_AGENT_CONTROL_H
#define BSG_AGENT_CONTROL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <jansson.h>

#include "base/error.h"
#include "base/log.h"

#define BSG_CONTROL_PEERS 8
#define BSG_CONTROL_LINE_MAX 24576	/* a token in hex */

struct bsg_control;

/**
 * Answers one request.
 *
 * @param answer  an empty object to fill
 * @return BSG_OK, or an error whose text is sent instead of the answer
 */
typedef enum bsg_err bsg_control_handler(void *arg, const char *what, const json_t *request, json_t *answer,
					 struct bsg_error *err);

struct bsg_control_options {
	const char *path;
	const char *owner;	/* user name or number; "": every local user */
	bsg_control_handler *handler;
	void *arg;
	const struct bsg_log *log;
};

/** Listen; a stale socket is replaced. @return BSG_OK, BSG_E_INVALID (no such owner), BSG_E_UNAVAILABLE */
enum bsg_err bsg_control_open(const struct bsg_control_options *options, struct bsg_control **out,
			      struct bsg_error *err) BSG_MUST_CHECK;
void bsg_control_close(struct bsg_control *control);

/** Fill what is to be polled. @param fds room for BSG_CONTROL_PEERS + 1 @return how many */
size_t bsg_control_poll(const struct bsg_control *control, struct pollfd *fds);

/** Serve what became ready; never blocks. @param fds as filled, after poll() */
void bsg_control_serve(struct bsg_control *control, const struct pollfd *fds, size_t n);

/** May @uid ask for @what? Leaving is for root and the owner; the rest for every local user unless there is an owner. */
bool bsg_control_allowed(uid_t uid, bool has_owner, uid_t owner, const char *what);

/**
 * Ask a running agent, and wait at most 30 s.
 *
 * @param request  consumed
 * @param answer   owned on BSG_OK: json_decref(); has "ok": true
 * @return BSG_OK, BSG_E_NOT_FOUND (no agent runs there), BSG_E_DENIED (it refused; the text is its own),
 *         BSG_E_UNAVAILABLE
 */
enum bsg_err bsg_control_ask(const char *path, json_t *request, json_t **answer,
			     struct bsg_error *err) BSG_MUST_CHECK;

#endif
