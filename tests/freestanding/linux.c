/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runner on Linux without libc: `run ORDERS.json EVENTS.jsonl` writes to stdout.
 * Three system calls, written out for the machines that phones and servers are.
 */
#include "tests/freestanding/trace.h"

#define FILE_MAX ((size_t)4 << 20)

#if defined(__x86_64__)
enum { SYS_READ = 0, SYS_WRITE = 1, SYS_OPENAT = 257, SYS_EXIT = 231 };
static long call(long number, long a, long b, long c)
{
	register long d __asm__("r10") = 0;

	__asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c), "r"(d) : "rcx", "r11", "memory");
	return number;
}
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall runner_start\n");
#elif defined(__aarch64__)
enum { SYS_READ = 63, SYS_WRITE = 64, SYS_OPENAT = 56, SYS_EXIT = 94 };
static long call(long number, long a, long b, long c)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = 0;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
}
__asm__(".globl _start\n_start:\n\tmov x29, #0\n\tmov x0, sp\n\tbl runner_start\n");
#elif defined(__arm__)
enum { SYS_READ = 3, SYS_WRITE = 4, SYS_OPENAT = 322, SYS_EXIT = 248 };
static long call(long number, long a, long b, long c)
{
	register long r7 __asm__("r7") = number;
	register long r0 __asm__("r0") = a;
	register long r1 __asm__("r1") = b;
	register long r2 __asm__("r2") = c;
	register long r3 __asm__("r3") = 0;

	__asm__ volatile("svc 0" : "+r"(r0) : "r"(r7), "r"(r1), "r"(r2), "r"(r3) : "memory");
	return r0;
}
__asm__(".globl _start\n_start:\n\tmov r0, sp\n\tbic sp, sp, #7\n\tbl runner_start\n");
#else
#error "no runner for this machine"
#endif

static char orders[FILE_MAX], events[FILE_MAX], out[1 << 16];
static size_t n_out;
static bool failed;

static void flush(void)
{
	for (size_t done = 0; done < n_out;) {
		long n = call(SYS_WRITE, 1, (long)(out + done), (long)(n_out - done));

		if (n <= 0) {
			failed = true;
			break;
		}
		done += (size_t)n;
	}
	n_out = 0;
}

void trace_put(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (n_out == sizeof(out))
			flush();
		out[n_out++] = text[i];
	}
}

static struct bsg_str load(const char *path, char *buf)
{
	long fd = call(SYS_OPENAT, -100, (long)path, 0), n = 1;
	size_t len = 0;

	if (fd < 0)
		failed = true;
	while (!failed && n > 0 && len < FILE_MAX) {
		n = call(SYS_READ, fd, (long)(buf + len), (long)(FILE_MAX - len));
		failed = n < 0;
		len += n > 0 ? (size_t)n : 0;
	}
	return (struct bsg_str){ buf, len };
}

void runner_start(const long *stack);

void runner_start(const long *stack)
{
	const char *const *argv = (const char *const *)(stack + 1);
	bool ok = stack[0] == 3 && trace_run(load(argv[1], orders), load(argv[2], events));

	flush();
	call(SYS_EXIT, ok && !failed ? 0 : 1, 0, 0);
	for (;;)
		;
}
