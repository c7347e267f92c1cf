/* SPDX-License-Identifier: Apache-2.0 */
/* From what the server desires to rows of the store, and back. */
#include "apple/service.h"

enum bsg_err bsg_apple_look(struct bsg_platform *p, const char *device, struct bsg_platform_phone *out, struct bsg_error *err)
{
	(void)p;
	*out = (struct bsg_platform_phone){0};
	return bsg_fail(err, BSG_E_NOT_FOUND, "device %s has no Apple enrolment", device);
}

enum bsg_err bsg_apple_due(struct bsg_platform *p, int64_t now, struct bsg_page *page, struct bsg_platform_due *out,
			   struct bsg_error *err)
{
	(void)p;
	(void)now;
	(void)out;
	(void)err;
	page->n = 0;
	page->next[0] = '\0';
	return BSG_OK;
}

enum bsg_err bsg_apple_deliver(struct bsg_platform *p, const struct bsg_platform_phone *phone, const struct bsg_platform_step *step,
			       struct bsg_platform_delivery *out, struct bsg_error *err)
{
	(void)p;
	(void)phone;
	(void)out;
	return bsg_fail(err, BSG_E_NOT_FOUND, "device %s has no Apple enrolment", step->device);
}
