/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of routes: method, path, planes, who may call, limits, handler. docs/spec/access.csv says the same by hand. */
#ifndef BSG_SERVER_ROUTES_H
#define BSG_SERVER_ROUTES_H

#include "http/server.h"

extern const struct bsg_http_route bsg_routes[];
extern const size_t bsg_n_routes;

/* Titles of our problem codes in kk, ru, en. */
extern const struct bsg_http_problem_text bsg_problem_texts[];
extern const size_t bsg_n_problem_texts;

#endif
