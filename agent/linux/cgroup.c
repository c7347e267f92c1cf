/* SPDX-License-Identifier: Apache-2.0 */
/* The cgroup-v2 tree. */
#include "agent/linux/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 32

/*
 * A line of mountinfo (proc(5)): "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw".
 * A mount whose root is not "/" shows a part of the tree only and is of no use.
 */
static bool is_cgroup2(char *line, char *out, size_t size)
{
	char *save = NULL, *field[5] = { NULL };
	char *tail = strstr(line, " - ");

	if (!tail || strncmp(tail + 3, "cgroup2 ", 8) != 0)
		return false;
	for (size_t i = 0; i < 5; i++) {
		field[i] = strtok_r(i == 0 ? line : NULL, " ", &save);
		if (!field[i])
			return false;
	}
	if (strcmp(field[3], "/") != 0 || strlen(field[4]) >= size)
		return false;
	memcpy(out, field[4], strlen(field[4]) + 1);
	return true;
}

enum bsg_err bsg_cgroup_mount(const char *mountinfo, char *out, size_t size, struct bsg_error *err)
{
	const char *path = mountinfo ? mountinfo : "/proc/self/mountinfo";
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;
	bool found = false;

	out[0] = '\0';
	if (!file)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "%s: %s", path, strerror(errno));
	while (!found && getline(&line, &cap, file) > 0)
		found = is_cgroup2(line, out, size);
	free(line);
	fclose(file);
	if (!found)
		return bsg_fail(err, BSG_E_NOT_FOUND,
				"no cgroup-v2 mount: mount one, as `mount -t cgroup2 none /sys/fs/cgroup`");
	return BSG_OK;
}

/* The part of @scope below @mount: a scope may be given with it or without. NULL: neither. */
static const char *below_mount(const char *scope, const char *mount)
{
	size_t len = strlen(mount);

	if (scope[0] == '/') {
		if (strncmp(scope, mount, len) != 0 || scope[len] != '/')
			return NULL;
		scope += len + 1;
	}
	return scope[0] == '\0' || scope[0] == '/' || strstr(scope, "..") || strlen(scope) >= 256 ? NULL : scope;
}

/* Make each missing folder of @path from @from on, as `mkdir -p`. */
static int make_folders(char *path, size_t from)
{
	for (char *at = path + from; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		int rc = mkdir(path, 0755);

		*at = '/';
		if (rc && errno != EEXIST)
			return -1;
	}
	return mkdir(path, 0755) && errno != EEXIST ? -1 : 0;
}

enum bsg_err bsg_cgroup_open(const char *scope, char path[static BSG_CGROUP_PATH], int *fd,
			     struct bsg_error *err)
{
	char mount[512];
	enum bsg_err rc = bsg_cgroup_mount(NULL, mount, sizeof(mount), err);

	*fd = -1;
	path[0] = '\0';
	if (rc != BSG_OK)
		return rc;
	if (!below_mount(scope, mount))
		return bsg_fail(err, BSG_E_INVALID, "enforce_on \"%.60s\" is not a cgroup such as user.slice",
				scope);
	snprintf(path, BSG_CGROUP_PATH, "%s/%s", mount, below_mount(scope, mount));
	if (make_folders(path, strlen(mount) + 1) == 0)
		*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "%.180s: %s", path, strerror(errno));
	return BSG_OK;
}

static int each(const char *path, int depth, bsg_cgroup_visit_dir *visit, void *arg)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *stream;
	int rc;

	if (fd < 0)
		return 0;	/* it went away meanwhile */
	rc = visit(path, fd, arg);
	stream = fdopendir(fd);
	if (!stream) {
		close(fd);
		return rc;
	}
	while (rc == 0 && depth < DEPTH_MAX && (entry = readdir(stream))) {
		char below[BSG_CGROUP_PATH];
		int n;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		n = snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		if (n > 0 && (size_t)n < sizeof(below))
			rc = each(below, depth + 1, visit, arg);
	}
	closedir(stream);
	return rc;
}

int bsg_cgroup_each(const char *path, bsg_cgroup_visit_dir *visit, void *arg)
{
	return each(path, 0, visit, arg);
}

struct process_walk {
	bsg_cgroup_visit *visit;
	void *arg;
};

static int visit_processes(const char *path, int fd, void *arg)
{
	const struct process_walk *walk = arg;
	int list = openat(fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	FILE *file = list < 0 ? NULL : fdopen(list, "r");
	char line[32];
	int rc = 0;

	(void)path;
	if (!file) {
		if (list >= 0)
			close(list);
		return 0;
	}
	while (rc == 0 && fgets(line, sizeof(line), file)) {
		const pid_t pid = (pid_t)strtol(line, NULL, 10);

		if (pid > 0)	/* 0 stands for one that this PID namespace does not see */
			rc = walk->visit(pid, walk->arg);
	}
	fclose(file);
	return rc;
}

int bsg_cgroup_each_process(const char *path, bsg_cgroup_visit *visit, void *arg)
{
	struct process_walk walk = { visit, arg };

	return bsg_cgroup_each(path, visit_processes, &walk);
}
