/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"

#define N_PATHS 8

static char dir[64];

int scratch_make(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/bsg-test-XXXXXX");
	return mkdtemp(dir) == NULL ? -1 : 0;
}

int scratch_remove(void **state)
{
	char command[100];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

const char *scratch_dir(void)
{
	return dir;
}

const char *scratch_path(const char *name)
{
	static char paths[N_PATHS][200];
	static int next;

	next = (next + 1) % N_PATHS;
	(void)snprintf(paths[next], sizeof(paths[next]), "%s/%s", dir, name);
	return paths[next];
}

int scratch_run(const char *command)
{
	static char line[4096];

	(void)snprintf(line, sizeof(line), "cd %s && { %s; } >/dev/null 2>&1", dir, command);
	return system(line);
}

void scratch_write(const char *name, const void *data, size_t len)
{
	struct bsg_error err = { 0 };

	must(bsg_file_replace(scratch_path(name), data, len, 0600, &err), &err);
}

void scratch_read(const char *name, struct bsg_buf *out)
{
	struct bsg_error err = { 0 };
	uint8_t *data;
	size_t len;

	bsg_buf_init(out, 1 << 20);
	must(bsg_file_read(scratch_path(name), 1 << 20, &data, &len, &err), &err);
	bsg_buf_add(out, data, len);
	free(data);
	must(bsg_buf_finish(out, &err), &err);
}

void must(enum bsg_err rc, const struct bsg_error *err)
{
	if (rc != BSG_OK)
		fail_msg("%d: %s", (int)rc, err->text);
}
