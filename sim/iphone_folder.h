/* SPDX-License-Identifier: Apache-2.0 */
/* What a simulated iPhone keeps over a restart: key, certificate, root, and phone.json. Private to sim/. */
#ifndef BSG_SIM_IPHONE_FOLDER_H
#define BSG_SIM_IPHONE_FOLDER_H

#include "base/id.h"
#include "crypto/rsa.h"
#include "sim/enrol.h"
#include "sim/iphone.h"
#include "sim/iphone_enrol.h"

struct bsg_iphone_folder {
	char dir[BSG_SIM_PATH_SIZE];
	char key_file[BSG_SIM_PATH_SIZE], certificate_file[BSG_SIM_PATH_SIZE], root_file[BSG_SIM_PATH_SIZE];
	char device[BSG_ID_SIZE];
	char server_url[BSG_IPHONE_PLACE_SIZE], checkin_url[BSG_IPHONE_PLACE_SIZE], topic[256];
	uint64_t number;		/* of the phone */
	uint8_t token[BSG_IPHONE_TOKEN_LEN];
	char magic[BSG_UUID_SIZE];
	bool checked_in;
};

/** Fill in the paths. @param key_file  NULL: rsa.pem in @dir */
enum bsg_err bsg_iphone_folder_init(struct bsg_iphone_folder *folder, const char *dir, const char *key_file, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Enrol: keep the root to trust, find or make the key, get a certificate. phone.json is not written yet.
 *
 * @param root_file  copied, and trusted instead of the root in the profile; NULL: that
 */
enum bsg_err bsg_iphone_folder_enrol(struct bsg_iphone_folder *folder, struct bsg_bytes profile, const char *root_file,
				     struct bsg_error *err) BSG_MUST_CHECK;

/** Write phone.json, durably: a folder without it holds no phone. */
enum bsg_err bsg_iphone_folder_save(const struct bsg_iphone_folder *folder, const struct bsg_iphone *phone, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Load what was saved.
 *
 * @param phone  with `is` and `os` as they shall be
 * @return BSG_OK, BSG_E_NOT_FOUND (no phone there), BSG_E_INVALID, as the files say
 */
enum bsg_err bsg_iphone_folder_load(struct bsg_iphone_folder *folder, struct bsg_iphone *phone, struct bsg_error *err) BSG_MUST_CHECK;

#endif
