/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of bosaga-agent. */
#ifndef BSG_AGENT_COMMANDS_H
#define BSG_AGENT_COMMANDS_H

#include <stdio.h>

/** Run one command. @return the exit status: 0 done, 1 refused or not found, 2 wrong usage */
int bsg_agent_main(int argc, char **argv, FILE *out, FILE *err_out);

#endif
