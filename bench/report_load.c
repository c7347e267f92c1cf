/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load for B3a: one report a POST, plain HTTP on loopback, one keep-alive connection a device.
 *
 *   report_load PORT N CERT...   each CERT: a file with the base64 of a device's certificate, for Client-Cert
 *
 * Sends N reports in all, one a request, the next after the answer, and prints {"n", "failed", "seconds", "per_s"}.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "wire/report.h"

static struct {
	unsigned port;
	atomic_int left, failed;
} load;

struct device {
	char certificate[4096];
	pthread_t thread;
	unsigned number;
};

static void die(const char *what)
{
	(void)fprintf(stderr, "report_load: %s\n", what);
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int open_connection(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)load.port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		die("cannot connect");
	return fd;
}

/* One status report that nothing is restricted, with an id of its own. */
static size_t make_request(const struct device *device, struct bsg_report_batch *batch, char *out, size_t cap)
{
	uint8_t body[512];
	struct bsg_bytes encoded;
	int n;

	batch->sequence++;
	memcpy(batch->reports[0].id, &batch->sequence, sizeof(batch->sequence));
	memcpy(batch->reports[0].id + 8, &device->number, sizeof(device->number));
	if (bsg_report_encode(batch, body, sizeof(body), &encoded) != BSG_OK)
		die("cannot encode a report");
	n = snprintf(out, cap, "POST /v1/device/reports HTTP/1.1\r\nHost: localhost\r\nClient-Cert: :%s:\r\n"
		     "Content-Type: application/cbor\r\nContent-Length: %zu\r\n\r\n", device->certificate, encoded.len);
	memcpy(out + n, encoded.ptr, encoded.len);
	return (size_t)n + encoded.len;
}

static void exchange(int fd, const char *request, size_t len)
{
	char answer[4096];
	size_t got = 0;
	ssize_t n;

	if (send(fd, request, len, 0) != (ssize_t)len)
		die("cannot send");
	do {
		n = recv(fd, answer + got, sizeof(answer) - 1 - got, 0);
		if (n <= 0)
			die("the server closed the connection");
		got += (size_t)n;
		answer[got] = '\0';
	} while (strstr(answer, "\r\n\r\n") == NULL);
	if (strncmp(answer, "HTTP/1.1 204", 12) != 0)
		atomic_fetch_add(&load.failed, 1);
}

static void *run(void *arg)
{
	struct device *device = arg;
	struct bsg_report_batch *batch = calloc(1, sizeof(*batch));
	char *request = malloc(8192);
	int fd = open_connection();

	if (batch == NULL || request == NULL)
		die("no memory");
	memset(batch->instance, (int)device->number + 1, sizeof(batch->instance));
	batch->sequence = (uint64_t)time(NULL) * 1000000;	/* grows from run to run */
	batch->n_reports = 1;
	batch->reports[0].kind = BSG_REPORT_STATUS;
	batch->reports[0].at = time(NULL);
	while (atomic_fetch_sub(&load.left, 1) > 0)
		exchange(fd, request, make_request(device, batch, request, 8192));
	close(fd);
	free(request);
	free(batch);
	return NULL;
}

static void read_certificate(struct device *device, const char *path)
{
	FILE *file = fopen(path, "r");
	size_t n = file == NULL ? 0 : fread(device->certificate, 1, sizeof(device->certificate) - 1, file);

	if (n == 0)
		die("cannot read a certificate");
	(void)fclose(file);
	device->certificate[strcspn(device->certificate, "\n")] = '\0';
}

int main(int argc, char **argv)
{
	unsigned n_devices = argc > 3 ? (unsigned)argc - 3 : 0;
	struct device *devices = calloc(n_devices + 1, sizeof(*devices));
	double started, seconds;
	int n;

	if (n_devices == 0 || devices == NULL)
		die("PORT N CERT...");
	load.port = (unsigned)strtoul(argv[1], NULL, 10);
	n = (int)strtol(argv[2], NULL, 10);
	atomic_init(&load.left, n);
	for (unsigned i = 0; i < n_devices; i++) {
		devices[i].number = i;
		read_certificate(&devices[i], argv[3 + i]);
	}
	started = now();
	for (unsigned i = 0; i < n_devices; i++)
		if (pthread_create(&devices[i].thread, NULL, run, &devices[i]) != 0)
			die("cannot start a thread");
	for (unsigned i = 0; i < n_devices; i++)
		pthread_join(devices[i].thread, NULL);
	seconds = now() - started;
	printf("{\"n\": %d, \"failed\": %d, \"seconds\": %.3f, \"per_s\": %.0f}\n", n, atomic_load(&load.failed), seconds, n / seconds);
	free(devices);
	return 0;
}
