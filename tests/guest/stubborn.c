/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A camera app that does not take no for an answer: it keeps its descriptor, and
 * whenever its stream is stopped it waits PAUSE seconds and starts it again.
 *
 *	stubborn DEVICE PAUSE [OTHER]
 *
 * Writes '<' for each frame that it gets of DEVICE. OTHER streams beside it, once.
 */
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define N_BUFFERS 4

static __u32 type = V4L2_BUF_TYPE_VIDEO_CAPTURE;

static struct v4l2_buffer buffer(unsigned index)
{
	return (struct v4l2_buffer){ .index = index, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_MMAP };
}

static int set_up(int fd)
{
	struct v4l2_format format = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	struct v4l2_requestbuffers request = { .count = N_BUFFERS, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_MMAP };

	format.fmt.pix.width = 320;
	format.fmt.pix.height = 180;
	format.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
	if (ioctl(fd, VIDIOC_S_FMT, &format) || ioctl(fd, VIDIOC_REQBUFS, &request))
		return -1;
	for (unsigned i = 0; i < request.count; i++) {
		struct v4l2_buffer b = buffer(i);

		if (ioctl(fd, VIDIOC_QUERYBUF, &b) ||
		    mmap(NULL, b.length, PROT_READ, MAP_SHARED, fd, (off_t)b.m.offset) == MAP_FAILED)
			return -1;
	}
	return 0;
}

/* Stream until something stops it. */
static void film(int fd)
{
	for (unsigned i = 0; i < N_BUFFERS; i++) {
		struct v4l2_buffer b = buffer(i);

		ioctl(fd, VIDIOC_QBUF, &b);
	}
	if (ioctl(fd, VIDIOC_STREAMON, &type))
		return;
	for (;;) {
		struct v4l2_buffer b = buffer(0);

		if (ioctl(fd, VIDIOC_DQBUF, &b))
			return;
		if (write(STDOUT_FILENO, "<", 1) != 1 || ioctl(fd, VIDIOC_QBUF, &b))
			return;
	}
}

static int begin(int fd)
{
	for (unsigned i = 0; i < N_BUFFERS; i++) {
		struct v4l2_buffer b = buffer(i);

		if (ioctl(fd, VIDIOC_QBUF, &b))
			return -1;
	}
	return ioctl(fd, VIDIOC_STREAMON, &type);
}

int main(int argc, char **argv)
{
	int fd = argc >= 3 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;
	int other = argc >= 4 ? open(argv[3], O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0 || set_up(fd) || (argc >= 4 && (other < 0 || set_up(other) || begin(other)))) {
		perror("stubborn");
		return 1;
	}
	for (;;) {
		film(fd);
		sleep((unsigned)atoi(argv[2]));
	}
}
