/* SPDX-License-Identifier: Apache-2.0 */
/* An enrolment profile, plain or signed, as the simulated phone reads it: all that it needs, or nothing. */
#include <string.h>

#include "crypto/x509.h"
#include "fuzz/fuzz.h"
#include "sim/iphone_enrol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bsg_iphone_enrolment enrolment;
	struct bsg_error err = {.text = ""};
	const enum bsg_err rc = bsg_iphone_enrolment_read((struct bsg_bytes){data, size}, &enrolment, &err);

	if (rc != BSG_OK) {
		FUZZ_CHECK((rc == BSG_E_INVALID || rc == BSG_E_LIMIT) && err.text[0] != '\0');
		FUZZ_CHECK(enrolment.root.data == NULL && enrolment.challenge[0] == '\0');
		return 0;
	}
	FUZZ_CHECK(enrolment.scep_url[0] != '\0' && strlen(enrolment.scep_url) < sizeof(enrolment.scep_url));
	FUZZ_CHECK(enrolment.server_url[0] != '\0' && strlen(enrolment.server_url) < sizeof(enrolment.server_url));
	FUZZ_CHECK(enrolment.root.len <= BSG_CERT_MAX);
	bsg_iphone_enrolment_clear(&enrolment);
	return 0;
}
