/* SPDX-License-Identifier: Apache-2.0 */
/* The server as a library: two of them in one process, started again on the same directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/server.h"

static char folder[] = "/tmp/test-server-XXXXXX";

static enum bsg_err start(const char *name, struct bsg_server **out, struct bsg_error *err)
{
	struct bsg_server_options options;
	char dir[200];

	memset(&options, 0, sizeof(options));
	snprintf(dir, sizeof(dir), "%s/%s", folder, name);
	assert_int_equal(bsg_settings_load(NULL, &options.settings, err), BSG_OK);
	snprintf(options.settings.people_listen, sizeof(options.settings.people_listen), "127.0.0.1:0");
	snprintf(options.settings.device_listen, sizeof(options.settings.device_listen), "127.0.0.1:0");
	options.state_dir = dir;
	return bsg_server_start(&options, out, err);
}

static struct bsg_server *must_start(const char *name)
{
	struct bsg_error err = {.text = ""};
	struct bsg_server *server;

	if (start(name, &server, &err) != BSG_OK)
		fail_msg("%s", err.text);
	return server;
}

static void two_servers_run_in_one_process(void **state)
{
	struct bsg_server *a = must_start("a"), *b = must_start("b");

	(void)state;
	assert_true(bsg_server_is_new(a));
	assert_string_not_equal(bsg_server_people_url(a), bsg_server_people_url(b));
	bsg_server_stop(a);
	bsg_server_stop(b);
}

static void a_second_start_keeps_the_keys_and_the_first_made_them_private(void **state)
{
	static const char *const paths[] = {"a", "a/keys", "a/root-key.pem", "a/bosaga.db"};
	struct bsg_server *server = must_start("a");
	struct stat st;
	char path[300];

	(void)state;
	assert_false(bsg_server_is_new(server));
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, paths[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 077, 0);
	}
	bsg_server_stop(server);
}

static void a_directory_that_others_may_enter_is_refused(void **state)
{
	struct bsg_error err = {.text = ""};
	struct bsg_server *server;
	char path[300];

	(void)state;
	snprintf(path, sizeof(path), "%s/open", folder);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(start("open", &server, &err), BSG_E_DENIED);
	assert_null(server);
}

static void a_second_server_on_the_same_socket_does_not_start(void **state)
{
	struct bsg_server *first = must_start("a"), *second;
	struct bsg_error err = {.text = ""};

	(void)state;
	assert_int_not_equal(start("a", &second, &err), BSG_OK);
	assert_null(second);
	assert_true(err.text[0] != '\0');
	bsg_server_stop(first);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
	char command[300];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_servers_run_in_one_process),
		cmocka_unit_test(a_second_start_keeps_the_keys_and_the_first_made_them_private),
		cmocka_unit_test(a_directory_that_others_may_enter_is_refused),
		cmocka_unit_test(a_second_server_on_the_same_socket_does_not_start),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
