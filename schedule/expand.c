/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running `bosaga-calendar`. Its input and output are files in memory, not pipes: nothing can block on the other side, and no
 * SIGPIPE comes. It is started by posix_spawn(), because the server has threads, and watched through a pidfd.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "schedule/calendar.h"
#include "schedule/helper.h"
#include "schedule/sanitized.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U	/* Linux 6.3 */
#endif

/* ---- the two files -------------------------------------------------------------- */

/* A file in memory whose size can be sealed; never descriptor 0 to 2, which the program's own go to. */
static int memory_file(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	int high;

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	(void)close(fd);
	return high;
}

static bool write_all(int fd, const char *at, size_t len)
{
	while (len > 0) {
		const ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static int input_file(const char *ics, size_t len)
{
	const int fd = memory_file("calendar");

	if (fd >= 0 && write_all(fd, ics, len) && lseek(fd, 0, SEEK_SET) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* As large as it may become, and no larger, whatever the program does: what is written ends where the offset is. */
static int output_file(void)
{
	const int fd = memory_file("windows");

	if (fd >= 0 && ftruncate(fd, BSG_HELPER_OUTPUT_MAX) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* ---- the process ---------------------------------------------------------------- */

static int set_actions(posix_spawn_file_actions_t *actions, int in, int out)
{
	int rc = posix_spawn_file_actions_adddup2(actions, in, STDIN_FILENO);

	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
	if (rc == 0 && !BSG_SANITIZED)	/* a sanitizer's report is wanted; nothing else writes there */
		rc = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
	return rc;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	int rc;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	(void)sigdelset(&all, SIGKILL);
	(void)sigdelset(&all, SIGSTOP);
	rc = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (rc == 0)
		rc = posix_spawnattr_setsigmask(attributes, &none);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(attributes, &all);
	return rc;
}

static int spawn(const struct bsg_helper_ask *ask, int in, int out, pid_t *pid)
{
	char from[24], until[24], name[] = "bosaga-calendar", locale[] = "LC_ALL=C", zone[128] = "";
	char *argv[] = { name, from, until, ask->zone != NULL ? zone : NULL, NULL };
	char *environment[] = { locale, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int rc;

	(void)snprintf(from, sizeof(from), "%" PRId64, ask->from);
	(void)snprintf(until, sizeof(until), "%" PRId64, ask->until);
	(void)snprintf(zone, sizeof(zone), "%s", ask->zone != NULL ? ask->zone : "");
	rc = posix_spawn_file_actions_init(&actions);
	if (rc != 0)
		return rc;
	rc = posix_spawnattr_init(&attributes);
	if (rc == 0) {
		rc = set_actions(&actions, in, out);
		if (rc == 0)
			rc = set_attributes(&attributes);
		if (rc == 0)
			rc = posix_spawn(pid, ask->program, &actions, &attributes, argv, environment);
		(void)posix_spawnattr_destroy(&attributes);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return rc;
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Wait until the process ends, at most @wait_ms; then, or if it cannot be watched, it is killed. */
static void watch(pid_t pid, int wait_ms)
{
	const int64_t deadline = now_ms() + wait_ms;
	struct pollfd poll_fd = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	int64_t left = wait_ms;
	int ended = 0;

	while (poll_fd.fd >= 0 && left > 0) {
		ended = poll(&poll_fd, 1, (int)left);
		if (ended != -1 || errno != EINTR)
			break;
		left = deadline - now_ms();
	}
	if (ended != 1)
		(void)kill(pid, SIGKILL);	/* our own child, not waited for yet: the number is still its own */
	if (poll_fd.fd >= 0)
		(void)close(poll_fd.fd);
}

static int reap(pid_t pid, int *status)
{
	pid_t got;

	do
		got = waitpid(pid, status, 0);
	while (got < 0 && errno == EINTR);
	return got == pid ? 0 : -1;
}

/* ---- the answer ------------------------------------------------------------------- */

/* What the program wrote; *len is where its offset is now. */
static char *read_output(int fd, size_t *len)
{
	const off_t written = lseek(fd, 0, SEEK_CUR);
	char *text;
	size_t n = 0;

	*len = 0;
	if (written < 0 || written > BSG_HELPER_OUTPUT_MAX)
		return NULL;
	text = malloc((size_t)written + 1);
	while (text != NULL && n < (size_t)written) {
		const ssize_t got = pread(fd, text + n, (size_t)written - n, (off_t)n);

		if (got <= 0) {
			free(text);
			return NULL;
		}
		n += (size_t)got;
	}
	*len = n;
	return text;
}

static enum bsg_err say(enum bsg_err rc, const struct bsg_schedule_mistake *mistake, struct bsg_error *err)
{
	if (mistake->line > 0)
		return bsg_fail(err, rc, "line %u: %s", mistake->line, mistake->text);
	return bsg_fail(err, rc, "%s", mistake->text);
}

static enum bsg_err tell(enum bsg_err rc, struct bsg_schedule_mistake *mistake, struct bsg_error *err, const char *text)
{
	mistake->line = 0;
	(void)snprintf(mistake->text, sizeof(mistake->text), "%s", text);
	return say(rc, mistake, err);
}

/* It ended by a signal: its own limits, our patience, or a crash. */
static enum bsg_err killed(int signal, struct bsg_schedule_mistake *mistake, struct bsg_error *err)
{
	char text[sizeof(mistake->text)];

	if (signal == SIGXCPU || signal == SIGKILL || signal == SIGXFSZ)
		return tell(BSG_E_LIMIT, mistake, err,
			    "took too much time or memory: begin the events later, make rules simpler, or split the calendar");
	(void)snprintf(text, sizeof(text),
		       "the program that reads calendars crashed on this one (signal %d): report it, with the calendar", signal);
	return tell(BSG_E_INVALID, mistake, err, text);
}

static enum bsg_err senseless(struct bsg_schedule_mistake *mistake, struct bsg_error *err)
{
	return tell(BSG_E_INVALID, mistake, err,
		    "the program that reads calendars gave an answer without sense for this one: report it, with the calendar");
}

static enum bsg_err refused(int status, const char *text, size_t len, struct bsg_schedule_mistake *mistake, struct bsg_error *err)
{
	static const enum bsg_err codes[] = {
		[BSG_CALENDAR_REFUSED] = BSG_E_INVALID,
		[BSG_CALENDAR_USAGE] = BSG_E_BUG,
		[BSG_CALENDAR_NO_ZONE] = BSG_E_NOT_FOUND,
		[BSG_CALENDAR_LIMIT] = BSG_E_LIMIT,
		[BSG_CALENDAR_UNAVAILABLE] = BSG_E_UNAVAILABLE,
	};
	enum bsg_err rc;

	if (status == 127)	/* what posix_spawn() gives where it cannot tell us */
		return bsg_fail(err, BSG_E_UNAVAILABLE, "bosaga-calendar cannot be started: install it beside this program");
	if (status <= 0 || (size_t)status >= sizeof(codes) / sizeof(codes[0]) ||
	    bsg_helper_mistake(text, len, mistake) != BSG_OK)
		return senseless(mistake, err);
	rc = say(codes[status], mistake, err);
	if (rc == BSG_E_BUG || rc == BSG_E_UNAVAILABLE)
		*mistake = (struct bsg_schedule_mistake){ 0 };
	return rc;
}

static enum bsg_err judge(const struct bsg_helper_ask *ask, int status, int fd, struct bsg_schedule *out,
			  struct bsg_schedule_mistake *mistake, struct bsg_error *err)
{
	enum bsg_err rc;
	char *text;
	size_t len;

	if (WIFSIGNALED(status))
		return killed(WTERMSIG(status), mistake, err);
	text = read_output(fd, &len);
	if (text == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory for a calendar's windows");
	if (WEXITSTATUS(status) != BSG_CALENDAR_OK) {
		rc = refused(WEXITSTATUS(status), text, len, mistake, err);
	} else {
		rc = bsg_helper_windows(text, len, ask->from, ask->until, out);
		if (rc == BSG_E_INVALID)
			rc = senseless(mistake, err);
		else if (rc != BSG_OK)
			rc = bsg_fail(err, rc, "no memory for a calendar's windows");
	}
	free(text);
	return rc;
}

enum bsg_err bsg_helper_run(const struct bsg_helper_ask *ask, const char *ics, size_t len, struct bsg_schedule *out,
			    struct bsg_schedule_mistake *mistake, struct bsg_error *err)
{
	const int in = input_file(ics, len), fd = output_file();
	enum bsg_err rc;
	int status = 0, why;
	pid_t pid;

	*out = (struct bsg_schedule){ 0 };
	*mistake = (struct bsg_schedule_mistake){ 0 };
	if (in < 0 || fd < 0) {
		rc = bsg_fail(err, BSG_E_UNAVAILABLE, "no file in memory for a calendar: %s", strerror(errno));
		goto out;
	}
	why = spawn(ask, in, fd, &pid);
	if (why != 0) {
		rc = bsg_fail(err, BSG_E_UNAVAILABLE, "start %s: %s", ask->program, strerror(why));
		goto out;
	}
	watch(pid, ask->wait_ms);
	if (reap(pid, &status) != 0)
		rc = bsg_fail(err, BSG_E_BUG, "someone else waited for %s: %s", ask->program, strerror(errno));
	else
		rc = judge(ask, status, fd, out, mistake, err);
out:
	if (in >= 0)
		(void)close(in);
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

/* ---- the interface ---------------------------------------------------------------- */

enum bsg_err bsg_helper_find(const char *folder, char *path, size_t size, struct bsg_error *err)
{
	static const char *const candidates[] = {
		"bosaga-calendar",			/* ./dev build's bin/, a container */
		"../libexec/bosaga/bosaga-calendar",	/* installed */
		"../schedule/bosaga-calendar",		/* build tree: cli/, server/ */
		"../../schedule/bosaga-calendar",	/* build tree: tests/unit/ */
	};

	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
		const int n = snprintf(path, size, "%s/%s", folder, candidates[i]);

		if (n < 0 || (size_t)n >= size)
			return bsg_fail(err, BSG_E_LIMIT, "path too long: %s", folder);
		if (access(path, X_OK) == 0)
			return BSG_OK;
	}
	return bsg_fail(err, BSG_E_UNAVAILABLE, "bosaga-calendar is not in %s, nor in ../libexec/bosaga: install it there", folder);
}

static enum bsg_err find_beside_us(char *path, size_t size, struct bsg_error *err)
{
	char self[PATH_MAX];
	const ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "read /proc/self/exe: %s; is /proc mounted?", strerror(errno));
	self[n] = '\0';
	return bsg_helper_find(dirname(self), path, size, err);
}

static bool span_is_good(int64_t from, int64_t until)
{
	return from >= BSG_CALENDAR_TIME_MIN && until <= BSG_CALENDAR_TIME_MAX && from <= until &&
		until - from <= BSG_SCHEDULE_SPAN_MAX && from % 60 == 0 && until % 60 == 0;
}

enum bsg_err bsg_schedule_expand(const char *ics, size_t len, const char *zone, int64_t from, int64_t until,
				 struct bsg_schedule *out, struct bsg_schedule_mistake *mistake, struct bsg_error *err)
{
	char path[PATH_MAX];
	const struct bsg_helper_ask ask = { path, BSG_HELPER_WAIT_MS, zone, from, until };
	enum bsg_err rc;

	*out = (struct bsg_schedule){ 0 };
	*mistake = (struct bsg_schedule_mistake){ 0 };
	if (!span_is_good(from, until))
		return bsg_fail(err, BSG_E_BUG, "a schedule's span is whole minutes and at most %d days",
				(int)(BSG_SCHEDULE_SPAN_MAX / 86400));
	if (len > BSG_SCHEDULE_BYTES_MAX)
		return tell(BSG_E_LIMIT, mistake, err, "a calendar of more than 1 MiB");
	rc = find_beside_us(path, sizeof(path), err);
	if (rc == BSG_E_LIMIT)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "bosaga-calendar cannot be looked for: the path is too long");
	return rc == BSG_OK ? bsg_helper_run(&ask, ics, len, out, mistake, err) : rc;
}
