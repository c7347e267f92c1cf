/* SPDX-License-Identifier: Apache-2.0 */
/* Reports: what happened in this step that the server should know. */
#include "core/internal.h"

void bsg_say(struct bsg_context *c, enum bsg_out_kind kind, struct bsg_str place, int64_t value)
{
	struct bsg_out_report *report;

	/* A step cannot say so much: a clock, ten places gone, eight left, one event. */
	if (c->out->n_reports == BSG_OUT_REPORTS_MAX)
		return;
	report = &c->out->reports[c->out->n_reports++];
	*report = (struct bsg_out_report){ .kind = kind, .place_len = place.len, .value = value };
	for (size_t i = 0; i < place.len; i++)
		report->place[i] = place.ptr[i];
}
