/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for base/file.h: what stays when things go wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static char dir[64];
static char path[80];

static int make_dir(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/bsg-file-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/f", dir);
	return 0;
}

static int remove_dir(void **state)
{
	char command[100];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void holds(const char *want)
{
	uint8_t *data;
	size_t len;

	assert_int_equal(bsg_file_read(path, 4096, &data, &len, NULL), BSG_OK);
	assert_int_equal(len, strlen(want));
	assert_string_equal((char *)data, want);
	free(data);
}

static int n_files(void)
{
	char command[100];
	FILE *p;
	int n = -1;

	(void)snprintf(command, sizeof(command), "ls -A %s | wc -l", dir);
	p = popen(command, "r");
	assert_non_null(p);
	assert_int_equal(fscanf(p, "%d", &n), 1);
	(void)pclose(p);
	return n;
}

static void a_replaced_file_has_the_new_content_and_mode(void **state)
{
	struct stat st;
	mode_t old = umask(077);

	(void)state;
	assert_int_equal(bsg_file_replace(path, "one", 3, 0600, NULL), BSG_OK);
	holds("one");
	assert_int_equal(bsg_file_replace(path, "", 0, 0644, NULL), BSG_OK);
	holds("");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(n_files(), 1);
	(void)umask(old);
}

static void a_leftover_of_a_crash_is_no_obstacle(void **state)
{
	char fresh[96];

	(void)state;
	(void)snprintf(fresh, sizeof(fresh), "%s.new", path);
	assert_int_equal(symlink("/etc/passwd", fresh), 0);
	assert_int_equal(bsg_file_replace(path, "one", 3, 0600, NULL), BSG_OK);
	holds("one");
	assert_int_equal(n_files(), 1);
}

/* EFBIG and ENOSPC take the same way: write(2) fails after a part. */
static void a_full_disk_leaves_the_old_file(void **state)
{
	struct rlimit old;
	struct rlimit small = { 4096, RLIM_INFINITY };
	struct bsg_error err = { 0 };
	char *big = calloc(1, 10000);

	(void)state;
	assert_non_null(big);
	assert_int_equal(bsg_file_replace(path, "old", 3, 0600, NULL), BSG_OK);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(bsg_file_replace(path, big, 10000, 0600, &err), BSG_E_UNAVAILABLE);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_non_null(strstr(err.text, "write "));
	assert_non_null(strstr(err.text, path));
	holds("old");
	assert_int_equal(n_files(), 1);
	free(big);
}

static void a_missing_directory_is_named(void **state)
{
	struct bsg_error err = { 0 };

	(void)state;
	assert_int_equal(bsg_file_replace("/nonexistent/f", "x", 1, 0600, &err), BSG_E_UNAVAILABLE);
	assert_string_equal(err.text, "create /nonexistent/f.new: No such file or directory");
}

static void a_directory_in_the_way_stays(void **state)
{
	struct bsg_error err = { 0 };

	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(bsg_file_replace(path, "x", 1, 0600, &err), BSG_E_UNAVAILABLE);
	assert_int_equal(n_files(), 1);
	assert_int_equal(rmdir(path), 0);
}

static void create_does_not_replace(void **state)
{
	(void)state;
	assert_int_equal(bsg_file_create(path, "one", 3, 0600, NULL), BSG_OK);
	assert_int_equal(bsg_file_create(path, "two", 3, 0600, NULL), BSG_E_CONFLICT);
	holds("one");
	assert_int_equal(n_files(), 1);
}

static void reading_has_a_limit(void **state)
{
	char small[3];
	uint8_t *data;
	size_t len;

	(void)state;
	assert_int_equal(bsg_file_replace(path, "1234", 4, 0600, NULL), BSG_OK);
	assert_int_equal(bsg_file_read(path, 4, &data, &len, NULL), BSG_OK);
	free(data);
	assert_int_equal(bsg_file_read(path, 3, &data, &len, NULL), BSG_E_LIMIT);
	assert_null(data);
	assert_int_equal(bsg_file_read_into(path, small, 3, &len, NULL), BSG_E_LIMIT);
	assert_int_equal(len, 0);
	assert_int_equal(truncate(path, 3), 0);
	assert_int_equal(bsg_file_read_into(path, small, 3, &len, NULL), BSG_OK);
	assert_memory_equal(small, "123", 3);
}

static void only_regular_files_are_read(void **state)
{
	struct bsg_error err = { 0 };
	uint8_t *data;
	size_t len;

	(void)state;
	assert_int_equal(bsg_file_read("/dev/zero", 4096, &data, &len, &err), BSG_E_INVALID);
	assert_int_equal(bsg_file_read(dir, 4096, &data, &len, &err), BSG_E_INVALID);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(bsg_file_read(path, 4096, &data, &len, &err), BSG_E_INVALID);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(bsg_file_read(path, 4096, &data, &len, &err), BSG_E_NOT_FOUND);
	assert_null(data);
}

static void removing_twice_is_fine(void **state)
{
	(void)state;
	assert_int_equal(bsg_file_replace(path, "x", 1, 0600, NULL), BSG_OK);
	assert_int_equal(bsg_file_remove(path, NULL), BSG_OK);
	assert_int_equal(bsg_file_remove(path, NULL), BSG_OK);
	assert_int_equal(n_files(), 0);
}

static void a_directory_open_to_others_is_refused(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(bsg_dir_make(path, 0700, NULL), BSG_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(bsg_dir_make(path, 0700, NULL), BSG_OK);
	assert_int_equal(chmod(path, 0750), 0);
	assert_int_equal(bsg_dir_make(path, 0700, NULL), BSG_E_DENIED);
	assert_int_equal(bsg_dir_make(path, 0755, NULL), BSG_OK);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(bsg_file_replace(path, "x", 1, 0600, NULL), BSG_OK);
	assert_int_equal(bsg_dir_make(path, 0700, NULL), BSG_E_INVALID);
}

static void long_paths_are_refused(void **state)
{
	char name[5000];
	char out[8];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(bsg_file_replace(name, "x", 1, 0600, NULL), BSG_E_LIMIT);
	assert_int_equal(bsg_path_join("abc", "def", out, 8, NULL), BSG_OK);
	assert_string_equal(out, "abc/def");
	assert_int_equal(bsg_path_join("abcd", "def", out, 8, NULL), BSG_E_LIMIT);
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIR(a_replaced_file_has_the_new_content_and_mode),
		WITH_DIR(a_leftover_of_a_crash_is_no_obstacle),
		WITH_DIR(a_full_disk_leaves_the_old_file),
		WITH_DIR(a_missing_directory_is_named),
		WITH_DIR(a_directory_in_the_way_stays),
		WITH_DIR(create_does_not_replace),
		WITH_DIR(reading_has_a_limit),
		WITH_DIR(only_regular_files_are_read),
		WITH_DIR(removing_twice_is_fine),
		WITH_DIR(a_directory_open_to_others_is_refused),
		WITH_DIR(long_paths_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
