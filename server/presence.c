/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in, and how far their restrictions are. Watched by long poll. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/answer.h"
#include "server/caller.h"
#include "server/handlers.h"
#include "server/orders.h"
#include "server/view.h"

#define ETAG_SIZE 64

/* What a watcher asked; memory of the exchange. */
struct watch {
	struct bsg_server *server;
	const char *place, *unit;
	struct bsg_page page;
	char seen[ETAG_SIZE];		/* the ETag that the watcher has */
};

static void current_etag(struct bsg_server *server, char out[static ETAG_SIZE])
{
	snprintf(out, ETAG_SIZE, "%s-%llu", server->boot, (unsigned long long)atomic_load(&server->presence_version));
}

static json_t *verified_names(const struct bsg_view *view)
{
	uint32_t verified = bsg_view_verified(view);
	json_t *out = json_array();

	for (size_t i = 0; i < BSG_FUNCTIONS_COUNT; i++)
		if ((verified & bsg_functions[i].bit) != 0)
			json_array_append_new(out, json_string(bsg_functions[i].name));
	return out;
}

/* Until when the lease of the place runs, by the decision itself. */
static int64_t lease_end(const struct bsg_view *view, const char *place)
{
	for (size_t i = 0; i < view->output.n_present; i++) {
		const struct bsg_str id = view->output.present[i].place;

		if (id.len == strlen(place) && memcmp(id.ptr, place, id.len) == 0)
			return view->output.present[i].end;
	}
	return 0;
}

/*
 * Whom the decision cannot be asked about, and who is in beyond the lease and asked for nothing any more: nothing of them is proven.
 *
 * @return BSG_E_UNAVAILABLE or BSG_E_NO_MEMORY: nobody could be asked now, which says nothing of the phone
 */
static enum bsg_err describe(struct bsg_server *server, const struct bsg_present_rec *rec, json_t **out, struct bsg_error *err)
{
	struct bsg_device_rec device;
	struct bsg_view *view = NULL;
	int64_t until;
	enum bsg_err rc = bsg_store_device(server->store, rec->device, &device, err);

	*out = NULL;
	if (rc == BSG_OK)
		rc = bsg_view_make(server, &device, bsg_now(server), &view, err);
	if (rc == BSG_E_UNAVAILABLE || rc == BSG_E_NO_MEMORY)
		return rc;
	until = view != NULL ? lease_end(view, rec->presence.place) : 0;
	*out = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s}", "device", rec->device, "person", rec->person, "place",
			 rec->presence.place, "gate", rec->presence.gate, "since", bsg_reply_time(rec->presence.at), "until",
			 bsg_reply_time(until), "restricted", view != NULL ? verified_names(view) : json_array(), "state",
			 until != 0 ? bsg_view_weakest(view) : "unverified");
	bsg_view_free(view);
	return *out != NULL ? BSG_OK : bsg_fail(err, BSG_E_NO_MEMORY, "no memory for presence");
}

static enum bsg_err list(const struct watch *watch, struct bsg_page *page, json_t *items, struct bsg_error *err)
{
	struct bsg_present_rec *recs = calloc(page->limit, sizeof(*recs));
	enum bsg_err rc = recs == NULL ? bsg_fail(err, BSG_E_NO_MEMORY, "no memory for presence")
				       : bsg_store_present(watch->server->store, watch->place, watch->unit, page, recs, err);
	json_t *item;

	for (size_t i = 0; rc == BSG_OK && i < page->n; i++) {
		rc = describe(watch->server, &recs[i], &item, err);
		if (rc == BSG_OK && json_array_append_new(items, item) != 0)
			rc = bsg_fail(err, BSG_E_NO_MEMORY, "no memory for presence");
	}
	free(recs);
	return rc;
}

static void answer(struct bsg_http_exchange *x, const struct watch *watch)
{
	struct bsg_page page = watch->page;
	json_t *items = json_array();
	char etag[ETAG_SIZE];
	struct bsg_error err;
	enum bsg_err rc;

	/* The version is read first: a change meanwhile makes this ETag old, and the watcher comes back at once. */
	current_etag(watch->server, etag);
	rc = list(watch, &page, items, &err);
	if (rc == BSG_OK) {
		bsg_answer_json(x, 200, json_pack("{s:o, s:o}", "items", items, "next", bsg_reply_text(page.next)), etag);
	} else {
		json_decref(items);
		bsg_http_fail(x, rc, &err);
	}
}

static void answer_if_changed(struct bsg_http_exchange *x, const struct watch *watch)
{
	char etag[ETAG_SIZE];

	current_etag(watch->server, etag);
	if (strcmp(etag, watch->seen) != 0)
		answer(x, watch);
}

void bsg_wake_presence(struct bsg_http_exchange *x)
{
	answer_if_changed(x, bsg_http_context(x));
}

void bsg_get_presence(struct bsg_http_exchange *x, void *app)
{
	static const char *const names[] = {"place", NULL};
	struct watch *watch = bsg_http_alloc(x, sizeof(*watch));
	int64_t wait_ms = bsg_http_wait_ms(x);
	struct bsg_page page;

	if (watch == NULL) {
		bsg_http_fail(x, BSG_E_NO_MEMORY, NULL);
		return;
	}
	if (!bsg_query_only(x, true, names) || !bsg_query_page(x, &page))
		return;
	*watch = (struct watch){.server = app, .place = bsg_http_query(x, "place"), .unit = bsg_caller_of(x)->unit, .page = page};
	if (bsg_http_query(x, "limit") == NULL)
		watch->page.limit = BSG_STORE_LIST_MAX;		/* a picture of the house is wanted, not a page of it */
	current_etag(watch->server, watch->seen);
	if (!bsg_http_if_none_match(x, watch->seen)) {
		answer(x, watch);
		return;
	}
	if (wait_ms == 0) {
		bsg_http_answer(x, &(struct bsg_http_answer){.status = 304, .etag = watch->seen});
		return;
	}
	bsg_http_set_context(x, watch);
	bsg_http_hold(x, wait_ms, &(struct bsg_http_answer){.status = 304, .etag = watch->seen});
	bsg_http_waiters_add(watch->server->waiters, BSG_TOPIC_PRESENCE, x);
	answer_if_changed(x, watch);
}
