/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calendars, inside bosaga-calendar: whatever comes out is sorted, apart and inside the span, is read back by the parser of its
 * output, and is the same a second time; whatever does not come out is refused with a line of text. The first byte chooses zone and
 * span. What does not look like a calendar is also given to that parser, as an answer.
 */
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "fuzz/fuzz.h"
#include "schedule/calendar.h"
#include "schedule/helper.h"

#define DAY INT64_C(86400)
#define JANUARY_2025 INT64_C(1735689600)

static void check_windows(const struct bsg_schedule *schedule, int64_t from, int64_t until)
{
	struct bsg_schedule again;
	struct bsg_buf text;

	bsg_buf_init(&text, BSG_HELPER_OUTPUT_MAX);
	for (size_t i = 0; i < schedule->n; i++) {
		const struct bsg_schedule_window *w = &schedule->windows[i];

		FUZZ_CHECK(w->from < w->until && w->from >= from && w->until <= until);
		FUZZ_CHECK(i == 0 || w->from > schedule->windows[i - 1].until);
		bsg_buf_printf(&text, "%" PRId64 " %" PRId64 "\n", w->from, w->until);
	}
	FUZZ_CHECK(bsg_buf_finish(&text, NULL) == BSG_OK);
	FUZZ_CHECK(bsg_helper_windows((const char *)text.data, text.len, from, until, &again) == BSG_OK);
	FUZZ_CHECK(again.n == schedule->n);
	FUZZ_CHECK(again.n == 0 || memcmp(again.windows, schedule->windows, again.n * sizeof(*again.windows)) == 0);
	bsg_schedule_free(&again);
	bsg_buf_free(&text);
}

static void check_mistake(const struct bsg_schedule_mistake *mistake)
{
	struct bsg_schedule_mistake again;
	char line[300];
	const int n = snprintf(line, sizeof(line), "%u %s\n", mistake->line, mistake->text);

	FUZZ_CHECK(bsg_helper_mistake(line, (size_t)n, &again) == BSG_OK);
	FUZZ_CHECK(again.line == mistake->line && strcmp(again.text, mistake->text) == 0);
}

static void try_answer(const char *text, size_t len)
{
	struct bsg_schedule_mistake mistake;
	struct bsg_schedule schedule;

	if (bsg_helper_windows(text, len, 0, BSG_CALENDAR_TIME_MAX, &schedule) == BSG_OK)
		check_windows(&schedule, 0, BSG_CALENDAR_TIME_MAX);
	bsg_schedule_free(&schedule);
	if (bsg_helper_mistake(text, len, &mistake) == BSG_OK)
		check_mistake(&mistake);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const zones[] = { NULL, "Asia/Almaty", "Europe/Berlin", "Pacific/Apia" };
	struct bsg_calendar_ask ask = { JANUARY_2025, JANUARY_2025 + 400 * DAY, NULL, NULL };
	struct bsg_schedule schedule, again;
	struct bsg_schedule_mistake mistake, mistake_again;
	const char *ics = (const char *)data + 1;
	enum bsg_err rc;

	if (size == 0)
		return 0;
	ask.zone = zones[data[0] % 4];
	if (data[0] & 4)
		ask.until = ask.from + DAY;
	rc = bsg_calendar_expand(ics, size - 1, &ask, &schedule, &mistake);
	if (rc == BSG_OK) {
		FUZZ_CHECK(mistake.text[0] == '\0');
		check_windows(&schedule, ask.from, ask.until);
	} else {
		FUZZ_CHECK(rc == BSG_E_INVALID || rc == BSG_E_NOT_FOUND || rc == BSG_E_LIMIT);
		FUZZ_CHECK(schedule.windows == NULL && schedule.n == 0);
		check_mistake(&mistake);
	}
	FUZZ_CHECK(bsg_calendar_expand(ics, size - 1, &ask, &again, &mistake_again) == rc);
	FUZZ_CHECK(again.n == schedule.n && strcmp(mistake.text, mistake_again.text) == 0);
	bsg_schedule_free(&schedule);
	bsg_schedule_free(&again);
	if (size < 7 || memcmp(ics, "BEGIN:", 6) != 0)
		try_answer(ics, size - 1);
	return 0;
}
