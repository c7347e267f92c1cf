/* SPDX-License-Identifier: Apache-2.0 */
/* Who speaks: the part that check-in messages and results of commands have in common. Rule A8 of docs/spec/apple.md. */
#ifndef BSG_APPLE_SENDER_H
#define BSG_APPLE_SENDER_H

#include "apple/plist.h"

#define BSG_APPLE_ID_MAX 64	/* bytes of a UDID or EnrollmentID: as many as the store keeps; today's have 40 at most */
#define BSG_APPLE_USER_MAX 128	/* of a user of the device, which is not kept */

enum bsg_apple_id_kind {
	BSG_APPLE_ID_NONE = 0,
	BSG_APPLE_ID_UDID,
	BSG_APPLE_ID_ENROLLMENT,	/* User Enrollment: another id for each enrolment */
};

struct bsg_apple_sender {
	enum bsg_apple_id_kind kind;
	char id[BSG_APPLE_ID_MAX + 1];	/* printable ASCII without blanks; the device's word until the certificate says so */
	bool user_channel;		/* a user of the device speaks, not the device */
};

/**
 * Read who sent a message.
 *
 * @param out  zeroed on failure
 * @return BSG_OK, BSG_E_NOT_FOUND (neither UDID nor EnrollmentID), BSG_E_INVALID (both, or not such a text), BSG_E_LIMIT
 */
enum bsg_err bsg_apple_sender_read(const struct bsg_plist_node *message, struct bsg_apple_sender *out,
				   struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Copy an optional text that is for people or for the log. Absent, empty, too long for @size, or with characters that cannot be
 * shown: *out is empty, since nobody's phone is kept out by its name.
 *
 * @return BSG_OK, BSG_E_INVALID (it is not text)
 */
enum bsg_err bsg_apple_optional_text(const struct bsg_plist_node *dict, const char *key, char *out, size_t size,
				     struct bsg_error *err) BSG_MUST_CHECK;

/** Whether @text is 1 or more characters of printable ASCII without blanks. */
bool bsg_apple_is_token(struct bsg_str text);

#endif
