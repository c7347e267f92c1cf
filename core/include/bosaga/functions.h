/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of a phone that a rule may restrict: the one list of them.
 *
 * Calls, SMS and emergency are not in it, so no rule, order or message can name
 * them (D10); the names people try for them are known, to be refused with the
 * reason. Beside it the platform mechanisms that no agent may ever use.
 */
#ifndef BSG_FUNCTIONS_H
#define BSG_FUNCTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <bosaga/error.h>
#include <bosaga/slice.h>

/* Numbers are for ever: they are in signed messages. A set of functions is a uint32_t of 1 << number. */
enum bsg_function {
	BSG_CAMERA = 0,
	BSG_MICROPHONE,
	BSG_SCREEN_CAPTURE,
	BSG_INTERNET,		/* over cellular */
	BSG_WIFI,
	BSG_HOTSPOT,
	BSG_BLUETOOTH,
	BSG_NFC,
	BSG_USB_DATA,
	BSG_LOCATION,
	BSG_APPS,		/* a named list of apps */
	BSG_DEBUGGING,
};
#define BSG_FUNCTIONS_COUNT 12
#define BSG_FUNCTIONS_ALL ((UINT32_C(1) << BSG_FUNCTIONS_COUNT) - 1)
#define BSG_BIT(function) (UINT32_C(1) << (function))

/* One text in the three languages; a language that is missing is empty. Borrowed. */
struct bsg_text {
	struct bsg_str kk, ru, en;
};

struct bsg_function_info {
	uint32_t bit;		/* BSG_BIT of its number */
	const char *name;	/* as in policies, JSON and command lines */
	const char *kk, *ru, *en;	/* for people, UTF-8 */
};

/* In the order of their numbers. */
extern const struct bsg_function_info bsg_functions[BSG_FUNCTIONS_COUNT];

/**
 * Find a function by its name.
 *
 * Names are exact: lower-case, as in the table.
 *
 * @param bit  0 on failure
 * @param why  may be NULL; on failure a static English text fit for an error
 *             message ("calls can never be restricted: ..."), NULL otherwise
 *
 * @return BSG_OK
 * @return BSG_E_DENIED     calls, SMS, emergency or a name for them (D10)
 * @return BSG_E_NOT_FOUND  no such function
 */
enum bsg_err bsg_function_by_name(struct bsg_str name, uint32_t *bit, const char **why) BSG_MUST_CHECK;

/**
 * Tell whether an app may never be in a rule's list: dialers, SMS, contacts, emergency and IMS packages (D10).
 *
 * @param name  a package or bundle id; capitals count as small letters
 * @return a static English reason, or NULL: it may be listed
 */
const char *bsg_app_never_touched(struct bsg_str name);

/**
 * Tell whether a platform mechanism may never be used by any agent, for any function (D10).
 *
 * For agents to check their tables against and for tests.
 *
 * @param mechanism  such as "DISALLOW_SMS", "rfkill wwan"; capitals count as small letters
 * @return a static English reason, or NULL: not on the list
 */
const char *bsg_mechanism_never_touched(struct bsg_str mechanism);

#endif
