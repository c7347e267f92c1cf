/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device answers to a command, or says when it is idle. Rules A18..A22 of docs/spec/apple.md.
 *
 * `Acknowledged` means that a command was carried out as far as the device knows. It never means that a function is restricted: that
 * is read from an answer to Restrictions or ProfileList (apple/verify.h), and the answer has members of its own here.
 */
#ifndef BSG_APPLE_RESULT_H
#define BSG_APPLE_RESULT_H

#include "apple/checkin.h"
#include "apple/command.h"

#define BSG_RESULT_MAX BSG_PLIST_MAX
#define BSG_RESULT_ERRORS_MAX 4		/* kept of an ErrorChain; the first is the outermost */
#define BSG_RESULT_UUID_MAX 128
#define BSG_RESULT_TROUBLE_SIZE 301

enum bsg_result_status {
	BSG_RESULT_IDLE = 1,
	BSG_RESULT_ACKNOWLEDGED,
	BSG_RESULT_ERROR,
	BSG_RESULT_FORMAT_ERROR,	/* CommandFormatError: our command is wrong */
	BSG_RESULT_NOT_NOW,		/* the screen is locked; ask again at the next Idle */
};

enum bsg_yes_no { BSG_NOT_SAID = 0, BSG_NO, BSG_YES };

struct bsg_result_error {
	char domain[BSG_APPLE_TEXT_MAX + 1];
	int64_t code;
	char text[BSG_APPLE_TEXT_MAX + 1];	/* USEnglishDescription, else LocalizedDescription */
};

/* QueryResponses of DeviceInformation; empty where it does not say. */
struct bsg_result_device {
	char os_version[BSG_APPLE_TEXT_MAX + 1];
	char build_version[BSG_APPLE_TEXT_MAX + 1];
	char model_name[BSG_APPLE_TEXT_MAX + 1];
	char product_name[BSG_APPLE_TEXT_MAX + 1];
	char device_name[BSG_APPLE_TEXT_MAX + 1];
	char serial_number[BSG_APPLE_TEXT_MAX + 1];
	enum bsg_yes_no is_supervised;
};

struct bsg_result {
	struct bsg_plist *plist;		/* owned: the nodes below point into it */
	enum bsg_result_status status;
	struct bsg_apple_sender sender;
	char command_uuid[BSG_RESULT_UUID_MAX + 1];	/* empty for Idle */
	size_t n_errors;				/* kept, at most BSG_RESULT_ERRORS_MAX */
	struct bsg_result_error errors[BSG_RESULT_ERRORS_MAX];
	/* Answers; NULL or not said unless status is Acknowledged and the answer is there. */
	const struct bsg_plist_node *restrictions;	/* GlobalRestrictions */
	const struct bsg_plist_node *profiles;		/* ProfileList, an array of dictionaries */
	const struct bsg_plist_node *settings;		/* what became of each setting */
	bool has_device;
	struct bsg_result_device device;
	enum bsg_yes_no passcode_present;		/* SecurityInfo */
	enum bsg_yes_no is_user_enrollment;
};

/**
 * Decode the body of a request to ServerURL.
 *
 * @param out  bsg_result_free() on success; zeroed on failure
 * @return BSG_OK, BSG_E_INVALID (the text says what was wrong), BSG_E_LIMIT, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_result_decode(const void *body, size_t len, struct bsg_result *out, struct bsg_error *err) BSG_MUST_CHECK;

/** Free what a result owns and zero it. A zeroed result is fine. */
void bsg_result_free(struct bsg_result *result);

/** Say in one line that can be shown what a device answered instead of obeying. Long ones are cut, at a character. */
void bsg_result_trouble(const struct bsg_result *result, char out[static BSG_RESULT_TROUBLE_SIZE]);

/**
 * Read a boolean restriction: GlobalRestrictions.restrictedBool.<key>.value.
 *
 * @return BSG_NOT_SAID if this is no answer to Restrictions or does not name @key
 */
enum bsg_yes_no bsg_result_restriction(const struct bsg_result *result, const char *key);

/** Whether an answer to Restrictions has @text in the list restriction @key: GlobalRestrictions.union.<key>.values. O(list). */
bool bsg_result_restriction_lists(const struct bsg_result *result, const char *key, const char *text);

/** Number of profiles in an answer to ProfileList; 0 if it is none. */
size_t bsg_result_n_profiles(const struct bsg_result *result);

/**
 * Get one profile of an answer to ProfileList.
 *
 * @param identifier  PayloadIdentifier, borrowed
 * @param uuid        PayloadUUID, borrowed; empty if the device does not say
 */
void bsg_result_profile(const struct bsg_result *result, size_t i, struct bsg_str *identifier, struct bsg_str *uuid);

/**
 * Tell which settings of a command the device says it has set.
 *
 * @param sent  the settings of the command, BSG_SETTING_*
 * @return a subset of @sent; none if this is no answer to Settings, or to another number of them
 */
uint32_t bsg_result_settings_done(const struct bsg_result *result, uint32_t sent);

#endif
