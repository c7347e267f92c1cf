/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The camera's enforcement against this machine's kernel, with a stand-in: a
 * node with the numbers of /dev/zero, refused in a cgroup of the test's own.
 * Needs root and a cgroup-v2 mount; without them it fails, it does not skip.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/linux/cgroup.h"
#include "agent/linux/devbpf.h"
#include "agent/linux/devices.h"
#include "agent/linux/enforce.h"
#include "base/clock.h"

#define OTHER_UID 65534

struct world {
	char dir[64];
	char node[96];
	char scope[64];
	char cgroup[BSG_CGROUP_PATH];
	struct bsg_enforce_config config;
	struct bsg_enforcer *camera;
	pid_t worker;		/* another uid, in the scope since before the restriction */
	int ask[2], answer[2];
};

static const struct bsg_enforcement *const camera = &bsg_enforce_camera;

/* Opens the node each time it is asked and answers with errno, 0 for success. */
static __attribute__((noreturn)) void work(struct world *w)
{
	char byte;

	if (setgroups(0, NULL) || setresgid(OTHER_UID, OTHER_UID, OTHER_UID) ||
	    setresuid(OTHER_UID, OTHER_UID, OTHER_UID))
		_exit(3);
	while (read(w->ask[0], &byte, 1) == 1) {
		int fd = open(w->node, O_RDONLY | O_CLOEXEC);
		int answer = fd >= 0 ? 0 : errno;

		if (fd >= 0)
			close(fd);
		if (write(w->answer[1], &answer, sizeof(answer)) != sizeof(answer))
			_exit(4);
	}
	_exit(0);
}

static int worker_opens(struct world *w)
{
	int answer = -1;

	assert_int_equal(write(w->ask[1], "?", 1), 1);
	assert_int_equal(read(w->answer[0], &answer, sizeof(answer)), sizeof(answer));
	return answer;
}

static int outside_opens(const struct world *w)
{
	int fd = open(w->node, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static void put_in_scope(const struct world *w, pid_t pid)
{
	char path[BSG_CGROUP_PATH + 16];
	FILE *file;

	snprintf(path, sizeof(path), "%s/cgroup.procs", w->cgroup);
	file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file, "%d", (int)pid);
	assert_int_equal(fclose(file), 0);
}

static void start_worker(struct world *w)
{
	assert_int_equal(pipe2(w->ask, O_CLOEXEC), 0);
	assert_int_equal(pipe2(w->answer, O_CLOEXEC), 0);
	w->worker = fork();
	assert_true(w->worker >= 0);
	if (w->worker == 0) {
		close(w->ask[1]);
		work(w);
	}
	close(w->ask[0]);
	close(w->answer[1]);
	put_in_scope(w, w->worker);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct bsg_error err;
	int fd;

	assert_non_null(w);
	*state = w;
	snprintf(w->dir, sizeof(w->dir), "/dev/bosaga-test-%d", (int)getpid());
	assert_int_equal(mkdir(w->dir, 0755), 0);
	snprintf(w->node, sizeof(w->node), "%s/camera", w->dir);
	assert_int_equal(mknod(w->node, S_IFCHR | 0666, makedev(1, 5)), 0);
	assert_int_equal(chmod(w->node, 0646), 0);	/* an odd mode, to be found again */
	snprintf(w->scope, sizeof(w->scope), "bosaga-test-%d/user.slice", (int)getpid());
	assert_int_equal(bsg_cgroup_open(w->scope, w->cgroup, &fd, &err), BSG_OK);
	close(fd);
	snprintf(w->config.scope, sizeof(w->config.scope), "%s", w->scope);
	snprintf(w->config.state, sizeof(w->config.state), "%s", w->dir);
	snprintf(w->config.rfkill, sizeof(w->config.rfkill), "/dev/rfkill");
	assert_int_equal(bsg_devices_parse("c 1:5", &w->config.camera, &err), BSG_OK);
	assert_int_equal(camera->open(&w->config, &w->camera, &err), BSG_OK);
	start_worker(w);
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	struct bsg_error err;
	char *slash;

	assert_int_equal(camera->lift(w->camera, &err), BSG_OK);
	camera->close(w->camera);
	close(w->ask[1]);
	close(w->answer[0]);
	waitpid(w->worker, NULL, 0);
	assert_int_equal(rmdir(w->cgroup), 0);
	slash = strrchr(w->cgroup, '/');
	*slash = '\0';
	assert_int_equal(rmdir(w->cgroup), 0);
	unlink(w->node);
	rmdir(w->dir);
	free(w);
	return 0;
}

static enum bsg_enforce_seen seen(struct world *w)
{
	struct bsg_verdict verdict;

	camera->verify(w->camera, &verdict);
	return verdict.seen;
}

static void impose(struct world *w)
{
	struct bsg_error err = { 0 };

	if (camera->impose(w->camera, &err) != BSG_OK)
		fail_msg("%s", err.text);
}

static void lift(struct world *w)
{
	struct bsg_error err = { 0 };

	if (camera->lift(w->camera, &err) != BSG_OK)
		fail_msg("%s", err.text);
}

static size_t n_programs(const struct world *w)
{
	/* Counted by hand: cgroups of the scope have no other device programs here. */
	char name[BSG_DEVBPF_NAME] = { 0 };
	struct bsg_devbpf_count count;
	struct bsg_error err;
	uint32_t hash = 2166136261u;
	int fd = open(w->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (const char *at = w->config.state; *at; at++)
		hash = (hash ^ (unsigned char)*at) * 16777619u;
	snprintf(name, sizeof(name), "bsg_cam%08x", hash);
	assert_int_equal(bsg_devbpf_count(fd, name, -1, &count, &err), BSG_OK);
	close(fd);
	return count.other;
}

static void a_process_of_the_scope_is_refused_and_opens_again_after_the_lift(void **state)
{
	struct world *w = *state;
	struct stat before, after;

	assert_int_equal(stat(w->node, &before), 0);
	assert_int_equal(worker_opens(w), 0);
	assert_int_equal(seen(w), BSG_SEEN_OPEN);
	impose(w);
	assert_int_equal(worker_opens(w), EPERM);
	assert_int_equal(outside_opens(w), 0);
	assert_int_equal(seen(w), BSG_SEEN_RESTRICTED);
	assert_int_equal(stat(w->node, &after), 0);
	assert_int_equal(before.st_mode, after.st_mode);
	assert_int_equal(before.st_uid, after.st_uid);
	assert_int_equal(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
	lift(w);
	assert_int_equal(worker_opens(w), 0);
	assert_int_equal(seen(w), BSG_SEEN_OPEN);
}

static void restricting_twice_attaches_once(void **state)
{
	struct world *w = *state;
	struct bsg_error err;
	int again_ms;

	impose(w);
	impose(w);
	assert_int_equal(camera->keep(w->camera, &again_ms, &err), BSG_OK);
	assert_int_equal(n_programs(w), 1);
	lift(w);
	lift(w);
	assert_int_equal(n_programs(w), 0);
}

/* What `kill -9` leaves: a child restricts and dies without lifting. */
static void impose_and_die(struct world *w)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct bsg_error err;

		if (camera->impose(w->camera, &err) != BSG_OK)
			_exit(1);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static void an_agent_killed_while_it_restricted_is_lifted_by_the_next(void **state)
{
	struct world *w = *state;

	impose_and_die(w);
	assert_int_equal(worker_opens(w), EPERM);
	impose(w);	/* the next one takes over what it finds */
	assert_int_equal(n_programs(w), 1);
	assert_int_equal(worker_opens(w), EPERM);
	lift(w);
	assert_int_equal(worker_opens(w), 0);
	assert_int_equal(n_programs(w), 0);
}

static int64_t mono_ms(void)
{
	return bsg_clock_mono_ms(bsg_clock_system());
}

/* Refused, unless this machine was so slow that the lease is over. */
static void stays_closed(struct world *w, int64_t end_ms)
{
	int answer = worker_opens(w);

	assert_true(answer == EPERM || mono_ms() >= end_ms);
}

/* Nothing lifts here but the kernel: at most 60 s, and what it took is printed. */
static void wait_until_it_opens(struct world *w, int64_t end_ms)
{
	while (worker_opens(w) != 0) {
		assert_true(mono_ms() < end_ms + 60000);
		usleep(10000);
	}
	assert_true(mono_ms() >= end_ms);
	print_message("# opened %lld ms after the end\n", (long long)(mono_ms() - end_ms));
}

static void with_the_agent_dead_for_good_the_camera_opens_when_the_lease_ends(void **state)
{
	struct world *w = *state;
	const int64_t end_ms = mono_ms() + 1500;

	assert_true(camera->set_end(w->camera, end_ms));
	impose_and_die(w);
	stays_closed(w, end_ms);
	wait_until_it_opens(w, end_ms);
}

static void a_longer_lease_replaces_a_shorter_one_and_never_opens_in_between(void **state)
{
	struct world *w = *state;
	const int64_t first_ms = mono_ms() + 1000, end_ms = first_ms + 2500;
	struct bsg_error err;
	int again_ms;

	assert_true(camera->set_end(w->camera, first_ms));
	impose(w);
	assert_int_equal(camera->keep(w->camera, &again_ms, &err), BSG_OK);
	assert_false(camera->set_end(w->camera, first_ms + 999));	/* the same lease, counted in seconds */
	assert_true(camera->set_end(w->camera, end_ms));
	assert_int_equal(camera->keep(w->camera, &again_ms, &err), BSG_OK);
	assert_int_equal(n_programs(w), 1);
	while (mono_ms() < first_ms + 200)
		stays_closed(w, end_ms);
	wait_until_it_opens(w, end_ms);
	assert_true(camera->set_end(w->camera, mono_ms() + 60000));	/* in again */
	assert_int_equal(camera->keep(w->camera, &again_ms, &err), BSG_OK);
	assert_int_equal(worker_opens(w), EPERM);
	assert_int_equal(n_programs(w), 1);
}

static void a_scope_that_the_configuration_no_longer_names_is_lifted(void **state)
{
	struct world *w = *state;
	struct bsg_enforcer *other;
	struct bsg_error err;
	char path[BSG_CGROUP_PATH + 16];

	impose_and_die(w);
	snprintf(w->config.scope, sizeof(w->config.scope), "%s/elsewhere", w->scope);
	assert_int_equal(camera->open(&w->config, &other, &err), BSG_OK);
	assert_int_equal(camera->impose(other, &err), BSG_OK);
	assert_int_equal(worker_opens(w), 0);
	assert_int_equal(camera->lift(other, &err), BSG_OK);
	camera->close(other);
	snprintf(path, sizeof(path), "%s/elsewhere", w->cgroup);
	assert_int_equal(rmdir(path), 0);
}

static void a_changed_list_of_devices_replaces_the_program(void **state)
{
	struct world *w = *state;
	struct bsg_enforcer *other;
	struct bsg_error err;

	impose(w);
	assert_int_equal(bsg_devices_parse("c 81:*, c 1:5", &w->config.camera, &err), BSG_OK);
	assert_int_equal(camera->open(&w->config, &other, &err), BSG_OK);
	assert_int_equal(camera->impose(other, &err), BSG_OK);
	camera->close(other);
	assert_int_equal(n_programs(w), 1);
	assert_int_equal(worker_opens(w), EPERM);
	assert_int_equal(bsg_devices_parse("c 1:5", &w->config.camera, &err), BSG_OK);
}

static void keeping_attaches_again_what_someone_detached(void **state)
{
	struct world *w = *state;
	struct bsg_enforcer *other;
	struct bsg_error err;
	int again_ms;

	impose(w);
	assert_int_equal(camera->keep(w->camera, &again_ms, &err), BSG_OK);
	assert_int_equal(camera->open(&w->config, &other, &err), BSG_OK);
	assert_int_equal(camera->lift(other, &err), BSG_OK);
	camera->close(other);
	assert_int_equal(seen(w), BSG_SEEN_OPEN);
	assert_int_equal(camera->keep(w->camera, &again_ms, &err), BSG_OK);
	assert_int_equal(worker_opens(w), EPERM);
	assert_int_equal(seen(w), BSG_SEEN_RESTRICTED);
}

static void two_agents_on_one_machine_do_not_lift_each_other(void **state)
{
	struct world *w = *state;
	struct bsg_enforce_config config = w->config;
	struct bsg_enforcer *other;
	struct bsg_error err;

	snprintf(config.state, sizeof(config.state), "/somewhere/else");
	assert_int_equal(camera->open(&config, &other, &err), BSG_OK);
	impose(w);
	assert_int_equal(camera->impose(other, &err), BSG_OK);
	assert_int_equal(camera->lift(other, &err), BSG_OK);
	camera->close(other);
	assert_int_equal(worker_opens(w), EPERM);
}

/* --- what needs no kernel --- */

static void lists_of_devices_are_read_strictly(void **state)
{
	static const char *const bad[] = { "", "c", "c 81", "c 81:", "81:*", "d 1:2", "c 81:*,", "c 81:* c 1:5",
		"c -1:2", "c 81:99999999999999999999", "c *:1", "c 81:*x" };
	struct bsg_device_set set;
	struct bsg_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (bsg_devices_parse(bad[i], &set, &err) != BSG_E_INVALID)
			fail_msg("\"%s\" was taken", bad[i]);
	assert_int_equal(bsg_devices_parse(" c  81:* ,b 7:0 ", &set, &err), BSG_OK);
	assert_int_equal(set.n, 2);
	assert_true(bsg_devices_has(&set, S_IFCHR, makedev(81, 3)));
	assert_true(bsg_devices_has(&set, S_IFBLK, makedev(7, 0)));
	assert_false(bsg_devices_has(&set, S_IFCHR, makedev(7, 0)));
	assert_false(bsg_devices_has(&set, S_IFBLK, makedev(7, 1)));
	assert_false(bsg_devices_has(&set, S_IFREG, makedev(81, 3)));
}

static void the_mount_of_version_two_is_found_also_on_a_machine_with_both(void **state)
{
	static const struct { const char *text, *want; } rows[] = {
		{ "24 1 0:22 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n", "/sys/fs/cgroup" },
		{ "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n36 31 0:33 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices\n"
		  "41 31 0:38 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 cgroup2 rw\n", "/sys/fs/cgroup/unified" },
		{ "41 31 0:38 /a/part /elsewhere rw - cgroup2 cgroup2 rw\n", NULL },
		{ "36 31 0:33 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices\n", NULL },
	};
	char name[] = "/tmp/bosaga-mountinfo-XXXXXX", out[64];
	struct bsg_error err;
	int fd = mkstemp(name);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, rows[i].text, strlen(rows[i].text), 0), strlen(rows[i].text));
		enum bsg_err rc = bsg_cgroup_mount(name, out, sizeof(out), &err);

		assert_int_equal(rc, rows[i].want ? BSG_OK : BSG_E_NOT_FOUND);
		if (rows[i].want)
			assert_string_equal(out, rows[i].want);
	}
	close(fd);
	unlink(name);
}

static void a_scope_outside_the_tree_is_refused(void **state)
{
	static const char *const bad[] = { "", "/user.slice", "../etc", "a/../../b" };
	char path[BSG_CGROUP_PATH];
	struct bsg_error err;
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(bsg_cgroup_open(bad[i], path, &fd, &err), BSG_E_INVALID);
}

static void without_rfkill_wifi_is_impossible_and_lifting_it_is_done(void **state)
{
	struct bsg_enforce_config config = { .state = "/tmp", .rfkill = "/nonexistent/rfkill" };
	struct bsg_enforcer *wifi;
	struct bsg_probe probe;
	struct bsg_error err;

	(void)state;
	assert_int_equal(bsg_enforce_wifi.open(&config, &wifi, &err), BSG_OK);
	bsg_enforce_wifi.probe(wifi, &probe);
	assert_int_equal(probe.grade, BSG_GRADE_IMPOSSIBLE);
	assert_int_equal(bsg_enforce_wifi.impose(wifi, &err), BSG_E_NOT_FOUND);
	assert_int_equal(bsg_enforce_wifi.lift(wifi, &err), BSG_OK);
	bsg_enforce_wifi.close(wifi);
}

#define WITH_KERNEL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_KERNEL(a_process_of_the_scope_is_refused_and_opens_again_after_the_lift),
		WITH_KERNEL(restricting_twice_attaches_once),
		WITH_KERNEL(an_agent_killed_while_it_restricted_is_lifted_by_the_next),
		WITH_KERNEL(with_the_agent_dead_for_good_the_camera_opens_when_the_lease_ends),
		WITH_KERNEL(a_longer_lease_replaces_a_shorter_one_and_never_opens_in_between),
		WITH_KERNEL(a_scope_that_the_configuration_no_longer_names_is_lifted),
		WITH_KERNEL(a_changed_list_of_devices_replaces_the_program),
		WITH_KERNEL(keeping_attaches_again_what_someone_detached),
		WITH_KERNEL(two_agents_on_one_machine_do_not_lift_each_other),
		cmocka_unit_test(lists_of_devices_are_read_strictly),
		cmocka_unit_test(the_mount_of_version_two_is_found_also_on_a_machine_with_both),
		cmocka_unit_test(a_scope_outside_the_tree_is_refused),
		cmocka_unit_test(without_rfkill_wifi_is_impossible_and_lifting_it_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
