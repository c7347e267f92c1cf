/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures the stack of bsg_step() over a trace, on a stack of its own that was
 * painted before: under 2 KiB, whatever happens. Built without sanitizers.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "tests/unit/core_world.h"

#define STACK ((size_t)64 * 1024)
#define PAINT 0xa5
#define MOST 2048

static struct world world;
static struct phone phone;
static struct bsg_event event;
static ucontext_t here, there;
static unsigned char stack[STACK] __attribute__((aligned(64)));
static enum bsg_err code;

static void one_step(void)
{
	code = bsg_step(&phone.orders, phone.guests, phone.n_guests, &phone.state, &event, &phone.state, &phone.out);
}

/* What an empty function leaves on such a stack: the price of the switch, not of the step. */
static void nothing(void)
{
}

static size_t used_by(void (*what)(void))
{
	size_t clean = 0;

	memset(stack, PAINT, STACK);
	getcontext(&there);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = STACK;
	there.uc_link = &here;
	makecontext(&there, what, 0);
	if (swapcontext(&here, &there) != 0)
		abort();
	while (clean < STACK && stack[clean] == PAINT)
		clean++;
	return STACK - clean;
}

int main(void)
{
	size_t empty = used_by(nothing), most = 0;

	for (uint64_t seed = 1; seed <= 40; seed++) {
		world_init(&world, seed);
		phone = (struct phone){ .orders = world.orders };
		for (int i = 0; i < 100; i++) {
			size_t used;

			event = world_event(&world);
			used = used_by(one_step);
			most = used > most ? used : most;
			if (code == BSG_OK && phone.out.orders_taken)
				phone.orders = *event.u.orders;
		}
	}
	printf("bsg_step() used %zu bytes of stack at most (limit %d); struct bsg_state has %zu (limit %d)\n",
	       most - empty, MOST, sizeof(struct bsg_state), BSG_STATE_BYTES_MAX);
	return most - empty <= MOST && sizeof(struct bsg_state) <= BSG_STATE_BYTES_MAX ? EXIT_SUCCESS : EXIT_FAILURE;
}
