/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a fuzzer is made of. A fuzzer is one file fuzz_NAME.c with the function
 * below, a line in fuzz/meson.build and seeds in fuzz/corpus/NAME/. It is linked
 * with libFuzzer where meson's option `fuzzers` is on (`./dev fuzz NAME SECONDS`),
 * and with replay.c elsewhere: then its seeds, and what they become by cutting and
 * changing them, run as an ordinary test.
 */
#ifndef BSG_FUZZ_H
#define BSG_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Try one input. Returns 0; what must never happen ends the program by FUZZ_CHECK. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Like assert, but in every build. */
#define FUZZ_CHECK(condition)                                                            \
	do {                                                                              \
		if (!(condition)) {                                                       \
			(void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                          \
		}                                                                         \
	} while (0)

#endif
