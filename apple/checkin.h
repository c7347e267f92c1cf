/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Check-in messages of Apple's MDM protocol: what a device says of itself. Rules A7..A12 of docs/spec/apple.md.
 *
 * Nothing here is proof: who sent it is what the client certificate or Mdm-Signature says.
 */
#ifndef BSG_APPLE_CHECKIN_H
#define BSG_APPLE_CHECKIN_H

#include "apple/sender.h"

#define BSG_CHECKIN_MAX BSG_PLIST_MAX
#define BSG_APPLE_TOPIC_MAX 255
#define BSG_CHECKIN_TOKEN_MAX 128		/* bytes of a push token, as many as the store keeps; today's have 32 */
#define BSG_APPLE_MAGIC_MAX 128
#define BSG_APPLE_TEXT_MAX 255

enum bsg_checkin_type {
	BSG_CHECKIN_UNKNOWN = 0,	/* a MessageType that we do not know; type_name says which */
	BSG_CHECKIN_AUTHENTICATE,
	BSG_CHECKIN_TOKEN_UPDATE,
	BSG_CHECKIN_CHECK_OUT,
	BSG_CHECKIN_DECLARATIVE_MANAGEMENT,
	BSG_CHECKIN_GET_TOKEN,
	BSG_CHECKIN_SET_BOOTSTRAP_TOKEN,
	BSG_CHECKIN_GET_BOOTSTRAP_TOKEN,
	BSG_CHECKIN_USER_AUTHENTICATE,
};

/*
 * One message. What it does not have is empty. UnlockToken and BootstrapToken, which could unlock a phone, are not in
 * it on purpose: nothing in Bosaga may keep them.
 */
struct bsg_checkin {
	enum bsg_checkin_type type;
	char type_name[BSG_APPLE_TEXT_MAX + 1];	/* MessageType as it is, fit for a log */
	struct bsg_apple_sender sender;		/* of an unknown type possibly without id */
	char topic[BSG_APPLE_TOPIC_MAX + 1];
	/* TokenUpdate: always there. */
	uint8_t token[BSG_CHECKIN_TOKEN_MAX];
	size_t token_len;
	char push_magic[BSG_APPLE_MAGIC_MAX + 1];
	/* Authenticate: each may be empty. */
	char device_name[BSG_APPLE_TEXT_MAX + 1];
	char model[BSG_APPLE_TEXT_MAX + 1];
	char model_name[BSG_APPLE_TEXT_MAX + 1];
	char product_name[BSG_APPLE_TEXT_MAX + 1];
	char os_version[BSG_APPLE_TEXT_MAX + 1];
	char build_version[BSG_APPLE_TEXT_MAX + 1];
	char serial_number[BSG_APPLE_TEXT_MAX + 1];
};

/**
 * Decode the body of a check-in request.
 *
 * @param out  filled whole, zeroed on failure
 * @return BSG_OK, BSG_E_INVALID (the text says what was wrong; the device's answer is 400), BSG_E_LIMIT, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_checkin_decode(const void *body, size_t len, struct bsg_checkin *out, struct bsg_error *err) BSG_MUST_CHECK;

#endif
