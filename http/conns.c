/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open connections, and the thread that ends what takes too long.
 *
 * libmicrohttpd knows only inactivity: one byte a second holds a connection
 * for ever, and a peer that leaves during a hold is not noticed. So every
 * connection has a deadline here, and the sockets of exchanges that are held
 * for longer than a sweep takes to come round are watched for hang-ups: most
 * are held only until a commit, and would pay for two calls of epoll_ctl().
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/internal.h"

#define BATCH 256

static void describe_peer(struct bsg_http_conn *conn, const struct sockaddr *address)
{
	struct bsg_http_peer *peer = &conn->peer;
	struct ucred cred;
	socklen_t len = sizeof(cred);

	peer->kind = BSG_HTTP_PEER_ANONYMOUS;
	peer->uid = (uid_t)-1;
	peer->gid = (gid_t)-1;
	if (conn->server->unix_path[0] == '\0') {
		if (address != NULL)
			(void)getnameinfo(address, address->sa_family == AF_INET6 ?
					  sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in),
					  peer->address, sizeof(peer->address), NULL, 0,
					  NI_NUMERICHOST);
		return;
	}
	if (conn->server->options.transport == BSG_HTTP_PROXY)
		return;		/* that would be the proxy's own user */
	if (getsockopt(conn->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
		return;
	peer->kind = BSG_HTTP_PEER_LOCAL_USER;
	peer->uid = cred.uid;
	peer->gid = cred.gid;
	peer->pid = cred.pid;
}

static bool enter_by_fd(struct bsg_http_server *server, struct bsg_http_conn *conn)
{
	size_t at = (size_t)conn->fd;

	if (at >= server->n_by_fd) {
		size_t n = (at + 1) * 2;
		struct bsg_http_conn **grown = realloc(server->by_fd,
						       n * sizeof(struct bsg_http_conn *));

		if (grown == NULL)
			return false;
		for (size_t i = server->n_by_fd; i < n; i++)
			grown[i] = NULL;
		server->by_fd = grown;
		server->n_by_fd = n;
	}
	server->by_fd[at] = conn;
	return true;
}

struct bsg_http_conn *bsg_http_conn_open(struct bsg_http_server *server, int fd,
					 const struct sockaddr *address)
{
	struct bsg_http_conn *conn = calloc(1, sizeof(*conn));
	bool entered;

	if (conn == NULL)
		return NULL;
	conn->server = server;
	conn->fd = fd;
	conn->deadline_ms = bsg_http_mono_ms() + server->options.request_deadline_ms;
	describe_peer(conn, address);
	pthread_mutex_lock(&server->lock);
	conn->creds = bsg_http_creds_ref(server->creds);
	entered = enter_by_fd(server, conn);
	if (entered) {
		conn->next = server->conns;
		if (conn->next != NULL)
			conn->next->prev = conn;
		server->conns = conn;
		server->stats.n_connections++;
		server->stats.n_open++;
	}
	pthread_mutex_unlock(&server->lock);
	if (!entered) {
		bsg_http_creds_unref(conn->creds);
		free(conn);
		conn = NULL;
	}
	return conn;
}

void bsg_http_conn_close(struct bsg_http_conn *conn)
{
	struct bsg_http_server *server = conn->server;

	pthread_mutex_lock(&server->lock);
	server->by_fd[conn->fd] = NULL;
	if (conn->prev != NULL)
		conn->prev->next = conn->next;
	else
		server->conns = conn->next;
	if (conn->next != NULL)
		conn->next->prev = conn->prev;
	server->stats.n_open--;
	pthread_mutex_unlock(&server->lock);
	bsg_http_leaf_unref(conn->leaf);
	bsg_http_creds_unref(conn->creds);
	free(conn);
}

void bsg_http_conn_set_deadline(struct bsg_http_conn *conn, int64_t in_ms)
{
	pthread_mutex_lock(&conn->server->lock);
	conn->deadline_ms = bsg_http_mono_ms() + in_ms;
	pthread_mutex_unlock(&conn->server->lock);
}

void bsg_http_conn_shorten_deadline(struct bsg_http_conn *conn, int64_t in_ms)
{
	int64_t deadline_ms = bsg_http_mono_ms() + in_ms;

	pthread_mutex_lock(&conn->server->lock);
	if (deadline_ms < conn->deadline_ms)
		conn->deadline_ms = deadline_ms;
	pthread_mutex_unlock(&conn->server->lock);
}

bool bsg_http_conn_hold(struct bsg_http_conn *conn, struct bsg_http_exchange *x, int64_t wait_ms)
{
	struct bsg_http_server *server = conn->server;
	bool held;

	pthread_mutex_lock(&server->lock);
	held = !server->stopping;
	if (held) {
		conn->held = x;
		conn->deadline_ms = bsg_http_mono_ms() + wait_ms;
		server->stats.n_held++;
	}
	pthread_mutex_unlock(&server->lock);
	return held;
}

void bsg_http_conn_release(struct bsg_http_conn *conn)
{
	struct bsg_http_server *server = conn->server;

	pthread_mutex_lock(&server->lock);
	conn->held = NULL;
	conn->deadline_ms = bsg_http_mono_ms() + server->options.send_deadline_ms;
	server->stats.n_held--;
	if (conn->is_watched)
		(void)epoll_ctl(server->epoll_fd, EPOLL_CTL_DEL, conn->fd, NULL);
	conn->is_watched = false;
	pthread_mutex_unlock(&server->lock);
}

/* With server.lock held. The exchange of @fd if its peer has really gone. */
static struct bsg_http_exchange *departed(struct bsg_http_server *server, int fd)
{
	struct bsg_http_conn *conn = (size_t)fd < server->n_by_fd ? server->by_fd[fd] : NULL;
	struct pollfd poll_fd = { .fd = fd, .events = POLLRDHUP };

	if (conn == NULL || conn->held == NULL || poll(&poll_fd, 1, 0) != 1)
		return NULL;
	if ((poll_fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0)
		return NULL;
	server->stats.n_gone++;
	return bsg_http_ref(conn->held);
}

/* With server.lock held. Without the watch a departed peer is noticed at the deadline. */
static void watch(struct bsg_http_server *server, struct bsg_http_conn *conn)
{
	struct epoll_event event = { .events = EPOLLRDHUP | EPOLLONESHOT, .data.fd = conn->fd };

	conn->is_watched = epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, conn->fd, &event) == 0;
}

/*
 * Find up to BATCH exchanges whose hold is over, watch the others, and cut connections that are
 * late. shutdown() makes libmicrohttpd's own thread see an end of file; the
 * descriptor is ours to touch, since closing it needs this lock first.
 */
static size_t sweep(struct bsg_http_server *server, bool all_holds,
		    struct bsg_http_exchange **ended)
{
	int64_t now = bsg_http_mono_ms();
	size_t n = 0;

	pthread_mutex_lock(&server->lock);
	for (struct bsg_http_conn *conn = server->conns; conn != NULL && n < BATCH;
	     conn = conn->next) {
		if (conn->held != NULL && (all_holds || conn->deadline_ms <= now)) {
			conn->deadline_ms = BSG_HTTP_NEVER;
			ended[n++] = bsg_http_ref(conn->held);
		} else if (conn->held != NULL && !conn->is_watched) {
			watch(server, conn);
		} else if (conn->held == NULL && conn->deadline_ms <= now && !conn->is_cut) {
			conn->is_cut = true;
			server->stats.n_cut++;
			(void)shutdown(conn->fd, SHUT_RDWR);
		}
	}
	pthread_mutex_unlock(&server->lock);
	return n;
}

static void end_late_holds(struct bsg_http_server *server, bool all_holds)
{
	struct bsg_http_exchange *ended[BATCH];
	size_t n;

	do {
		n = sweep(server, all_holds, ended);
		for (size_t i = 0; i < n; i++) {
			bsg_http_exchange_end(ended[i], BSG_HTTP_END_DEADLINE);
			bsg_http_unref(ended[i]);
		}
	} while (n == BATCH);
}

void bsg_http_conns_end_holds(struct bsg_http_server *server)
{
	end_late_holds(server, true);
}

/* Often enough for the shortest deadline in use, at most once a second. */
static int sweep_interval_ms(const struct bsg_http_server_options *options)
{
	unsigned shortest = options->request_deadline_ms;

	if (options->send_deadline_ms < shortest)
		shortest = options->send_deadline_ms;
	if (options->hold_max_ms < shortest)
		shortest = options->hold_max_ms;
	shortest /= 4;
	return shortest < 20 ? 20 : shortest > 1000 ? 1000 : (int)shortest;
}

static void *sweeper_main(void *arg)
{
	struct bsg_http_server *server = arg;
	const int interval_ms = sweep_interval_ms(&server->options);
	int64_t next_ms = bsg_http_mono_ms() + interval_ms;
	struct epoll_event events[BATCH];

	for (;;) {
		int64_t left_ms = next_ms - bsg_http_mono_ms();
		int n = epoll_wait(server->epoll_fd, events, BATCH, left_ms > 0 ? (int)left_ms : 0);

		for (int i = 0; i < n; i++) {
			struct bsg_http_exchange *x;

			if (events[i].data.fd == server->wake_fd)
				return NULL;
			pthread_mutex_lock(&server->lock);
			x = departed(server, events[i].data.fd);
			pthread_mutex_unlock(&server->lock);
			if (x != NULL) {
				bsg_http_exchange_end(x, BSG_HTTP_END_GONE);
				bsg_http_unref(x);
			}
		}
		if (bsg_http_mono_ms() >= next_ms) {
			end_late_holds(server, false);
			next_ms = bsg_http_mono_ms() + interval_ms;
		}
	}
}

enum bsg_err bsg_http_sweeper_start(struct bsg_http_server *server, struct bsg_error *err)
{
	struct epoll_event event = { .events = EPOLLIN };

	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	event.data.fd = server->wake_fd;
	if (server->epoll_fd < 0 || server->wake_fd < 0 ||
	    epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, server->wake_fd, &event) != 0)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "http sweeper: %s", strerror(errno));
	if (pthread_create(&server->sweeper, NULL, sweeper_main, server) != 0)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "http sweeper: no thread");
	server->sweeper_runs = true;
	return BSG_OK;
}

void bsg_http_sweeper_stop(struct bsg_http_server *server)
{
	const uint64_t one = 1;

	if (server->sweeper_runs) {
		while (write(server->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
			;
		pthread_join(server->sweeper, NULL);
		server->sweeper_runs = false;
	}
	if (server->wake_fd >= 0)
		close(server->wake_fd);
	if (server->epoll_fd >= 0)
		close(server->epoll_fd);
	server->wake_fd = server->epoll_fd = -1;
}
