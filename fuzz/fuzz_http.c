/* SPDX-License-Identifier: Apache-2.0 */
/* What a request says beside its body: paths, queries and forms, header values, cookies, passwords; and base64. */
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "fuzz/fuzz.h"
#include "http/internal.h"

#define PARTS_MAX 16
#define FIELDS_MAX 16

/* A text of one's own, since most of these decode in place. */
static char *copy_of(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	FUZZ_CHECK(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

static bool is_clean(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

static void try_path(const uint8_t *data, size_t size)
{
	char *text = copy_of(data, size), *parts[PARTS_MAX];
	const int n = bsg_http_split_path(text, parts, PARTS_MAX);

	FUZZ_CHECK(n <= PARTS_MAX);
	for (int i = 0; i < n; i++)
		FUZZ_CHECK(is_clean(parts[i]) && strchr(parts[i], '/') == NULL);
	free(text);
}

static void try_query(const uint8_t *data, size_t size)
{
	struct bsg_http_query_field fields[FIELDS_MAX];
	char *text = copy_of(data, size);
	const int n = bsg_http_split_query(text, fields, FIELDS_MAX);

	FUZZ_CHECK(n <= FIELDS_MAX);
	for (int i = 0; i < n; i++)
		FUZZ_CHECK(is_clean(fields[i].name) && is_clean(fields[i].value));
	free(text);
}

static void try_headers(const uint8_t *data, size_t size)
{
	char *text = copy_of(data, size);
	uint8_t der[BSG_HTTP_DER_MAX];
	size_t len = 0;

	FUZZ_CHECK(bsg_http_parse_language(text) < BSG_HTTP_N_LANGS);
	FUZZ_CHECK(bsg_http_parse_wait(text) < 10000000);
	if (bsg_http_etag_listed(text, "7-0123456789abcdef", false))
		FUZZ_CHECK(strchr(text, '*') != NULL || strstr(text, "7-0123456789abcdef") != NULL);
	if (bsg_http_parse_client_cert(text, der, &len))
		FUZZ_CHECK(len <= sizeof(der));
	free(text);
}

/* As strsep() and strcmp() find it. */
static const char *find_slowly(char *header, const char *start)
{
	for (char *rest = header, *part; (part = strsep(&rest, ";")) != NULL;) {
		part += strspn(part, " \t");
		if (strncmp(part, start, strlen(start)) == 0)
			return part + strlen(start);
	}
	return NULL;
}

static void try_cookie(const uint8_t *data, size_t size)
{
	char *text = copy_of(data, size), *other = copy_of(data, size);
	size_t len = size + 1;
	const char *value = bsg_http_find_cookie(text, "__Host-bosaga", &len);
	const char *want = find_slowly(other, "__Host-bosaga=");

	FUZZ_CHECK((value == NULL) == (want == NULL) && len == (want != NULL ? strlen(want) : 0));
	FUZZ_CHECK(value == NULL || (value - text == want - other && memcmp(value, want, len) == 0));
	free(text);
	free(other);
}

/* Nothing of what was sent is lost between the two. */
static void try_basic(const uint8_t *data, size_t size)
{
	char *text = copy_of(data, size), *plain = copy_of(data, size);
	const char *user, *password;
	struct bsg_buf joined;

	bsg_buf_init(&joined, size + 1);
	if (bsg_http_parse_basic(text, plain, &user, &password)) {
		uint8_t *bytes = malloc(size + 1);
		size_t len;

		FUZZ_CHECK(bytes != NULL && strchr(user, ':') == NULL);
		bsg_buf_add_text(&joined, user);
		bsg_buf_add_text(&joined, ":");
		bsg_buf_add_text(&joined, password);
		FUZZ_CHECK(bsg_buf_finish(&joined, NULL) == BSG_OK);
		FUZZ_CHECK(bsg_base64_decode(text, strlen(text), bytes, size, &len, NULL) == BSG_OK);
		FUZZ_CHECK(len == joined.len && memcmp(bytes, joined.data, len) == 0);
		free(bytes);
	}
	bsg_buf_free(&joined);
	free(text);
	free(plain);
}

/* A token of letters: what is read is written in one way only. */
static void try_base64url(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(size + 1);
	struct bsg_buf again;
	size_t len;

	FUZZ_CHECK(bytes != NULL);
	bsg_buf_init(&again, 2 * size + 16);
	if (bsg_base64url_decode((const char *)data, size, bytes, size, &len, NULL) == BSG_OK) {
		bsg_base64url_encode(bytes, len, &again);
		FUZZ_CHECK(bsg_buf_finish(&again, NULL) == BSG_OK);
		FUZZ_CHECK(again.len == size && (size == 0 || memcmp(again.data, data, size) == 0));
	}
	bsg_buf_free(&again);
	free(bytes);
}

static void try_base64(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(size + 1);
	struct bsg_error err = {.text = ""};
	struct bsg_buf again;
	size_t len;

	FUZZ_CHECK(bytes != NULL);
	bsg_buf_init(&again, 2 * size + 16);
	if (bsg_base64_decode((const char *)data, size, bytes, size, &len, &err) == BSG_OK) {
		size_t second_len;

		FUZZ_CHECK(len <= size);
		bsg_base64_encode(bytes, len, 0, &again);
		FUZZ_CHECK(bsg_buf_finish(&again, NULL) == BSG_OK);
		FUZZ_CHECK(bsg_base64_decode((const char *)again.data, again.len, bytes, size, &second_len, NULL) == BSG_OK);
		FUZZ_CHECK(second_len == len);
	} else {
		FUZZ_CHECK(err.text[0] != '\0');
	}
	bsg_buf_free(&again);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 65536)
		return 0;
	try_path(data, size);
	try_query(data, size);
	try_headers(data, size);
	try_cookie(data, size);
	try_basic(data, size);
	try_base64(data, size);
	try_base64url(data, size);
	return 0;
}
