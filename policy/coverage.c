/* SPDX-License-Identifier: Apache-2.0 */
/* The coverage table and what follows from it. See policy/coverage.h. */
#include "policy/coverage.h"

#include <stdlib.h>
#include <string.h>

#include <bosaga/functions.h>

#include "base/arena.h"
#include "policy/json.h"

extern const unsigned char bsg_coverage_table[];	/* policy/coverage.json, by tools/embed */
extern const unsigned long bsg_coverage_table_len;

#define ALTERNATIVES_MAX 4
#define ARENA_MAX (4u << 20)

struct alternative {
	enum bsg_grade grade;
	unsigned since;
	const char *how;
	struct bsg_policy_texts why;
};

struct row {
	struct alternative items[ALTERNATIVES_MAX];	/* newest first */
	size_t n;
};

struct kind {
	struct bsg_coverage_kind facts;
	struct row rows[BSG_FUNCTIONS_COUNT];
};

struct bsg_coverage {
	struct bsg_arena arena;
	json_t *json;		/* owns all texts */
	unsigned version;
	struct bsg_coverage_kind *facts;
	struct kind *kinds;
	size_t n_kinds;
	struct row knox[BSG_FUNCTIONS_COUNT];
	struct alternative too_old, agent_impossible, agent_partial, unknown;
};

static const char *const grade_names[] = { "impossible", "partial", "enforced" };
static const char *const class_names[] = { "claimed", "managed", "attested" };

const char *bsg_grade_name(enum bsg_grade grade)
{
	return grade_names[grade];
}

const char *bsg_class_name(enum bsg_class class_of)
{
	return class_names[class_of];
}

bool bsg_class_parse(const char *name, enum bsg_class *out)
{
	*out = BSG_CLASS_CLAIMED;
	for (unsigned i = 0; name != NULL && i < 3; i++)
		if (strcmp(class_names[i], name) == 0) {
			*out = (enum bsg_class)i;
			return true;
		}
	return false;
}

static bool parse_grade(const char *name, enum bsg_grade *out)
{
	for (unsigned i = 0; name != NULL && i < 3; i++)
		if (strcmp(grade_names[i], name) == 0) {
			*out = (enum bsg_grade)i;
			return true;
		}
	return false;
}

/* ---- loading ----------------------------------------------------------- */

static bool read_texts(json_t *map, struct bsg_policy_texts *out)
{
	out->kk = json_string_value(json_object_get(map, "kk"));
	out->ru = json_string_value(json_object_get(map, "ru"));
	out->en = json_string_value(json_object_get(map, "en"));
	return out->kk != NULL && out->ru != NULL && out->en != NULL;
}

/* A reason that is missing is a mistake in the file: nobody may be shown a code. Nor may one hurt calls (D10). */
static enum bsg_err reason(const struct bsg_coverage *c, const char *how, struct alternative *out, struct bsg_error *err)
{
	json_t *entry = how != NULL ? json_object_get(json_object_get(c->json, "reasons"), how) : NULL, *by;
	size_t i;

	out->how = how;
	if (!read_texts(entry, &out->why))
		return bsg_fail(err, BSG_E_INVALID, "coverage: reason '%.60s' has not all of kk, ru, en", how != NULL ? how : "");
	json_array_foreach(json_object_get(entry, "by"), i, by) {
		const char *name = json_string_value(by);
		const char *why = name != NULL ? bsg_mechanism_never_touched((struct bsg_str){ name, strlen(name) }) : "it is no text";

		if (why != NULL)
			return bsg_fail(err, BSG_E_INVALID, "coverage: reason '%.60s' is refused: '%.60s': %s", how,
					name != NULL ? name : "", why);
	}
	return BSG_OK;
}

static enum bsg_err read_row(const struct bsg_coverage *c, const char *name, json_t *list, struct row *row,
			     struct bsg_error *err)
{
	json_t *item;
	size_t i;

	if (json_array_size(list) == 0 || json_array_size(list) > ALTERNATIVES_MAX)
		return bsg_fail(err, BSG_E_INVALID, "coverage: %s has no entry, or too many", name);
	json_array_foreach(list, i, item) {
		struct alternative *a = &row->items[row->n++];
		enum bsg_err rc = reason(c, json_string_value(json_object_get(item, "how")), a, err);

		if (rc != BSG_OK)
			return rc;
		a->since = (unsigned)json_integer_value(json_object_get(item, "since"));
		if (!parse_grade(json_string_value(json_object_get(item, "grade")), &a->grade))
			return bsg_fail(err, BSG_E_INVALID, "coverage: %s has an unknown grade", name);
	}
	return BSG_OK;
}

static enum bsg_err read_kind(const struct bsg_coverage *c, json_t *json, struct kind *kind, struct bsg_error *err)
{
	json_t *functions = json_object_get(json, "functions");
	enum bsg_err rc = BSG_OK;

	kind->facts.id = json_string_value(json_object_get(json, "id"));
	kind->facts.has_agent = json_is_true(json_object_get(json, "agent"));
	if (kind->facts.id == NULL || !read_texts(json_object_get(json, "name"), &kind->facts.name) ||
	    !bsg_class_parse(json_string_value(json_object_get(json, "class")), &kind->facts.class_default))
		return bsg_fail(err, BSG_E_INVALID, "coverage: a kind needs id, name and class");
	if (json_object_size(functions) != BSG_FUNCTIONS_COUNT)
		return bsg_fail(err, BSG_E_INVALID, "coverage: %s must say something about all %d functions", kind->facts.id,
				BSG_FUNCTIONS_COUNT);
	for (unsigned f = 0; f < BSG_FUNCTIONS_COUNT && rc == BSG_OK; f++)
		rc = read_row(c, bsg_functions[f].name, json_object_get(functions, bsg_functions[f].name), &kind->rows[f],
			      err);
	return rc;
}

static enum bsg_err read_kinds(struct bsg_coverage *c, struct bsg_error *err)
{
	json_t *list = json_object_get(c->json, "kinds");
	enum bsg_err rc = BSG_OK;

	c->n_kinds = json_array_size(list);
	c->kinds = bsg_arena_array(&c->arena, c->n_kinds, sizeof(*c->kinds));
	c->facts = bsg_arena_array(&c->arena, c->n_kinds, sizeof(*c->facts));
	if (c->n_kinds == 0)
		return bsg_fail(err, BSG_E_INVALID, "coverage: no kinds");
	if (c->kinds == NULL || c->facts == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory for the coverage table");
	for (size_t i = 0; i < c->n_kinds && rc == BSG_OK; i++) {
		rc = read_kind(c, json_array_get(list, i), &c->kinds[i], err);
		c->facts[i] = c->kinds[i].facts;
	}
	return rc;
}

static enum bsg_err read_knox(struct bsg_coverage *c, struct bsg_error *err)
{
	enum bsg_err rc = BSG_OK;

	for (unsigned f = 0; f < BSG_FUNCTIONS_COUNT && rc == BSG_OK; f++) {
		json_t *list = json_object_get(json_object_get(c->json, "knox"), bsg_functions[f].name);

		if (list != NULL)
			rc = read_row(c, bsg_functions[f].name, list, &c->knox[f], err);
	}
	return rc;
}

static enum bsg_err read_table(struct bsg_coverage *c, struct bsg_error *err)
{
	const json_int_t version = json_integer_value(json_object_get(c->json, "version"));
	enum bsg_err rc;

	if (version < 1 || version > 1000000)
		return bsg_fail(err, BSG_E_INVALID, "coverage: the table needs a version from 1");
	c->version = (unsigned)version;
	rc = read_kinds(c, err);
	if (rc == BSG_OK)
		rc = read_knox(c, err);
	if (rc == BSG_OK)
		rc = reason(c, "needs-newer-system", &c->too_old, err);
	if (rc == BSG_OK)
		rc = reason(c, "agent-says-impossible", &c->agent_impossible, err);
	if (rc == BSG_OK)
		rc = reason(c, "agent-says-partial", &c->agent_partial, err);
	if (rc == BSG_OK)
		rc = reason(c, "no-agent", &c->unknown, err);
	c->agent_partial.grade = BSG_GRADE_PARTIAL;
	return rc;
}

enum bsg_err bsg_coverage_parse(const char *json, size_t len, struct bsg_coverage **out, struct bsg_error *err)
{
	struct bsg_coverage *c = calloc(1, sizeof(*c));
	json_error_t at;
	enum bsg_err rc;

	*out = NULL;
	if (c == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "no memory for the coverage table");
	bsg_arena_init(&c->arena, ARENA_MAX);
	c->json = json_loadb(json, len, JSON_REJECT_DUPLICATES, &at);
	if (c->json == NULL && at.text[0] == '\0')	/* jansson has no words for a failed allocation */
		rc = bsg_fail(err, BSG_E_NO_MEMORY, "no memory for the coverage table");
	else if (c->json == NULL)
		rc = bsg_fail(err, BSG_E_INVALID, "coverage:%d:%d: %s", at.line, at.column, at.text);
	else
		rc = read_table(c, err);
	if (rc == BSG_OK)
		*out = c;
	else
		bsg_coverage_free(c);
	return rc;
}

enum bsg_err bsg_coverage_load(struct bsg_coverage **out, struct bsg_error *err)
{
	const enum bsg_err rc = bsg_coverage_parse((const char *)bsg_coverage_table, bsg_coverage_table_len, out, err);

	return rc == BSG_E_INVALID ? BSG_E_BUG : rc;
}

void bsg_coverage_free(struct bsg_coverage *coverage)
{
	if (coverage == NULL)
		return;
	json_decref(coverage->json);
	bsg_arena_free(&coverage->arena);
	free(coverage);
}

/* ---- asking ------------------------------------------------------------ */

unsigned bsg_coverage_version(const struct bsg_coverage *coverage)
{
	return coverage->version;
}

const struct bsg_coverage_kind *bsg_coverage_kinds(const struct bsg_coverage *coverage, size_t *n)
{
	*n = coverage->n_kinds;
	return coverage->facts;
}

static const struct kind *find_kind(const struct bsg_coverage *coverage, const char *id)
{
	for (size_t i = 0; id != NULL && i < coverage->n_kinds; i++)
		if (strcmp(coverage->kinds[i].facts.id, id) == 0)
			return &coverage->kinds[i];
	return NULL;
}

const struct bsg_coverage_kind *bsg_coverage_find_kind(const struct bsg_coverage *coverage, const char *id)
{
	const struct kind *kind = find_kind(coverage, id);

	return kind != NULL ? &kind->facts : NULL;
}

/* The first alternative that the phone's system reaches. Of an unknown Android nothing newer than its oldest is assumed. */
static const struct alternative *choose(const struct bsg_coverage *c, const struct row *row,
					const struct bsg_coverage_phone *phone)
{
	const bool is_android = phone->kind != NULL && strncmp(phone->kind, "android-", 8) == 0;

	for (size_t i = 0; i < row->n; i++)
		if (row->items[i].since == 0 || phone->os_level >= row->items[i].since ||
		    (phone->os_level == 0 && !is_android))
			return &row->items[i];
	return &c->too_old;
}

static const struct alternative *look_up(const struct bsg_coverage *c, const struct bsg_coverage_phone *phone,
					 unsigned function)
{
	const struct kind *kind = find_kind(c, phone->kind);
	const struct alternative *a;

	if (kind == NULL || function >= BSG_FUNCTIONS_COUNT)
		return &c->unknown;
	a = choose(c, &kind->rows[function], phone);
	/* Knox adds to kinds that have an agent which may use it: not to a pass alone. */
	if (phone->has_knox && a->grade != BSG_GRADE_ENFORCED && c->knox[function].n > 0 &&
	    (strcmp(phone->kind, "android-owner") == 0 || strcmp(phone->kind, "android-cope") == 0 ||
	     strcmp(phone->kind, "android-admin") == 0))
		a = choose(c, &c->knox[function], phone);
	if ((phone->reported_impossible & BSG_BIT(function)) != 0 && a->grade != BSG_GRADE_IMPOSSIBLE)
		return &c->agent_impossible;
	if ((phone->reported_partial & BSG_BIT(function)) != 0 && a->grade == BSG_GRADE_ENFORCED)
		return &c->agent_partial;
	return a;
}

void bsg_coverage_look_up(const struct bsg_coverage *coverage, const struct bsg_coverage_phone *phone, unsigned function,
			  struct bsg_coverage_entry *out)
{
	const struct alternative *a = look_up(coverage, phone, function);

	*out = (struct bsg_coverage_entry){ a->grade, a->how, a->why };
}

json_t *bsg_coverage_to_json(const struct bsg_coverage *coverage, const struct bsg_coverage_phone *phone)
{
	json_t *map = json_object();

	for (unsigned f = 0; f < BSG_FUNCTIONS_COUNT; f++) {
		struct bsg_coverage_entry entry;
		json_t *row = json_object();

		bsg_coverage_look_up(coverage, phone, f, &entry);
		bsg_json_put(&row, "grade", json_string(bsg_grade_name(entry.grade)));
		bsg_json_put(&row, "class", json_string(bsg_class_name(phone->class_of)));
		bsg_json_put(&row, "how", json_string(entry.how));
		bsg_json_put(&row, "why", bsg_json_texts(&entry.why));
		bsg_json_put(&map, bsg_functions[f].name, row);
	}
	return map;
}

/* ---- the gate ---------------------------------------------------------- */

static enum bsg_cover cover_of(enum bsg_grade grade, enum bsg_class class_of)
{
	if (grade == BSG_GRADE_IMPOSSIBLE)
		return BSG_COVER_IMPOSSIBLE;
	if (grade == BSG_GRADE_PARTIAL)
		return BSG_COVER_PARTIAL;
	if (class_of == BSG_CLASS_ATTESTED)
		return BSG_COVER_ATTESTED;
	return class_of == BSG_CLASS_MANAGED ? BSG_COVER_MANAGED : BSG_COVER_CLAIMED;
}

static const struct bsg_policy_texts verdict_texts[] = {
	[BSG_REMEDY_REFUSE] = { "Бұл құрылғы белгісіз немесе қайтарып алынған.", "Устройство неизвестно или отозвано.",
				"This device is unknown or revoked." },
	[BSG_REMEDY_DEPOSIT] = { "Телефонды нөмірленген ұяшыққа салыңыз.", "Положите телефон в ячейку с номером.",
				 "Put the phone into a numbered locker." },
	[BSG_REMEDY_SEAL] = { "Камераға нөмірленген жапсырма жапсырыңыз.", "Заклейте камеру наклейкой с номером.",
			      "Seal the lens with a numbered sticker." },
	[BSG_REMEDY_ADMIT] = { "Өткізіңіз.", "Пропустите.", "Admit." },
};

void bsg_coverage_verdict(const struct bsg_coverage *coverage, const struct bsg_policy_place *place,
			  const struct bsg_coverage_phone *phone, uint32_t asked, struct bsg_verdict *out)
{
	*out = (struct bsg_verdict){ .remedy = BSG_REMEDY_ADMIT };
	for (unsigned f = 0; f < BSG_FUNCTIONS_COUNT; f++) {
		enum bsg_remedy remedy;

		if ((asked & BSG_BIT(f)) == 0)
			continue;
		const struct alternative *a = look_up(coverage, phone, f);
		remedy = (enum bsg_remedy)place->remedies[f][cover_of(a->grade, phone->class_of)];
		if (remedy != BSG_REMEDY_ADMIT)
			out->uncovered |= BSG_BIT(f);
		if (remedy < out->remedy)
			out->remedy = remedy;
	}
	out->why = verdict_texts[out->remedy];
}
