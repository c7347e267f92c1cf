/* SPDX-License-Identifier: Apache-2.0 */
/* From records of the store to the facts that policy/ compiles and judges by. */
#include "server/facts.h"

#include <stdlib.h>

#include "server/drive.h"
#include "server/platforms.h"
#include "wire/report.h"

#define PAST_S 60	/* facts are read some moments after the time that they are for */

bool bsg_facts_has_agent(const struct bsg_server *server, const char *kind)
{
	const struct bsg_coverage_kind *found = bsg_coverage_find_kind(server->coverage, kind);

	return found != NULL && found->has_agent;
}

static enum bsg_err read_exemptions(const struct bsg_server *server, const struct bsg_device_rec *rec, int64_t now,
				    struct bsg_facts *out, struct bsg_error *err)
{
	struct bsg_exempt_rec recs[BSG_EXEMPTIONS_MAX + 1];
	size_t n;
	enum bsg_err rc = bsg_store_exemptions_of(server->store, rec->id, rec->person, now, now + server->settings.orders_life,
						  BSG_EXEMPTIONS_MAX + 1, recs, &n, err);

	/* V63 counts those that are not over: of a time that has passed there may have been more, one after the other. */
	if (n > BSG_EXEMPTIONS_MAX && now < bsg_now(server) - PAST_S)
		n = BSG_EXEMPTIONS_MAX;
	for (size_t i = 0; i < n; i++)
		out->exemptions[i] = (struct bsg_compile_exemption){(uint32_t)recs[i].functions, recs[i].from, recs[i].until};
	out->compile.exemptions = out->exemptions;
	out->compile.n_exemptions = n;
	return rc;
}

enum bsg_err bsg_facts_of_device(const struct bsg_server *server, const struct bsg_device_rec *rec, int64_t serial, int64_t now,
				 struct bsg_facts *out, struct bsg_error *err)
{
	bsg_facts_of_person(rec->person, rec->unit, out);
	out->compile.device = rec->id;
	out->compile.has_agent = bsg_facts_has_agent(server, rec->kind);
	out->compile.serial = (uint32_t)serial;
	out->compile.now = now;
	out->compile.horizon_s = server->settings.orders_life;
	out->compile.has_presence = rec->presence.seq > 0;
	out->compile.presence_seq = (uint32_t)rec->presence.seq;
	out->compile.presence_place = rec->presence.place;
	out->compile.presence_in = rec->presence.direction == BSG_CROSSING_IN;
	out->compile.presence_at = rec->presence.at;
	out->compile.has_release = rec->release_at != 0;
	out->compile.release_at = rec->release_at;
	return read_exemptions(server, rec, now, out, err);
}

void bsg_facts_of_person(const char *person, const char *unit, struct bsg_facts *out)
{
	*out = (struct bsg_facts){.unit = unit};
	out->compile.person = person;
	out->compile.units = &out->unit;
	out->compile.n_units = unit != NULL && unit[0] != '\0' ? 1 : 0;
}

/* What the agent's probe found; a report only ever lowers what the table says. */
static void read_coverage(const struct bsg_store_blob *body, struct bsg_coverage_phone *out)
{
	struct bsg_report_batch *batch = malloc(sizeof(*batch));
	const struct bsg_report_coverage *coverage;

	if (batch == NULL)
		return;
	if (bsg_report_decode((struct bsg_bytes){body->data, body->len}, batch, NULL) == BSG_OK &&
	    batch->reports[0].kind == BSG_REPORT_COVERAGE) {
		coverage = &batch->reports[0].coverage;
		for (size_t i = 0; i < coverage->n_functions; i++) {
			if (coverage->functions[i].grade == BSG_REPORT_IMPOSSIBLE)
				out->reported_impossible |= coverage->functions[i].function;
			else if (coverage->functions[i].grade == BSG_REPORT_PARTIAL)
				out->reported_partial |= coverage->functions[i].function;
		}
	}
	free(batch);
}

void bsg_facts_phone(struct bsg_server *server, const struct bsg_device_rec *rec, const struct bsg_platform_phone *seen,
		     struct bsg_coverage_phone *out)
{
	struct bsg_report_rec report;
	struct bsg_store_blob body = {.data = NULL};
	struct bsg_error err;

	*out = (struct bsg_coverage_phone){.kind = rec->kind};
	if (!bsg_class_parse(rec->class_name, &out->class_of))
		out->class_of = BSG_CLASS_CLAIMED;
	if (bsg_platform_of(server, rec->kind) != NULL) {
		struct bsg_platform_phone phone;

		if (seen != NULL)
			out->os_level = seen->os_level;
		else if (bsg_drive_look(server, rec, &phone, &err) == BSG_OK)
			out->os_level = phone.os_level;
		return;
	}
	if (bsg_store_report_latest(server->store, rec->id, "coverage", &report, &body, &err) == BSG_OK)
		read_coverage(&body, out);
	bsg_store_blob_free(&body);
}
