/* SPDX-License-Identifier: Apache-2.0 */
/* The shapes of names: what an id may look like before anyone looks it up. */
#ifndef BSG_BASE_ID_H
#define BSG_BASE_ID_H

#include <stdbool.h>
#include <stddef.h>

#define BSG_ID_LEN 32		/* a device, made by the server: lower-case hex digits */
#define BSG_ID_SIZE (BSG_ID_LEN + 1)
#define BSG_NAME_MAX 40		/* a place, rule, unit, person: written by people */
#define BSG_NAME_SIZE (BSG_NAME_MAX + 1)
#define BSG_UUID_LEN 36
#define BSG_UUID_SIZE (BSG_UUID_LEN + 1)

/** Whether @text (NUL-terminated, may be NULL) is exactly 32 lower-case hex digits. */
bool bsg_id_is_device(const char *text);

/** Whether @text is an identifier: 1 to 40 lower-case letters, digits and '-'. */
bool bsg_id_is_name(const char *text);

/** As bsg_id_is_name(), for @len bytes without a NUL. */
bool bsg_id_is_name_n(const char *text, size_t len);

/** Whether @text is a UUID in lower case (RFC 9562 section 4; any version). */
bool bsg_id_is_uuid(const char *text);

/**
 * Whether @len bytes are valid UTF-8 (RFC 3629) without control characters, line
 * separators and marks that change the direction of text: a name that can be shown.
 */
bool bsg_text_is_shown(const char *text, size_t len);

/** Length of such a character at the start of @text, 0 if there is none. */
size_t bsg_text_shown_char(const char *text, size_t len);

#endif
