/* SPDX-License-Identifier: Apache-2.0 */
/* Gate credentials and threshold tokens. See wire/gate.h; rules W50..W59 of docs/spec/messages.md. */
#include "wire/gate.h"

#include "wire/cbor.h"
#include "wire/internal.h"

/* Labels of a COSE_Key (RFC 9052, section 7; RFC 9053, section 7.1) and their values. */
enum { CNF_KEY = 1, KEY_TYPE = 1, KEY_TYPE_EC2 = 2, KEY_CURVE = -1, KEY_CURVE_P256 = 1, KEY_X = -2, KEY_Y = -3 };

enum guest_key { GUEST_NAME = 1, GUEST_FUNCTIONS, GUEST_MAX_STAY, GUEST_BECAUSE, GUEST_APPS };
enum { GUEST_SEEN_ALL = 1 << GUEST_NAME | 1 << GUEST_FUNCTIONS | 1 << GUEST_MAX_STAY | 1 << GUEST_BECAUSE };

/* What a decoder has seen of the claims that must be there. */
enum { SEEN_EXP = 1, SEEN_IAT = 2, SEEN_KEY = 4, SEEN_NONCE = 4, SEEN_OWN = 8, SEEN_ALL = 15 };

static void put_key(struct bsg_cbor_writer *w, const struct bsg_gate_credential *c)
{
	bsg_cbor_put_map(w, 1);
	bsg_cbor_put_int(w, CNF_KEY);
	bsg_cbor_put_map(w, 4);
	bsg_cbor_put_int(w, KEY_TYPE);
	bsg_cbor_put_int(w, KEY_TYPE_EC2);
	bsg_cbor_put_int(w, KEY_CURVE);
	bsg_cbor_put_int(w, KEY_CURVE_P256);
	bsg_cbor_put_int(w, KEY_X);
	bsg_cbor_put_bytes(w, c->key_x, BSG_P256_COORDINATE_LEN);
	bsg_cbor_put_int(w, KEY_Y);
	bsg_cbor_put_bytes(w, c->key_y, BSG_P256_COORDINATE_LEN);
}

/* One key of a map that has exactly the keys we read, in their order. */
static void get_label(struct bsg_cbor_reader *r, struct bsg_cbor_map *map, int64_t want)
{
	int64_t label;

	if (bsg_cbor_map_next(r, map, &label) && label == want)
		return;
	bsg_cbor_refuse(r, BSG_E_INVALID, "not a P-256 key");
}

static void get_key(struct bsg_cbor_reader *r, struct bsg_gate_credential *out)
{
	struct bsg_cbor_map cnf, key;

	bsg_cbor_get_map(r, 1, &cnf);
	get_label(r, &cnf, CNF_KEY);
	bsg_cbor_get_map(r, 4, &key);
	get_label(r, &key, KEY_TYPE);
	(void)bsg_cbor_get_int(r, KEY_TYPE_EC2, KEY_TYPE_EC2);
	get_label(r, &key, KEY_CURVE);
	(void)bsg_cbor_get_int(r, KEY_CURVE_P256, KEY_CURVE_P256);
	get_label(r, &key, KEY_X);
	bsg_wire_get_fixed(r, out->key_x, BSG_P256_COORDINATE_LEN);
	get_label(r, &key, KEY_Y);
	bsg_wire_get_fixed(r, out->key_y, BSG_P256_COORDINATE_LEN);
}

static void put_guest(struct bsg_cbor_writer *w, const struct bsg_guest *g)
{
	if (g->n_apps > BSG_GUEST_APPS_MAX) {
		bsg_cbor_refuse_write(w, BSG_E_LIMIT);
		return;
	}
	bsg_cbor_put_map(w, 4u + (g->n_apps > 0));
	bsg_cbor_put_int(w, GUEST_NAME);
	bsg_wire_put_languages(w, &g->name);
	bsg_cbor_put_int(w, GUEST_FUNCTIONS);
	bsg_wire_put_functions(w, g->functions);
	bsg_cbor_put_int(w, GUEST_MAX_STAY);
	bsg_cbor_put_uint(w, g->max_stay);
	bsg_cbor_put_int(w, GUEST_BECAUSE);
	bsg_wire_put_languages(w, &g->because);
	if (g->n_apps == 0)
		return;
	bsg_cbor_put_int(w, GUEST_APPS);
	bsg_cbor_put_array(w, g->n_apps);
	for (size_t i = 0; i < g->n_apps; i++)
		bsg_wire_put_app(w, g->apps[i]);
}

static void get_guest_field(struct bsg_cbor_reader *r, int64_t key, struct bsg_guest *g)
{
	size_t n;

	switch (key) {
	case GUEST_NAME:
		bsg_wire_get_languages(r, &g->name);
		break;
	case GUEST_FUNCTIONS:
		g->functions = bsg_wire_get_functions(r);
		break;
	case GUEST_MAX_STAY:
		g->max_stay = (uint32_t)bsg_cbor_get_uint(r, 1, BSG_DURATION_MAX);
		break;
	case GUEST_BECAUSE:
		bsg_wire_get_languages(r, &g->because);
		break;
	case GUEST_APPS:
		n = bsg_cbor_get_array(r, 1, BSG_GUEST_APPS_MAX);
		for (size_t i = 0; i < n; i++)
			g->apps[i] = bsg_wire_get_app(r);
		g->n_apps = n;
		break;
	default:
		bsg_cbor_unknown(r, key);
	}
}

static void get_guest(struct bsg_cbor_reader *r, struct bsg_guest *g)
{
	struct bsg_cbor_map map;
	unsigned seen = 0;
	int64_t key;

	bsg_cbor_get_map(r, BSG_WIRE_PAIRS_MAX, &map);
	while (bsg_cbor_map_next(r, &map, &key)) {
		get_guest_field(r, key, g);
		if (key >= GUEST_NAME && key <= GUEST_BECAUSE)
			seen |= 1u << key;
	}
	if (r->err == BSG_OK && seen != GUEST_SEEN_ALL)
		bsg_cbor_refuse(r, BSG_E_INVALID, "a key of the guest place is missing");
}

/* W50..W54, for writer and reader alike. NULL if it holds. */
static const char *check_credential(const struct bsg_gate_credential *c)
{
	if (!bsg_wire_is_life(c->issued, c->expires, BSG_GATE_CREDENTIAL_LIFE_S))
		return "credential lives too long, or not at all";
	if (!bsg_wire_is_id(c->place) || !bsg_wire_is_id(c->gate))
		return "not an identifier";
	if (!c->has_guest)
		return NULL;
	if (!bsg_wire_same(c->guest.place, c->place))
		return "guest place is another place";
	if (c->guest.max_stay == 0 || c->guest.max_stay > BSG_DURATION_MAX)
		return "lease of the guest place out of range";
	if (c->guest.n_apps > 0 && (c->guest.functions & BSG_BIT(BSG_APPS)) == 0)
		return "apps listed and not restricted";
	return NULL;
}

enum bsg_err bsg_gate_credential_encode(const struct bsg_gate_credential *credential, uint8_t *buf,
					size_t cap, struct bsg_bytes *out)
{
	struct bsg_cbor_writer w;

	bsg_cbor_writer_init(&w, buf, cap);
	bsg_cbor_refuse_write(&w, check_credential(credential) == NULL ? BSG_OK : BSG_E_INVALID);
	bsg_cbor_put_map(&w, 4);
	bsg_cbor_put_int(&w, BSG_CLAIM_EXP);
	bsg_cbor_put_int(&w, credential->expires);
	bsg_cbor_put_int(&w, BSG_CLAIM_IAT);
	bsg_cbor_put_int(&w, credential->issued);
	bsg_cbor_put_int(&w, BSG_CLAIM_CNF);
	put_key(&w, credential);
	bsg_cbor_put_int(&w, BSG_CLAIM_GATE);
	bsg_cbor_put_array(&w, 3);
	bsg_cbor_put_id(&w, credential->place);
	bsg_cbor_put_id(&w, credential->gate);
	if (credential->has_guest)
		put_guest(&w, &credential->guest);
	else
		bsg_cbor_put_null(&w);
	return bsg_cbor_writer_end(&w, out);
}

/* Read one claim and say which of the required ones it is. */
static unsigned get_credential_claim(struct bsg_cbor_reader *r, int64_t label,
				     struct bsg_gate_credential *out)
{
	switch (label) {
	case BSG_CLAIM_EXP:
		out->expires = bsg_wire_get_time(r);
		return SEEN_EXP;
	case BSG_CLAIM_IAT:
		out->issued = bsg_wire_get_time(r);
		return SEEN_IAT;
	case BSG_CLAIM_CNF:
		get_key(r, out);
		return SEEN_KEY;
	case BSG_CLAIM_GATE:
		(void)bsg_cbor_get_array(r, 3, 3);
		out->place = bsg_cbor_get_id(r);
		out->gate = bsg_cbor_get_id(r);
		out->has_guest = !bsg_cbor_take_null(r);
		if (out->has_guest) {
			out->guest.place = out->place;
			get_guest(r, &out->guest);
		}
		return SEEN_OWN;
	default:
		bsg_cbor_unknown(r, label);
		return 0;
	}
}

enum bsg_err bsg_gate_credential_decode(struct bsg_bytes payload, struct bsg_gate_credential *out,
					const char **why)
{
	struct bsg_cbor_reader r;
	struct bsg_cbor_map map;
	unsigned seen = 0;
	int64_t label;
	enum bsg_err rc;

	bsg_wire_zero(out, sizeof(*out));
	bsg_cbor_reader_init(&r, payload);
	bsg_cbor_get_map(&r, BSG_WIRE_PAIRS_MAX, &map);
	while (bsg_cbor_map_next(&r, &map, &label))
		seen |= get_credential_claim(&r, label, out);
	if (r.err == BSG_OK && seen != SEEN_ALL)
		bsg_cbor_refuse(&r, BSG_E_INVALID, "a claim is missing");
	if (r.err == BSG_OK && check_credential(out) != NULL)
		bsg_cbor_refuse(&r, BSG_E_INVALID, check_credential(out));
	rc = bsg_cbor_reader_end(&r, why);
	if (rc != BSG_OK)
		bsg_wire_zero(out, sizeof(*out));
	return rc;
}

/* W55..W58, for writer and reader alike. NULL if it holds. */
static const char *check_token(const struct bsg_token *t)
{
	if (!bsg_wire_is_life(t->issued, t->expires, BSG_TOKEN_LIFE_S))
		return "token lives too long, or not at all";
	if (t->direction != BSG_DIRECTION_IN && t->direction != BSG_DIRECTION_OUT)
		return "unknown direction";
	if (t->direction == BSG_DIRECTION_OUT && !t->bound)
		return "token for everybody's way out";
	if (t->credential.len == 0)
		return "token without credential";
	return NULL;
}

enum bsg_err bsg_token_encode(const struct bsg_token *token, uint8_t *buf, size_t cap,
			      struct bsg_bytes *out)
{
	struct bsg_cbor_writer w;

	bsg_cbor_writer_init(&w, buf, cap);
	bsg_cbor_refuse_write(&w, check_token(token) == NULL ? BSG_OK : BSG_E_INVALID);
	if (token->credential.len > BSG_GATE_CREDENTIAL_MAX)
		bsg_cbor_refuse_write(&w, BSG_E_LIMIT);
	bsg_cbor_put_map(&w, 4u + token->bound);
	bsg_cbor_put_int(&w, BSG_CLAIM_EXP);
	bsg_cbor_put_int(&w, token->expires);
	bsg_cbor_put_int(&w, BSG_CLAIM_IAT);
	bsg_cbor_put_int(&w, token->issued);
	bsg_cbor_put_int(&w, BSG_CLAIM_NONCE);
	bsg_cbor_put_bytes(&w, token->nonce, BSG_NONCE_LEN);
	if (token->bound) {
		bsg_cbor_put_int(&w, BSG_CLAIM_UEID);
		bsg_wire_put_ueid(&w, token->pseudonym);
	}
	bsg_cbor_put_int(&w, BSG_CLAIM_TOKEN);
	bsg_cbor_put_array(&w, 3);
	bsg_cbor_put_uint(&w, (unsigned)token->direction);
	bsg_cbor_put_bytes(&w, token->credential.ptr, token->credential.len);
	if (token->bound)
		bsg_cbor_put_bytes(&w, token->pass_nonce, BSG_NONCE_LEN);
	else
		bsg_cbor_put_null(&w);
	return bsg_cbor_writer_end(&w, out);
}

/* Read one claim and say which of the required ones it is. @answers: names a pass's nonce. */
static unsigned get_token_claim(struct bsg_cbor_reader *r, int64_t label, struct bsg_token *out,
				bool *answers)
{
	switch (label) {
	case BSG_CLAIM_EXP:
		out->expires = bsg_wire_get_time(r);
		return SEEN_EXP;
	case BSG_CLAIM_IAT:
		out->issued = bsg_wire_get_time(r);
		return SEEN_IAT;
	case BSG_CLAIM_NONCE:
		bsg_wire_get_fixed(r, out->nonce, BSG_NONCE_LEN);
		return SEEN_NONCE;
	case BSG_CLAIM_UEID:
		out->bound = true;
		bsg_wire_get_ueid(r, out->pseudonym);
		return 0;
	case BSG_CLAIM_TOKEN:
		(void)bsg_cbor_get_array(r, 3, 3);
		out->direction = (enum bsg_direction)bsg_cbor_get_uint(r, BSG_DIRECTION_IN,
								       BSG_DIRECTION_OUT);
		out->credential = bsg_cbor_get_bytes(r, 1, BSG_GATE_CREDENTIAL_MAX);
		*answers = !bsg_cbor_take_null(r);
		if (*answers)
			bsg_wire_get_fixed(r, out->pass_nonce, BSG_NONCE_LEN);
		return SEEN_OWN;
	default:
		bsg_cbor_unknown(r, label);
		return 0;
	}
}

enum bsg_err bsg_token_decode(struct bsg_bytes payload, struct bsg_token *out, const char **why)
{
	struct bsg_cbor_reader r;
	struct bsg_cbor_map map;
	bool answers = false;
	unsigned seen = 0;
	int64_t label;
	enum bsg_err rc;

	bsg_wire_zero(out, sizeof(*out));
	bsg_cbor_reader_init(&r, payload);
	bsg_cbor_get_map(&r, BSG_WIRE_PAIRS_MAX, &map);
	while (bsg_cbor_map_next(&r, &map, &label))
		seen |= get_token_claim(&r, label, out, &answers);
	if (r.err == BSG_OK && seen != SEEN_ALL)
		bsg_cbor_refuse(&r, BSG_E_INVALID, "a claim is missing");
	if (r.err == BSG_OK && out->bound != answers)
		bsg_cbor_refuse(&r, BSG_E_INVALID, "bound to a device and not to its pass, or the reverse");
	if (r.err == BSG_OK && check_token(out) != NULL)
		bsg_cbor_refuse(&r, BSG_E_INVALID, check_token(out));
	rc = bsg_cbor_reader_end(&r, why);
	if (rc != BSG_OK)
		bsg_wire_zero(out, sizeof(*out));
	return rc;
}
