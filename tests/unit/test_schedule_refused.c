/* SPDX-License-Identifier: Apache-2.0 */
/* Tests for schedule/schedule.h: calendars that are refused, each with its line and text. S10... are rules of docs/spec/schedule.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "schedule/schedule.h"

#define JANUARY INT64_C(1735689600)	/* 2025-01-01T00:00:00Z */
#define DAY INT64_C(86400)

/* An event's own lines are from line 4 on; HEAD alone ends with line 2. */
#define HEAD "BEGIN:VCALENDAR\nVERSION:2.0\n"
#define TAIL "END:VCALENDAR\n"
#define EVENT(lines) "BEGIN:VEVENT\n" lines "END:VEVENT\n"
#define CAL(lines) HEAD EVENT(lines) TAIL
#define MORNING "DTSTART:20250106T090000Z\nDTEND:20250106T120000Z\n"	/* a Monday; two lines */
#define RULE(rule) CAL(MORNING "RRULE:" rule "\n")	/* line 6 */
#define DATES "DTSTART;VALUE=DATE:20250106\n"
#define ZONE(zone, parts) HEAD "BEGIN:VTIMEZONE\n" zone parts "END:VTIMEZONE\n" EVENT("DTSTART;TZID=Asia/Almaty:20250106T090000\n" \
	"DURATION:PT1H\n") TAIL
#define STANDARD(offset) "BEGIN:STANDARD\nDTSTART:20000101T000000\nTZOFFSETFROM:+0600\nTZOFFSETTO:" offset "\nEND:STANDARD\n"

struct refusal {
	const char *name, *ics;
	unsigned line;
	const char *text;
};

static const struct refusal refusals[] = {
	{ "S10 control character", CAL(MORNING "SUMMARY:a\x01" "b\n"), 6, "a control character (0x01): take it out" },
	{ "S10 lone CR", "BEGIN:VCALENDAR\rVERSION:2.0\r", 1, "a control character (0x0d): take it out" },
	{ "S10 not UTF-8", CAL(MORNING "SUMMARY:\xd0 \n"), 6, "not UTF-8: save the file as UTF-8" },
	{ "S10 UTF-8 longer than it has to be", CAL(MORNING "SUMMARY:\xc0\xaf\n"), 6, "not UTF-8: save the file as UTF-8" },
	{ "S10 a surrogate", CAL(MORNING "SUMMARY:\xed\xa0\x80\n"), 6, "not UTF-8: save the file as UTF-8" },
	{ "S10 nothing", "", 0, "a calendar begins with BEGIN:VCALENDAR" },
	{ "S10 a first line that continues", " BEGIN:VCALENDAR\n",
	  1, "the first line is the rest of another one: it begins with a space" },
	{ "S11 no line of iCalendar", CAL(MORNING "What is this?\n"),
	  6, "\"What is this?\" is no line of iCalendar: NAME;PARAMETER=VALUE:VALUE is one" },
	{ "S11 no name", CAL(MORNING ":x\n"), 6, "\":x\" is no line of iCalendar: NAME;PARAMETER=VALUE:VALUE is one" },
	{ "S11 a parameter without value", CAL("DTSTART;TZID:20250106T090000\n"),
	  4, "\"DTSTART;TZID:20250106T090000\" is no line of iCalendar: NAME;PARAMETER=VALUE:VALUE is one" },
	{ "S11 a quote that does not end", CAL("DTSTART;TZID=\"Asia/Almaty:20250106T090000\n"),
	  4, "\"DTSTART;TZID=\"Asia/Almaty:20250106T090000\" is no line of iCalendar: NAME;PARAMETER=VALUE:VALUE is one" },
	{ "S11 foreign text is shown as ASCII", CAL(MORNING "\xd0\x9f.\n"),
	  6, "\"??.\" is no line of iCalendar: NAME;PARAMETER=VALUE:VALUE is one" },
	{ "S11 a parameter twice", CAL("DTSTART;TZID=Asia/Almaty;TZID=Asia/Almaty:20250106T090000\n"),
	  4, "TZID twice in one line" },
	{ "S2 the line is the first of a folded one", CAL("SUMMARY:a\n b\n c\nDTSTART:2025\n 0106T09000\n"),
	  7, "DTSTART: \"20250106T09000\" is no date or time from 1583 to 2499 such as 20250131T090000" },
	{ "S12 an event inside an event", HEAD "BEGIN:VEVENT\n" MORNING EVENT(MORNING) TAIL,
	  6, "BEGIN:VEVENT inside the VEVENT of line 3: is its END missing?" },
	{ "S12 END of another", HEAD "BEGIN:VEVENT\n" MORNING "END:VALARM\n" TAIL, 6, "END:VALARM ends the VEVENT of line 3" },
	{ "S12 an event without END", HEAD "BEGIN:VEVENT\n" MORNING TAIL, 6, "END:VCALENDAR ends the VEVENT of line 3" },
	{ "S12 END without BEGIN", HEAD "END:VEVENT\n" TAIL, 3, "END:VEVENT without its BEGIN" },
	{ "S12 cut off", HEAD EVENT(MORNING), 0, "END:VCALENDAR is missing: the calendar is cut off" },
	{ "S13 not a calendar", "<html>\n", 1, "\"<html>\" is no line of iCalendar: NAME;PARAMETER=VALUE:VALUE is one" },
	{ "S13 another beginning", "BEGIN:VEVENT\n" MORNING "END:VEVENT\n", 1, "a calendar begins with BEGIN:VCALENDAR" },
	{ "S13 two calendars", CAL(MORNING) CAL(MORNING), 8, "something behind END:VCALENDAR: one calendar a file" },
	{ "S13 no VERSION", "BEGIN:VCALENDAR\n" EVENT(MORNING) TAIL, 0, "VERSION:2.0 is missing" },
	{ "S13 vCalendar", "BEGIN:VCALENDAR\nVERSION:1.0\n" EVENT(MORNING) TAIL,
	  2, "VERSION has to be 2.0: export as iCalendar, not vCalendar" },
	{ "S13 VERSION twice", HEAD "VERSION:2.0\n" EVENT(MORNING) TAIL, 3, "VERSION twice" },
	{ "S13 CALSCALE", HEAD "CALSCALE:HEBREW\n" EVENT(MORNING) TAIL, 3, "CALSCALE has to be GREGORIAN" },
	{ "S13 METHOD", HEAD "METHOD:CANCEL\n" EVENT(MORNING) TAIL,
	  3, "METHOD has to be PUBLISH: this is a reply or a cancellation, not a calendar" },
	{ "S14 no event", HEAD TAIL, 0, "no VEVENT in it: a schedule without events would never hold" },
	{ "S14 VTODO", HEAD EVENT(MORNING) "BEGIN:VTODO\nEND:VTODO\n" TAIL,
	  7, "VTODO is not taken: a schedule is made of VEVENT" },
	{ "S14 VFREEBUSY", HEAD "BEGIN:VFREEBUSY\nEND:VFREEBUSY\n" TAIL,
	  3, "VFREEBUSY is not taken: a schedule is made of VEVENT" },
	{ "S14 an X- component outside of events", HEAD "BEGIN:X-HOLIDAYS\nEND:X-HOLIDAYS\n" EVENT(MORNING) TAIL,
	  3, "X-HOLIDAYS is not taken: a schedule is made of VEVENT" },
	{ "S14 STANDARD in an event", CAL(MORNING "BEGIN:STANDARD\nEND:STANDARD\n"), 6, "STANDARD has no place in a VEVENT" },
	{ "S15 no DTSTART", CAL("DURATION:PT1H\n"), 3, "VEVENT without DTSTART" },
	{ "S15 DTSTART twice", CAL(MORNING "DTSTART:20250107T090000Z\n"), 6, "DTSTART twice, the first in line 4" },
	{ "S15 two rules", CAL(MORNING "RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY\n"), 7, "RRULE twice, the first in line 6" },
	{ "S15 STATUS", CAL(MORNING "STATUS:DONE\n"), 6, "STATUS has to be CONFIRMED, TENTATIVE or CANCELLED" },
	{ "S15 a cancelled event's mistakes", CAL(MORNING "STATUS:CANCELLED\nRRULE:FREQ=HOURLY\n"),
	  7, "FREQ=HOURLY is too fine: DAILY, WEEKLY, MONTHLY and YEARLY are taken" },
	{ "S16 no time", CAL("DTSTART:tomorrow\n"),
	  4, "DTSTART: \"tomorrow\" is no date or time from 1583 to 2499 such as 20250131T090000" },
	{ "S16 no such day", CAL("DTSTART:20250229T090000Z\nDURATION:PT1H\n"),
	  4, "DTSTART: \"20250229T090000Z\" is no date or time from 1583 to 2499 such as 20250131T090000" },
	{ "S16 no such hour", CAL("DTSTART:20250228T240000Z\nDURATION:PT1H\n"),
	  4, "DTSTART: \"20250228T240000Z\" is no date or time from 1583 to 2499 such as 20250131T090000" },
	{ "S16 a small z", CAL("DTSTART:20250228T090000z\nDURATION:PT1H\n"),
	  4, "DTSTART: \"20250228T090000z\" is no date or time from 1583 to 2499 such as 20250131T090000" },
	{ "S16 long ago", CAL("DTSTART:15820228T090000Z\nDURATION:PT1H\n"),
	  4, "DTSTART: \"15820228T090000Z\" is no date or time from 1583 to 2499 such as 20250131T090000" },
	{ "S16 far ahead", CAL("DTSTART:25000228T090000Z\nDURATION:PT1H\n"),
	  4, "DTSTART: \"25000228T090000Z\" is no date or time from 1583 to 2499 such as 20250131T090000" },
	{ "S16 seconds", CAL("DTSTART:20250106T090030Z\nDURATION:PT1H\n"), 4, "DTSTART has seconds: windows are whole minutes" },
	{ "S16 a leap second", CAL("DTSTART:20161231T235960Z\nDURATION:PT1H\n"),
	  4, "DTSTART: \"20161231T235960Z\" is no date or time from 1583 to 2499 such as 20250131T090000" },
	{ "S16 a date without VALUE", CAL("DTSTART:20250106\n"), 4, "DTSTART is a date alone: write DTSTART;VALUE=DATE:" },
	{ "S16 VALUE=DATE and a time", CAL("DTSTART;VALUE=DATE:20250106T090000\n"),
	  4, "DTSTART has VALUE=DATE and a time of day" },
	{ "S16 another VALUE", CAL("DTSTART;VALUE=TEXT:20250106T090000\n"), 4, "VALUE=TEXT of DTSTART is not known" },
	{ "S16 a TZID and UTC", CAL("DTSTART;TZID=Asia/Almaty:20250106T090000Z\nDURATION:PT1H\n"),
	  4, "DTSTART has a TZID and is UTC (Z): take one out" },
	{ "S16 a TZID and a date", CAL("DTSTART;TZID=Asia/Almaty;VALUE=DATE:20250106\n"),
	  4, "DTSTART has a TZID and is a date alone: take one out" },
	{ "S17 no end", CAL("DTSTART:20250106T090000Z\n"), 4, "an event with a time of day needs DTEND or DURATION" },
	{ "S17 two ends", CAL(MORNING "DURATION:PT1H\n"), 6, "DTEND and DURATION in one event: take one out" },
	{ "S17 an end that is no later", CAL("DTSTART:20250106T090000Z\nDTEND:20250106T090000Z\n"),
	  5, "DTEND is not later than DTSTART" },
	{ "S17 an end that is no later, in another zone", CAL("DTSTART;TZID=Europe/Berlin:20250106T090000\nDTEND;TZID=Asia/Almaty:20250106T130000\n"),
	  5, "DTEND is not later than DTSTART" },
	{ "S17 the last day as DTEND", CAL(DATES "DTEND;VALUE=DATE:20250106\n"),
	  5, "DTEND is the day after the last: it has to be later than DTSTART" },
	{ "S17 an end with seconds", CAL("DTSTART:20250106T090000Z\nDTEND:20250106T100001Z\n"),
	  5, "DTEND has seconds: windows are whole minutes" },
	{ "S17 eleven years", CAL("DTSTART:20250106T090000Z\nDTEND:20360106T090000Z\n"), 5, "longer than ten years" },
	{ "S17 a duration without sense", CAL("DTSTART:20250106T090000Z\nDURATION:1 hour\n"),
	  5, "\"1 hour\" is no duration such as PT9H30M or P1D" },
	{ "S17 a duration without time", CAL("DTSTART:20250106T090000Z\nDURATION:PT\n"),
	  5, "\"PT\" is no duration such as PT9H30M or P1D" },
	{ "S17 weeks and days", CAL("DTSTART:20250106T090000Z\nDURATION:P1W1D\n"),
	  5, "\"P1W1D\" is no duration such as PT9H30M or P1D" },
	{ "S17 a duration of nothing", CAL("DTSTART:20250106T090000Z\nDURATION:PT0S\n"), 5, "a DURATION has to be above zero" },
	{ "S17 a duration backwards", CAL("DTSTART:20250106T090000Z\nDURATION:-PT1H\n"), 5, "a DURATION has to be above zero" },
	{ "S17 a duration with seconds", CAL("DTSTART:20250106T090000Z\nDURATION:PT1M30S\n"),
	  5, "a DURATION with seconds: windows are whole minutes" },
	{ "S17 a duration beyond all numbers", CAL("DTSTART:20250106T090000Z\nDURATION:P99999999999999999999W\n"),
	  5, "longer than ten years" },
	{ "S17 hours of a date", CAL(DATES "DURATION:PT8H\n"), 5, "DURATION has to be whole days, as DTSTART is a date alone" },
	{ "S18 DTEND a date", CAL("DTSTART:20250106T090000Z\nDTEND;VALUE=DATE:20250107\n"),
	  5, "DTEND needs a time of day, as DTSTART has one" },
	{ "S18 DTEND no date", CAL(DATES "DTEND:20250107T090000Z\n"), 5, "DTEND has to be a date alone, as DTSTART is" },
	{ "S18 DTEND floating", CAL("DTSTART:20250106T090000Z\nDTEND:20250106T100000\n"),
	  5, "DTEND needs TZID or UTC, as DTSTART has it" },
	{ "S18 EXDATE a date", CAL(MORNING "EXDATE;VALUE=DATE:20250107\n"), 6, "EXDATE needs a time of day, as DTSTART has one" },
	{ "S18 RDATE with a zone", CAL("DTSTART:20250106T090000\nDURATION:PT1H\nRDATE:20250107T090000Z\n"),
	  6, "RDATE has a zone and DTSTART has none" },
	{ "S19 an empty EXDATE", CAL(MORNING "EXDATE:20250107T090000Z,\n"),
	  6, "EXDATE: \"\" is no date or time from 1583 to 2499 such as 20250131T090000" },
	{ "S19 a period without VALUE", CAL(MORNING "RDATE:20250107T090000Z/PT1H\n"),
	  6, "a period is written RDATE;VALUE=PERIOD:START/END or START/DURATION" },
	{ "S19 a period without end", CAL(MORNING "RDATE;VALUE=PERIOD:20250107T090000Z\n"),
	  6, "a period is written RDATE;VALUE=PERIOD:START/END or START/DURATION" },
	{ "S19 a period backwards", CAL(MORNING "RDATE;VALUE=PERIOD:20250107T090000Z/20250107T080000Z\n"),
	  6, "a PERIOD that ends before it begins" },
	{ "S19 a period in EXDATE", CAL(MORNING "EXDATE;VALUE=PERIOD:20250107T090000Z/PT1H\n"),
	  6, "EXDATE: \"20250107T090000Z/PT1H\" is no date or time from 1583 to 2499 such as 20250131T090000" },
	{ "S20 other capitals", CAL("DTSTART;TZID=asia/almaty:20250106T090000\n"),
	  4, "TZID \"asia/almaty\" is no zone of tzdata; \"Asia/Almaty\" is" },
	{ "S20 a slip", CAL("DTSTART;TZID=Asia/Alamty:20250106T090000\n"),
	  4, "TZID \"Asia/Alamty\" is no zone of tzdata; \"Asia/Almaty\" is" },
	{ "S20 the city alone", CAL("DTSTART;TZID=Almaty:20250106T090000\n"),
	  4, "TZID \"Almaty\" is no zone of tzdata; \"Asia/Almaty\" is" },
	{ "S20 somebody's prefix", CAL("DTSTART;TZID=/example.org/Asia/Almaty:20250106T090000\n"),
	  4, "TZID \"/example.org/Asia/Almaty\" is no zone of tzdata; \"Asia/Almaty\" is" },
	{ "S20 a name of another system", CAL("DTSTART;TZID=Central Asia Standard Time:20250106T090000\n"),
	  4, "TZID \"Central Asia Standard Time\" is no zone of tzdata: write an IANA name such as Asia/Almaty" },
	{ "S20 a path", CAL("DTSTART;TZID=../../../etc/passwd:20250106T090000\n"),
	  4, "TZID \"../../../etc/passwd\" is no zone of tzdata: write an IANA name such as Asia/Almaty" },
	{ "S24 no TZID", ZONE("", STANDARD("+0500")), 3, "VTIMEZONE without TZID" },
	{ "S24 two of one TZID", HEAD "BEGIN:VTIMEZONE\nTZID:A\n" STANDARD("+0500") "END:VTIMEZONE\nBEGIN:VTIMEZONE\nTZID:A\n" STANDARD("+0500")
	  "END:VTIMEZONE\n" EVENT(MORNING) TAIL, 11, "two VTIMEZONE of \"A\", the first in line 3" },
	{ "S24 empty", ZONE("TZID:Asia/Almaty\n", ""), 3, "VTIMEZONE without STANDARD or DAYLIGHT" },
	{ "S24 no offset", ZONE("TZID:Asia/Almaty\n", "BEGIN:STANDARD\nDTSTART:20000101T000000\nTZOFFSETTO:+0500\nEND:STANDARD\n"),
	  5, "STANDARD needs DTSTART, TZOFFSETFROM and TZOFFSETTO" },
	{ "S24 an offset without sense", ZONE("TZID:Asia/Almaty\n", STANDARD("5 hours")),
	  8, "TZOFFSETTO has to be an offset such as +0500" },
	{ "S24 an offset of a day", ZONE("TZID:Asia/Almaty\n", STANDARD("+2400")),
	  8, "TZOFFSETTO has to be an offset such as +0500" },
	{ "S24 something else inside", ZONE("TZID:Asia/Almaty\n", "BEGIN:SUMMER\nEND:SUMMER\n"),
	  5, "SUMMER has no place in a VTIMEZONE" },
	{ "S24 a start in UTC", ZONE("TZID:Asia/Almaty\n", "BEGIN:STANDARD\nDTSTART:20000101T000000Z\nTZOFFSETFROM:+0500\nTZOFFSETTO:+0500\nEND:STANDARD\n"),
	  6, "DTSTART of a VTIMEZONE has to be a local time such as 20251026T030000" },
	{ "S25 Almaty still at +06", ZONE("TZID:Asia/Almaty\n", STANDARD("+0600")),
	  3, "VTIMEZONE Asia/Almaty says +06:00 at 2025-01-06 04:00 UTC, tzdata says +05:00: take the VTIMEZONE out, or correct it" },
	{ "S30 no FREQ", RULE("COUNT=3"), 6, "RRULE without FREQ" },
	{ "S30 another FREQ", RULE("FREQ=SOMETIMES"), 6, "FREQ has to be one of DAILY, WEEKLY, MONTHLY, YEARLY" },
	{ "S30 30 February each second", RULE("FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"),
	  6, "FREQ=SECONDLY is too fine: DAILY, WEEKLY, MONTHLY and YEARLY are taken" },
	{ "S30 minutely", RULE("FREQ=MINUTELY"), 6, "FREQ=MINUTELY is too fine: DAILY, WEEKLY, MONTHLY and YEARLY are taken" },
	{ "S30 hourly", RULE("FREQ=HOURLY"), 6, "FREQ=HOURLY is too fine: DAILY, WEEKLY, MONTHLY and YEARLY are taken" },
	{ "S30 times of day", RULE("FREQ=DAILY;BYHOUR=9,14"),
	  6, "BYHOUR, BYMINUTE and BYSECOND are not taken: make an event for each time of day" },
	{ "S30 seconds of a minute", RULE("FREQ=DAILY;BYSECOND=0"),
	  6, "BYHOUR, BYMINUTE and BYSECOND are not taken: make an event for each time of day" },
	{ "S30 EXRULE", CAL(MORNING "EXRULE:FREQ=DAILY\n"), 6, "EXRULE is not taken: write EXDATE" },
	{ "S31 empty", RULE(""), 6, "\"\" is no part of an RRULE" },
	{ "S31 a semicolon too much", RULE("FREQ=DAILY;"), 6, "\"\" is no part of an RRULE" },
	{ "S31 a part twice", RULE("FREQ=DAILY;COUNT=3;count=4"), 6, "COUNT twice in one RRULE" },
	{ "S31 an unknown part", RULE("FREQ=DAILY;BYMOON=FULL"), 6, "\"BYMOON=FULL\" is no part of an RRULE" },
	{ "S31 RSCALE", RULE("RSCALE=CHINESE;FREQ=DAILY"), 6, "RSCALE is not taken, but for GREGORIAN" },
	{ "S31 SKIP", RULE("FREQ=MONTHLY;SKIP=FORWARD"), 6, "SKIP is not taken, but for OMIT" },
	{ "S32 INTERVAL 0", RULE("FREQ=DAILY;INTERVAL=0"), 6, "INTERVAL has to be a number from 1 to 10000" },
	{ "S32 INTERVAL beyond libical's", RULE("FREQ=DAILY;INTERVAL=65537"), 6, "INTERVAL has to be a number from 1 to 10000" },
	{ "S32 COUNT 0", RULE("FREQ=DAILY;COUNT=0"), 6, "COUNT has to be a number from 1 on" },
	{ "S32 COUNT and UNTIL", RULE("FREQ=DAILY;COUNT=2;UNTIL=20250110T000000Z"),
	  6, "COUNT and UNTIL in one RRULE: one of them ends it" },
	{ "S33 UNTIL no time", RULE("FREQ=DAILY;UNTIL=Friday"),
	  6, "UNTIL has to be a date or time such as 20251231 or 20251231T190000Z" },
	{ "S33 UNTIL a date", RULE("FREQ=DAILY;UNTIL=20250110"), 6, "UNTIL needs a time of day, as DTSTART has one" },
	{ "S33 UNTIL a time", CAL(DATES "RRULE:FREQ=DAILY;UNTIL=20250110T000000Z\n"),
	  5, "UNTIL has to be a date alone, as DTSTART is" },
	{ "S33 UNTIL floating", RULE("FREQ=DAILY;UNTIL=20250110T000000"),
	  6, "UNTIL has to be UTC (ends with Z), because DTSTART has a zone" },
	{ "S33 UNTIL before DTSTART", RULE("FREQ=DAILY;UNTIL=20250106T085900Z"), 6, "UNTIL is before DTSTART" },
	{ "S34 month 13", RULE("FREQ=YEARLY;BYMONTH=13"), 6, "\"13\" cannot stand in BYMONTH" },
	{ "S34 day 0", RULE("FREQ=MONTHLY;BYMONTHDAY=0"), 6, "\"0\" cannot stand in BYMONTHDAY" },
	{ "S34 day 32", RULE("FREQ=MONTHLY;BYMONTHDAY=6,32"), 6, "\"32\" cannot stand in BYMONTHDAY" },
	{ "S34 no weekday", RULE("FREQ=WEEKLY;BYDAY=MO,XX"), 6, "\"XX\" cannot stand in BYDAY" },
	{ "S34 a 0th weekday", RULE("FREQ=MONTHLY;BYDAY=0MO"), 6, "\"0MO\" cannot stand in BYDAY" },
	{ "S34 an empty list", RULE("FREQ=WEEKLY;BYDAY="), 6, "\"\" cannot stand in BYDAY" },
	{ "S34 WKST", RULE("FREQ=WEEKLY;WKST=MONDAY"), 6, "WKST has to be one of MO, TU, WE, TH, FR, SA, SU" },
	{ "S34 weekly by day of the month", RULE("FREQ=WEEKLY;BYMONTHDAY=6"), 6, "BYMONTHDAY does not go with FREQ=WEEKLY" },
	{ "S34 monthly by day of the year", RULE("FREQ=MONTHLY;BYYEARDAY=6"), 6, "BYYEARDAY goes with FREQ=YEARLY only" },
	{ "S34 weekly by second Monday", RULE("FREQ=WEEKLY;BYDAY=2MO"),
	  6, "BYDAY with numbers goes with FREQ=MONTHLY and YEARLY only" },
	{ "S34 BYSETPOS alone", RULE("FREQ=MONTHLY;BYSETPOS=1"), 6, "BYSETPOS needs another BY list to choose from" },
	{ "S35 weeks of the year", RULE("FREQ=YEARLY;BYWEEKNO=2"),
	  6, "BYWEEKNO is not taken: programs differ in it at the ends of years; name days or months" },
	{ "S35 yearly by day of the month without month", RULE("FREQ=YEARLY;BYMONTHDAY=6"),
	  6, "FREQ=YEARLY with BYMONTHDAY needs BYMONTH: programs differ in what it means without" },
	{ "S35 the first day of each week", RULE("FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1"),
	  6, "BYSETPOS goes with FREQ=MONTHLY and YEARLY only: name the days in BYDAY" },
	{ "S35 days from both ends", RULE("FREQ=MONTHLY;BYMONTHDAY=6,-1;BYSETPOS=1"),
	  6, "BYSETPOS with days that are counted from both ends is not taken: name each day in one way" },
	{ "S35 a weekday with and without number", RULE("FREQ=MONTHLY;BYDAY=MO,1MO;BYSETPOS=1"),
	  6, "BYSETPOS with days that are counted from both ends is not taken: name each day in one way" },
	{ "S36 DTSTART on another weekday", RULE("FREQ=WEEKLY;BYDAY=TU"),
	  6, "DTSTART is no occurrence of its own RRULE: move it to the first one" },
	{ "S36 DTSTART not the first Monday", CAL("DTSTART:20250113T090000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYDAY=1MO\n"),
	  6, "DTSTART is no occurrence of its own RRULE: move it to the first one" },
	{ "S36 DTSTART not the last by BYSETPOS", RULE("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1"),
	  6, "DTSTART is no occurrence of its own RRULE: move it to the first one" },
	{ "S36 30 February", RULE("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
	  6, "DTSTART is no occurrence of its own RRULE: move it to the first one" },
	{ "S40 RANGE", CAL("UID:a\nRECURRENCE-ID;RANGE=THISANDFUTURE:20250106T090000Z\n" MORNING),
	  5, "RANGE is not taken: end the event by UNTIL and write another one" },
	{ "S40 no UID", CAL("RECURRENCE-ID:20250106T090000Z\n" MORNING), 4, "RECURRENCE-ID without UID: which event is it of?" },
	{ "S40 an instance with a rule", CAL("UID:a\nRECURRENCE-ID:20250106T090000Z\n" MORNING "RRULE:FREQ=DAILY\n"),
	  5, "an event with RECURRENCE-ID is one instance: it has no RRULE, RDATE or EXDATE" },
	{ "S18 RECURRENCE-ID of another kind", HEAD EVENT("UID:a\n" MORNING) EVENT("UID:a\nRECURRENCE-ID;VALUE=DATE:20250106\n" MORNING) TAIL,
	  10, "RECURRENCE-ID is not written as DTSTART of its event is (line 5)" },
	{ "S41 a UID twice", HEAD EVENT("UID:a\n" MORNING) EVENT("UID:b\n" MORNING) EVENT("UID:a\n" MORNING) TAIL,
	  13, "a second VEVENT with this UID and no RECURRENCE-ID, the first in line 3" },
	{ "S41 an instance twice", HEAD EVENT("UID:a\nRECURRENCE-ID:20250106T090000Z\n" MORNING)
	  EVENT("UID:a\nRECURRENCE-ID;TZID=Asia/Almaty:20250106T140000\n" MORNING) TAIL, 9, "a second VEVENT with this UID and RECURRENCE-ID, the first in line 3" },
};

static void check(const char *name, const char *ics, size_t len, const char *zone, enum bsg_err rc, unsigned line, const char *text)
{
	struct bsg_schedule_mistake mistake = { 99, "nothing" };
	struct bsg_schedule schedule = { NULL, 99 };
	struct bsg_error err = { 0 };
	const enum bsg_err got = bsg_schedule_expand(ics, len, zone, JANUARY, JANUARY + 366 * DAY, &schedule, &mistake, &err);

	if (got != rc || mistake.line != line || strcmp(mistake.text, text) != 0)
		fail_msg("%s: %d, %u %s", name, (int)got, mistake.line, mistake.text);
	assert_int_equal(schedule.n, 0);
	assert_null(schedule.windows);
	assert_non_null(strstr(err.text, text));
}

static void what_is_refused_is_told_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		check(refusals[i].name, refusals[i].ics, strlen(refusals[i].ics), "UTC", BSG_E_INVALID, refusals[i].line,
		      refusals[i].text);
}

/* S2: the span of refusals is 2025; that of others is before or behind everything. */
static void S2_what_is_refused_does_not_depend_on_the_span(void **state)
{
	static const int64_t starts[] = { 0, JANUARY + 3000 * DAY };

	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		for (size_t k = 0; k < sizeof(starts) / sizeof(starts[0]); k++) {
			struct bsg_schedule_mistake mistake;
			struct bsg_schedule schedule;
			struct bsg_error err;
			const enum bsg_err rc = bsg_schedule_expand(refusals[i].ics, strlen(refusals[i].ics), "UTC", starts[k],
								    starts[k] + DAY, &schedule, &mistake, &err);

			if (strncmp(refusals[i].name, "S25", 3) == 0) {
				assert_int_equal(rc, BSG_OK);
				bsg_schedule_free(&schedule);
			} else if (rc != BSG_E_INVALID || mistake.line != refusals[i].line || strcmp(mistake.text, refusals[i].text) != 0) {
				fail_msg("%s: %d, %u %s", refusals[i].name, (int)rc, mistake.line, mistake.text);
			}
		}
}

static void S3_a_missing_zone_is_told_last(void **state)
{
	static const char floating[] = CAL("DTSTART:20250106T090000\nDURATION:PT1H\n"), dates[] = HEAD EVENT(MORNING) EVENT(DATES) TAIL;
	static const char wrong[] = HEAD EVENT(DATES) EVENT("DTSTART:20250106T090000\nDURATION:1h\n") TAIL;

	(void)state;
	check("floating", floating, strlen(floating), NULL, BSG_E_NOT_FOUND, 4,
	      "DTSTART has no zone: give the place a timezone, or write TZID or UTC here");
	check("a date", dates, strlen(dates), NULL, BSG_E_NOT_FOUND, 8,
	      "DTSTART has no zone: give the place a timezone, or write TZID or UTC here");
	check("another mistake", wrong, strlen(wrong), NULL, BSG_E_INVALID, 8, "\"1h\" is no duration such as PT9H30M or P1D");
}

static void S10_a_NUL_is_refused(void **state)
{
	static const char ics[] = CAL(MORNING "SUMMARY:a\0b\n");

	(void)state;
	check("NUL", ics, sizeof(ics) - 1, NULL, BSG_E_INVALID, 6, "a control character (0x00): take it out");
}

/* ---- S4: limits --------------------------------------------------------------------- */

/* @n times @lines between head and tail, and then @last. */
static void check_many(const char *name, const char *lines, size_t n, const char *last, enum bsg_err rc, unsigned line, const char *text)
{
	struct bsg_buf ics;

	bsg_buf_init(&ics, (size_t)4 << 20);
	bsg_buf_add_text(&ics, HEAD);
	for (size_t i = 0; i < n; i++)
		bsg_buf_add_text(&ics, lines);
	bsg_buf_add_text(&ics, last);
	bsg_buf_add_text(&ics, TAIL);
	assert_int_equal(bsg_buf_finish(&ics, NULL), BSG_OK);
	check(name, (const char *)ics.data, ics.len, "UTC", rc, line, text);
	bsg_buf_free(&ics);
}

static void S4_what_is_too_much_is_refused(void **state)
{
	(void)state;
	check_many("bytes", "X-A:123456789\n", 80000, EVENT(MORNING), BSG_E_LIMIT, 0, "a calendar of more than 1 MiB");
	check_many("events", EVENT(MORNING), 5001, "", BSG_E_LIMIT, 0, "more than 5000 events");
	check_many("zones", "BEGIN:VTIMEZONE\nEND:VTIMEZONE\n", 101, "", BSG_E_LIMIT, 0, "more than 100 VTIMEZONE");
	check_many("depth", "", 0, EVENT(MORNING "BEGIN:X-A\nBEGIN:X-A\nBEGIN:X-A\nBEGIN:X-A\n"), BSG_E_LIMIT, 9,
		   "components more than 4 deep in one another");
	check_many("a list", "", 0, EVENT("DTSTART:20250101T000000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYMONTHDAY=1,2,3,4,5,6,7,8,9,10,"
		   "11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,-1\n"), BSG_E_LIMIT, 6, "BYMONTHDAY has more than 31 values");
	check_many("a million occurrences", EVENT("DTSTART:19700101T000000Z\nDURATION:PT1M\nRRULE:FREQ=DAILY\n"), 50, "", BSG_E_LIMIT, 51,
		   "more than 200000 occurrences up to the end of what is asked for: begin the events later");
}

static void S4_a_line_of_a_megabyte_is_refused(void **state)
{
	struct bsg_buf ics;

	(void)state;
	for (int folded = 0; folded < 2; folded++) {
		bsg_buf_init(&ics, (size_t)1 << 20);
		bsg_buf_add_text(&ics, HEAD "X-A:");
		for (size_t i = 0; i < 70000; i++)
			bsg_buf_add_text(&ics, folded ? "b\n " : "b");
		assert_int_equal(bsg_buf_finish(&ics, NULL), BSG_OK);
		check("a line", (const char *)ics.data, ics.len, NULL, BSG_E_LIMIT, 3, "a line of more than 65536 bytes");
		bsg_buf_free(&ics);
	}
}

/* RDATE at every second minute of some days: windows that do not touch. */
static void S4_windows_are_counted_when_they_are_joined(void **state)
{
	struct bsg_schedule_mistake mistake;
	struct bsg_schedule schedule;
	struct bsg_error err;
	struct bsg_buf ics;

	(void)state;
	for (int n = 20000; n <= 20001; n++) {
		bsg_buf_init(&ics, (size_t)1 << 20);
		bsg_buf_add_text(&ics, HEAD "BEGIN:VEVENT\nDTSTART:20250101T000000Z\nDURATION:PT1M\n");
		for (int i = 1; i < n; i++)	/* the first is DTSTART */
			bsg_buf_printf(&ics, "RDATE:202501%02dT%02d%02d00Z\n", 1 + i / 720, i / 30 % 24, i % 30 * 2);
		bsg_buf_add_text(&ics, "RDATE:20250101T000000Z\nEND:VEVENT\n" TAIL);
		assert_int_equal(bsg_buf_finish(&ics, NULL), BSG_OK);
		if (n == 20001) {
			check("windows", (const char *)ics.data, ics.len, NULL, BSG_E_LIMIT, 0, "more than 20000 windows in what is asked for");
		} else {
			assert_int_equal(bsg_schedule_expand((const char *)ics.data, ics.len, NULL, JANUARY, JANUARY + 366 * DAY, &schedule,
							     &mistake, &err), BSG_OK);
			assert_int_equal(schedule.n, 20000);
			bsg_schedule_free(&schedule);
		}
		bsg_buf_free(&ics);
	}
}

/* S26: Monrovia was at -00:44:30 until 1972. */
static void S26_offsets_with_seconds_are_refused_where_they_are_used(void **state)
{
	static const char ics[] = CAL("DTSTART;TZID=Africa/Monrovia:19710101T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY\n");
	struct bsg_schedule_mistake mistake;
	struct bsg_schedule schedule;
	struct bsg_error err;

	(void)state;
	assert_int_equal(bsg_schedule_expand(ics, strlen(ics), NULL, 365 * DAY, 370 * DAY, &schedule, &mistake, &err), BSG_E_INVALID);
	assert_int_equal(mistake.line, 4);
	assert_string_equal(mistake.text, "the zone's offset is no whole minutes then: windows are whole minutes");
	assert_int_equal(bsg_schedule_expand(ics, strlen(ics), NULL, JANUARY, JANUARY + DAY, &schedule, &mistake, &err), BSG_OK);
	assert_int_equal(schedule.n, 1);
	bsg_schedule_free(&schedule);
}

/* 2024-03-01T00:00 at +06:00: the event begins before and ends behind it. */
static void S25_a_VTIMEZONE_is_compared_at_both_ends(void **state)
{
	static const char ics[] = HEAD "BEGIN:VTIMEZONE\nTZID:Asia/Almaty\n" STANDARD("+0600") "END:VTIMEZONE\n"
		EVENT("DTSTART;TZID=Asia/Almaty:20240229T233000\nDURATION:PT1H\n") TAIL;
	const int64_t february = JANUARY - 337 * DAY;
	struct bsg_schedule_mistake mistake;
	struct bsg_schedule schedule;
	struct bsg_error err;

	(void)state;
	assert_int_equal(bsg_schedule_expand(ics, strlen(ics), NULL, february, february + 60 * DAY, &schedule, &mistake, &err), BSG_E_INVALID);
	assert_int_equal(mistake.line, 3);
	assert_string_equal(mistake.text, "VTIMEZONE Asia/Almaty says +06:00 at 2024-02-29 18:30 UTC, tzdata says +05:00: "
			    "take the VTIMEZONE out, or correct it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_refused_is_told_with_its_line),
		cmocka_unit_test(S2_what_is_refused_does_not_depend_on_the_span),
		cmocka_unit_test(S3_a_missing_zone_is_told_last),
		cmocka_unit_test(S10_a_NUL_is_refused),
		cmocka_unit_test(S4_what_is_too_much_is_refused),
		cmocka_unit_test(S4_a_line_of_a_megabyte_is_refused),
		cmocka_unit_test(S4_windows_are_counted_when_they_are_joined),
		cmocka_unit_test(S25_a_VTIMEZONE_is_compared_at_both_ends),
		cmocka_unit_test(S26_offsets_with_seconds_are_refused_where_they_are_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
