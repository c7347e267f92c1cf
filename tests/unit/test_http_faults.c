/* SPDX-License-Identifier: Apache-2.0 */
/* Bad input and bad peers, over raw sockets: malformed, oversized, slow, half-open, too many, gone. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "http_fixture.h"
#include "http_certs.h"

static const struct identity device = { cert_root, cert_client, key_client };

static void plain(struct fixture *f)
{
	fixture_init(f);
	f->options.transport = BSG_HTTP_PLAIN;
	f->options.client_certificate = BSG_HTTP_CERT_NONE;
}

static void hurried(struct fixture *f)
{
	plain(f);
	f->options.request_deadline_ms = 300;
	f->options.send_deadline_ms = 300;
	f->options.idle_ms = 1000;
}

static int set_up(void **state)
{
	struct fixture *f = malloc(sizeof(*f));

	plain(f);
	fixture_start(f);
	*state = f;
	return 0;
}

static int set_up_hurried(void **state)
{
	struct fixture *f = malloc(sizeof(*f));

	hurried(f);
	fixture_start(f);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	fixture_stop(*state);
	free(*state);
	return 0;
}

/* The deadlines here are short: a slow machine may need another try. */
static void still_serves(struct fixture *f)
{
	const struct identity *id = f->options.transport == BSG_HTTP_TLS ? &device :
				    &(struct identity){ 0 };
	struct bsg_http_response r = { 0 };

	ASSERT_EVENTUALLY(get(f, id, "/hello", &r, NULL) == BSG_OK);
	assert_int_equal(r.status, 200);
	bsg_http_response_clear(&r);
}

#define H " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"

static void malformed_requests_are_refused_and_reach_no_handler(void **state)
{
	/* "4" means any 4xx, or closed without a word. */
	static const struct { const char *name, *text, *want; } cases[] = {
		{ "good", "GET /hello" H "\r\n", "200" },
		{ "a word", "hello\r\n\r\n", "4" },
		{ "no version", "GET /hello\r\n\r\n", "4" },
		{ "a space in the path", "GET /hello x" H "\r\n", "4" },
		{ "HTTP/2", "GET /hello HTTP/2.0\r\nHost: x\r\n\r\n", "5" },
		{ "HTTP/9.9", "GET /hello HTTP/9.9\r\nHost: x\r\n\r\n", "5" },
		{ "no Host", "GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n", "4" },
		{ "two Hosts", "GET /hello" H "Host: y\r\n\r\n", "400" },
		{ "no colon", "GET /hello" H "nonsense\r\n\r\n", "4" },
		{ "two lengths", "POST /big" H "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400" },
		{ "length and chunks", "POST /big" H "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400" },
		{ "negative length", "POST /big" H "Content-Length: -1\r\n\r\n", "4" },
		{ "hex length", "POST /big" H "Content-Length: 0x10\r\n\r\n", "4" },
		{ "absurd length", "POST /big" H "Content-Length: 99999999999999999999999\r\n\r\n", "4" },
		{ "long length", "POST /big" H "Content-Length: 9999999999\r\n\r\n", "413" },
		{ "unknown coding", "POST /big" H "Transfer-Encoding: gzip\r\n\r\n", "4" },
		{ "bad chunk", "POST /big" H "Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n", "400" },
		{ "chunk too long", "POST /big" H "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", "4" },
		{ "chunk without end", "POST /big" H "Transfer-Encoding: chunked\r\n\r\n2\r\nabXX0\r\n\r\n", "4" },
		{ "bad escape", "GET /things/%zz" H "\r\n", "400" },
		{ "NUL escape", "GET /things/%00" H "\r\n", "400" },
		{ "bad UTF-8", "GET /things/%c3%28" H "\r\n", "400" },
		{ "raw high bytes", "GET /things/\xff\xfe" H "\r\n", "400" },
		{ "dots", "GET /things/../hello" H "\r\n", "4" },
		{ "double slash", "GET //hello" H "\r\n", "404" },
		{ "asterisk", "GET *" H "\r\n", "4" },
		{ "CONNECT", "CONNECT x:1" H "\r\n", "4" },
		{ "a whole URL", "GET http://x/hello" H "\r\n", "4" },
		{ "unknown method", "BREW /hello" H "\r\n", "405" },
		{ "endless method", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA /hello" H "\r\n", "4" },
		{ "control character", "GET /hello" H "X: a\x01" "b\r\n\r\n", "400" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *want = cases[i].want;
		const char *answer;
		bool closed;

		f->n_handled = 0;
		answer = raw_exchange(f, cases[i].text);
		closed = answer[0] == '\0';
		if (!closed && strlen(answer) > 9)
			answer += 9;		/* the status */
		if (strlen(want) == 3 ? strncmp(answer, want, 3) != 0 :
		    !closed && strncmp(answer, want, strlen(want)) != 0)
			fail_msg("%s: %.60s", cases[i].name, closed ? "(closed)" : answer);
		if (f->n_handled != (i == 0))
			fail_msg("%s: a handler was called", cases[i].name);
	}
	still_serves(f);
}

static void too_large_headers_and_urls_are_refused(void **state)
{
	static char text[200 * 1024];
	struct fixture *f = *state;
	static const size_t sizes[] = { 1000, 2500, 4000, 5000, 5500, 5800, 5900, 6000, 7000, 100000 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (int in_url = 0; in_url < 2; in_url++) {
			size_t n = (size_t)sprintf(text, in_url ? "GET /hello?" : "GET /hello" H "X: ");
			const char *answer;

			memset(text + n, 'a', sizes[i]);
			n += sizes[i];
			(void)sprintf(text + n, in_url ? H "\r\n" : "\r\n\r\n");
			answer = raw_exchange(f, text);
			/* Small ones are answered; large ones refused: never handled, never hung. */
			if (sizes[i] <= 2500 && strstr(answer, " 200 ") == NULL)
				fail_msg("%zu: %.40s", sizes[i], answer);
			if (sizes[i] >= 6000 && strstr(answer, " 414 ") == NULL &&
			    strstr(answer, " 431 ") == NULL && answer[0] != '\0')
				fail_msg("%zu: %.40s", sizes[i], answer);
		}
	}
	still_serves(f);
}

/* libmicrohttpd 0.9.75 reports no end of some requests whose arguments do not fit its pool. */
static void a_request_whose_end_goes_unreported_ends_with_its_connection(void **state)
{
	char text[8000];
	struct fixture *f = *state;
	struct bsg_http_stats stats;
	int fds[16];

	for (int i = 0; i < 16; i++) {
		size_t n = (size_t)sprintf(text, "GET /hello?");

		memset(text + n, 'a', 6000 + 10 * (size_t)i);
		(void)sprintf(text + n + 6000 + 10 * (size_t)i, H "\r\n");
		fds[i] = raw_connect(f);
		raw_send(fds[i], text, strlen(text));
	}
	for (int i = 0; i < 16; i++) {
		(void)raw_read_all(fds[i]);
		close(fds[i]);
	}
	ASSERT_EVENTUALLY((bsg_http_server_stats(f->server, &stats), stats.n_open == 0));
	assert_int_equal(f->n_handled, 0);
	assert_int_equal(stats.n_requests, f->n_done);
	still_serves(f);	/* and nothing leaked: the sanitizer tells */
}

static void many_header_fields_are_refused(void **state)
{
	static char text[64 * 1024];
	size_t n = (size_t)sprintf(text, "GET /hello" H);
	const char *answer;

	for (int i = 0; i < 4000; i++)
		n += (size_t)sprintf(text + n, "a: b\r\n");
	(void)sprintf(text + n, "\r\n");
	answer = raw_exchange(*state, text);
	assert_true(answer[0] == '\0' || strstr(answer, " 431 ") != NULL);
	still_serves(*state);
}

static void an_oversized_body_is_refused_however_it_comes(void **state)
{
	static char text[2000 * 1024];
	struct fixture *f = *state;
	struct bsg_http_stats stats;
	size_t n;

	/* Announced, and the caller waits to be told. */
	assert_non_null(strstr(raw_exchange(f, "POST /big" H "Content-Length: 3000000\r\n"
					    "Expect: 100-continue\r\n\r\n"), " 413 "));
	/* Announced and sent. */
	n = (size_t)sprintf(text, "POST /things/1/notes" H "Content-Length: 65\r\n\r\n");
	memset(text + n, 'x', 65);
	text[n + 65] = '\0';
	assert_non_null(strstr(raw_exchange(f, text), " 413 "));
	/* In chunks, a little more than allowed: told at the end. */
	n = (size_t)sprintf(text, "POST /things/1/notes" H "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 70; i++)
		n += (size_t)sprintf(text + n, "1\r\nx\r\n");
	(void)sprintf(text + n, "0\r\n\r\n");
	assert_non_null(strstr(raw_exchange(f, text), " 413 "));
	/* In chunks without end: cut. */
	n = (size_t)sprintf(text, "POST /big" H "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 1500; i++) {
		n += (size_t)sprintf(text + n, "400\r\n");
		memset(text + n, 'x', 0x400);
		n += 0x400;
		n += (size_t)sprintf(text + n, "\r\n");
	}
	assert_null(strstr(raw_exchange(f, text), " 2"));
	bsg_http_server_stats(f->server, &stats);
	assert_int_equal(stats.n_cut, 0);	/* for its size, not by the deadline */
	/* Chunks within the limit arrive. */
	assert_non_null(strstr(raw_exchange(f, "POST /things/1/notes" H "Transfer-Encoding: chunked\r\n\r\n"
				"3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n"), "abcde"));
	assert_int_equal(f->n_handled, 1);
	still_serves(f);
}

static void truncated_requests_are_cut_and_reach_no_handler(void **state)
{
	static const char *const cases[] = {
		"", "\r\n\r\n\r\n", "\x16\x03\x01\x02", "G", "GET /hel", "GET /hello HTTP/1.1\r\n", "GET /hello HTTP/1.1\r\nHost: x\r\n",
		"GET /hello HTTP/1.1\r\nHost: x\r\n\r",
		"POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
		"POST /big HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
	};
	struct fixture *f = *state;
	int silent[sizeof(cases) / sizeof(cases[0])];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = raw_connect(f);

		raw_send(fd, cases[i], strlen(cases[i]));
		shutdown(fd, SHUT_WR);
		if (strstr(raw_read_all(fd), " 200 ") != NULL)
			fail_msg("%s", cases[i]);
		close(fd);
		/* And one that is silent instead of closing. */
		silent[i] = raw_connect(f);
		raw_send(silent[i], cases[i], strlen(cases[i]));
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strstr(raw_read_all(silent[i]), " 200 ") != NULL)
			fail_msg("%s", cases[i]);
		close(silent[i]);
	}
	assert_int_equal(f->n_handled, 0);
	still_serves(f);
}

/* One byte every 20 ms; returns how long the server let it go on. */
static int64_t drip(int fd, const char *text, size_t len)
{
	int64_t from = now_ms();

	for (size_t i = 0; now_ms() - from < 60000; i++) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		char byte;

		if (send(fd, &text[i < len ? i : len - 1], 1, MSG_NOSIGNAL) < 0)
			break;
		if (poll(&p, 1, 20) > 0 && recv(fd, &byte, 1, 0) <= 0)
			break;
	}
	return now_ms() - from;
}

static void a_drip_is_cut_by_the_total_deadline(void **state)
{
	static const char *const cases[] = {
		"GET /hello HTTP/1.1\r\nHost: x\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n",
		"GET /",
	};
	struct fixture *f = *state;
	struct bsg_http_stats stats;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = raw_connect(f);
		int64_t took = drip(fd, cases[i], strlen(cases[i]));

		close(fd);
		print_message("# a drip with a deadline of 300 ms lasted %lld ms\n", (long long)took);
		assert_true(took < 60000);
		assert_true(took >= 250);
	}
	assert_int_equal(f->n_handled, 0);
	bsg_http_server_stats(f->server, &stats);
	assert_int_equal(stats.n_cut, 3);
	still_serves(f);
}

static void a_drip_of_a_second_request_is_cut_too(void **state)
{
	static const char first[] = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
	struct fixture *f = *state;
	char answer[2048];
	int64_t took;
	int fd;

	for (;;) {	/* a slow machine may miss the deadline with the first request */
		fd = raw_connect(f);
		raw_send(fd, first, strlen(first));
		if (recv(fd, answer, sizeof(answer), 0) > 0)
			break;
		close(fd);
	}
	took = drip(fd, "GET /aaaaaaaaaaaaaaaa", 21);
	close(fd);
	print_message("# with 1000 ms idle and 300 ms for a request it lasted %lld ms\n", (long long)took);
	assert_true(took < 60000);
	still_serves(f);
}

static void who_does_not_read_its_answer_is_cut(void **state)
{
	/* Pipelined requests whose answers nobody takes fill the socket. */
	static const char one[] = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
	struct fixture *f = *state;
	int fd = raw_connect(f);
	int64_t from = now_ms();

	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	while (now_ms() - from < 60000) {
		struct pollfd p = { .fd = fd, .events = POLLRDHUP | POLLHUP };

		if (send(fd, one, sizeof(one) - 1, MSG_NOSIGNAL) < 0 && errno != EAGAIN)
			break;
		if (poll(&p, 1, 0) > 0)
			break;
		if (errno == EAGAIN)
			sleep_ms(20);
	}
	assert_true(now_ms() - from < 60000);
	print_message("# unread answers lasted %lld ms\n", (long long)(now_ms() - from));
	close(fd);
	still_serves(f);
}

static void half_open_tls_clients_are_cut(void **state)
{
	static const unsigned char hello[] = { 0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00 };
	struct fixture f;
	int fds[3];

	(void)state;
	fixture_init(&f);
	f.options.request_deadline_ms = 300;
	fixture_start(&f);
	for (int i = 0; i < 3; i++)
		fds[i] = raw_connect(&f);
	raw_send(fds[1], hello, sizeof(hello));		/* a record that never ends */
	raw_send(fds[2], "GET / HTTP/1.1\r\n\r\n", 18);	/* not TLS at all */
	for (int i = 0; i < 3; i++) {
		(void)raw_read_all(fds[i]);
		close(fds[i]);
	}
	assert_int_equal(f.n_done, 0);
	still_serves(&f);
	fixture_stop(&f);
}

static int64_t cpu_ms(void)
{
	struct rusage u;

	assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
	return (int64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
	       (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

/* A spinning thread would take most of a processor; a waiting one nothing, on any machine. */
static void a_handshake_that_waits_costs_no_cpu(void **state)
{
	static const unsigned char hello[] = { 0x16, 0x03, 0x01 };
	struct fixture f;
	int64_t cpu = 0;
	int fds[4];

	(void)state;
	fixture_init(&f);
	fixture_start(&f);
	for (int i = 0; i < 4; i++) {
		fds[i] = raw_connect(&f);
		raw_send(fds[i], hello, sizeof(hello));
	}
	sleep_ms(50);
	cpu = cpu_ms();
	sleep_ms(600);
	cpu = cpu_ms() - cpu;
	print_message("# 4 half handshakes took %lld ms of CPU in 600 ms\n", (long long)cpu);
	assert_true(cpu < 60);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	fixture_stop(&f);
}

static void a_peer_that_leaves_a_poll_is_noticed(void **state)
{
	static const char poll_text[] = "GET /wait HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"1\"\r\n"
					"Prefer: wait=60\r\n\r\n";
	struct fixture *f = *state;
	struct bsg_http_stats stats;
	int fds[20];

	for (int i = 0; i < 20; i++) {
		fds[i] = raw_connect(f);
		raw_send(fds[i], poll_text, strlen(poll_text));
	}
	ASSERT_EVENTUALLY(bsg_http_waiters_count(f->waiters) == 20);
	for (int i = 0; i < 20; i++) {
		/* Half of them leave politely, half with a reset. */
		const struct linger reset = { 1, 0 };

		if (i % 2 == 0)
			(void)setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(fds[i]);
	}
	ASSERT_EVENTUALLY(bsg_http_waiters_count(f->waiters) == 0);
	ASSERT_EVENTUALLY((bsg_http_server_stats(f->server, &stats), stats.n_open == 0));
	assert_int_equal(stats.n_held, 0);
	assert_int_equal(stats.n_gone, 20);
	ASSERT_EVENTUALLY(f->n_done == 20);
	assert_int_equal(f->last_status, 0);
	still_serves(f);
}

static void a_silent_peer_holds_a_poll_no_longer_than_the_cap(void **state)
{
	static const char poll_text[] = "GET /wait HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"1\"\r\n"
					"Prefer: wait=60\r\nConnection: close\r\n\r\n";
	struct fixture f;
	int64_t from;

	(void)state;
	plain(&f);
	f.options.hold_max_ms = 500;
	fixture_start(&f);
	from = now_ms();
	assert_non_null(strstr(raw_exchange(&f, poll_text), " 304 "));
	print_message("# a hold with a cap of 500 ms lasted %lld ms\n", (long long)(now_ms() - from));
	fixture_stop(&f);
}

/* 300 clients, in a process with descriptors of its own: they connect when told the port, and leave when told so. */
static void many_clients(int told, int tell)
{
	const struct rlimit enough = { 1024, 1024 };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	unsigned port;
	char byte;

	if (setrlimit(RLIMIT_NOFILE, &enough) != 0 || read(told, &port, sizeof(port)) != sizeof(port))
		_exit(11);
	to.sin_port = htons((uint16_t)port);
	for (int n = 0; n < 300; n++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

		if (fd < 0)
			_exit(12);
		if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS)
			_exit(13);
	}
	if (write(tell, "x", 1) != 1 || read(told, &byte, 1) != 1)
		_exit(14);
	_exit(0);
}

/* In a child with few descriptors: 300 clients connect and stay, then leave. */
static int few_descriptors_child(void)
{
	const struct rlimit few = { 96, 96 };
	struct bsg_http_stats stats;
	int out[2], in[2];
	struct fixture f;
	unsigned port;
	char byte;
	pid_t pid;

	if (pipe(out) != 0 || pipe(in) != 0)
		return 10;
	pid = fork();
	if (pid == 0)
		many_clients(out[0], in[1]);
	if (setrlimit(RLIMIT_NOFILE, &few) != 0)
		return 15;
	plain(&f);
	f.options.request_deadline_ms = 60000;	/* they hold on */
	f.options.idle_ms = 60000;
	fixture_start(&f);
	port = bsg_http_server_port(f.server);
	if (write(out[1], &port, sizeof(port)) != sizeof(port) || read(in[0], &byte, 1) != 1)
		return 16;
	sleep_ms(300);
	bsg_http_server_stats(f.server, &stats);
	if (stats.n_open == 0 || stats.n_open > 48)
		return 17;
	printf("# %llu of 300 connections accepted with 96 descriptors\n", (unsigned long long)stats.n_open);
	if (write(out[1], "x", 1) != 1 || waitpid(pid, NULL, 0) != pid)
		return 18;
	still_serves(&f);
	fixture_stop(&f);
	return 0;
}

static void more_connections_than_descriptors_keep_it_serving_later(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", "test_http_faults", "few-descriptors", (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("child: %d", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
}

static void a_stop_does_not_wait_for_idle_or_dripping_clients(void **state)
{
	static const char half[] = "POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab";
	struct fixture f;
	int64_t from;
	int idle, dripping;

	(void)state;
	plain(&f);
	f.options.request_deadline_ms = f.options.idle_ms = 60000;
	fixture_start(&f);
	idle = raw_connect(&f);
	dripping = raw_connect(&f);
	raw_send(dripping, half, sizeof(half) - 1);
	still_serves(&f);
	from = now_ms();
	fixture_stop(&f);
	print_message("# a stop with idle clients took %lld ms\n", (long long)(now_ms() - from));
	assert_true(now_ms() - from < 60000);
	assert_string_equal(raw_read_all(idle), "");
	close(idle);
	close(dripping);
}

int main(int argc, char **argv)
{
#define WITH_SERVER(test_) cmocka_unit_test_setup_teardown(test_, set_up, tear_down)
#define HURRIED(test_) cmocka_unit_test_setup_teardown(test_, set_up_hurried, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_SERVER(malformed_requests_are_refused_and_reach_no_handler),
		WITH_SERVER(too_large_headers_and_urls_are_refused),
		WITH_SERVER(many_header_fields_are_refused),
		HURRIED(a_request_whose_end_goes_unreported_ends_with_its_connection),
		WITH_SERVER(an_oversized_body_is_refused_however_it_comes),
		HURRIED(truncated_requests_are_cut_and_reach_no_handler),
		HURRIED(a_drip_is_cut_by_the_total_deadline),
		HURRIED(a_drip_of_a_second_request_is_cut_too),
		HURRIED(who_does_not_read_its_answer_is_cut),
		WITH_SERVER(a_peer_that_leaves_a_poll_is_noticed),
		cmocka_unit_test(a_silent_peer_holds_a_poll_no_longer_than_the_cap),
		cmocka_unit_test(half_open_tls_clients_are_cut),
		cmocka_unit_test(a_handshake_that_waits_costs_no_cpu),
		cmocka_unit_test(more_connections_than_descriptors_keep_it_serving_later),
		cmocka_unit_test(a_stop_does_not_wait_for_idle_or_dripping_clients),
	};

	if (argc == 2 && strcmp(argv[1], "few-descriptors") == 0)
		return few_descriptors_child();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
