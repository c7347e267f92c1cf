/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's own store of roots, replaced for this process only: in a mount namespace
 * /etc/ssl/certs is hidden behind a directory with one root. For children of tests.
 */
#ifndef BSG_TEST_ROOT_STORE_H
#define BSG_TEST_ROOT_STORE_H

/* Make @root_pem the only root that programs without a pin believe. Exits with 3 if the machine does not let us. */
void root_store_replace(const char *root_pem);
void root_store_restore(void);

/* Whether a plain libcurl believes the server at @url: shows that the store is really used. */
int root_store_is_used(const char *url);

/* Run this program again with @argument and @url, in a child. @return its exit status, -1 if it had none */
int root_store_child(const char *argument, const char *url);

#endif
