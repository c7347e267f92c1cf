/* SPDX-License-Identifier: Apache-2.0 */
/* The local control socket. */
#include "agent/linux/control.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define ASK_SECONDS 30
#define PEER_SECONDS 10		/* a peer that says nothing is sent away */

struct peer {
	int fd;			/* -1: not in use */
	uid_t uid;
	time_t since;
	char line[BSG_CONTROL_LINE_MAX];
	size_t len;
};

struct bsg_control {
	int fd;
	char path[108];
	bool has_owner;
	uid_t owner;
	bsg_control_handler *handler;
	void *arg;
	const struct bsg_log *log;
	struct peer peer[BSG_CONTROL_PEERS];
};

bool bsg_control_allowed(uid_t uid, bool has_owner, uid_t owner, const char *what)
{
	if (uid == 0 || (has_owner && uid == owner))
		return true;
	return !has_owner && strcmp(what, "unenrol") != 0;
}

static enum bsg_err find_owner(const char *name, struct bsg_control *control, struct bsg_error *err)
{
	const struct passwd *user;
	char *end;
	unsigned long number = strtoul(name, &end, 10);

	control->has_owner = name[0] != '\0';
	if (!control->has_owner)
		return BSG_OK;
	if (isdigit((unsigned char)name[0]) && *end == '\0') {
		control->owner = (uid_t)number;
		return BSG_OK;
	}
	user = getpwnam(name);
	if (!user)
		return bsg_fail(err, BSG_E_INVALID, "owner: no user %.40s here", name);
	control->owner = user->pw_uid;
	return BSG_OK;
}

static enum bsg_err fill_address(const char *path, struct sockaddr_un *out, struct bsg_error *err)
{
	memset(out, 0, sizeof(*out));
	out->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(out->sun_path))
		return bsg_fail(err, BSG_E_LIMIT, "%.100s: too long for a socket", path);
	memcpy(out->sun_path, path, strlen(path) + 1);
	return BSG_OK;
}

static enum bsg_err listen_at(struct bsg_control *control, const char *path, struct bsg_error *err)
{
	struct sockaddr_un address;
	enum bsg_err rc = fill_address(path, &address, err);

	if (rc != BSG_OK)
		return rc;
	memcpy(control->path, address.sun_path, sizeof(control->path));
	control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unlink(path);
	/* Everyone may connect: who they are, the kernel says, and bsg_control_allowed() decides. */
	if (control->fd < 0 || bind(control->fd, (struct sockaddr *)&address, sizeof(address)) ||
	    chmod(path, 0666) || listen(control->fd, BSG_CONTROL_PEERS))
		return bsg_fail(err, BSG_E_UNAVAILABLE, "%.100s: %s", path, strerror(errno));
	return BSG_OK;
}

enum bsg_err bsg_control_open(const struct bsg_control_options *options, struct bsg_control **out,
			      struct bsg_error *err)
{
	struct bsg_control *control = calloc(1, sizeof(*control));
	enum bsg_err rc;

	*out = NULL;
	if (!control)
		return bsg_fail(err, BSG_E_NO_MEMORY, "out of memory");
	control->fd = -1;
	control->handler = options->handler;
	control->arg = options->arg;
	control->log = options->log;
	for (size_t i = 0; i < BSG_CONTROL_PEERS; i++)
		control->peer[i].fd = -1;
	rc = find_owner(options->owner, control, err);
	if (rc == BSG_OK)
		rc = listen_at(control, options->path, err);
	if (rc != BSG_OK) {
		bsg_control_close(control);
		return rc;
	}
	*out = control;
	return BSG_OK;
}

static void drop(struct peer *peer)
{
	close(peer->fd);
	peer->fd = -1;
	explicit_bzero(peer->line, sizeof(peer->line));	/* a token or a code was in it */
	peer->len = 0;
}

void bsg_control_close(struct bsg_control *control)
{
	if (!control)
		return;
	for (size_t i = 0; i < BSG_CONTROL_PEERS; i++)
		if (control->peer[i].fd >= 0)
			drop(&control->peer[i]);
	if (control->fd >= 0) {
		close(control->fd);
		unlink(control->path);
	}
	free(control);
}

size_t bsg_control_poll(const struct bsg_control *control, struct pollfd *fds)
{
	size_t n = 0;

	fds[n++] = (struct pollfd){ .fd = control->fd, .events = POLLIN };
	for (size_t i = 0; i < BSG_CONTROL_PEERS; i++)
		if (control->peer[i].fd >= 0)
			fds[n++] = (struct pollfd){ .fd = control->peer[i].fd, .events = POLLIN };
	return n;
}

/* --- one peer --- */

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static struct peer *free_place(struct bsg_control *control)
{
	struct peer *oldest = &control->peer[0];

	for (size_t i = 0; i < BSG_CONTROL_PEERS; i++) {
		if (control->peer[i].fd < 0)
			return &control->peer[i];
		if (control->peer[i].since < oldest->since)
			oldest = &control->peer[i];
	}
	if (seconds() - oldest->since < PEER_SECONDS)
		return NULL;
	drop(oldest);
	return oldest;
}

static void accept_peer(struct bsg_control *control)
{
	int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred credentials;
	socklen_t len = sizeof(credentials);
	struct peer *peer;

	if (fd < 0)
		return;
	peer = free_place(control);
	if (!peer || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &len)) {
		close(fd);
		return;
	}
	*peer = (struct peer){ .fd = fd, .uid = credentials.uid, .since = seconds() };
}

static enum bsg_err handle(struct bsg_control *control, const struct peer *peer, json_t *answer,
			   struct bsg_error *err)
{
	json_t *request = json_loadb(peer->line, peer->len, JSON_REJECT_DUPLICATES, NULL);
	const char *what = json_string_value(json_object_get(request, "do"));
	enum bsg_err rc;

	if (!what)
		rc = bsg_fail(err, BSG_E_INVALID, "not a request");
	else if (!bsg_control_allowed(peer->uid, control->has_owner, control->owner, what))
		rc = bsg_fail(err, BSG_E_DENIED, "user %u may not do this here", (unsigned)peer->uid);
	else
		rc = control->handler(control->arg, what, request, answer, err);
	json_decref(request);
	return rc;
}

static void answer_peer(struct bsg_control *control, struct peer *peer)
{
	json_t *answer = json_object();
	struct bsg_error err = { .text = "" };
	enum bsg_err rc = answer ? handle(control, peer, answer, &err) : BSG_E_NO_MEMORY;
	char *text;

	if (rc == BSG_OK) {
		json_object_set_new(answer, "ok", json_true());
	} else {
		json_decref(answer);
		answer = json_pack("{s:b, s:s}", "ok", 0, "error", err.text);
	}
	text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
	if (text) {
		size_t len = strlen(text);

		text[len] = '\n';	/* in place of the NUL: one line, one call */
		/* An answer fits a socket's buffer; who does not read it loses it. */
		if (send(peer->fd, text, len + 1, MSG_NOSIGNAL) < 0)
			bsg_log(control->log, BSG_LOG_DEBUG, "control", "peer: %s", strerror(errno));
	}
	free(text);
	json_decref(answer);
}

static void read_peer(struct bsg_control *control, struct peer *peer)
{
	ssize_t n = recv(peer->fd, peer->line + peer->len, sizeof(peer->line) - peer->len, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		peer->len += (size_t)n;
	if (peer->len && memchr(peer->line, '\n', peer->len))
		answer_peer(control, peer);
	else if (n > 0 && peer->len < sizeof(peer->line))
		return;
	drop(peer);
}

void bsg_control_serve(struct bsg_control *control, const struct pollfd *fds, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t k = 0; fds[i].revents && k < BSG_CONTROL_PEERS; k++)
			if (control->peer[k].fd == fds[i].fd) {
				read_peer(control, &control->peer[k]);
				break;
			}
	if (n && fds[0].revents)
		accept_peer(control);
}

/* --- the other side --- */

static enum bsg_err exchange(int fd, const char *text, json_t **answer, struct bsg_error *err)
{
	FILE *file = fdopen(fd, "r+");
	json_error_t why;

	if (!file) {
		close(fd);
		return bsg_fail(err, BSG_E_NO_MEMORY, "out of memory");
	}
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) >= 0 && send(fd, "\n", 1, MSG_NOSIGNAL) >= 0)
		*answer = json_loadf(file, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &why);
	fclose(file);
	if (!json_is_object(*answer))
		return bsg_fail(err, BSG_E_UNAVAILABLE, "the agent gave no answer");
	if (!json_is_true(json_object_get(*answer, "ok"))) {
		const char *reason = json_string_value(json_object_get(*answer, "error"));

		return bsg_fail(err, BSG_E_DENIED, "%s", reason ? reason : "refused");
	}
	return BSG_OK;
}

static int connect_to(const struct sockaddr_un *address)
{
	struct timeval patience = { .tv_sec = ASK_SECONDS };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address))) {
		close(fd);
		return -1;
	}
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

enum bsg_err bsg_control_ask(const char *path, json_t *request, json_t **answer, struct bsg_error *err)
{
	struct sockaddr_un address;
	char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	enum bsg_err rc = fill_address(path, &address, err);
	int fd = rc == BSG_OK ? connect_to(&address) : -1;

	*answer = NULL;
	json_decref(request);
	if (rc == BSG_OK && !text) {
		if (fd >= 0)
			close(fd);
		return bsg_fail(err, BSG_E_NO_MEMORY, "out of memory");
	}
	if (rc == BSG_OK && fd < 0)
		rc = bsg_fail(err, errno == EACCES ? BSG_E_DENIED : BSG_E_NOT_FOUND,
			      "no agent answers at %.100s: %s", path, strerror(errno));
	else if (rc == BSG_OK)
		rc = exchange(fd, text, answer, err);
	if (rc != BSG_OK) {
		json_decref(*answer);
		*answer = NULL;
	}
	free(text);
	return rc;
}
