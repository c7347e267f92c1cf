/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The route table, compiled once: patterns sorted so that a literal segment
 * wins over a parameter at the same depth. Knows nothing of HTTP but methods.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/internal.h"

static enum bsg_err bad_route(const struct bsg_http_route *route, const char *why,
			      struct bsg_error *err)
{
	return bsg_fail(err, BSG_E_INVALID, "route %s %s: %s",
			route->method != NULL ? route->method : "?",
			route->path != NULL ? route->path : "?", why);
}

static bool parse_segment(const char *text, size_t len, struct bsg_http_segment *out)
{
	out->is_param = text[0] == '{';
	if (!out->is_param) {
		out->text = text;
		out->len = len;
		return len > 0 && memchr(text, '{', len) == NULL && memchr(text, '%', len) == NULL;
	}
	out->text = text + 1;
	out->len = len - 2;
	return len > 2 && text[len - 1] == '}';
}

static enum bsg_err compile_path(const struct bsg_http_route *route, struct bsg_http_pattern *out,
				 struct bsg_error *err)
{
	const char *at = route->path;
	size_t n_params = 0;

	out->route = route;
	out->n_segments = 0;
	if (at[0] != '/')
		return bad_route(route, "the path must begin with '/'", err);
	while (at[0] == '/' && at[1] != '\0') {
		size_t len = strcspn(at + 1, "/");
		struct bsg_http_segment *s = &out->segments[out->n_segments];

		if (out->n_segments == BSG_HTTP_SEGMENTS_MAX)
			return bad_route(route, "too many segments", err);
		if (!parse_segment(at + 1, len, s))
			return bad_route(route, "a segment is a literal or {name}", err);
		if (s->is_param && ++n_params > BSG_HTTP_PARAMS_MAX)
			return bad_route(route, "too many parameters", err);
		out->n_segments++;
		at += 1 + len;
	}
	if (at[0] == '/' && at != route->path)
		return bad_route(route, "the path ends with '/'", err);
	return BSG_OK;
}

static enum bsg_err check_route(const struct bsg_http_route *route, struct bsg_error *err)
{
	if (route->method == NULL || route->path == NULL || route->method[0] == '\0')
		return bad_route(route, "needs a method and a path", err);
	if (strcmp(route->method, "HEAD") == 0)
		return bad_route(route, "HEAD is answered by GET's route", err);
	if (route->planes == 0)
		return bad_route(route, "is on no plane", err);
	if (route->who == 0)
		return bad_route(route, "nobody may call it", err);
	if (route->handler == NULL)
		return bad_route(route, "has no handler", err);
	return BSG_OK;
}

static int compare_segments(const struct bsg_http_segment *a, const struct bsg_http_segment *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int order;

	if (a->is_param != b->is_param)
		return a->is_param ? 1 : -1;
	if (a->is_param)
		return 0;
	order = memcmp(a->text, b->text, len);
	if (order != 0)
		return order;
	return a->len < b->len ? -1 : a->len > b->len;
}

static int compare_patterns(const void *pa, const void *pb)
{
	const struct bsg_http_pattern *a = pa, *b = pb;

	for (size_t i = 0; i < a->n_segments && i < b->n_segments; i++) {
		int order = compare_segments(&a->segments[i], &b->segments[i]);

		if (order != 0)
			return order;
	}
	if (a->n_segments != b->n_segments)
		return a->n_segments < b->n_segments ? -1 : 1;
	return strcmp(a->route->method, b->route->method);
}

enum bsg_err bsg_http_routes_compile(const struct bsg_http_route *routes, size_t n,
				     uint32_t plane, struct bsg_http_routes *out,
				     struct bsg_error *err)
{
	enum bsg_err rc = BSG_OK;

	out->n = 0;
	out->patterns = calloc(n > 0 ? n : 1, sizeof(*out->patterns));
	if (out->patterns == NULL)
		return bsg_fail(err, BSG_E_NO_MEMORY, "routes: out of memory");
	for (size_t i = 0; i < n && rc == BSG_OK; i++) {
		rc = check_route(&routes[i], err);
		if (rc == BSG_OK && (routes[i].planes & plane) != 0)
			rc = compile_path(&routes[i], &out->patterns[out->n++], err);
	}
	if (rc == BSG_OK)
		qsort(out->patterns, out->n, sizeof(*out->patterns), compare_patterns);
	for (size_t i = 1; i < out->n && rc == BSG_OK; i++) {
		if (compare_patterns(&out->patterns[i - 1], &out->patterns[i]) == 0)
			rc = bad_route(out->patterns[i].route, "is there twice", err);
	}
	if (rc != BSG_OK)
		bsg_http_routes_free(out);
	return rc;
}

void bsg_http_routes_free(struct bsg_http_routes *routes)
{
	free(routes->patterns);
	routes->patterns = NULL;
	routes->n = 0;
}

static bool path_fits(const struct bsg_http_pattern *p, char *const *segments, size_t n)
{
	if (p->n_segments != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct bsg_http_segment *s = &p->segments[i];

		if (segments[i][0] == '\0')
			return false;
		if (!s->is_param && (strlen(segments[i]) != s->len ||
				     memcmp(segments[i], s->text, s->len) != 0))
			return false;
	}
	return true;
}

static void add_allow(char *allow, size_t size, const char *method)
{
	size_t len = strlen(allow);

	(void)snprintf(allow + len, size - len, "%s%s", len > 0 ? ", " : "", method);
	if (strcmp(method, "GET") == 0)
		add_allow(allow, size, "HEAD");
}

void bsg_http_routes_match(const struct bsg_http_routes *routes, const char *method,
			   char *const *segments, size_t n_segments, struct bsg_http_match *out)
{
	const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;

	out->pattern = NULL;
	out->allow[0] = '\0';
	for (size_t i = 0; i < routes->n; i++) {
		const struct bsg_http_pattern *p = &routes->patterns[i];

		if (!path_fits(p, segments, n_segments))
			continue;
		if (strcmp(p->route->method, wanted) == 0) {
			out->pattern = p;
			return;
		}
		if (strstr(out->allow, p->route->method) == NULL)
			add_allow(out->allow, sizeof(out->allow), p->route->method);
	}
}
