/* SPDX-License-Identifier: Apache-2.0 */
/* Files that survive a crash and a full disk. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum bsg_err fail_errno(struct bsg_error *err, const char *what, const char *path)
{
	int why = errno;

	return bsg_fail(err, why == ENOENT ? BSG_E_NOT_FOUND : BSG_E_UNAVAILABLE, "%s %s: %s",
			what, path, strerror(why));
}

/* As fail_errno(), where a missing directory is no missing file. */
static enum bsg_err fail_write(struct bsg_error *err, const char *what, const char *path)
{
	return bsg_fail(err, BSG_E_UNAVAILABLE, "%s %s: %s", what, path, strerror(errno));
}

static enum bsg_err write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return BSG_E_UNAVAILABLE;
		at += n;
		len -= (size_t)n;
	}
	return BSG_OK;
}

/* Make what happened to the name @path survive a power cut. */
static enum bsg_err sync_directory_of(const char *path, struct bsg_error *err)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = slash == NULL ? 0 : (size_t)(slash - path);
	enum bsg_err rc = BSG_OK;
	int fd;

	if (len >= sizeof(dir))
		return bsg_fail(err, BSG_E_LIMIT, "path too long");
	memcpy(dir, path, len);
	dir[len] = '\0';
	fd = open(slash == NULL ? "." : len == 0 ? "/" : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_write(err, "open directory of", path);
	if (fsync(fd) != 0)
		rc = fail_write(err, "fsync directory of", path);
	(void)close(fd);	/* only read from */
	return rc;
}

/* Write a new file completely and onto the disk; on failure it is gone again. */
static enum bsg_err write_new(const char *path, const void *data, size_t len, mode_t mode,
			      struct bsg_error *err)
{
	enum bsg_err rc = BSG_OK;
	int fd;

	if (unlink(path) != 0 && errno != ENOENT)
		return fail_write(err, "remove stale", path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail_write(err, "create", path);
	if (write_all(fd, data, len) != BSG_OK)
		rc = fail_write(err, "write", path);
	else if (fchmod(fd, mode) != 0)
		rc = fail_write(err, "set mode of", path);
	else if (fsync(fd) != 0)
		rc = fail_write(err, "fsync", path);
	if (close(fd) != 0 && rc == BSG_OK)
		rc = fail_write(err, "close", path);
	if (rc != BSG_OK)
		(void)unlink(path);
	return rc;
}

static enum bsg_err name_of_new(const char *path, char out[static PATH_MAX], struct bsg_error *err)
{
	int n = snprintf(out, PATH_MAX, "%s.new", path);

	if (n < 0 || n >= PATH_MAX)
		return bsg_fail(err, BSG_E_LIMIT, "path too long");
	return BSG_OK;
}

enum bsg_err bsg_file_replace(const char *path, const void *data, size_t len, mode_t mode,
			      struct bsg_error *err)
{
	char fresh[PATH_MAX];
	enum bsg_err rc = name_of_new(path, fresh, err);

	if (rc == BSG_OK)
		rc = write_new(fresh, data, len, mode, err);
	if (rc != BSG_OK)
		return rc;
	if (rename(fresh, path) != 0) {
		rc = fail_write(err, "rename into", path);
		(void)unlink(fresh);
		return rc;
	}
	return sync_directory_of(path, err);
}

enum bsg_err bsg_file_create(const char *path, const void *data, size_t len, mode_t mode,
			     struct bsg_error *err)
{
	char fresh[PATH_MAX];
	enum bsg_err rc = name_of_new(path, fresh, err);

	if (rc == BSG_OK)
		rc = write_new(fresh, data, len, mode, err);
	if (rc != BSG_OK)
		return rc;
	/* link(2) refuses an existing name, which rename(2) would replace. */
	if (link(fresh, path) != 0) {
		rc = errno == EEXIST ? bsg_fail(err, BSG_E_CONFLICT, "%s exists already", path) :
				       fail_write(err, "create", path);
		(void)unlink(fresh);
		return rc;
	}
	(void)unlink(fresh);	/* a second name does no harm; the next write removes it */
	return sync_directory_of(path, err);
}

/* Open a regular file; *size is a hint, the file may grow meanwhile. */
static enum bsg_err open_regular(const char *path, int *fd, size_t *size, struct bsg_error *err)
{
	struct stat st;
	enum bsg_err rc = BSG_OK;

	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*fd < 0)
		return fail_errno(err, "open", path);
	if (fstat(*fd, &st) != 0)
		rc = fail_errno(err, "stat", path);
	else if (!S_ISREG(st.st_mode))
		rc = bsg_fail(err, BSG_E_INVALID, "%s is not a regular file", path);
	else
		*size = (size_t)st.st_size;
	if (rc != BSG_OK)
		(void)close(*fd);
	return rc;
}

/* Read up to @cap bytes; *len == cap may mean that there is more. */
static enum bsg_err read_some(int fd, const char *path, void *out, size_t cap, size_t *len,
			      struct bsg_error *err)
{
	*len = 0;
	while (*len < cap) {
		ssize_t n = read(fd, (char *)out + *len, cap - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_write(err, "read", path);
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	return BSG_OK;
}

static enum bsg_err too_large(struct bsg_error *err, const char *path, size_t max)
{
	return bsg_fail(err, BSG_E_LIMIT, "%s is larger than %zu bytes", path, max);
}

enum bsg_err bsg_file_read(const char *path, size_t max, uint8_t **out, size_t *len,
			   struct bsg_error *err)
{
	uint8_t *data = NULL;
	size_t size = 0;
	enum bsg_err rc;
	int fd;

	*out = NULL;
	*len = 0;
	rc = open_regular(path, &fd, &size, err);
	if (rc != BSG_OK)
		return rc;
	if (size > max) {
		rc = too_large(err, path, max);
		goto out;
	}
	/* One byte more than the file has, so that one which grows is noticed. */
	data = malloc(size + 2);
	if (data == NULL) {
		rc = bsg_fail(err, BSG_E_NO_MEMORY, "read %s: out of memory", path);
		goto out;
	}
	rc = read_some(fd, path, data, size + 1, len, err);
	if (rc == BSG_OK && *len > size)
		rc = bsg_fail(err, BSG_E_UNAVAILABLE, "%s grew while it was read", path);
	if (rc != BSG_OK)
		goto out;
	data[*len] = '\0';
	*out = data;
	data = NULL;
out:
	if (rc != BSG_OK)
		*len = 0;
	free(data);
	(void)close(fd);	/* only read from */
	return rc;
}

enum bsg_err bsg_file_read_into(const char *path, void *out, size_t cap, size_t *len,
				struct bsg_error *err)
{
	size_t size = 0;
	char beyond;
	size_t more = 0;
	enum bsg_err rc;
	int fd;

	*len = 0;
	rc = open_regular(path, &fd, &size, err);
	if (rc != BSG_OK)
		return rc;
	rc = size > cap ? too_large(err, path, cap) : read_some(fd, path, out, cap, len, err);
	if (rc == BSG_OK)
		rc = read_some(fd, path, &beyond, 1, &more, err);
	if (rc == BSG_OK && more > 0)
		rc = too_large(err, path, cap);
	if (rc != BSG_OK)
		*len = 0;
	(void)close(fd);	/* only read from */
	return rc;
}

enum bsg_err bsg_file_remove(const char *path, struct bsg_error *err)
{
	if (unlink(path) == 0)
		return sync_directory_of(path, err);
	if (errno == ENOENT)
		return BSG_OK;
	return fail_write(err, "remove", path);
}

enum bsg_err bsg_file_rename(const char *from, const char *to, struct bsg_error *err)
{
	if (rename(from, to) != 0)
		return fail_write(err, "rename into", to);
	return sync_directory_of(to, err);
}

enum bsg_err bsg_dir_make(const char *path, mode_t mode, struct bsg_error *err)
{
	struct stat st;

	if (mkdir(path, mode) == 0) {
		/* mkdir obeys the umask, which may have taken more than we want. */
		if (chmod(path, mode) != 0)
			return fail_write(err, "set mode of", path);
		return sync_directory_of(path, err);
	}
	if (errno != EEXIST)
		return fail_write(err, "make directory", path);
	if (stat(path, &st) != 0)
		return fail_write(err, "stat", path);
	if (!S_ISDIR(st.st_mode))
		return bsg_fail(err, BSG_E_INVALID, "%s is not a directory", path);
	if (st.st_uid != geteuid())
		return bsg_fail(err, BSG_E_DENIED, "%s belongs to uid %u, not to this user", path,
				(unsigned)st.st_uid);
	if ((st.st_mode & 07777 & ~mode) != 0)
		return bsg_fail(err, BSG_E_DENIED, "%s has mode %04o; allow at most %04o: if it is ours alone, "
				"chmod %o it, else name another", path, (unsigned)st.st_mode & 07777, (unsigned)mode,
				(unsigned)mode);
	return BSG_OK;
}

enum bsg_err bsg_path_join(const char *dir, const char *name, char *out, size_t size,
			   struct bsg_error *err)
{
	int n = snprintf(out, size, "%s/%s", dir, name);

	if (n < 0 || (size_t)n >= size)
		return bsg_fail(err, BSG_E_LIMIT, "path too long: %s in a directory", name);
	return BSG_OK;
}
