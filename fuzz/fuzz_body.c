/* SPDX-License-Identifier: Apache-2.0 */
/* JSON bodies of the REST API: what is accepted fits its table, whatever was sent. */
#include <string.h>

#include "base/id.h"
#include "fuzz/fuzz.h"
#include "server/answer.h"

struct body {
	const char *id, *name, *direction, *badge, *uuid, *device;
	int64_t at, days;
	bool carried;
};

static const char *const directions[] = { "in", "out", NULL };

/* One of each type; the real tables are made of the same. */
static const struct bsg_field fields[] = {
	BSG_FIELD(struct body, id, BSG_FIELD_NAME, .required = true),
	BSG_FIELD(struct body, name, BSG_FIELD_TEXT, .max = 60),
	BSG_FIELD(struct body, direction, BSG_FIELD_CHOICE, .choices = directions),
	BSG_FIELD(struct body, badge, BSG_FIELD_BADGE),
	BSG_FIELD(struct body, uuid, BSG_FIELD_UUID),
	BSG_FIELD(struct body, device, BSG_FIELD_DEVICE),
	BSG_FIELD(struct body, at, BSG_FIELD_TIME),
	BSG_FIELD(struct body, days, BSG_FIELD_INT, .min = 1, .max_int = 366),
	BSG_FIELD(struct body, carried, BSG_FIELD_BOOL),
};

static void check(const struct body *body)
{
	FUZZ_CHECK(bsg_id_is_name(body->id));
	FUZZ_CHECK(body->name == NULL || (strlen(body->name) <= 60 && bsg_text_is_shown(body->name, strlen(body->name))));
	FUZZ_CHECK(strcmp(body->direction, "in") == 0 || strcmp(body->direction, "out") == 0);
	FUZZ_CHECK(body->badge == NULL || (body->badge[0] != '\0' && strchr(body->badge, ' ') == NULL));
	FUZZ_CHECK(body->uuid == NULL || bsg_id_is_uuid(body->uuid));
	FUZZ_CHECK(body->device == NULL || bsg_id_is_device(body->device));
	FUZZ_CHECK(body->at >= 0 && body->days >= 1 && body->days <= 366);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct body body = { .direction = "in", .days = 30 };
	struct bsg_error err = { 0 };
	json_t *json;

	if (bsg_body_parse((const char *)data, size, fields, sizeof(fields) / sizeof(fields[0]), &body, &json, &err) == BSG_OK) {
		check(&body);
		json_decref(json);
	} else {
		FUZZ_CHECK(json == NULL && err.text[0] != '\0');
	}
	return 0;
}
