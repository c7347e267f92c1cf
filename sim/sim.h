/* SPDX-License-Identifier: Apache-2.0 */
/* The things `bosaga-sim` does. Private to sim/. */
#ifndef BSG_SIM_SIM_H
#define BSG_SIM_SIM_H

#include "base/error.h"

struct bsg_sim_phones_options {
	const char *socket;	/* the server's admin socket: invitations and crossings go through it */
	const char *state;	/* folder of the phones */
	const char *place;	/* where they come and go */
	const char *gate;
	int n_people;		/* person-1 to person-N, who exist */
	int pause_ms;		/* between two crossings */
};

/**
 * Let phones live until SIGINT or SIGTERM: enrol those that are not, poll, report, and walk through a gate.
 *
 * @return BSG_OK after a signal; else why it could not begin
 */
enum bsg_err bsg_sim_phones(const struct bsg_sim_phones_options *options, struct bsg_error *err) BSG_MUST_CHECK;

/** `bosaga-sim gate …`, arguments from behind `gate`. @return an exit status: 0, 1 refused, 2 usage */
int bsg_sim_gate_main(int argc, char **argv);

/** `bosaga-sim apns …`, until SIGINT or SIGTERM. Prints `port N` when it listens. @return as above */
int bsg_sim_apns_main(int argc, char **argv);

#endif
