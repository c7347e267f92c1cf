/* SPDX-License-Identifier: Apache-2.0 */
/* bosaga-sim: simulated phones, gates and APNs, for demos, tests and load. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

static const char usage[] =
	"usage: bosaga-sim phones --socket PATH --state DIR --people N --place PLACE [--gate GATE] [--pause MS]\n"
	"       bosaga-sim gate --credential FILE token --in|--out [--pass HEX] | code --pass HEX\n"
	"       bosaga-sim apns --listen ADDR:PORT --dir DIR [--topic TOPIC] [--team TEAM --key-id ID]\n"
	"\n"
	"phones  let person-1 to person-N enrol a simulated phone each and come and go, until Ctrl-C\n"
	"gate    show a threshold token or an exit code, as a gate without network does\n"
	"apns    stand in for Apple's push service, until Ctrl-C: DIR gets ca.pem (of the server, and of senders),\n"
	"        push.pem and push.key (a sender's, for TOPIC), pushes.jsonl (what came); with --team senders need tokens\n"
	"        signed by DIR/token.p8 instead. DIR/behaviour.json, looked at before each push, makes it differ:\n"
	"        {\"status\": 429, \"reason\": \"TooManyRequests\", \"retry_after_s\": 2, \"times\": 3}, and timestamp_ms,\n"
	"        delay_ms, is_silent, drops, resets, goaway_after, token\n";

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
		else if (strcmp(argv[i], "--pause") == 0)
			bad = take_number(argv[i + 1], 1, &options.pause_ms);
		else
			bad = -1;
	}
	if (bad != 0 || options.socket == NULL || options.state == NULL || options.place == NULL) {
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
	if (argc >= 2 && strcmp(argv[1], "phones") == 0)
		return phones(argc - 2, argv + 2);
	if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
		(void)printf("bosaga-sim %s\n", BSG_VERSION);
		return 0;
	}
	(void)fputs(usage, argc >= 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
	return argc >= 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
}
