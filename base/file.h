/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that survive a crash and a full disk.
 *
 * Errors say what was tried, on which path, and why. Nothing here is for the
 * database's own files. Every function blocks on the disk.
 */
#ifndef BSG_BASE_FILE_H
#define BSG_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/**
 * Replace @path by @len bytes, durably: after BSG_OK the new content survives a
 * power cut; after a failure, or a crash in between, the old file is untouched.
 *
 * Writes `PATH.new` (O_EXCL after removing a stale one), fsync, rename, fsync of
 * the directory. Only one process may replace a given path at a time.
 *
 * @param mode  permission bits, set exactly (umask does not matter)
 * @return BSG_OK, BSG_E_UNAVAILABLE (disk full, no right, no directory), BSG_E_LIMIT (path too long)
 */
enum bsg_err bsg_file_replace(const char *path, const void *data, size_t len, mode_t mode,
			      struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Create @path durably with @len bytes, unless it exists.
 *
 * @return as bsg_file_replace(), and BSG_E_CONFLICT (it exists; untouched)
 */
enum bsg_err bsg_file_create(const char *path, const void *data, size_t len, mode_t mode,
			     struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Read a whole regular file of at most @max bytes.
 *
 * @param out  on success owned bytes, a NUL behind them, free with free(); else NULL
 * @return BSG_OK, BSG_E_NOT_FOUND, BSG_E_LIMIT (larger than @max), BSG_E_INVALID (no regular
 *         file), BSG_E_UNAVAILABLE, BSG_E_NO_MEMORY
 */
enum bsg_err bsg_file_read(const char *path, size_t max, uint8_t **out, size_t *len,
			   struct bsg_error *err) BSG_MUST_CHECK;

/** As bsg_file_read(), into the caller's @cap bytes, without a NUL: for secrets, which the caller wipes. */
enum bsg_err bsg_file_read_into(const char *path, void *out, size_t cap, size_t *len,
				struct bsg_error *err) BSG_MUST_CHECK;

/** Remove @path durably. A path that does not exist is BSG_OK: the wish is fulfilled. */
enum bsg_err bsg_file_remove(const char *path, struct bsg_error *err) BSG_MUST_CHECK;

/**
 * Rename @from to @to, durably, in the same directory: file or directory. An existing
 * file or empty directory @to is replaced; a directory with something in it is not.
 *
 * @return BSG_OK, BSG_E_UNAVAILABLE
 */
enum bsg_err bsg_file_rename(const char *from, const char *to, struct bsg_error *err)
	BSG_MUST_CHECK;

/**
 * Make the directory @path (not its parents) with @mode, durably, or accept the one there.
 *
 * @return BSG_OK, BSG_E_DENIED (it exists, but belongs to another user or is open to more
 *         than @mode), BSG_E_INVALID (not a directory), BSG_E_UNAVAILABLE
 */
enum bsg_err bsg_dir_make(const char *path, mode_t mode, struct bsg_error *err) BSG_MUST_CHECK;

/** Write "@dir/@name" into @out. @return BSG_OK, BSG_E_LIMIT (does not fit @size) */
enum bsg_err bsg_path_join(const char *dir, const char *name, char *out, size_t size,
			   struct bsg_error *err) BSG_MUST_CHECK;

#endif
