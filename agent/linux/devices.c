/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of device nodes by their numbers. */
#include "agent/linux/devices.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define NUMBER_MAX 0xfffffUL	/* 20 bits of minor, 12 of major: what a dev_t of the kernel holds */
#define DEPTH_MAX 3

static const char *skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

static bool parse_number(const char **at, uint32_t *out)
{
	char *end;
	unsigned long value;

	if (!isdigit((unsigned char)**at))
		return false;
	value = strtoul(*at, &end, 10);
	if (value > NUMBER_MAX)
		return false;
	*out = (uint32_t)value;
	*at = end;
	return true;
}

static bool parse_match(const char **at, struct bsg_device_match *out)
{
	const char *text = skip_blanks(*at);

	*out = (struct bsg_device_match){ .type = *text };
	if (*text != 'c' && *text != 'b')
		return false;
	text = skip_blanks(text + 1);
	if (!parse_number(&text, &out->major) || *text++ != ':')
		return false;
	out->any_minor = *text == '*';
	if (out->any_minor)
		text++;
	else if (!parse_number(&text, &out->minor))
		return false;
	*at = skip_blanks(text);
	return true;
}

enum bsg_err bsg_devices_parse(const char *text, struct bsg_device_set *out, struct bsg_error *err)
{
	const char *at = text;

	memset(out, 0, sizeof(*out));
	for (;;) {
		if (out->n == BSG_DEVICES_MAX)
			return bsg_fail(err, BSG_E_LIMIT, "more than %d devices", BSG_DEVICES_MAX);
		if (!parse_match(&at, &out->match[out->n]))
			return bsg_fail(err, BSG_E_INVALID,
					"\"%.60s\" is not a list of devices such as c 81:*", text);
		out->n++;
		if (*at == '\0')
			return BSG_OK;
		if (*at++ != ',')
			return bsg_fail(err, BSG_E_INVALID, "a comma is missing in \"%.60s\"", text);
	}
}

bool bsg_devices_has(const struct bsg_device_set *set, mode_t mode, dev_t rdev)
{
	char type = S_ISCHR(mode) ? 'c' : S_ISBLK(mode) ? 'b' : '\0';

	for (size_t i = 0; i < set->n; i++) {
		const struct bsg_device_match *match = &set->match[i];

		if (match->type == type && match->major == major(rdev) &&
		    (match->any_minor || match->minor == minor(rdev)))
			return true;
	}
	return false;
}

static enum bsg_err find_below(const struct bsg_device_set *set, const char *dir, int depth,
			       char *path, size_t size)
{
	enum bsg_err rc = BSG_E_NOT_FOUND;
	DIR *stream = opendir(dir);
	struct dirent *entry;

	while (stream && rc != BSG_OK && (entry = readdir(stream))) {
		char name[512];
		struct stat st;
		int n = snprintf(name, sizeof(name), "%s/%s", dir, entry->d_name);

		if (n < 0 || (size_t)n >= sizeof(name) || entry->d_name[0] == '.' || lstat(name, &st))
			continue;
		if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
			rc = find_below(set, name, depth + 1, path, size);
		} else if (bsg_devices_has(set, st.st_mode, st.st_rdev) && (size_t)n < size) {
			memcpy(path, name, (size_t)n + 1);
			rc = BSG_OK;
		}
	}
	if (stream)
		closedir(stream);
	return rc;
}

enum bsg_err bsg_devices_find_node(const struct bsg_device_set *set, const char *dir, char *path,
				   size_t size)
{
	path[0] = '\0';
	return find_below(set, dir, 1, path, size);
}
