/* SPDX-License-Identifier: Apache-2.0 */
/* bosaga-sim: simulated phones, gates and APNs, for demos, tests and load. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

static const char usage[] =
	"usage: bosaga-sim phones --socket PATH --state DIR --people N --place PLACE [--gate GATE] [--pause MS]\n"
	"                         [--iphones N [--apns-dir DIR --apns-listen ADDR:PORT]]\n"
	"       bosaga-sim iphone --state DIR [--profile FILE|--url URL --root FILE] [--key FILE] [--poll S] [--locked-s S]\n"
	"                         [--apns-dir DIR --apns-listen ADDR:PORT] [--locked] [--supervised] [--silent] [--disobey]\n"
	"                         [--no-lease] [--no-restrictions] [--no-list] [--no-remove] [--no-install]\n"
	"       bosaga-sim gate --credential FILE token --in|--out [--pass HEX] | code|check --pass HEX\n"
	"       bosaga-sim apns --dir DIR [--listen ADDR:PORT] [--topic TOPIC] [--team TEAM --key-id ID]\n"
	"\n"
	"phones  let person-1 to person-N enrol a simulated phone each and come and go, until Ctrl-C. The last --iphones of\n"
	"        them carry an iPhone: half of the pushes find its screen locked for some seconds. With --apns-dir the\n"
	"        stand-in of `apns` runs inside and its pushes wake them; without it they ask every 3 seconds\n"
	"iphone  one iPhone, which is enrolled by the profile of an invitation, and the same again with the same --state.\n"
	"        It prints a line of JSON at each change, {\"at\", \"restricted\": [\"camera\"], \"until\", \"why\":\n"
	"        \"install|remove|lease\"}, and takes words on stdin, lock, unlock, poll, checkout, quit, each of which it answers by\n"
	"        {\"heard\": WORD}. The end of stdin does not end it. It asks every --poll\n"
	"        seconds (2; 0 with --apns-dir: never), a push finds it locked for --locked-s seconds. --key is an RSA key that\n"
	"        phones share. --silent never speaks after the enrolment, --disobey says Acknowledged and does nothing,\n"
	"        --no-lease does not look at DurationUntilRemoval, the other --no-... are answered Error\n"
	"gate    show a threshold token or an exit code, or check a pass that the server signed, as a gate without network does\n"
	"apns    stand in for Apple's push service, until Ctrl-C: DIR gets ca.pem (of the server, and of senders),\n"
	"        push.pem and push.key (a sender's, for TOPIC), pushes.jsonl (what came); with --team senders need tokens\n"
	"        signed by DIR/token.p8 instead. Without --listen it only makes them. DIR/behaviour.json, looked at before\n"
	"        each push, makes it differ: {\"status\": 429, \"reason\": \"TooManyRequests\", \"retry_after_s\": 2, \"times\": 3},\n"
	"        and timestamp_ms, delay_ms, is_silent, drops, resets, goaway_after, token\n";

static int take_number(const char *text, int least, int *out)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || value < least || value > 1000000)
		return -1;
	*out = (int)value;
	return 0;
}

static int phones(int argc, char **argv)
{
	struct bsg_sim_phones_options options = { .gate = "north", .pause_ms = 2000 };
	struct bsg_error err;
	int bad = argc % 2;

	for (int i = 0; i + 1 < argc && bad == 0; i += 2) {
		if (strcmp(argv[i], "--socket") == 0)
			options.socket = argv[i + 1];
		else if (strcmp(argv[i], "--state") == 0)
			options.state = argv[i + 1];
		else if (strcmp(argv[i], "--place") == 0)
			options.place = argv[i + 1];
		else if (strcmp(argv[i], "--gate") == 0)
			options.gate = argv[i + 1];
		else if (strcmp(argv[i], "--people") == 0)
			bad = take_number(argv[i + 1], 1, &options.n_people);
		else if (strcmp(argv[i], "--iphones") == 0)
			bad = take_number(argv[i + 1], 0, &options.n_iphones);
		else if (strcmp(argv[i], "--apns-dir") == 0)
			options.apns_dir = argv[i + 1];
		else if (strcmp(argv[i], "--apns-listen") == 0)
			options.apns_listen = argv[i + 1];
		else if (strcmp(argv[i], "--pause") == 0)
			bad = take_number(argv[i + 1], 1, &options.pause_ms);
		else
			bad = -1;
	}
	if (bad != 0 || options.socket == NULL || options.state == NULL || options.place == NULL ||
	    (options.apns_dir == NULL) != (options.apns_listen == NULL)) {
		(void)fputs(usage, stderr);
		return 2;
	}
	if (bsg_sim_phones(&options, &err) != BSG_OK) {
		(void)fprintf(stderr, "bosaga-sim: %s\n", err.text);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[1], "gate") == 0)
		return bsg_sim_gate_main(argc - 2, argv + 2);
	if (argc >= 2 && strcmp(argv[1], "apns") == 0)
		return bsg_sim_apns_main(argc - 2, argv + 2);
	if (argc >= 2 && strcmp(argv[1], "iphone") == 0)
		return bsg_sim_iphone_main(argc - 2, argv + 2);
	if (argc >= 2 && strcmp(argv[1], "phones") == 0)
		return phones(argc - 2, argv + 2);
	if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
		(void)printf("bosaga-sim %s\n", BSG_VERSION);
		return 0;
	}
	(void)fputs(usage, argc >= 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
	return argc >= 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
}
