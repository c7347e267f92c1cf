/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program with this file has its own fsync, fdatasync and pwrite64, which SQLite's library then uses, too: they count, and syncs fail
 * when told.
 */
#include "fault_fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_int n_syncs, n_writes;
static atomic_bool syncs_fail;

static int sync_file(long call, int fd)
{
	atomic_fetch_add(&n_syncs, 1);
	if (atomic_load(&syncs_fail)) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(call, fd);
}

__attribute__((visibility("default"))) int fsync(int fd)
{
	return sync_file(SYS_fsync, fd);
}

__attribute__((visibility("default"))) int fdatasync(int fd)
{
	return sync_file(SYS_fdatasync, fd);
}

__attribute__((visibility("default"))) ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at);
__attribute__((visibility("default"))) ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at)
{
	atomic_fetch_add(&n_writes, 1);
	return syscall(SYS_pwrite64, fd, data, n, at);
}

int fixture_writes(void)
{
	return atomic_load(&n_writes);
}

int fixture_syncs(void)
{
	return atomic_load(&n_syncs);
}

void fixture_fail_syncs(bool fail)
{
	atomic_store(&syncs_fail, fail);
}

unsigned fixture_kill_writer(struct store_fixture *f, void (*write)(const struct store_fixture *f, int to, unsigned round),
			     unsigned round, unsigned after)
{
	int ends[2], status;
	unsigned n = 0;
	char byte;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)close(ends[0]);
		write(f, ends[1], round);
		_exit(5);
	}
	(void)close(ends[1]);
	while (n < after && read(ends[0], &byte, 1) == 1)
		n++;
	assert_int_equal(kill(child, SIGKILL), 0);
	while (read(ends[0], &byte, 1) == 1)
		n++;
	(void)close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	return n;
}

void fixture_limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes == RLIM_INFINITY ? limit.rlim_max : bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

int fault_tear_down(void **state)
{
	fixture_limit_files(RLIM_INFINITY);
	fixture_fail_syncs(false);
	return fixture_tear_down(state);
}
