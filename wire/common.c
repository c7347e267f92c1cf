/* SPDX-License-Identifier: Apache-2.0 */
/* Values that several messages have: identifiers, times, texts, functions, pseudonyms. */
#include <bosaga/functions.h>

#include "wire/exitcode.h"
#include "wire/internal.h"

#define UEID_RAND 1	/* first byte of a UEID of type RAND */

bool bsg_wire_is_id(struct bsg_str text)
{
	if (text.len == 0 || text.len > BSG_ID_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	return true;
}

struct bsg_str bsg_cbor_get_id(struct bsg_cbor_reader *r)
{
	struct bsg_str id = bsg_cbor_get_text(r, 1, BSG_ID_MAX);

	if (r->err == BSG_OK && !bsg_wire_is_id(id))
		bsg_cbor_refuse(r, BSG_E_INVALID, "not an identifier");
	return id;
}

void bsg_cbor_put_id(struct bsg_cbor_writer *w, struct bsg_str id)
{
	if (bsg_wire_is_id(id))
		bsg_cbor_put_text(w, id.ptr, id.len);
	else
		bsg_cbor_refuse_write(w, BSG_E_INVALID);
}

void bsg_wire_get_fixed(struct bsg_cbor_reader *r, uint8_t *out, size_t len)
{
	struct bsg_bytes raw = bsg_cbor_get_bytes(r, len, len);

	if (r->err == BSG_OK)
		bsg_wire_copy(out, raw.ptr, len);
}

int64_t bsg_wire_get_time(struct bsg_cbor_reader *r)
{
	return bsg_cbor_get_int(r, BSG_TIME_MIN, BSG_TIME_MAX);
}

void bsg_wire_put_time(struct bsg_cbor_writer *w, int64_t utc)
{
	if (utc < BSG_TIME_MIN || utc > BSG_TIME_MAX)
		bsg_cbor_refuse_write(w, BSG_E_INVALID);
	bsg_cbor_put_int(w, utc);
}

struct bsg_str bsg_wire_get_optional_id(struct bsg_cbor_reader *r)
{
	if (bsg_cbor_take_null(r))
		return (struct bsg_str){ NULL, 0 };
	return bsg_cbor_get_id(r);
}

void bsg_wire_put_optional_id(struct bsg_cbor_writer *w, struct bsg_str id)
{
	if (id.len == 0)
		bsg_cbor_put_null(w);
	else
		bsg_cbor_put_id(w, id);
}

bool bsg_wire_is_rule_id(struct bsg_str text)
{
	size_t at = 0;

	while (at < text.len && text.ptr[at] != '@')
		at++;
	if (text.len > BSG_RULE_ID_MAX || !bsg_wire_is_id((struct bsg_str){ text.ptr, at }))
		return false;
	if (at == text.len)
		return true;
	if (at + 1 == text.len || text.ptr[at + 1] == '0')
		return false;
	for (size_t i = at + 1; i < text.len; i++)
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	return true;
}

void bsg_wire_put_text(struct bsg_cbor_writer *w, struct bsg_str text, size_t max)
{
	if (text.len > max)
		bsg_cbor_refuse_write(w, BSG_E_LIMIT);
	else if (!bsg_wire_is_text(text))
		bsg_cbor_refuse_write(w, BSG_E_INVALID);
	bsg_cbor_put_text(w, text.ptr, text.len);
}

void bsg_wire_get_languages(struct bsg_cbor_reader *r, struct bsg_text *out)
{
	(void)bsg_cbor_get_array(r, 3, 3);
	out->kk = bsg_cbor_get_text(r, 0, BSG_TEXT_MAX);
	out->ru = bsg_cbor_get_text(r, 0, BSG_TEXT_MAX);
	out->en = bsg_cbor_get_text(r, 0, BSG_TEXT_MAX);
}

void bsg_wire_put_languages(struct bsg_cbor_writer *w, const struct bsg_text *text)
{
	bsg_cbor_put_array(w, 3);
	bsg_wire_put_text(w, text->kk, BSG_TEXT_MAX);
	bsg_wire_put_text(w, text->ru, BSG_TEXT_MAX);
	bsg_wire_put_text(w, text->en, BSG_TEXT_MAX);
}

uint32_t bsg_wire_get_functions(struct bsg_cbor_reader *r)
{
	return (uint32_t)bsg_cbor_get_uint(r, 1, BSG_FUNCTIONS_ALL);
}

void bsg_wire_put_functions(struct bsg_cbor_writer *w, uint32_t functions)
{
	if (functions == 0 || (functions & ~BSG_FUNCTIONS_ALL) != 0)
		bsg_cbor_refuse_write(w, BSG_E_INVALID);
	bsg_cbor_put_uint(w, functions);
}

struct bsg_str bsg_wire_get_app(struct bsg_cbor_reader *r)
{
	struct bsg_str name = bsg_cbor_get_text(r, 1, BSG_APP_NAME_MAX);

	if (r->err == BSG_OK && bsg_app_never_touched(name) != NULL)
		bsg_cbor_refuse(r, BSG_E_DENIED, bsg_app_never_touched(name));
	return name;
}

void bsg_wire_put_app(struct bsg_cbor_writer *w, struct bsg_str name)
{
	if (name.len == 0)
		bsg_cbor_refuse_write(w, BSG_E_INVALID);
	else if (bsg_app_never_touched(name) != NULL)
		bsg_cbor_refuse_write(w, BSG_E_DENIED);
	bsg_wire_put_text(w, name, BSG_APP_NAME_MAX);
}

void bsg_wire_put_ueid(struct bsg_cbor_writer *w, const uint8_t *pseudonym)
{
	uint8_t ueid[1 + BSG_PSEUDONYM_LEN];

	ueid[0] = UEID_RAND;
	bsg_wire_copy(ueid + 1, pseudonym, BSG_PSEUDONYM_LEN);
	bsg_cbor_put_bytes(w, ueid, sizeof(ueid));
}

void bsg_wire_get_ueid(struct bsg_cbor_reader *r, uint8_t *pseudonym)
{
	uint8_t ueid[1 + BSG_PSEUDONYM_LEN] = { 0 };

	bsg_wire_get_fixed(r, ueid, sizeof(ueid));
	if (r->err == BSG_OK && ueid[0] != UEID_RAND)
		bsg_cbor_refuse(r, BSG_E_INVALID, "not a UEID of type RAND");
	bsg_wire_copy(pseudonym, ueid + 1, BSG_PSEUDONYM_LEN);
}
