/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits of orders, state and output. What is larger is refused, never cut.
 *
 * They bound the memory of a phone and the time of one step; docs/spec/decision.md,
 * section "Limits", is their list for other implementations.
 */
#ifndef BSG_LIMITS_H
#define BSG_LIMITS_H

#define BSG_RULES_MAX 16
#define BSG_PLACES_MAX 8
#define BSG_GUESTS_MAX 2	/* guest places (D13), beside orders */
#define BSG_VERTICES_MAX 64	/* of one area */
#define BSG_EVIDENCE_MAX 32	/* beacons and BSSIDs of one place, together */
#define BSG_WINDOWS_MAX 512	/* in the table that all rules of one orders share */
#define BSG_EXEMPTIONS_MAX 16
#define BSG_APPS_MAX 64		/* names in the table that all rules of one orders share */
#define BSG_GUEST_APPS_MAX 16	/* names of one guest place */
#define BSG_OUT_APPS_MAX (BSG_APPS_MAX + BSG_GUESTS_MAX * BSG_GUEST_APPS_MAX)
#define BSG_OUT_REPORTS_MAX 32
#define BSG_ORDERS_BYTES_MAX 16384
#define BSG_STATE_BYTES_MAX 1024	/* encoded, and struct bsg_state in memory */

#define BSG_ID_MAX 40		/* bytes of a place's id, or of a beacon or BSSID */
#define BSG_RULE_ID_MAX 48	/* bytes: an id, and `@N` where one rule became several */
#define BSG_APP_NAME_MAX 128	/* bytes */
#define BSG_TEXT_MAX 512	/* bytes of one text in one language */
#define BSG_DEVICE_LEN 16	/* bytes; 32 hex digits where it is written out */
#define BSG_DIGEST_LEN 8	/* bytes: enough to tell our own signed bytes apart, not a proof */

#define BSG_TIME_MIN INT64_C(1)			/* Unix seconds; 0 is "none" */
#define BSG_TIME_MAX INT64_C(4102444800)	/* 2100-01-01; later times count as this one */
#define BSG_DURATION_MAX 3024000	/* s, 35 days: max_stay, grace, self_stay */
#define BSG_BREAK_GLASS_MINUTES_MAX 1440
#define BSG_BREAK_GLASS_PER_DAY_MAX 8

/* What a place gets that does not say otherwise. */
#define BSG_DEFAULT_MAX_STAY 50400	/* s, 14 h */
#define BSG_DEFAULT_GRACE 180		/* s */
#define BSG_DEFAULT_SELF_STAY 900	/* s */
#define BSG_DEFAULT_BREAK_GLASS_MINUTES 10
#define BSG_DEFAULT_BREAK_GLASS_PER_DAY 2

#endif
