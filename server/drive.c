/* SPDX-License-Identifier: Apache-2.0 */
/* Driving phones without an agent. */
#include "server/drive.h"

const int64_t bsg_took_bounds[BSG_TOOK_BOUNDS] = {1, 2, 5, 10, 30, 60, 300, 3600};

enum bsg_err bsg_drive_start(struct bsg_server *server, struct bsg_error *err)
{
	(void)server;
	(void)err;
	return BSG_OK;
}

void bsg_drive_stop(struct bsg_server *server)
{
	(void)server;
}

void bsg_drive_free(struct bsg_server *server)
{
	(void)server;
}

void bsg_drive_want(struct bsg_server *server, const char *device)
{
	(void)server;
	(void)device;
}

void bsg_drive_wake(struct bsg_server *server)
{
	(void)server;
}

void bsg_drive_took(struct bsg_server *server, bool lift, int64_t seconds)
{
	(void)server;
	(void)lift;
	(void)seconds;
}

enum bsg_err bsg_drive_apps(struct bsg_server *server, const char *device, char (*apps)[BSG_APP_NAME_MAX + 1], size_t *n_apps,
			    struct bsg_error *err)
{
	(void)server;
	(void)device;
	(void)apps;
	*n_apps = 0;
	return bsg_fail(err, BSG_E_NOT_FOUND, "no apps");
}
