/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator may decide about bosagad: one table of keys, read from the file of --config. */
#ifndef BSG_SERVER_SETTINGS_H
#define BSG_SERVER_SETTINGS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/config.h"

enum bsg_plane_tls { BSG_PLANE_TLS_OWN = 0, BSG_PLANE_TLS_PROXY };

struct bsg_settings {
	char people_listen[128], device_listen[128], apple_listen[128];
	char public_url[256], device_url[256], apple_url[256];
	char tls_certificate[512], tls_key[512];
	int people_tls, device_tls, apple_tls;	/* enum bsg_plane_tls */
	char apple_topic[128], apple_deployment[101], apple_organisation[200];
	char apple_push_certificate[512], apple_push_key[512], apple_push_endpoint[256], apple_push_ca[512];
	char apple_push_team[32], apple_push_key_id[32], apple_push_token_key[512];
	bool apple_public_root, apple_sign_profiles, scep_legacy_ciphers;
	char timezone[64];
	char database[512];
	char bus[256];
	int log_format;				/* enum bsg_log_format */
	int64_t invitation_life, orders_life, orders_renewal, gate_credential_life, admission_timeout, keep_crossings, keep_reports;	/* seconds */
};

extern const struct bsg_config_key bsg_settings_keys[];
extern const size_t bsg_settings_n_keys;

/** Set defaults, then read @path over them if it is not NULL. @return as bsg_config_load() */
enum bsg_err bsg_settings_load(const char *path, struct bsg_settings *out, struct bsg_error *err) BSG_MUST_CHECK;

/** Check what one key alone cannot say. @return BSG_OK, BSG_E_INVALID */
enum bsg_err bsg_settings_check(const struct bsg_settings *settings, struct bsg_error *err) BSG_MUST_CHECK;

/** Print the manual page of bosagad, made of the same table. @return whether all was written */
bool bsg_settings_man(FILE *out) BSG_MUST_CHECK;

#endif
