/* SPDX-License-Identifier: Apache-2.0 */
/* Streams that were running before a device was refused. */
#include "agent/linux/streams.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/linux/cgroup.h"

#define STRIKES_OWNER 2		/* it was stopped, and started again */
#define STRIKES_BUSY 4		/* someone streams, we cannot stop it, and its owner had time to go */
#define BUFFERS_MAX 64

struct round {
	struct bsg_streams *streams;	/* NULL: only look */
	const struct bsg_device_set *set;
	const struct bsg_log *log;
	struct bsg_streams_seen *seen;
};

static int video_ioctl(int fd, unsigned long request, void *arg)
{
	int rc;

	do {
		rc = ioctl(fd, request, arg);
	} while (rc != 0 && errno == EINTR);
	return rc;
}

static const __u32 queue_types[] = { V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE };
#define N_QUEUES (sizeof(queue_types) / sizeof(queue_types[0]))

/*
 * Does a queue hold buffers that the driver fills or has filled? Anyone who has
 * the device open may ask; the kernel checks no owner for VIDIOC_QUERYBUF.
 */
static bool queue_is_busy(int fd, __u32 type)
{
	for (__u32 i = 0; i < BUFFERS_MAX; i++) {
		struct v4l2_plane planes[VIDEO_MAX_PLANES];
		struct v4l2_buffer buffer = { .index = i, .type = type };

		memset(planes, 0, sizeof(planes));
		if (type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE) {
			buffer.m.planes = planes;
			buffer.length = VIDEO_MAX_PLANES;
		}
		if (video_ioctl(fd, VIDIOC_QUERYBUF, &buffer))
			return false;
		if (buffer.flags & (V4L2_BUF_FLAG_QUEUED | V4L2_BUF_FLAG_DONE))
			return true;
	}
	return false;
}

static bool is_streaming(int fd)
{
	for (size_t i = 0; i < N_QUEUES; i++)
		if (queue_is_busy(fd, queue_types[i]))
			return true;
	return false;
}

/* @return whether the stream was this descriptor's to stop */
static bool stream_off(int fd)
{
	bool stopped = false;

	for (size_t i = 0; i < N_QUEUES; i++) {
		__u32 type = queue_types[i];

		if (video_ioctl(fd, VIDIOC_STREAMOFF, &type) == 0)
			stopped = true;
	}
	return stopped;
}

static struct bsg_strike *strike_of(struct bsg_streams *streams, pid_t pid)
{
	for (size_t i = 0; i < streams->n; i++)
		if (streams->strike[i].pid == pid)
			return &streams->strike[i];
	if (streams->n == BSG_STREAMS_STRIKES_MAX)
		return NULL;
	streams->strike[streams->n] = (struct bsg_strike){ .pid = pid };
	return &streams->strike[streams->n++];
}

/* A stream is running: stop it, or end the process that does not stop. */
static void strike(struct round *round, pid_t pid, int pidfd, int fd)
{
	struct bsg_strike *strike = strike_of(round->streams, pid);
	bool owner = stream_off(fd);
	unsigned n = STRIKES_BUSY;

	if (strike && strike->round != round->streams->round) {
		strike->round = round->streams->round;
		strike->n++;
	}
	if (strike)
		n = strike->n;
	if (n < (owner ? STRIKES_OWNER : STRIKES_BUSY)) {
		bsg_log(round->log, BSG_LOG_INFO, "camera", "stream of process %d: %s", (int)pid,
			owner ? "stopped" : "not stopped yet");
		return;
	}
	bsg_log(round->log, BSG_LOG_WARNING, "camera", "process %d keeps streaming: killed", (int)pid);
	if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0))
		bsg_log(round->log, BSG_LOG_ERROR, "camera", "process %d cannot be killed: %s", (int)pid,
			strerror(errno));
}

/*
 * Borrow the process's own descriptor: only its open file may stop its stream.
 * Where that is forbidden (Yama's ptrace_scope 3) a file of our own can still
 * see the stream.
 */
static int borrow(int pidfd, pid_t pid, int number)
{
	char path[64];
	int fd = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);

	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, number);
	return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

/* Still the camera that was seen? The process may have ended meanwhile, and its number or the descriptor's be another's. */
static bool is_camera(const struct round *round, int fd)
{
	struct v4l2_capability capability;
	struct stat st;

	return fstat(fd, &st) == 0 && bsg_devices_has(round->set, st.st_mode, st.st_rdev) &&
	       video_ioctl(fd, VIDIOC_QUERYCAP, &capability) == 0;
}

static void visit_holder(struct round *round, pid_t pid, int number)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int fd = pidfd < 0 ? -1 : borrow(pidfd, pid, number);

	if (fd >= 0 && is_camera(round, fd)) {
		round->seen->n_holders++;
		if (is_streaming(fd)) {
			round->seen->n_streaming++;
			round->seen->pid = pid;
			if (round->streams)
				strike(round, pid, pidfd, fd);
		}
	}
	if (fd >= 0)
		close(fd);
	if (pidfd >= 0)
		close(pidfd);
}

static int visit_process(pid_t pid, void *arg)
{
	struct round *round = arg;
	char path[64];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		struct stat st;

		if (entry->d_name[0] != '.' && fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 &&
		    bsg_devices_has(round->set, st.st_mode, st.st_rdev))
			visit_holder(round, pid, (int)strtol(entry->d_name, NULL, 10));
	}
	if (dir)
		closedir(dir);
	return 0;
}

void bsg_streams_look(const char *scope, const struct bsg_device_set *set,
		      struct bsg_streams_seen *out)
{
	struct round round = { .set = set, .seen = out };

	*out = (struct bsg_streams_seen){ 0 };
	bsg_cgroup_each_process(scope, visit_process, &round);
}

void bsg_streams_stop(struct bsg_streams *streams, const char *scope,
		      const struct bsg_device_set *set, const struct bsg_log *log,
		      struct bsg_streams_seen *out)
{
	struct round round = { .streams = streams, .set = set, .log = log, .seen = out };

	streams->round++;
	*out = (struct bsg_streams_seen){ 0 };
	bsg_cgroup_each_process(scope, visit_process, &round);
}
