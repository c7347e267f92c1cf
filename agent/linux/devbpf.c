/* SPDX-License-Identifier: Apache-2.0 */
/* Device programs on cgroups. */
#include "agent/linux/devbpf.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PROGRAMS_MAX 64		/* the kernel attaches no more to one cgroup */
#define INSTRUCTIONS_MAX (24 + BSG_DEVICES_MAX * 6)

_Static_assert(BSG_DEVBPF_NAME == BPF_OBJ_NAME_LEN, "a name is as long as the kernel's");

static long bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static __u64 pointer(const void *ptr)
{
	return (__u64)(unsigned long)ptr;
}

/* --- the program --- */

struct program {
	size_t n;
	struct bpf_insn insn[INSTRUCTIONS_MAX];
};

static void add(struct program *p, unsigned code, unsigned dst, unsigned src, int off, int imm)
{
	p->insn[p->n++] = (struct bpf_insn){ .code = (__u8)code, .dst_reg = dst & 0xf,
		.src_reg = src & 0xf, .off = (__s16)off, .imm = imm };
}

static void add_load(struct program *p, unsigned dst, size_t field)
{
	add(p, BPF_LDX | BPF_MEM | BPF_W, dst, BPF_REG_1, (int)field, 0);
}

static void add_return(struct program *p, int value)
{
	add(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, value);
	add(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* "if reg != imm, skip the next @skip instructions" */
static void add_unless(struct program *p, unsigned reg, uint32_t imm, int skip)
{
	add(p, BPF_JMP | BPF_JNE | BPF_K, reg, 0, skip, (int)imm);
}

static void add_match(struct program *p, const struct bsg_device_match *match)
{
	int minor = match->any_minor ? 0 : 1;

	add_unless(p, BPF_REG_2, match->type == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK,
		   3 + minor);
	add_unless(p, BPF_REG_4, match->major, 2 + minor);
	if (minor)
		add_unless(p, BPF_REG_5, match->minor, 2);
	add_return(p, 0);
}

/* "if it is @end_ms or later, allow": for whoever attached the program may be dead by then. */
static void add_end(struct program *p, int64_t end_ms)
{
	const uint64_t end_ns = (uint64_t)end_ms * 1000000;

	add(p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_6, BPF_REG_1, 0, 0);	/* a call leaves R6 to R9 alone */
	add(p, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ktime_get_boot_ns);
	add(p, BPF_LD | BPF_DW | BPF_IMM, BPF_REG_2, 0, 0, (int)(uint32_t)end_ns);
	add(p, 0, 0, 0, 0, (int)(uint32_t)(end_ns >> 32));	/* its other half */
	add(p, BPF_JMP | BPF_JLT | BPF_X, BPF_REG_0, BPF_REG_2, 2, 0);
	add_return(p, 1);
	add(p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_6, 0, 0);
}

/* mknod stays allowed: a node that nobody can open takes no picture. */
static void build(struct program *p, const struct bsg_device_set *set, int64_t end_ms)
{
	p->n = 0;
	if (end_ms != BSG_DEVBPF_NO_END)
		add_end(p, end_ms);
	add_load(p, BPF_REG_2, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	add_load(p, BPF_REG_4, offsetof(struct bpf_cgroup_dev_ctx, major));
	add_load(p, BPF_REG_5, offsetof(struct bpf_cgroup_dev_ctx, minor));
	add(p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0);
	add(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff);
	add(p, BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_3, 0, 0, 16);
	add(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_3, 0, 0, BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE);
	add_unless(p, BPF_REG_3, 0, 2);
	add_return(p, 1);
	for (size_t i = 0; i < set->n; i++)
		add_match(p, &set->match[i]);
	add_return(p, 1);
}

enum bsg_err bsg_devbpf_load(const struct bsg_device_set *set, const char name[static BSG_DEVBPF_NAME],
			     int64_t end_ms, int *fd, struct bsg_error *err)
{
	struct program program;
	union bpf_attr attr;

	build(&program, set, end_ms < 0 ? 0 : end_ms);
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = pointer(program.insn);
	attr.insn_cnt = (__u32)program.n;
	attr.license = pointer("Apache-2.0");	/* the one helper that it calls asks for no other */
	memcpy(attr.prog_name, name, BSG_DEVBPF_NAME);
	*fd = (int)bpf(BPF_PROG_LOAD, &attr);
	if (*fd >= 0)
		return BSG_OK;
	return bsg_fail(err, errno == EPERM || errno == EACCES ? BSG_E_DENIED :
			errno == EINVAL ? BSG_E_INVALID : BSG_E_UNAVAILABLE,
			"the kernel does not take a device program: %s", strerror(errno));
}

/* --- finding programs --- */

static enum bsg_err query(int cgroup, __u32 *ids, __u32 *n, struct bsg_error *err)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (__u32)cgroup;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = pointer(ids);
	attr.query.prog_cnt = PROGRAMS_MAX;
	if (bpf(BPF_PROG_QUERY, &attr))
		return bsg_fail(err, BSG_E_UNAVAILABLE, "device programs of a cgroup: %s", strerror(errno));
	*n = attr.query.prog_cnt;
	return BSG_OK;
}

static bool get_info(int program, struct bpf_prog_info *info)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	memset(info, 0, sizeof(*info));
	attr.info.bpf_fd = (__u32)program;
	attr.info.info_len = sizeof(*info);
	attr.info.info = pointer(info);
	return bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0;
}

/* A program of this name: its descriptor, or -1. */
static int open_named(__u32 id, const char *name, struct bpf_prog_info *info)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	fd = (int)bpf(BPF_PROG_GET_FD_BY_ID, &attr);
	if (fd < 0)
		return -1;	/* gone meanwhile */
	if (get_info(fd, info) && strncmp(info->name, name, BSG_DEVBPF_NAME) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool same_tag(const struct bpf_prog_info *info, int like)
{
	struct bpf_prog_info other;

	return like >= 0 && get_info(like, &other) && memcmp(info->tag, other.tag, BPF_TAG_SIZE) == 0;
}

enum bsg_err bsg_devbpf_count(int cgroup, const char *name, int like, struct bsg_devbpf_count *out,
			      struct bsg_error *err)
{
	__u32 ids[PROGRAMS_MAX], n = 0;
	enum bsg_err rc = query(cgroup, ids, &n, err);

	*out = (struct bsg_devbpf_count){ 0 };
	for (__u32 i = 0; rc == BSG_OK && i < n; i++) {
		struct bpf_prog_info info;
		int fd = open_named(ids[i], name, &info);

		if (fd < 0)
			continue;
		if (same_tag(&info, like))
			out->same++;
		else
			out->other++;
		close(fd);
	}
	return rc;
}

/* --- attaching and detaching --- */

enum bsg_err bsg_devbpf_attach(int cgroup, int program, struct bsg_error *err)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (__u32)cgroup;
	attr.attach_bpf_fd = (__u32)program;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (bpf(BPF_PROG_ATTACH, &attr) == 0)
		return BSG_OK;
	if (errno == EPERM)
		return bsg_fail(err, BSG_E_CONFLICT,
				"another device program on this cgroup or above tolerates none beside it");
	return bsg_fail(err, BSG_E_UNAVAILABLE, "attach a device program: %s", strerror(errno));
}

static int detach_one(int cgroup, int program)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (__u32)cgroup;
	attr.attach_bpf_fd = (__u32)program;
	attr.attach_type = BPF_CGROUP_DEVICE;
	return (int)bpf(BPF_PROG_DETACH, &attr);
}

/* One round; @return how many were detached. */
static size_t detach_round(int cgroup, const char *name, int keep)
{
	__u32 ids[PROGRAMS_MAX], n = 0;
	size_t n_detached = 0;

	if (query(cgroup, ids, &n, NULL) != BSG_OK)
		return 0;
	for (__u32 i = 0; i < n; i++) {
		struct bpf_prog_info info;
		int fd = open_named(ids[i], name, &info);

		if (fd < 0)
			continue;
		if (!same_tag(&info, keep) && detach_one(cgroup, fd) == 0)
			n_detached++;
		close(fd);
	}
	return n_detached;
}

enum bsg_err bsg_devbpf_detach(int cgroup, const char *name, int keep, struct bsg_error *err)
{
	struct bsg_devbpf_count count;
	enum bsg_err rc;

	while (detach_round(cgroup, name, keep))
		;
	rc = bsg_devbpf_count(cgroup, name, keep, &count, err);
	if (rc == BSG_OK && count.other)
		rc = bsg_fail(err, BSG_E_UNAVAILABLE, "%zu device programs cannot be detached: %s",
			      count.other, strerror(errno));
	return rc;
}
