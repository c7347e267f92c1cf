/* SPDX-License-Identifier: Apache-2.0 */
/* Answers for people: aligned columns, or `key: value` lines; with --json the answer as it came. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define COLUMNS_MAX 12
#define CELL_MAX 2048	/* the longest sentence of an explanation has about half of it */

struct columns {
	char name[COLUMNS_MAX][32];
	size_t n;
};

static void split_columns(const char *text, struct columns *columns)
{
	columns->n = 0;
	while (*text != '\0' && columns->n < COLUMNS_MAX) {
		size_t len = strcspn(text, ",");

		(void)snprintf(columns->name[columns->n++], sizeof(columns->name[0]), "%.*s", (int)len, text);
		text += len + (text[len] == ',');
	}
}

/* A name may hold anything; a terminal must not obey it. */
static void defuse(char *cell)
{
	for (unsigned char *p = (unsigned char *)cell; *p != '\0'; p++)
		if (*p < 0x20 || *p == 0x7f)
			*p = ' ';
}

static void format_cell(const char *lang, json_t *value, char *cell, size_t size);

static void format_list(const char *lang, json_t *list, char *cell, size_t size)
{
	size_t used = 0;
	size_t i;
	json_t *item;

	cell[0] = '\0';
	json_array_foreach(list, i, item) {
		char one[CELL_MAX];
		int n;

		format_cell(lang, item, one, sizeof(one));
		n = snprintf(cell + used, size - used, "%s%s", used != 0 ? "," : "", one);
		if (n < 0 || (size_t)n >= size - used)
			return;
		used += (size_t)n;
	}
}

/* A text in three languages is one in the terminal's; of another object its values, enough to see "camera house". */
static void format_object(const char *lang, json_t *object, char *cell, size_t size)
{
	json_t *text = json_object_get(object, lang);
	const char *key;
	json_t *value;
	size_t used = 0;

	if (json_is_string(text)) {
		format_cell(lang, text, cell, size);
		return;
	}
	cell[0] = '\0';
	json_object_foreach(object, key, value) {
		char one[CELL_MAX];
		int n;

		format_cell(lang, value, one, sizeof(one));
		n = snprintf(cell + used, size - used, "%s%s", used != 0 ? " " : "", one);
		if (n < 0 || (size_t)n >= size - used)
			return;
		used += (size_t)n;
	}
}

static void format_cell(const char *lang, json_t *value, char *cell, size_t size)
{
	if (json_is_string(value))
		(void)snprintf(cell, size, "%s", json_string_value(value));
	else if (json_is_integer(value))
		(void)snprintf(cell, size, "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		(void)snprintf(cell, size, "%.4g", json_real_value(value));
	else if (json_is_boolean(value))
		(void)snprintf(cell, size, "%s", json_is_true(value) ? "yes" : "no");
	else if (json_is_array(value))
		format_list(lang, value, cell, size);
	else if (json_is_object(value))
		format_object(lang, value, cell, size);
	else
		(void)snprintf(cell, size, "-");
	defuse(cell);
}

/* Characters, not bytes: Kazakh and Russian names must line up too. */
static size_t width_of(const char *cell)
{
	size_t width = 0;

	for (; *cell != '\0'; cell++)
		width += ((unsigned char)*cell & 0xc0U) != 0x80U;
	return width;
}

static void print_cell(FILE *out, const char *cell, size_t width, bool last)
{
	size_t used = width_of(cell);

	fputs(cell, out);
	for (; !last && used < width + 2; used++)
		fputc(' ', out);
}

static void widen(const char *lang, json_t *items, const struct columns *columns, size_t *widths)
{
	size_t i;
	json_t *item;
	char cell[CELL_MAX];

	for (size_t c = 0; c < columns->n; c++)
		widths[c] = width_of(columns->name[c]);
	json_array_foreach(items, i, item)
		for (size_t c = 0; c < columns->n; c++) {
			format_cell(lang, json_object_get(item, columns->name[c]), cell, sizeof(cell));
			if (width_of(cell) > widths[c])
				widths[c] = width_of(cell);
		}
}

static void print_items(const struct bsg_cli *cli, json_t *items, const char *names)
{
	const char *lang = bsg_cli_language(cli);
	struct columns columns;
	size_t widths[COLUMNS_MAX] = { 0 };
	size_t i;
	json_t *item;
	char cell[CELL_MAX];

	split_columns(names, &columns);
	widen(lang, items, &columns, widths);
	for (size_t c = 0; c < columns.n; c++)
		print_cell(cli->out, columns.name[c], widths[c], c + 1 == columns.n);
	fputc('\n', cli->out);
	json_array_foreach(items, i, item) {
		for (size_t c = 0; c < columns.n; c++) {
			format_cell(lang, json_object_get(item, columns.name[c]), cell, sizeof(cell));
			print_cell(cli->out, cell, widths[c], c + 1 == columns.n);
		}
		fputc('\n', cli->out);
	}
}

static void print_object(const struct bsg_cli *cli, json_t *object, const char *names)
{
	struct columns columns;
	char cell[CELL_MAX];

	split_columns(names, &columns);
	for (size_t c = 0; c < columns.n; c++) {
		json_t *value = json_object_get(object, columns.name[c]);

		if (value == NULL)
			continue;
		format_cell(bsg_cli_language(cli), value, cell, sizeof(cell));
		fprintf(cli->out, "%s: %s\n", columns.name[c], cell);
	}
}

int bsg_cli_print(const struct bsg_cli *cli, json_t *json, const char *columns)
{
	json_t *items = json_is_array(json) ? json : json_object_get(json, "items");

	if (bsg_cli_option(cli, "json") != NULL) {
		if (json != NULL)
			(void)json_dumpf(json, cli->out, JSON_INDENT(2));
		else
			fputs("{}", cli->out);
		fputc('\n', cli->out);
	} else if (items != NULL) {
		print_items(cli, items, columns);
	} else if (json != NULL) {
		print_object(cli, json, columns);
	}
	if (fflush(cli->out) != 0 || ferror(cli->out))
		return bsg_cli_refuse(cli, "cannot write the answer: is the disk full or the reader gone?");
	return BSG_CLI_DONE;
}

int bsg_cli_refuse(const struct bsg_cli *cli, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	defuse(text);
	fprintf(cli->err, "bosaga: %s\n", text);
	return BSG_CLI_REFUSED;
}
