/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can never change once a profile was given out: deployment, topic, URL. Kept in DIR/apple-fixed. Rule A132 of docs/spec/apple.md.
 *
 * In a file and not in the database: it is about settings, and an operator who has no phone yet may remove it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apple/service.h"
#include "base/config.h"
#include "base/file.h"

struct fixed {
	char deployment[128], topic[BSG_PUSH_TOPIC_SIZE], url[BSG_PLATFORM_URL_SIZE];
};

static const struct bsg_config_key keys[] = {
	{BSG_CONFIG_TEXT(struct fixed, deployment), .def = "", .help = "apple_deployment"},
	{BSG_CONFIG_TEXT(struct fixed, topic), .def = "", .help = "apple_topic, or the push certificate"},
	{BSG_CONFIG_TEXT(struct fixed, url), .def = "", .help = "apple_url, or apple_listen"},
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static const char *value_of(const struct fixed *fixed, size_t i)
{
	return (const char *)fixed + keys[i].offset;
}

/* A topic that is not known yet is none other. */
static enum bsg_err compare(const struct fixed *given, const struct fixed *now, const char *path, struct bsg_error *err)
{
	for (size_t i = 0; i < N_KEYS; i++)
		if (value_of(now, i)[0] != '\0' && strcmp(value_of(given, i), value_of(now, i)) != 0)
			return bsg_fail(err, BSG_E_CONFLICT, "%s was \"%s\" in profiles given out, is now \"%s\": restore %s or, only if no iPhone is enrolled, remove %s",
					keys[i].name, value_of(given, i), value_of(now, i), keys[i].help, path);
	return BSG_OK;
}

static enum bsg_err keep(const struct fixed *now, const char *path, struct bsg_error *err)
{
	static const char head[] = "# In every enrolment profile that was given out. Phones know the server by it: it never changes.\n";
	char text[1024];
	size_t len = (size_t)snprintf(text, sizeof(text), "%s", head);

	for (size_t i = 0; i < N_KEYS; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s = %s\n", keys[i].name, value_of(now, i));
	return bsg_file_create(path, text, len, 0600, err);
}

/* @param topic  "": not known yet */
static enum bsg_err check(struct bsg_apple *apple, const char *topic, bool is_given_out, struct bsg_error *err)
{
	struct fixed given, now;
	char path[600];
	enum bsg_err rc = bsg_path_join(apple->platform.host->state_dir, "apple-fixed", path, sizeof(path), err);

	if (rc == BSG_OK)
		rc = bsg_config_defaults(keys, N_KEYS, &given, err);
	if (rc != BSG_OK)
		return rc;
	snprintf(now.deployment, sizeof(now.deployment), "%s", apple->options.deployment);
	snprintf(now.topic, sizeof(now.topic), "%s", topic);
	snprintf(now.url, sizeof(now.url), "%s", apple->platform.plane.url);
	rc = bsg_config_load(keys, N_KEYS, path, &given, err);
	if (rc == BSG_OK)
		return compare(&given, &now, path, err);
	if (rc != BSG_E_NOT_FOUND)
		return rc;
	return is_given_out ? keep(&now, path, err) : BSG_OK;
}

enum bsg_err bsg_apple_fix(struct bsg_apple *apple, const char *topic, struct bsg_error *err)
{
	enum bsg_err rc;

	pthread_mutex_lock(&apple->fixed_lock);
	rc = check(apple, topic, true, err);
	pthread_mutex_unlock(&apple->fixed_lock);
	return rc;
}

enum bsg_err bsg_apple_check_fixed(struct bsg_apple *apple, struct bsg_error *err)
{
	char topic[BSG_PUSH_TOPIC_SIZE];

	pthread_mutex_lock(&apple->lock);
	memcpy(topic, apple->topic, sizeof(topic));
	pthread_mutex_unlock(&apple->lock);
	return check(apple, topic, false, err);
}
