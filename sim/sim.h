/* SPDX-License-Identifier: Apache-2.0 */
/* The things `bosaga-sim` does. Private to sim/. */
#ifndef BSG_SIM_SIM_H
#define BSG_SIM_SIM_H

#include "base/error.h"
#include "sim/apns.h"

struct bsg_sim_phones_options {
	const char *socket;	/* the server's admin socket: invitations and crossings go through it */
	const char *state;	/* folder of the phones */
	const char *place;	/* where they come and go */
	const char *gate;
	int n_people;		/* person-1 to person-N, who exist */
	int n_iphones;		/* the last of them carry an iPhone, unless they have another phone already */
	const char *apns_dir, *apns_listen;	/* stand in for Apple's push service; NULL: iPhones poll */
	int pause_ms;		/* between two crossings */
};

/**
 * Let phones live until SIGINT or SIGTERM: enrol those that are not, poll, report, and walk through a gate.
 *
 * @return BSG_OK after a signal; else why it could not begin
 */
enum bsg_err bsg_sim_phones(const struct bsg_sim_phones_options *options, struct bsg_error *err) BSG_MUST_CHECK;

/** `bosaga-sim iphone ...`: one iPhone, until `quit` or `checkout` on stdin, SIGINT or SIGTERM. @return an exit status */
int bsg_sim_iphone_main(int argc, char **argv);

/** `bosaga-sim gate …`, arguments from behind `gate`. @return an exit status: 0, 1 refused, 2 usage */
int bsg_sim_gate_main(int argc, char **argv);

/* A stand-in for Apple's push service over a folder: see bsg_sim_apns_certificates(), and pushes.jsonl, behaviour.json. */
struct bsg_sim_apns_folder {
	const char *dir;
	const char *listen;		/* NULL: only make the folder */
	const char *topic;		/* NULL: a stand-in's */
	const char *team, *key_id;	/* senders need tokens of dir/token.p8 instead of certificates; NULL: not */
	void (*on_push)(const struct bsg_sim_push *push, void *app);	/* on its thread; NULL: none */
	void *app;
};

/** Make the folder and begin. @param out  owned, bsg_sim_apns_stop(); NULL without `listen` */
enum bsg_err bsg_sim_apns_open(const struct bsg_sim_apns_folder *folder, struct bsg_sim_apns **out, struct bsg_error *err) BSG_MUST_CHECK;

/** `bosaga-sim apns …`, until SIGINT or SIGTERM. Prints `port N` when it listens. @return as above */
int bsg_sim_apns_main(int argc, char **argv);

#endif
