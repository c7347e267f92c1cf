/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device programs on cgroups (BPF_CGROUP_DEVICE), by raw bpf(2): opening a node
 * of the set for reading or writing fails with EPERM in that cgroup and below.
 *
 * Programs are found again by their name, which every program of one agent has,
 * and told apart by their tag, which the kernel computes from the instructions.
 */
#ifndef BSG_AGENT_DEVBPF_H
#define BSG_AGENT_DEVBPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#include "agent/linux/devices.h"

#define BSG_DEVBPF_NAME 16	/* with its NUL: the kernel's BPF_OBJ_NAME_LEN */
#define BSG_DEVBPF_NO_END INT64_MAX

/**
 * Load a program that refuses @set until @end_ms and nothing afterwards: the
 * kernel looks at its own clock at every open, whoever has died meanwhile. It
 * does nothing until it is attached.
 *
 * @param end_ms  CLOCK_BOOTTIME in ms; BSG_DEVBPF_NO_END: refuse for ever. Kernels before 5.8 take no other
 * @return BSG_OK, BSG_E_DENIED (no right), BSG_E_INVALID (the kernel knows no such program, or no end),
 *         BSG_E_UNAVAILABLE
 */
enum bsg_err bsg_devbpf_load(const struct bsg_device_set *set, const char name[static BSG_DEVBPF_NAME],
			     int64_t end_ms, int *fd, struct bsg_error *err) BSG_MUST_CHECK;

/* How many programs of a name a cgroup has itself, its parents' not counted. */
struct bsg_devbpf_count {
	size_t same;	/* with the same instructions as the one compared with */
	size_t other;	/* older ones: of another lease or other configuration */
};

/** Count programs called @name. @param like  a loaded program, or -1: then all are `other` */
enum bsg_err bsg_devbpf_count(int cgroup, const char *name, int like, struct bsg_devbpf_count *out,
			      struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Attach @program beside whatever is there (BPF_F_ALLOW_MULTI).
 *
 * @return BSG_OK, BSG_E_CONFLICT (someone attached one that tolerates no other), BSG_E_UNAVAILABLE
 */
enum bsg_err bsg_devbpf_attach(int cgroup, int program, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Detach every program called @name but those with the instructions of @keep
 * (-1: none is kept), and look again whether they are gone.
 *
 * Detaching is by program with attach_flags 0: with any flag the kernel would
 * take the call for another one. @return BSG_OK, BSG_E_UNAVAILABLE (still there)
 */
enum bsg_err bsg_devbpf_detach(int cgroup, const char *name, int keep,
			       struct bsg_error *err) BSG_MUST_CHECK;

#endif
