/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets: "127.0.0.1:8443", "[::]:8443", "unix:PATH". Numeric addresses only. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/internal.h"

#define BACKLOG 4096

/* A socket file that nobody answers on was left by a process that died. */
static enum bsg_err clear_stale(const struct sockaddr_un *address, struct bsg_error *err)
{
	struct stat st;
	int fd, rc;

	if (lstat(address->sun_path, &st) != 0)
		return BSG_OK;
	if (!S_ISSOCK(st.st_mode))
		return bsg_fail(err, BSG_E_INVALID, "%s exists and is no socket", address->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "socket: %s", strerror(errno));
	rc = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	close(fd);
	if (rc == 0)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "%s: another server is running",
				address->sun_path);
	(void)unlink(address->sun_path);
	return BSG_OK;
}

static enum bsg_err listen_unix(const char *path, unsigned mode, int *out,
				char unix_path[static 108], struct bsg_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	enum bsg_err rc;
	mode_t old;
	int fd, bound;

	if (path[0] == '\0' || strlen(path) >= sizeof(address.sun_path))
		return bsg_fail(err, BSG_E_INVALID, "unix:%s: 1 to %zu bytes, please", path,
				sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	rc = clear_stale(&address, err);
	if (rc != BSG_OK)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "socket: %s", strerror(errno));
	/* Closed to others from the first moment; a start-up is single-threaded enough for umask. */
	old = umask(0177);
	bound = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	(void)umask(old);
	if (bound != 0 || (mode != 0 && chmod(path, (mode_t)mode) != 0) || listen(fd, BACKLOG) != 0) {
		rc = bsg_fail(err, BSG_E_UNAVAILABLE, "listen on unix:%s: %s", path, strerror(errno));
		close(fd);
		return rc;
	}
	memcpy(unix_path, path, strlen(path) + 1);
	*out = fd;
	return BSG_OK;
}

/* Split at the last ':'; brackets around an IPv6 address. */
static bool split_address(const char *text, char *host, size_t host_size, char *port,
			  size_t port_size)
{
	const char *colon = strrchr(text, ':');
	const char *from = text;
	size_t len;

	if (colon == NULL || colon == text || colon[1] == '\0')
		return false;
	len = (size_t)(colon - text);
	if (from[0] == '[') {
		if (len < 3 || from[len - 1] != ']')
			return false;
		from++;
		len -= 2;
	}
	/* getaddrinfo() takes 65537 for 1. */
	return (size_t)snprintf(host, host_size, "%.*s", (int)len, from) < host_size &&
	       (size_t)snprintf(port, port_size, "%s", colon + 1) < port_size &&
	       strspn(port, "0123456789") == strlen(port) && strtoul(port, NULL, 10) <= UINT16_MAX;
}

static bool is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;

		return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
	}
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;

		return (ntohl(in->sin_addr.s_addr) >> 24) == 127;
	}
	return false;
}

static unsigned bound_port(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	char port[8];

	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
	    getnameinfo((struct sockaddr *)&address, len, NULL, 0, port, sizeof(port),
			NI_NUMERICSERV) != 0)
		return 0;
	return (unsigned)strtoul(port, NULL, 10);
}

static enum bsg_err bind_tcp(const struct addrinfo *info, const char *text, int *out,
			     struct bsg_error *err)
{
	int one = 1;
	int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "socket: %s", strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
		enum bsg_err rc = bsg_fail(err, BSG_E_UNAVAILABLE, "listen on %s: %s", text,
					   strerror(errno));

		close(fd);
		return rc;
	}
	*out = fd;
	return BSG_OK;
}

static enum bsg_err listen_tcp(const char *text, bool loopback_only, int *fd, unsigned *port,
			       struct bsg_error *err)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
					.ai_socktype = SOCK_STREAM };
	struct addrinfo *info = NULL;
	char host[64], service[8];
	enum bsg_err rc;

	if (!split_address(text, host, sizeof(host), service, sizeof(service)) ||
	    getaddrinfo(host, service, &hints, &info) != 0)
		return bsg_fail(err, BSG_E_INVALID,
				"%s: give ADDRESS:PORT with a numeric address and a port up to 65535, or unix:PATH", text);
	if (loopback_only && !is_loopback(info->ai_addr))
		rc = bsg_fail(err, BSG_E_INVALID, "%s: without TLS only unix:PATH or a loopback "
			      "address, since everyone who reaches it is trusted", text);
	else
		rc = bind_tcp(info, text, fd, err);
	freeaddrinfo(info);
	if (rc == BSG_OK)
		*port = bound_port(*fd);
	return rc;
}

enum bsg_err bsg_http_listen(const struct bsg_http_server_options *options, int *fd,
			     unsigned *port, char unix_path[static 108], struct bsg_error *err)
{
	*fd = -1;
	*port = 0;
	unix_path[0] = '\0';
	if (options->listen == NULL)
		return bsg_fail(err, BSG_E_INVALID, "no address to listen on");
	if (strncmp(options->listen, "unix:", 5) != 0)
		return listen_tcp(options->listen, options->transport != BSG_HTTP_TLS, fd, port, err);
	if (options->transport == BSG_HTTP_TLS)
		return bsg_fail(err, BSG_E_INVALID, "%s: TLS on a Unix socket is not offered",
				options->listen);
	return listen_unix(options->listen + 5, options->socket_mode, fd, unix_path, err);
}
