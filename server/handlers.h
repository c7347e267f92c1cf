/* SPDX-License-Identifier: Apache-2.0 */
/* All handlers of the route table, one file each group; @p app is the struct bsg_server. */
#ifndef BSG_SERVER_HANDLERS_H
#define BSG_SERVER_HANDLERS_H

#include "http/exchange.h"

/* status.c */
void bsg_get_health(struct bsg_http_exchange *x, void *app);
void bsg_get_ready(struct bsg_http_exchange *x, void *app);
void bsg_get_metrics(struct bsg_http_exchange *x, void *app);
void bsg_get_status(struct bsg_http_exchange *x, void *app);
void bsg_get_discover(struct bsg_http_exchange *x, void *app);
void bsg_get_openapi(struct bsg_http_exchange *x, void *app);

/* doctor.c */
void bsg_get_doctor(struct bsg_http_exchange *x, void *app);

/* page.c */
void bsg_get_style(struct bsg_http_exchange *x, void *app);

/* enrol_page.c */
void bsg_get_enrol_page(struct bsg_http_exchange *x, void *app);
void bsg_get_enrol_profile(struct bsg_http_exchange *x, void *app);

/* est.c */
void bsg_get_cacerts(struct bsg_http_exchange *x, void *app);
void bsg_post_enroll(struct bsg_http_exchange *x, void *app);
void bsg_post_reenroll(struct bsg_http_exchange *x, void *app);

/* agents.c */
/* Answers a device that waits for orders. */
void bsg_wake_orders(struct bsg_http_exchange *x);
void bsg_get_own_orders(struct bsg_http_exchange *x, void *app);
void bsg_post_reports(struct bsg_http_exchange *x, void *app);

/* people.c */
void bsg_get_people(struct bsg_http_exchange *x, void *app);
void bsg_post_person(struct bsg_http_exchange *x, void *app);
void bsg_get_person(struct bsg_http_exchange *x, void *app);
void bsg_post_leave(struct bsg_http_exchange *x, void *app);
void bsg_post_badge(struct bsg_http_exchange *x, void *app);
void bsg_delete_badge(struct bsg_http_exchange *x, void *app);
void bsg_post_invitation(struct bsg_http_exchange *x, void *app);

/* me.c */
void bsg_get_me(struct bsg_http_exchange *x, void *app);
void bsg_get_me_link(struct bsg_http_exchange *x, void *app);

/* me_actions.c */
void bsg_post_me_login(struct bsg_http_exchange *x, void *app);
void bsg_post_me_logout(struct bsg_http_exchange *x, void *app);
void bsg_post_me_arrive(struct bsg_http_exchange *x, void *app);
void bsg_post_me_left(struct bsg_http_exchange *x, void *app);
void bsg_post_me_stuck(struct bsg_http_exchange *x, void *app);
void bsg_post_person_code(struct bsg_http_exchange *x, void *app);

/* devices.c */
void bsg_get_devices(struct bsg_http_exchange *x, void *app);
void bsg_get_device(struct bsg_http_exchange *x, void *app);
void bsg_get_device_orders(struct bsg_http_exchange *x, void *app);
void bsg_get_device_coverage(struct bsg_http_exchange *x, void *app);
void bsg_get_device_explain(struct bsg_http_exchange *x, void *app);
void bsg_post_revoke(struct bsg_http_exchange *x, void *app);
void bsg_post_release(struct bsg_http_exchange *x, void *app);
void bsg_post_carried(struct bsg_http_exchange *x, void *app);

/* policies.c */
void bsg_get_policies(struct bsg_http_exchange *x, void *app);
void bsg_get_policy(struct bsg_http_exchange *x, void *app);
void bsg_post_policy(struct bsg_http_exchange *x, void *app);
void bsg_post_plan(struct bsg_http_exchange *x, void *app);
void bsg_post_replay(struct bsg_http_exchange *x, void *app);
void bsg_post_approve(struct bsg_http_exchange *x, void *app);

/* exemptions.c */
void bsg_get_exemptions(struct bsg_http_exchange *x, void *app);
void bsg_post_exemption(struct bsg_http_exchange *x, void *app);
void bsg_post_exemption_approve(struct bsg_http_exchange *x, void *app);
void bsg_post_exemption_end(struct bsg_http_exchange *x, void *app);

/* crossings.c */
void bsg_get_crossings(struct bsg_http_exchange *x, void *app);
void bsg_post_crossing(struct bsg_http_exchange *x, void *app);
void bsg_post_turnstile_crossing(struct bsg_http_exchange *x, void *app);
void bsg_get_turnstile_crossing(struct bsg_http_exchange *x, void *app);

/* Looks again at a held question about a verdict: when presence or a phone's state changed. */
void bsg_wake_verdict(struct bsg_http_exchange *x);

/* presence.c */
/* Answers those who watch presence. */
void bsg_wake_presence(struct bsg_http_exchange *x);
void bsg_get_presence(struct bsg_http_exchange *x, void *app);

/* gates.c */
void bsg_get_gates(struct bsg_http_exchange *x, void *app);
void bsg_post_gate(struct bsg_http_exchange *x, void *app);
void bsg_delete_gate(struct bsg_http_exchange *x, void *app);
void bsg_post_gate_credential(struct bsg_http_exchange *x, void *app);

/* admins.c */
void bsg_get_admins(struct bsg_http_exchange *x, void *app);
void bsg_post_admin(struct bsg_http_exchange *x, void *app);
void bsg_delete_admin(struct bsg_http_exchange *x, void *app);
void bsg_get_tokens(struct bsg_http_exchange *x, void *app);
void bsg_post_token(struct bsg_http_exchange *x, void *app);
void bsg_delete_token(struct bsg_http_exchange *x, void *app);
void bsg_get_audit(struct bsg_http_exchange *x, void *app);
void bsg_get_audit_verify(struct bsg_http_exchange *x, void *app);

#endif
