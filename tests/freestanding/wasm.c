/* SPDX-License-Identifier: Apache-2.0 */
/* The runner as a wasm module that imports nothing: the host fills two buffers, calls run(), reads the third. */
#include "tests/freestanding/trace.h"

#define FILE_MAX ((size_t)4 << 20)
#define EXPORT(name) __attribute__((export_name(name)))

static char orders[FILE_MAX], events[FILE_MAX], out[4 * FILE_MAX];
static size_t n_out;

void trace_put(const char *text, size_t len)
{
	for (size_t i = 0; i < len && n_out < sizeof(out); i++)
		out[n_out++] = text[i];
}

char *runner_orders(void) EXPORT("orders");
char *runner_events(void) EXPORT("events");
char *runner_output(void) EXPORT("output");
size_t runner_length(void) EXPORT("length");
int runner_run(size_t orders_len, size_t events_len) EXPORT("run");

char *runner_orders(void)
{
	return orders;
}

char *runner_events(void)
{
	return events;
}

char *runner_output(void)
{
	return out;
}

size_t runner_length(void)
{
	return n_out;
}

/* 1: done; 0: refused. */
int runner_run(size_t orders_len, size_t events_len)
{
	n_out = 0;
	return trace_run((struct bsg_str){ orders, orders_len }, (struct bsg_str){ events, events_len });
}
