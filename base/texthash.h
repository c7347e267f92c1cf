/* SPDX-License-Identifier: Apache-2.0 */
/* A small hash of a text, for tables, tags and shares of a day: never where somebody could gain by a collision. */
#ifndef BSG_BASE_TEXTHASH_H
#define BSG_BASE_TEXTHASH_H

#include <stdint.h>

/**
 * Hash a text by FNV-1a with 32 bits: the same on every machine and in every version, so it may be stored.
 *
 * Whoever can choose texts can make them collide. Needs no memory, takes a few ns for each character.
 */
static inline uint32_t bsg_text_hash(const char *text)
{
	uint32_t hash = 2166136261U;

	for (; *text != '\0'; text++)
		hash = (hash ^ (uint8_t)*text) * 16777619U;
	return hash;
}

#endif
