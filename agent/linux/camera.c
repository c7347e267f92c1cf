/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The camera. New opens are refused by a device program on the scope's cgroup,
 * whoever runs there and since when; running streams are stopped (streams.h).
 * Modes of files are never touched: what is outside the scope does not notice.
 * The program itself knows when the lease ends: a camera whose agent has died
 * opens by then, without server, agent or anybody's help.
 *
 * The program's name says which agent it belongs to, so that it is found again
 * after a crash, also in a scope that the configuration no longer names.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/linux/cgroup.h"
#include "agent/linux/devbpf.h"
#include "agent/linux/enforce.h"
#include "agent/linux/streams.h"
#include "base/texthash.h"

#define ROUND_MS 250		/* between rounds of stopping streams; see streams.h */
#define ROUNDS_FAST 8		/* after which a holder that does not stream is looked at less often */
#define HOLDERS_MS 500
#define QUIET_MS 60000		/* nobody holds the device: who could only gets it handed over */
#define END_JITTER_MS 2000	/* leases are in whole seconds */

struct bsg_enforcer {
	struct bsg_enforce_config config;
	char program[BSG_DEVBPF_NAME];
	struct bsg_streams streams;
	unsigned n_rounds;	/* since impose() */
	int64_t end_ms;		/* of the lease; BSG_ENFORCE_NO_END: not known */
	bool cannot_end;	/* the kernel takes no program with an end */
};

/* By the state folder: two agents on one machine do not touch each other's programs. */
static void name_program(const char *state, char out[static BSG_DEVBPF_NAME])
{
	memset(out, 0, BSG_DEVBPF_NAME);
	snprintf(out, BSG_DEVBPF_NAME, "bsg_cam%08x", bsg_text_hash(state));
}

static enum bsg_err camera_open(const struct bsg_enforce_config *config, struct bsg_enforcer **out,
				struct bsg_error *err)
{
	struct bsg_enforcer *camera = calloc(1, sizeof(*camera));

	*out = camera;
	if (!camera)
		return bsg_fail(err, BSG_E_NO_MEMORY, "out of memory");
	camera->config = *config;
	camera->end_ms = BSG_ENFORCE_NO_END;
	name_program(config->state, camera->program);
	return BSG_OK;
}

static void camera_close(struct bsg_enforcer *camera)
{
	free(camera);
}

static void probe_fail(struct bsg_probe *out, const struct bsg_error *err)
{
	out->grade = BSG_GRADE_IMPOSSIBLE;
	snprintf(out->why, sizeof(out->why), "%.*s", (int)sizeof(out->why) - 1, err->text);
}

/* The program for now: with the lease's end, or without where the kernel knows no such thing. */
static enum bsg_err load(struct bsg_enforcer *camera, int *program, struct bsg_error *err)
{
	enum bsg_err rc = bsg_devbpf_load(&camera->config.camera, camera->program,
					  camera->cannot_end ? BSG_DEVBPF_NO_END : camera->end_ms, program, err);

	if (rc != BSG_E_INVALID || camera->cannot_end || camera->end_ms == BSG_ENFORCE_NO_END)
		return rc;
	rc = bsg_devbpf_load(&camera->config.camera, camera->program, BSG_DEVBPF_NO_END, program, err);
	camera->cannot_end = rc == BSG_OK;
	return rc;
}

static bool camera_set_end(struct bsg_enforcer *camera, int64_t end_ms)
{
	/* Subtracted this way round, neither can overflow. */
	if (camera->end_ms == end_ms || (camera->end_ms <= end_ms && end_ms - camera->end_ms <= END_JITTER_MS) ||
	    (camera->end_ms > end_ms && camera->end_ms - end_ms <= END_JITTER_MS))
		return false;
	camera->end_ms = end_ms;
	return true;
}

static void camera_probe(struct bsg_enforcer *camera, struct bsg_probe *out)
{
	char mount[512], node[256];
	struct bsg_error err;
	int program;

	*out = (struct bsg_probe){ 0 };
	if (bsg_cgroup_mount(NULL, mount, sizeof(mount), &err) != BSG_OK ||
	    load(camera, &program, &err) != BSG_OK) {
		probe_fail(out, &err);
		return;
	}
	close(program);
	out->grade = BSG_GRADE_ENFORCED;
	if (bsg_devices_find_node(&camera->config.camera, "/dev", node, sizeof(node)) == BSG_OK)
		snprintf(out->why, sizeof(out->why), "device program on cgroup %.60s, streams are stopped",
			 camera->config.scope);
	else
		snprintf(out->why, sizeof(out->why),
			 "device program on cgroup %.60s; no camera is plugged in now", camera->config.scope);
}

/* --- restricting and lifting --- */

struct sweep {
	const struct bsg_enforcer *camera;
	const char *keep_path;	/* the scope; NULL: keep none */
	int keep;		/* the program to keep there */
	enum bsg_err rc;
	struct bsg_error *err;
};

static int sweep_one(const char *path, int fd, void *arg)
{
	struct sweep *sweep = arg;
	bool here = sweep->keep_path && strcmp(path, sweep->keep_path) == 0;
	enum bsg_err rc = bsg_devbpf_detach(fd, sweep->camera->program, here ? sweep->keep : -1,
					    sweep->err);

	if (rc != BSG_OK)
		sweep->rc = rc;
	return 0;	/* the others are to be lifted all the same */
}

/* Detach our programs everywhere, except @keep in @path. */
static enum bsg_err sweep_all(const struct bsg_enforcer *camera, const char *path, int keep,
			      struct bsg_error *err)
{
	struct sweep sweep = { camera, path, keep, BSG_OK, err };
	char mount[512];
	enum bsg_err rc = bsg_cgroup_mount(NULL, mount, sizeof(mount), err);

	if (rc != BSG_OK)
		return rc;
	bsg_cgroup_each(mount, sweep_one, &sweep);
	return sweep.rc;
}

/* Have exactly one program, the current one, on the scope; the new before the old goes (D11). */
static enum bsg_err attach_once(struct bsg_enforcer *camera, bool *gone, struct bsg_error *err)
{
	char path[BSG_CGROUP_PATH];
	struct bsg_devbpf_count count = { 0 };
	int cgroup = -1, program = -1;
	enum bsg_err rc = bsg_cgroup_open(camera->config.scope, path, &cgroup, err);

	if (rc == BSG_OK)
		rc = load(camera, &program, err);
	if (rc == BSG_OK)
		rc = bsg_devbpf_count(cgroup, camera->program, program, &count, err);
	*gone = rc == BSG_OK && count.same == 0 && count.other == 0;
	if (rc == BSG_OK && count.same == 0)
		rc = bsg_devbpf_attach(cgroup, program, err);
	if (rc == BSG_OK && (camera->n_rounds == 0 || count.other))
		rc = sweep_all(camera, path, program, err);
	if (program >= 0)
		close(program);
	if (cgroup >= 0)
		close(cgroup);
	return rc;
}

static enum bsg_err camera_impose(struct bsg_enforcer *camera, struct bsg_error *err)
{
	bool gone;

	camera->n_rounds = 0;
	camera->streams = (struct bsg_streams){ 0 };
	return attach_once(camera, &gone, err);
}

static enum bsg_err camera_lift(struct bsg_enforcer *camera, struct bsg_error *err)
{
	camera->n_rounds = 0;
	camera->streams = (struct bsg_streams){ 0 };
	return sweep_all(camera, NULL, -1, err);
}

static enum bsg_err camera_keep(struct bsg_enforcer *camera, int *again_ms, struct bsg_error *err)
{
	char path[BSG_CGROUP_PATH];
	struct bsg_streams_seen seen;
	int cgroup;
	bool gone;
	enum bsg_err rc = attach_once(camera, &gone, err);

	*again_ms = ROUND_MS;
	if (rc != BSG_OK)
		return rc;
	if (gone && camera->n_rounds)
		bsg_log(camera->config.log, BSG_LOG_WARNING, "camera", "the device program was gone: attached again");
	rc = bsg_cgroup_open(camera->config.scope, path, &cgroup, err);
	if (rc != BSG_OK)
		return rc;
	close(cgroup);
	bsg_streams_stop(&camera->streams, path, &camera->config.camera, camera->config.log, &seen);
	camera->n_rounds++;
	if (camera->n_rounds > ROUNDS_FAST && seen.n_streaming == 0)
		*again_ms = seen.n_holders ? HOLDERS_MS : QUIET_MS;
	return BSG_OK;
}

/* --- looking --- */

enum attempt { ATTEMPT_OPENED = 0, ATTEMPT_REFUSED = 1, ATTEMPT_NOT_MADE = 2 };

/* In the child: nothing that is not safe between fork and exec of a program with threads. */
static __attribute__((noreturn)) void attempt_child(int procs, const char *node)
{
	if (write(procs, "0", 1) != 1)
		_exit(ATTEMPT_NOT_MADE);
	if (open(node, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY) >= 0)
		_exit(ATTEMPT_OPENED);
	_exit(errno == EPERM ? ATTEMPT_REFUSED : ATTEMPT_OPENED);
}

static enum attempt attempt_in(const char *group, const char *node)
{
	char path[BSG_CGROUP_PATH + 16];
	enum attempt result = ATTEMPT_NOT_MADE;
	int procs, status;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	procs = open(path, O_WRONLY | O_CLOEXEC);
	if (procs < 0)
		return ATTEMPT_NOT_MADE;
	pid = fork();
	if (pid == 0)
		attempt_child(procs, node);
	if (pid > 0) {
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (WIFEXITED(status) && WEXITSTATUS(status) <= ATTEMPT_NOT_MADE)
			result = (enum attempt)WEXITSTATUS(status);
	}
	close(procs);
	return result;
}

/* Open a camera as a process of the scope would: from a cgroup of its own below it. */
static enum attempt attempt(const struct bsg_enforcer *camera, const char *scope)
{
	char group[BSG_CGROUP_PATH], node[256];
	enum attempt result;
	int n;

	if (bsg_devices_find_node(&camera->config.camera, "/dev", node, sizeof(node)) != BSG_OK)
		return ATTEMPT_NOT_MADE;
	n = snprintf(group, sizeof(group), "%s/bosaga-verify-%d", scope, (int)getpid());
	if (n < 0 || (size_t)n >= sizeof(group) || (mkdir(group, 0755) && errno != EEXIST))
		return ATTEMPT_NOT_MADE;
	result = attempt_in(group, node);
	rmdir(group);
	return result;
}

static void say(struct bsg_verdict *out, enum bsg_enforce_seen seen, const char *why)
{
	out->seen = seen;
	snprintf(out->why, sizeof(out->why), "%.*s", (int)sizeof(out->why) - 1, why);
}

static void judge(const struct bsg_enforcer *camera, const char *scope, struct bsg_verdict *out)
{
	struct bsg_streams_seen seen;

	if (attempt(camera, scope) == ATTEMPT_OPENED) {
		say(out, BSG_SEEN_LEAKING, "a camera still opens in the scope");
		return;
	}
	bsg_streams_look(scope, &camera->config.camera, &seen);
	say(out, BSG_SEEN_RESTRICTED, "");
	if (seen.n_streaming) {
		out->seen = BSG_SEEN_LEAKING;
		snprintf(out->why, sizeof(out->why), "process %d still streams", (int)seen.pid);
	}
}

static void camera_verify(struct bsg_enforcer *camera, struct bsg_verdict *out)
{
	char path[BSG_CGROUP_PATH];
	struct bsg_devbpf_count count;
	struct bsg_error err;
	int cgroup = -1, program = -1;

	*out = (struct bsg_verdict){ 0 };
	if (bsg_cgroup_open(camera->config.scope, path, &cgroup, &err) != BSG_OK ||
	    load(camera, &program, &err) != BSG_OK ||
	    bsg_devbpf_count(cgroup, camera->program, program, &count, &err) != BSG_OK)
		say(out, BSG_SEEN_UNKNOWN, err.text);
	else if (count.same == 0 && count.other == 0)
		say(out, BSG_SEEN_OPEN, "");
	else if (count.same == 0)
		say(out, BSG_SEEN_LEAKING, "the device program is of another lease or configuration");
	else
		judge(camera, path, out);
	if (program >= 0)
		close(program);
	if (cgroup >= 0)
		close(cgroup);
}

static int camera_fd(struct bsg_enforcer *camera)
{
	(void)camera;
	return -1;
}

const struct bsg_enforcement bsg_enforce_camera = {
	.name = "camera",
	.open = camera_open,
	.close = camera_close,
	.probe = camera_probe,
	.set_end = camera_set_end,
	.impose = camera_impose,
	.lift = camera_lift,
	.verify = camera_verify,
	.keep = camera_keep,
	.fd = camera_fd,
};
