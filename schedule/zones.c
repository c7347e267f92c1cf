/* SPDX-License-Identifier: Apache-2.0 */
/* The names of time zones, from tzdata.zi: all of tzdata in one text file, of which only the names are read here. */
#include "schedule/zones.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define FILE_MAX (4u << 20)
#define NAME_MAX_LEN 64

/* Letters, digits, "+-_" and single slashes: what a path can be made of safely. */
static bool is_name(const char *name)
{
	const size_t len = strlen(name);

	if (len == 0 || len > NAME_MAX_LEN || name[0] == '/' || name[len - 1] == '/' || strstr(name, "//") != NULL)
		return false;
	for (const char *c = name; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && strchr("+-_/", *c) == NULL)
			return false;
	return true;
}

/* The name in a line `Z NAME ...` or `L TARGET NAME`, made a string in place; NULL in others. */
static char *name_in(char *line)
{
	char *field = NULL, *rest = line;
	const int wanted = line[0] == 'Z' ? 2 : 3;

	if ((line[0] != 'Z' && line[0] != 'L') || line[1] != ' ')
		return NULL;
	for (int i = 0; i < wanted; i++) {
		field = strsep(&rest, " ");
		if (field == NULL)
			return NULL;
	}
	return is_name(field) ? field : NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t count_lines(const char *text)
{
	size_t n = 1;

	for (const char *c = text; *c != '\0'; c++)
		n += *c == '\n';
	return n;
}

/* The names lie behind the pointers to them, in one piece of memory. */
static enum bsg_err collect(char *text, size_t len, struct bsg_zones *out, struct bsg_error *err)
{
	const size_t max = count_lines(text);
	char **names = malloc((max + 1) * sizeof(*names) + len + 1);
	char *copy, *line;
	size_t n = 0;

	if (names == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory for the names of time zones");
	copy = (char *)(names + max + 1);
	memcpy(copy, text, len + 1);
	while ((line = strsep(&copy, "\n")) != NULL) {
		char *name = name_in(line);

		if (name != NULL)
			names[n++] = name;
	}
	if (n == 0) {
		free(names);
		return bsg_fail(err, BSG_E_UNAVAILABLE, "tzdata.zi names no zones: install the package tzdata anew");
	}
	qsort(names, n, sizeof(*names), by_name);
	names[n] = NULL;
	*out = (struct bsg_zones){ (const char *const *)names, n, names };
	return BSG_OK;
}

enum bsg_err bsg_zones_load_from(const char *zoneinfo, struct bsg_zones *out, struct bsg_error *err)
{
	char path[512];
	struct bsg_error why;
	uint8_t *text;
	enum bsg_err rc;
	size_t len;

	*out = (struct bsg_zones){ 0 };
	(void)snprintf(path, sizeof(path), "%s/tzdata.zi", zoneinfo);
	rc = bsg_file_read(path, FILE_MAX, &text, &len, &why);
	if (rc == BSG_E_NO_MEMORY)
		return bsg_fail(err, rc, "%s", why.text);
	if (rc != BSG_OK)
		return bsg_fail(err, BSG_E_UNAVAILABLE, "time zones are unknown: install the package tzdata (%s)", why.text);
	rc = collect((char *)text, strlen((char *)text), out, err);
	free(text);
	return rc;
}

enum bsg_err bsg_zones_load(struct bsg_zones *out, struct bsg_error *err)
{
	return bsg_zones_load_from(BSG_ZONEINFO, out, err);
}

void bsg_zones_free(struct bsg_zones *zones)
{
	free(zones->memory);
	*zones = (struct bsg_zones){ 0 };
}

const char *bsg_zones_find(const struct bsg_zones *zones, const char *name)
{
	const char *const *found = zones->n == 0 ? NULL :
		bsearch(&name, zones->names, zones->n, sizeof(*zones->names), by_name);

	return found != NULL ? *found : NULL;
}

bool bsg_zones_know(const struct bsg_zones *zones, const char *name)
{
	return bsg_zones_find(zones, name) != NULL;
}
