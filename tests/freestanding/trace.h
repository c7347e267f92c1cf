/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a trace (orders as JSON, one event a line) through the core and writes one
 * output a line, in the bytes that `bosaga decide` writes: compact, keys sorted. The
 * last line is a checksum over every encoded state. Shapes: docs/spec/decision.md.
 */
#ifndef TESTS_FREESTANDING_TRACE_H
#define TESTS_FREESTANDING_TRACE_H

#include <bosaga/decide.h>

/* Where the text goes. */
void trace_put(const char *text, size_t len);	/* defined by the machine: linux.c, wasm.c */

/* @return false if orders or an event were refused; what was written before stands */
bool trace_run(struct bsg_str orders, struct bsg_str events);

/* ---- between the files of the runner ---- */
bool trace_read_orders(struct bsg_str json, struct bsg_orders *out);	/* prepared */
bool trace_read_event(struct bsg_str json, struct bsg_event *out, struct bsg_guest *guest);
void trace_write_output(const struct bsg_output *out);
void trace_write_hex(const char *key, uint32_t value);
void trace_digest(struct bsg_str text, uint8_t digest[BSG_DIGEST_LEN]);

#endif
