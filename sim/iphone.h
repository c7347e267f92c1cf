/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an iPhone does when it is managed: installs, refuses, answers, forgets. No network, clock, files or threads here (those are
 * in sim/iphone_link.h), and small enough that a hundred thousand of them live in one process.
 *
 * It knows one profile that may restrict; the enrolment is its owner's matter. It reads commands and profiles with apple/plist.h but
 * shares no table with the code that writes them.
 */
#ifndef BSG_SIM_IPHONE_H
#define BSG_SIM_IPHONE_H

#include <stdbool.h>
#include <stdint.h>

#include <bosaga/slice.h>

#include "base/buf.h"

#define BSG_IPHONE_UDID_SIZE 26		/* 00008110-0123456789ABCDEF */
#define BSG_IPHONE_PROFILE_SIZE 128	/* a PayloadIdentifier */
#define BSG_IPHONE_UUID_SIZE 37
#define BSG_IPHONE_TOKEN_LEN 32		/* a push token */

/* How it is, and how it differs from what Apple promises. */
#define BSG_IPHONE_SUPERVISED UINT32_C(1)
#define BSG_IPHONE_LOCKED UINT32_C(2)		/* the screen: InstallProfile is answered NotNow */
#define BSG_IPHONE_HOTSPOT_OFF UINT32_C(4)	/* by Settings */
#define BSG_IPHONE_BLUETOOTH_OFF UINT32_C(8)
#define BSG_IPHONE_SILENT UINT32_C(16)		/* for whoever runs it: it never speaks after its enrolment */
#define BSG_IPHONE_DISOBEYS UINT32_C(32)	/* Acknowledged, and nothing is done */
#define BSG_IPHONE_NO_LEASE UINT32_C(64)	/* DurationUntilRemoval is not looked at */
#define BSG_IPHONE_NO_RESTRICTIONS UINT32_C(128)	/* Restrictions is answered Error */
#define BSG_IPHONE_NO_LIST UINT32_C(256)	/* ProfileList is */
#define BSG_IPHONE_NO_REMOVE UINT32_C(512)	/* RemoveProfile is */
#define BSG_IPHONE_NO_INSTALL UINT32_C(1024)	/* InstallProfile is */

struct bsg_iphone {
	int64_t removal;		/* when its profile removes itself, Unix seconds; 0: never */
	const char *os;			/* static, "17.5.1" */
	char *apps;			/* blocked ones, a line each; owned, NULL: none */
	uint32_t is;			/* BSG_IPHONE_* */
	uint32_t restricts;		/* keys that have the restricting value: bits of a table in iphone.c */
	char udid[BSG_IPHONE_UDID_SIZE];
	char profile[BSG_IPHONE_PROFILE_SIZE];	/* the one that is installed; "": none */
	char uuid[BSG_IPHONE_UUID_SIZE];	/* its PayloadUUID */
};

/** Make a phone. @param number  its UDID follows from it @param is  BSG_IPHONE_* @param os  static */
void bsg_iphone_init(struct bsg_iphone *phone, uint64_t number, uint32_t is, const char *os);

/** Remove its profile, and free what that owned. */
void bsg_iphone_clear(struct bsg_iphone *phone);

/** Functions that it restricts, BSG_BIT() of <bosaga/functions.h>, as its owner would find when trying them. */
uint32_t bsg_iphone_restricted(const struct bsg_iphone *phone);

/** Let time pass: a profile whose time is over removes itself. @return whether one did */
bool bsg_iphone_tick(struct bsg_iphone *phone, int64_t now);

/*
 * What it says of itself; each appends a property list to @out and returns BSG_OK, BSG_E_LIMIT (@out is full) or BSG_E_NO_MEMORY.
 */
enum bsg_err bsg_iphone_authenticate(const struct bsg_iphone *phone, const char *topic, struct bsg_buf *out,
				     struct bsg_error *err) BSG_MUST_CHECK;
enum bsg_err bsg_iphone_token_update(const struct bsg_iphone *phone, const char *topic,
				     const uint8_t token[static BSG_IPHONE_TOKEN_LEN], const char *magic, struct bsg_buf *out,
				     struct bsg_error *err) BSG_MUST_CHECK;
enum bsg_err bsg_iphone_check_out(const struct bsg_iphone *phone, const char *topic, struct bsg_buf *out,
				  struct bsg_error *err) BSG_MUST_CHECK;
enum bsg_err bsg_iphone_idle(const struct bsg_iphone *phone, struct bsg_buf *out, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Carry out a command and append the answer to @out.
 *
 * @param now  Unix seconds, by the phone's clock
 * @return BSG_OK (also when the answer is Error, NotNow or CommandFormatError), BSG_E_INVALID (no property list or no CommandUUID:
 *         there is nothing to answer to), BSG_E_LIMIT, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_iphone_answer(struct bsg_iphone *phone, struct bsg_bytes command, int64_t now, struct bsg_buf *out,
			       struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Find the property list in a profile that may be signed; who signed it is not looked at.
 *
 * @return a part of @profile; empty: there is none
 */
struct bsg_bytes bsg_iphone_profile_xml(struct bsg_bytes profile);

#endif
