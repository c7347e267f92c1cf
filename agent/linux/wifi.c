/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wi-Fi, by rfkill soft blocks through the kernel's own node.
 *
 * What the owner had switched off before stays off afterwards: those devices
 * are written to STATE/wifi.before, durably, before anything is blocked; the
 * file is also how a restarted agent knows that it has something to lift.
 * Each device is blocked by its index, never "all of this type": that would
 * also set what devices that are plugged in later start with.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/rfkill.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/linux/enforce.h"
#include "base/file.h"

#define RADIOS_MAX 32
#define KEEP_MS 60000		/* the node's events tell at once; this is for what they cannot */
#define BEFORE_MAX 4096

struct radio {
	uint32_t index;
	bool blocked;		/* soft */
};

struct radios {
	size_t n;
	struct radio radio[RADIOS_MAX];
};

struct bsg_enforcer {
	struct bsg_enforce_config config;
	char before[288];
	int events;		/* the node, open while restricted; else -1 */
};

static enum bsg_err wifi_open(const struct bsg_enforce_config *config, struct bsg_enforcer **out,
			      struct bsg_error *err)
{
	struct bsg_enforcer *wifi = calloc(1, sizeof(*wifi));
	enum bsg_err rc;

	*out = NULL;
	if (!wifi)
		return bsg_fail(err, BSG_E_NO_MEMORY, "out of memory");
	wifi->config = *config;
	wifi->events = -1;
	rc = bsg_path_join(config->state, "wifi.before", wifi->before, sizeof(wifi->before), err);
	if (rc != BSG_OK) {
		free(wifi);
		return rc;
	}
	*out = wifi;
	return BSG_OK;
}

static void wifi_close(struct bsg_enforcer *wifi)
{
	if (wifi && wifi->events >= 0)
		close(wifi->events);
	free(wifi);
}

/* --- the node --- */

static int open_node(const struct bsg_enforcer *wifi)
{
	return open(wifi->config.rfkill, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

static void note_radio(struct radios *radios, const struct rfkill_event *event)
{
	size_t i = 0;

	if (event->type != RFKILL_TYPE_WLAN)
		return;
	while (i < radios->n && radios->radio[i].index != event->idx)
		i++;
	if (event->op == RFKILL_OP_DEL) {
		if (i < radios->n)
			radios->radio[i] = radios->radio[--radios->n];
		return;
	}
	if (i == radios->n && radios->n < RADIOS_MAX)
		radios->n++;
	if (i < radios->n)
		radios->radio[i] = (struct radio){ event->idx, event->soft != 0 };
}

/* A fresh descriptor first reads one event for each device there is (Documentation/driver-api/rfkill). */
static void read_radios(int fd, struct radios *out)
{
	struct rfkill_event event;

	*out = (struct radios){ 0 };
	while (read(fd, &event, sizeof(event)) >= (ssize_t)RFKILL_EVENT_SIZE_V1)
		note_radio(out, &event);
}

static enum bsg_err set_radio(int fd, uint32_t index, bool blocked, struct bsg_error *err)
{
	struct rfkill_event event = { .idx = index, .type = RFKILL_TYPE_WLAN, .op = RFKILL_OP_CHANGE,
		.soft = blocked };

	if (write(fd, &event, RFKILL_EVENT_SIZE_V1) == RFKILL_EVENT_SIZE_V1)
		return BSG_OK;
	return bsg_fail(err, BSG_E_UNAVAILABLE, "rfkill device %u: %s", (unsigned)index, strerror(errno));
}

/* Open the node anew and read all radios; @return the descriptor or -1 with errno */
static int look(const struct bsg_enforcer *wifi, struct radios *out)
{
	int fd = open_node(wifi);

	if (fd >= 0)
		read_radios(fd, out);
	return fd;
}

static enum bsg_err fail_node(const struct bsg_enforcer *wifi, struct bsg_error *err)
{
	return bsg_fail(err, errno == ENOENT || errno == ENODEV ? BSG_E_NOT_FOUND : BSG_E_UNAVAILABLE,
			"%s: %s", wifi->config.rfkill, strerror(errno));
}

static void wifi_probe(struct bsg_enforcer *wifi, struct bsg_probe *out)
{
	struct radios radios;
	int fd = look(wifi, &radios);

	*out = (struct bsg_probe){ 0 };
	if (fd < 0) {
		snprintf(out->why, sizeof(out->why), "%.80s: %s", wifi->config.rfkill, strerror(errno));
		return;
	}
	close(fd);
	out->grade = BSG_GRADE_ENFORCED;
	snprintf(out->why, sizeof(out->why), "rfkill soft block, renewed when undone; %zu devices",
		 radios.n);
}

/* --- what was off before --- */

static enum bsg_err save_before(const struct bsg_enforcer *wifi, const struct radios *radios,
				struct bsg_error *err)
{
	char text[RADIOS_MAX * 12 + 1];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < radios->n; i++)
		if (radios->radio[i].blocked)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%u\n",
						(unsigned)radios->radio[i].index);
	return bsg_file_replace(wifi->before, text, len, 0600, err);
}

static bool was_blocked(const char *text, uint32_t index)
{
	const char *at = text;

	while (at && *at) {
		if (strtoul(at, NULL, 10) == index)
			return true;
		at = strchr(at, '\n');
		if (at)
			at++;
	}
	return false;
}

static bool have_before(const struct bsg_enforcer *wifi)
{
	return access(wifi->before, F_OK) == 0;
}

/* --- restricting and lifting --- */

static enum bsg_err block_all(int fd, const struct radios *radios, struct bsg_error *err)
{
	enum bsg_err rc = BSG_OK;

	for (size_t i = 0; i < radios->n; i++) {
		if (radios->radio[i].blocked)
			continue;
		enum bsg_err one = set_radio(fd, radios->radio[i].index, true, err);

		if (one != BSG_OK)
			rc = one;
	}
	return rc;
}

/* Poll @fd from now on, -1: nothing. */
static void watch(struct bsg_enforcer *wifi, int fd)
{
	if (wifi->events >= 0)
		close(wifi->events);
	wifi->events = fd;
}

static enum bsg_err wifi_impose(struct bsg_enforcer *wifi, struct bsg_error *err)
{
	struct radios radios;
	int fd = look(wifi, &radios);
	enum bsg_err rc = BSG_OK;

	if (fd < 0)
		return fail_node(wifi, err);
	if (!have_before(wifi))
		rc = save_before(wifi, &radios, err);
	if (rc == BSG_OK)
		rc = block_all(fd, &radios, err);
	watch(wifi, fd);
	return rc;
}

static enum bsg_err unblock_others(const struct bsg_enforcer *wifi, const char *before,
				   struct bsg_error *err)
{
	struct radios radios;
	int fd = look(wifi, &radios);
	enum bsg_err rc = BSG_OK;

	if (fd < 0)
		return fail_node(wifi, err);
	for (size_t i = 0; i < radios.n; i++)
		if (radios.radio[i].blocked && !was_blocked(before, radios.radio[i].index) &&
		    set_radio(fd, radios.radio[i].index, false, err) != BSG_OK)
			rc = BSG_E_UNAVAILABLE;	/* the others are to be lifted all the same */
	close(fd);
	return rc;
}

static enum bsg_err wifi_lift(struct bsg_enforcer *wifi, struct bsg_error *err)
{
	uint8_t *before = NULL;
	size_t len;
	enum bsg_err rc = bsg_file_read(wifi->before, BEFORE_MAX, &before, &len, err);

	watch(wifi, -1);
	if (rc == BSG_E_NOT_FOUND)
		rc = BSG_OK;	/* nothing of ours is blocked */
	else if (rc == BSG_OK)
		rc = unblock_others(wifi, (const char *)before, err);
	free(before);
	/* No node any more: the radios went with it, and so did the block. */
	if (rc == BSG_OK || rc == BSG_E_NOT_FOUND)
		rc = bsg_file_remove(wifi->before, err);
	return rc;
}

static enum bsg_err wifi_keep(struct bsg_enforcer *wifi, int *again_ms, struct bsg_error *err)
{
	struct radios radios;
	int fd;
	enum bsg_err rc;

	*again_ms = KEEP_MS;
	/* Without the file nothing may be blocked: nobody would know that there is something to lift. */
	if (wifi->events < 0 || !have_before(wifi))
		return wifi_impose(wifi, err);
	fd = look(wifi, &radios);
	if (fd < 0)
		return fail_node(wifi, err);
	rc = block_all(fd, &radios, err);
	/* The new descriptor's first events were read; the old one's are answered by now. */
	watch(wifi, fd);
	return rc;
}

static void wifi_verify(struct bsg_enforcer *wifi, struct bsg_verdict *out)
{
	struct radios radios;
	int fd = look(wifi, &radios);
	size_t n_open = 0;

	*out = (struct bsg_verdict){ 0 };
	if (fd < 0) {
		snprintf(out->why, sizeof(out->why), "%.80s: %s", wifi->config.rfkill, strerror(errno));
		return;
	}
	close(fd);
	for (size_t i = 0; i < radios.n; i++)
		n_open += !radios.radio[i].blocked;
	if (!have_before(wifi)) {
		out->seen = BSG_SEEN_OPEN;
	} else if (n_open == 0) {
		out->seen = BSG_SEEN_RESTRICTED;
	} else {
		out->seen = BSG_SEEN_LEAKING;
		snprintf(out->why, sizeof(out->why), "%zu of %zu Wi-Fi devices are on", n_open, radios.n);
	}
}

static int wifi_fd(struct bsg_enforcer *wifi)
{
	return wifi->events;
}

const struct bsg_enforcement bsg_enforce_wifi = {
	.name = "wifi",
	.open = wifi_open,
	.close = wifi_close,
	.probe = wifi_probe,
	.impose = wifi_impose,
	.lift = wifi_lift,
	.verify = wifi_verify,
	.keep = wifi_keep,
	.fd = wifi_fd,
};
