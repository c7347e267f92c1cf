/* SPDX-License-Identifier: Apache-2.0 */
/* A directory for one test, and the command line beside us: tests of files and of agreement with others. */
#ifndef BSG_TESTS_SCRATCH_H
#define BSG_TESTS_SCRATCH_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/** cmocka setup and teardown: an empty directory, gone afterwards. */
int scratch_make(void **state);
int scratch_remove(void **state);

/** The directory itself. */
const char *scratch_dir(void);

/** Path of @name in it; up to eight at a time. */
const char *scratch_path(const char *name);

/** Run a shell command in it; @return its exit status. Output is dropped unless it is redirected. */
int scratch_run(const char *command);

/** Write a file there; fail the test otherwise. */
void scratch_write(const char *name, const void *data, size_t len);

/** Read a file of it into @out, initialised here; the caller frees it. */
void scratch_read(const char *name, struct bsg_buf *out);

/** Fail the test with the text of @err unless @rc is BSG_OK. */
void must(enum bsg_err rc, const struct bsg_error *err);

#endif
