/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams that were running before a device was refused: found by the open
 * files of the processes of a scope, stopped with VIDIOC_STREAMOFF on a
 * descriptor borrowed from the process, and with SIGKILL only where the process
 * starts again or the device cannot be stopped for it.
 *
 * An app that keeps its descriptor, waits and starts again gets what the camera
 * gives until the next look, half a second later, and is ended then.
 *
 * A holder that does not stream is left alone: opening is not filming. Nodes
 * that do not speak V4L2 (a stand-in in a test, a sub-device) have no streams.
 */
#ifndef BSG_AGENT_STREAMS_H
#define BSG_AGENT_STREAMS_H

#include <stddef.h>
#include <sys/types.h>

#include "base/log.h"

#include "agent/linux/devices.h"

#define BSG_STREAMS_STRIKES_MAX 64

struct bsg_strike {
	pid_t pid;
	unsigned n;		/* rounds in which it was found streaming */
	unsigned round;		/* the last of them: two cameras in one round are one strike */
};

/* What is remembered between rounds; zero is a fresh start. */
struct bsg_streams {
	struct bsg_strike strike[BSG_STREAMS_STRIKES_MAX];
	size_t n;
	unsigned round;
};

struct bsg_streams_seen {
	size_t n_holders;	/* V4L2 descriptors that processes of the scope have open */
	size_t n_streaming;	/* of them, on a device with buffers in its queue when looked at */
	pid_t pid;		/* one that streams, 0: none */
};

/** Look, and touch nothing. @param scope absolute path of a cgroup */
void bsg_streams_look(const char *scope, const struct bsg_device_set *set,
		      struct bsg_streams_seen *out);

/**
 * Stop what streams: one round. Rounds 250 ms apart end every stream within
 * four: by the owner of the stream at the first or (killed) the second, by a
 * reader of the device node at the fourth.
 */
void bsg_streams_stop(struct bsg_streams *streams, const char *scope,
		      const struct bsg_device_set *set, const struct bsg_log *log,
		      struct bsg_streams_seen *out);

#endif
