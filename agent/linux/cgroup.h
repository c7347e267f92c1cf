/* SPDX-License-Identifier: Apache-2.0 */
/* The cgroup-v2 tree: where it is mounted, a scope in it, and who is inside. */
#ifndef BSG_AGENT_CGROUP_H
#define BSG_AGENT_CGROUP_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

#define BSG_CGROUP_PATH 1024

/**
 * Find the cgroup-v2 mount in /proc/self/mountinfo: /sys/fs/cgroup, or
 * /sys/fs/cgroup/unified on a machine that has both versions.
 *
 * @param mountinfo  NULL: /proc/self/mountinfo
 * @return BSG_OK, BSG_E_NOT_FOUND (no such mount), BSG_E_UNAVAILABLE
 */
enum bsg_err bsg_cgroup_mount(const char *mountinfo, char *out, size_t size,
			      struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Open the folder of a scope, made if it is not there: what starts in it later
 * is then restricted from its first moment.
 *
 * @param scope  relative to the mount, or an absolute path below it; ".." in it is refused
 * @param path   its absolute path
 * @param fd     owned
 */
enum bsg_err bsg_cgroup_open(const char *scope, char path[static BSG_CGROUP_PATH], int *fd,
			     struct bsg_error *err) BSG_MUST_CHECK;

/** Called for each process; returning anything but 0 ends the walk with it. */
typedef int bsg_cgroup_visit(pid_t pid, void *arg);

/** Visit every process in @path and in all cgroups below it. @return 0, or what a visit returned */
int bsg_cgroup_each_process(const char *path, bsg_cgroup_visit *visit, void *arg);

/** Called with the path and an open folder of each cgroup. */
typedef int bsg_cgroup_visit_dir(const char *path, int fd, void *arg);

/** Visit @path and every cgroup below it, itself first. @return 0, or what a visit returned */
int bsg_cgroup_each(const char *path, bsg_cgroup_visit_dir *visit, void *arg);

#endif
