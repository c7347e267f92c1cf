/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict readers of property lists that build nothing: what passes them is what libplist may see. Private to apple/.
 * Rules A1..A5 of docs/spec/apple.md.
 */
#ifndef BSG_APPLE_PLIST_SCAN_H
#define BSG_APPLE_PLIST_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/** Whether a character may stand in a text: what XML 1.0 allows, so nothing below U+0020 but tab, LF and CR. */
static inline bool bsg_plist_char_ok(uint32_t c)
{
	return (c >= 0x20 || c == '\t' || c == '\n' || c == '\r') && !(c >= 0xd800 && c <= 0xdfff) && c != 0xfffe &&
	       c != 0xffff && c <= 0x10ffff;
}

/** Length of the UTF-8 character at @s that bsg_plist_char_ok() allows, of @left bytes, at least 1; 0 if there is none. */
size_t bsg_plist_char(const uint8_t *s, size_t left);

/** Check an XML property list. @return as bsg_plist_read(); *nodes: keys and values in it */
enum bsg_err bsg_plist_scan_xml(const char *text, size_t len, size_t *nodes, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Check a binary property list (bplist00).
 *
 * @param max  bytes of texts and data at most, each counted as often as it is referred to
 * @return as bsg_plist_read(); *nodes: keys and values, each as often as it is referred to
 */
enum bsg_err bsg_plist_scan_binary(const uint8_t *bytes, size_t len, size_t max, size_t *nodes,
				   struct bsg_error *err) BSG_MUST_CHECK;

#endif
