/* SPDX-License-Identifier: Apache-2.0 */
/* JSON in and out: bodies by a table of fields, queries by a list of names, answers, pages of lists. */
#ifndef BSG_SERVER_ANSWER_H
#define BSG_SERVER_ANSWER_H

#include <jansson.h>

#include "http/exchange.h"
#include "store/read.h"

enum bsg_field_type {
	BSG_FIELD_TEXT = 1,	/* const char *: shown text, 1..max bytes */
	BSG_FIELD_NAME,		/* const char *: an identifier */
	BSG_FIELD_DEVICE,	/* const char *: 32 hex digits */
	BSG_FIELD_UUID,		/* const char * */
	BSG_FIELD_BADGE,	/* const char *: printable ASCII without blanks */
	BSG_FIELD_CHOICE,	/* const char *: one of choices */
	BSG_FIELD_TIME,		/* int64_t: RFC 3339 */
	BSG_FIELD_INT,		/* int64_t within min..max */
	BSG_FIELD_BOOL,		/* bool */
	BSG_FIELD_FUNCTIONS,	/* uint32_t: a list of names of functions, at least one; "all" stands for all of them */
};

/* One member of a body. What is absent or null leaves the caller's default untouched. */
struct bsg_field {
	const char *name;
	enum bsg_field_type type;
	size_t offset;		/* in the caller's struct */
	bool required;
	size_t max;		/* of a text; 0: BSG_FULL_NAME_SIZE - 1 */
	const char *const *choices;	/* ended by NULL */
	int64_t min, max_int;
};

/* BSG_FIELD(struct type, member, type of field, further designated initialisers) */
#define BSG_FIELD(type_, member, ...) {.name = #member, .offset = offsetof(type_, member), .type = __VA_ARGS__}

/**
 * Read the request's JSON object into @out by @fields; an empty body is an empty object.
 *
 * Texts live as long as the exchange.
 *
 * @return false after answering: 415, or 400 `invalid` naming the member; unknown members and members given twice too
 */
bool bsg_body_read(struct bsg_http_exchange *x, const struct bsg_field *fields, size_t n_fields, void *out);

/** As bsg_body_read() for bytes, without HTTP: for tests and the fuzzer. Texts come from @json, the parsed object. */
enum bsg_err bsg_body_parse(const char *bytes, size_t len, const struct bsg_field *fields, size_t n_fields, void *out,
			    json_t **json, struct bsg_error *err) BSG_MUST_CHECK;

/** Refuse query fields that are not in @names (ended by NULL; `cursor` and `limit` are @paged). @return false after answering 400 */
bool bsg_query_only(struct bsg_http_exchange *x, bool paged, const char *const *names);

/** Read an RFC 3339 query field; absent leaves *out. @return false after answering 400 */
bool bsg_query_time(struct bsg_http_exchange *x, const char *name, int64_t *out);

/** As bsg_query_time(), for a moment that orders can be made for: of the years 1970 to 2099. */
bool bsg_query_moment(struct bsg_http_exchange *x, const char *name, int64_t *out);

/** Read `cursor` and `limit` (default 100). @return false after answering 400 */
bool bsg_query_page(struct bsg_http_exchange *x, struct bsg_page *page);

/** Answer with JSON; @body is consumed; NULL means that memory ran out (503). @param etag without quotes, or NULL */
void bsg_answer_json(struct bsg_http_exchange *x, unsigned status, json_t *body, const char *etag);

/** Answer {items, next}; @items is consumed. */
void bsg_answer_list(struct bsg_http_exchange *x, json_t *items, const struct bsg_page *page);

void bsg_answer_empty(struct bsg_http_exchange *x, unsigned status);

/* json_t helpers: null for what is absent. */
json_t *bsg_reply_text(const char *text);	/* "" and NULL are null */
json_t *bsg_reply_time(int64_t utc);		/* 0 is null */
json_t *bsg_reply_hex(const uint8_t *bytes, size_t len);

#endif
