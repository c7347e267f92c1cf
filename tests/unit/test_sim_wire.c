/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for the connection of sim/fleet.h: one that was kept may have ended meanwhile, and that is not a server's fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/fleet.h"

#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
#define REQUEST_MAX 4096

static const char ended[] = "GET /v1/x: the connection ended before an answer";

/* What the server does, connection by connection: an answer to each of its texts, then it closes. */
struct script {
	const char *const (*answers)[3];	/* of each connection; NULL ends them, "" is no answer */
	size_t n_connections;
	int listener;
	pthread_t thread;
	unsigned n_requests;	/* that came whole */
};

static bool read_request(int fd)
{
	char text[REQUEST_MAX] = "";
	size_t len = 0;

	while (strstr(text, "\r\n\r\n") == NULL) {
		const ssize_t n = recv(fd, text + len, sizeof(text) - 1 - len, 0);

		if (n <= 0)
			return false;
		len += (size_t)n;
		text[len] = '\0';
	}
	return true;
}

static void serve(struct script *s, int fd, const char *const *answers)
{
	for (; *answers != NULL && read_request(fd); answers++) {
		s->n_requests++;
		(void)send(fd, *answers, strlen(*answers), MSG_NOSIGNAL);
	}
	close(fd);
}

static void *run(void *arg)
{
	struct script *s = arg;

	for (size_t i = 0; i < s->n_connections; i++)
		serve(s, accept(s->listener, NULL, NULL), s->answers[i]);
	close(s->listener);
	return NULL;
}

static void start(struct script *s, struct bsg_sim_wire *wire)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);

	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(s->listener >= 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(s->listener, 4), 0);
	assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
	bsg_sim_wire_init(wire, ntohs(at.sin_port));
}

static void stop(struct script *s, struct bsg_sim_wire *wire)
{
	bsg_sim_wire_close(wire);
	assert_int_equal(pthread_join(s->thread, NULL), 0);
}

static enum bsg_err get(struct bsg_sim_wire *wire, struct bsg_error *err)
{
	return bsg_sim_wire_exchange(wire, "GET", "/v1/x", "", (struct bsg_bytes){NULL, 0}, err);
}

static void assert_answer(struct bsg_sim_wire *wire, const char *body)
{
	struct bsg_error err = {.text = ""};

	if (get(wire, &err) != BSG_OK)
		fail_msg("%s", err.text);
	assert_int_equal(wire->status, 200);
	assert_int_equal(wire->body.len, strlen(body));
	assert_memory_equal(wire->body.data, body, strlen(body));
}

static void a_kept_connection_that_was_closed_is_opened_anew(void **state)
{
	static const char *const answers[][3] = {{ANSWER "aa", ANSWER "bb", NULL}, {ANSWER "cc", NULL}};
	struct script s = {.answers = answers, .n_connections = 2};
	struct bsg_sim_wire wire;

	(void)state;
	start(&s, &wire);
	assert_answer(&wire, "aa");
	assert_answer(&wire, "bb");
	assert_answer(&wire, "cc");
	stop(&s, &wire);
	assert_int_equal(s.n_requests, 3);
}

static void a_new_connection_without_an_answer_is_an_error(void **state)
{
	static const char *const answers[][3] = {{"", NULL}};
	struct script s = {.answers = answers, .n_connections = 1};
	struct bsg_sim_wire wire;
	struct bsg_error err;

	(void)state;
	start(&s, &wire);
	assert_int_equal(get(&wire, &err), BSG_E_UNAVAILABLE);
	assert_string_equal(err.text, ended);
	stop(&s, &wire);
	assert_int_equal(s.n_requests, 1);
}

/* One request is answered, the next one is an error. @return how many came */
static unsigned ends_after_one(const char *const (*answers)[3], size_t n_connections)
{
	struct script s = {.answers = answers, .n_connections = n_connections};
	struct bsg_sim_wire wire;
	struct bsg_error err;

	start(&s, &wire);
	assert_answer(&wire, "aa");
	assert_int_equal(get(&wire, &err), BSG_E_UNAVAILABLE);
	assert_string_equal(err.text, ended);
	stop(&s, &wire);
	return s.n_requests;
}

/* So that a server that closes always is heard of. */
static void the_second_try_is_the_last(void **state)
{
	static const char *const answers[][3] = {{ANSWER "aa", "", NULL}, {"", NULL}};

	(void)state;
	assert_int_equal(ends_after_one(answers, 2), 3);
}

static void half_an_answer_is_not_asked_for_again(void **state)
{
	static const char *const answers[][3] = {{ANSWER "aa", ANSWER "b", NULL}};

	(void)state;
	assert_int_equal(ends_after_one(answers, 1), 2);
}

static void nobody_listens(void **state)
{
	static const char *const answers[][3] = {{NULL}};
	struct script s = {.answers = answers, .n_connections = 0};
	struct bsg_sim_wire wire;
	struct bsg_error err;

	(void)state;
	start(&s, &wire);
	assert_int_equal(pthread_join(s.thread, NULL), 0);	/* the listener is closed */
	assert_int_equal(get(&wire, &err), BSG_E_UNAVAILABLE);
	assert_non_null(strstr(err.text, "GET /v1/x: no connection to port "));
	bsg_sim_wire_close(&wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kept_connection_that_was_closed_is_opened_anew),
		cmocka_unit_test(a_new_connection_without_an_answer_is_an_error),
		cmocka_unit_test(the_second_try_is_the_last),
		cmocka_unit_test(half_an_answer_is_not_asked_for_again),
		cmocka_unit_test(nobody_listens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
