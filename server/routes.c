/* SPDX-License-Identifier: Apache-2.0 */
/* Who may call what. A route that is not here does not exist; a caller that is not named here is refused. */
#include "server/routes.h"

#include "crypto/est.h"
#include "policy/document.h"
#include "server/caller.h"
#include "server/handlers.h"
#include "wire/report.h"

#define PEOPLE BSG_HTTP_PEOPLE
#define DEVICE BSG_HTTP_DEVICE
#define SOCKET BSG_HTTP_ADMIN
#define BOTH (BSG_HTTP_PEOPLE | BSG_HTTP_ADMIN)

#define W_ANY BSG_WHO_ANYONE
#define W_ADMIN (BSG_WHO_ADMIN | BSG_WHO_SOCKET)
#define W_HELP (W_ADMIN | BSG_WHO_HELPDESK)
#define W_POLICY (W_ADMIN | BSG_WHO_POLICY)
#define W_AUDIT (W_ADMIN | BSG_WHO_AUDITOR)
#define W_STAFF (W_HELP | BSG_WHO_AUDITOR)
#define W_ROLES (W_STAFF | BSG_WHO_POLICY)

#define SMALL 4096	/* bytes of a body with a few members */

const struct bsg_http_route bsg_routes[] = {
	{"GET", "/healthz", BOTH, W_ANY, .handler = bsg_get_health},
	{"GET", "/readyz", BOTH, W_ANY, .handler = bsg_get_ready},
	{"GET", "/metrics", BOTH, W_ANY, .handler = bsg_get_metrics},
	{"GET", "/v1/discover", PEOPLE, W_ANY, .handler = bsg_get_discover},
	{"GET", "/api/v1/openapi.yaml", BOTH, W_ANY, .handler = bsg_get_openapi},

	{"GET", "/bosaga.css", PEOPLE, W_ANY, .handler = bsg_get_style},
	{"GET", "/enrol/{token}", BOTH, BSG_WHO_INVITATION, .handler = bsg_get_enrol_page},
	{"GET", "/enrol/{token}/profile", BOTH, BSG_WHO_INVITATION, .handler = bsg_get_enrol_profile},

	{"GET", "/me", PEOPLE, W_ANY | BSG_WHO_PERSON, .handler = bsg_get_me},
	{"GET", "/me/link/{link}", PEOPLE, W_ANY, .handler = bsg_get_me_link},
	{"POST", "/me/login", PEOPLE, W_ANY, SMALL, .handler = bsg_post_me_login},
	{"POST", "/me/logout", PEOPLE, BSG_WHO_PERSON, SMALL, .handler = bsg_post_me_logout},
	{"POST", "/me/arrive", PEOPLE, BSG_WHO_PERSON, SMALL, .handler = bsg_post_me_arrive},
	{"POST", "/me/left", PEOPLE, BSG_WHO_PERSON, SMALL, .handler = bsg_post_me_left},
	{"POST", "/me/stuck", PEOPLE, BSG_WHO_PERSON, SMALL, .handler = bsg_post_me_stuck},

	{"GET", "/.well-known/est/cacerts", PEOPLE, W_ANY, .handler = bsg_get_cacerts},
	{"POST", "/.well-known/est/simpleenroll", PEOPLE, BSG_WHO_INVITATION, BSG_EST_REQUEST_MAX, .handler = bsg_post_enroll},
	{"POST", "/.well-known/est/simplereenroll", DEVICE, BSG_WHO_DEVICE, BSG_EST_REQUEST_MAX, .handler = bsg_post_reenroll},
	{"GET", "/v1/device/orders", DEVICE, BSG_WHO_DEVICE, .flags = BSG_HTTP_REVOKED_TOO, .handler = bsg_get_own_orders},
	{"POST", "/v1/device/reports", DEVICE, BSG_WHO_DEVICE, BSG_REPORT_BATCH_MAX, .handler = bsg_post_reports},

	{"POST", "/v1/crossings", PEOPLE, BSG_WHO_TURNSTILE, SMALL, .handler = bsg_post_turnstile_crossing},
	{"GET", "/v1/crossings/{id}", PEOPLE, BSG_WHO_TURNSTILE, .handler = bsg_get_turnstile_crossing},

	{"GET", "/api/v1/status", BOTH, W_ROLES, .handler = bsg_get_status},
	{"GET", "/api/v1/doctor", BOTH, W_AUDIT, .handler = bsg_get_doctor},

	{"GET", "/api/v1/people", BOTH, W_ROLES, .handler = bsg_get_people},
	{"POST", "/api/v1/people", BOTH, W_ADMIN, SMALL, .handler = bsg_post_person},
	{"GET", "/api/v1/people/{id}", BOTH, W_ROLES, .handler = bsg_get_person},
	{"POST", "/api/v1/people/{id}/leave", BOTH, W_HELP, SMALL, .handler = bsg_post_leave},
	{"POST", "/api/v1/people/{id}/badges", BOTH, W_HELP, SMALL, .handler = bsg_post_badge},
	{"DELETE", "/api/v1/people/{id}/badges/{badge}", BOTH, W_HELP, .handler = bsg_delete_badge},
	{"POST", "/api/v1/people/{id}/code", BOTH, W_HELP, SMALL, .handler = bsg_post_person_code},
	{"POST", "/api/v1/invitations", BOTH, W_HELP, SMALL, .handler = bsg_post_invitation},

	{"GET", "/api/v1/devices", BOTH, W_ROLES, .handler = bsg_get_devices},
	{"GET", "/api/v1/devices/{id}", BOTH, W_ROLES, .handler = bsg_get_device},
	/* Orders hold exit keys: only for those who may lift anyway. */
	{"GET", "/api/v1/devices/{id}/orders", BOTH, W_HELP, .handler = bsg_get_device_orders},
	{"GET", "/api/v1/devices/{id}/coverage", BOTH, W_ROLES, .handler = bsg_get_device_coverage},
	{"GET", "/api/v1/devices/{id}/explain", BOTH, W_ROLES, .handler = bsg_get_device_explain},
	{"POST", "/api/v1/devices/{id}/revoke", BOTH, W_HELP, SMALL, .handler = bsg_post_revoke},
	{"POST", "/api/v1/devices/{id}/release", BOTH, W_HELP, SMALL, .handler = bsg_post_release},
	{"POST", "/api/v1/devices/{id}/carried", BOTH, W_HELP, SMALL, .handler = bsg_post_carried},

	{"GET", "/api/v1/policies", BOTH, W_POLICY | BSG_WHO_AUDITOR, .handler = bsg_get_policies},
	{"POST", "/api/v1/policies", BOTH, W_POLICY, BSG_POLICY_BYTES_MAX, .handler = bsg_post_policy},
	{"POST", "/api/v1/policies/plan", BOTH, W_POLICY, BSG_POLICY_BYTES_MAX, .handler = bsg_post_plan},
	{"POST", "/api/v1/policies/replay", BOTH, W_POLICY, BSG_POLICY_BYTES_MAX, .handler = bsg_post_replay},
	{"GET", "/api/v1/policies/{id}", BOTH, W_POLICY | BSG_WHO_AUDITOR, .handler = bsg_get_policy},
	{"POST", "/api/v1/policies/{id}/approve", BOTH, W_POLICY, SMALL, .handler = bsg_post_approve},

	{"GET", "/api/v1/exemptions", BOTH, W_ROLES, .handler = bsg_get_exemptions},
	{"POST", "/api/v1/exemptions", BOTH, W_POLICY, SMALL, .handler = bsg_post_exemption},
	{"POST", "/api/v1/exemptions/{id}/approve", BOTH, W_POLICY, SMALL, .handler = bsg_post_exemption_approve},
	{"POST", "/api/v1/exemptions/{id}/end", BOTH, W_POLICY, SMALL, .handler = bsg_post_exemption_end},

	{"GET", "/api/v1/crossings", BOTH, W_STAFF, .handler = bsg_get_crossings},
	{"POST", "/api/v1/crossings", BOTH, W_HELP, SMALL, .handler = bsg_post_crossing},
	{"GET", "/api/v1/presence", BOTH, W_STAFF, .handler = bsg_get_presence},

	{"GET", "/api/v1/gates", BOTH, W_ROLES, .handler = bsg_get_gates},
	{"POST", "/api/v1/gates", BOTH, W_ADMIN, SMALL, .handler = bsg_post_gate},
	{"DELETE", "/api/v1/gates/{id}", BOTH, W_ADMIN, .handler = bsg_delete_gate},
	/* A gate's key and secrets never go over the network from here. */
	{"POST", "/api/v1/gates/credential", SOCKET, BSG_WHO_SOCKET, SMALL, .handler = bsg_post_gate_credential},

	{"GET", "/api/v1/admins", BOTH, W_AUDIT, .handler = bsg_get_admins},
	{"POST", "/api/v1/admins", BOTH, W_ADMIN, SMALL, .handler = bsg_post_admin},
	{"DELETE", "/api/v1/admins/{name}", BOTH, W_ADMIN, .handler = bsg_delete_admin},
	{"GET", "/api/v1/tokens", BOTH, W_ADMIN, .handler = bsg_get_tokens},
	{"POST", "/api/v1/tokens", BOTH, W_ADMIN, SMALL, .handler = bsg_post_token},
	{"DELETE", "/api/v1/tokens/{id}", BOTH, W_ADMIN, .handler = bsg_delete_token},

	{"GET", "/api/v1/audit", BOTH, W_AUDIT, .handler = bsg_get_audit},
	{"GET", "/api/v1/audit/verify", BOTH, W_AUDIT, .handler = bsg_get_audit_verify},
};
const size_t bsg_n_routes = sizeof(bsg_routes) / sizeof(bsg_routes[0]);
