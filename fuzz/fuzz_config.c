/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration files: an error names file and line; what is accepted lies within the table's bounds. */
#include <string.h>

#include "base/config.h"
#include "fuzz/fuzz.h"

struct settings {
	char text[16];
	int64_t number;
	int64_t duration;
	bool flag;
	int choice;
};

static const char *const choices[] = { "text", "json", NULL };
static const struct bsg_config_key keys[] = {
	{ BSG_CONFIG_TEXT(struct settings, text), .def = "", .help = "t" },
	{ BSG_CONFIG_NUMBER(struct settings, number), .def = "5", .min = 1, .max = 9, .help = "n" },
	{ BSG_CONFIG_DURATION(struct settings, duration), .def = "1m", .min = 1, .max = 60, .help = "d" },
	{ BSG_CONFIG_BOOL(struct settings, flag), .def = "no", .help = "f" },
	{ BSG_CONFIG_CHOICE(struct settings, choice), .choices = choices, .def = "text", .help = "c" },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bsg_error err = { 0 };
	struct settings s;
	size_t n = sizeof(keys) / sizeof(keys[0]);

	FUZZ_CHECK(bsg_config_defaults(keys, n, &s, NULL) == BSG_OK);
	if (bsg_config_parse(keys, n, (const char *)data, size, "f", &s, &err) == BSG_OK) {
		FUZZ_CHECK(memchr(s.text, '\0', sizeof(s.text)) != NULL);
		FUZZ_CHECK(s.number >= 1 && s.number <= 9 && s.duration >= 1 && s.duration <= 60);
		FUZZ_CHECK(s.choice == 0 || s.choice == 1);
	} else {
		FUZZ_CHECK(strncmp(err.text, "f:", 2) == 0 || err.code == BSG_E_LIMIT);
	}
	return 0;
}
