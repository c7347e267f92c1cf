/* SPDX-License-Identifier: Apache-2.0 */
/* bosaga-agent: the agent of a Linux phone, tablet or laptop. */
#include "agent/linux/commands.h"

int main(int argc, char **argv)
{
	return bsg_agent_main(argc, argv, stdout, stderr);
}
