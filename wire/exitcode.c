/* SPDX-License-Identifier: Apache-2.0 */
/* Exit codes. See wire/exitcode.h; rules W60..W64 of docs/spec/messages.md. */
#include "wire/exitcode.h"

#include "wire/internal.h"

#define STEPS_A_DAY (86400 / BSG_EXIT_CODE_STEP_S)
#define MODULUS UINT32_C(100000000)	/* 10 ^ BSG_EXIT_CODE_DIGITS */

int64_t bsg_exit_code_step(int64_t utc)
{
	uint32_t rest;

	return utc < 0 ? 0 : (int64_t)bsg_wire_divide((uint64_t)utc, BSG_EXIT_CODE_STEP_S, &rest);
}

int64_t bsg_exit_code_day(int64_t step)
{
	uint32_t rest;

	return step < 0 ? 0 : (int64_t)bsg_wire_divide((uint64_t)step, STEPS_A_DAY, &rest);
}

void bsg_exit_code_message(int64_t step, uint8_t out[static BSG_EXIT_CODE_MESSAGE_LEN])
{
	uint64_t value = step < 0 ? 0 : (uint64_t)step;

	for (size_t i = BSG_EXIT_CODE_MESSAGE_LEN; i > 0; i--) {
		out[i - 1] = (uint8_t)value;
		value >>= 8;
	}
}

void bsg_exit_code_truncate(const uint8_t mac[static BSG_EXIT_CODE_MAC_LEN],
			    char out[static BSG_EXIT_CODE_DIGITS + 1])
{
	const uint8_t *p = mac + (mac[BSG_EXIT_CODE_MAC_LEN - 1] & 15);
	uint32_t value = (uint32_t)(p[0] & 127) << 24 | (uint32_t)p[1] << 16 |
			 (uint32_t)p[2] << 8 | p[3];
	uint64_t left;

	(void)bsg_wire_divide(value, MODULUS, &value);
	out[BSG_EXIT_CODE_DIGITS] = '\0';
	left = value;
	for (size_t i = BSG_EXIT_CODE_DIGITS; i > 0; i--) {
		uint32_t digit;

		left = bsg_wire_divide(left, 10, &digit);
		out[i - 1] = (char)('0' + digit);
	}
}

bool bsg_exit_code_equal(const char a[static BSG_EXIT_CODE_DIGITS],
			 const char b[static BSG_EXIT_CODE_DIGITS])
{
	volatile unsigned different = 0;	/* keeps the compiler from leaving early */

	for (size_t i = 0; i < BSG_EXIT_CODE_DIGITS; i++)
		different |= (unsigned)((unsigned char)a[i] ^ (unsigned char)b[i]);
	return different == 0;
}

bool bsg_exit_code_is_code(const char *text)
{
	for (size_t i = 0; i < BSG_EXIT_CODE_DIGITS; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return text[BSG_EXIT_CODE_DIGITS] == '\0';
}
