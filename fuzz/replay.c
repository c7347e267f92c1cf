/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzzer without libFuzzer: on every file of a folder, and on variants of
 * each: cut short, one byte changed, one byte taken out or put in. No randomness:
 * the same files give the same run. Prints TAP, one line a file.
 */
#include <dirent.h>
#include <string.h>

#include "fuzz/fuzz.h"

#define FILES_MAX 4096
#define SIZE_MAX_FILE (1u << 20)
#define VARIANTS_MAX 128	/* of each sort and file: about a second for all files of a fuzzer */

/* In memory that ends where the input ends, so that a sanitizer sees reads past it. */
static void try_bytes(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size > 0 ? size : 1);

	FUZZ_CHECK(exact != NULL);
	memcpy(exact, data, size);
	FUZZ_CHECK(LLVMFuzzerTestOneInput(exact, size) == 0);
	free(exact);
}

static void try_variants(const uint8_t *data, size_t size)
{
	static const uint8_t changes[] = { 0x01, 0x80, 0x20, 0xff, 0x10, 0x1f, 0x40, 0x08 };
	uint8_t *other = malloc(size + 1);
	size_t stride = size / VARIANTS_MAX + 1;

	FUZZ_CHECK(other != NULL);
	for (size_t i = 0; i < size; i += stride) {
		try_bytes(data, i);
		memcpy(other, data, size);
		other[i] ^= changes[i / stride % sizeof(changes)];
		try_bytes(other, size);
		memmove(other + i, data + i + 1, size - i - 1);
		try_bytes(other, size - 1);
		memcpy(other, data, i);
		memcpy(other + i + 1, data + i, size - i);
		other[i] = data[i];
		try_bytes(other, size + 1);
	}
	free(other);
}

static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(SIZE_MAX_FILE);

	FUZZ_CHECK(f != NULL && data != NULL);
	*size = fread(data, 1, SIZE_MAX_FILE, f);
	FUZZ_CHECK(ferror(f) == 0 && *size < SIZE_MAX_FILE);
	(void)fclose(f);
	return data;
}

static int is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	struct dirent **names;
	int n;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	n = scandir(argv[1], &names, is_file, alphasort);
	if (n <= 0 || n > FILES_MAX) {
		(void)fprintf(stderr, "%s: no seeds\n", argv[1]);
		return 1;
	}
	(void)printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		char path[4096];
		size_t size;
		uint8_t *data;

		(void)snprintf(path, sizeof(path), "%s/%s", argv[1], names[i]->d_name);
		data = read_file(path, &size);
		try_bytes(data, size);
		try_variants(data, size);
		free(data);
		(void)printf("ok %d - %s\n", i + 1, names[i]->d_name);
		(void)fflush(stdout);
		free(names[i]);
	}
	free(names);
	return 0;
}
