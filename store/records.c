/* SPDX-License-Identifier: Apache-2.0 */
/* The columns of each record, in the order in which every backend selects them. */
#include "store/backend.h"

#define SIZE_OF(rec, member) sizeof(((struct rec *)0)->member)
#define TEXT(rec, member) { BSG_FIELD_TEXT, offsetof(struct rec, member), SIZE_OF(rec, member) }
#define BYTES(rec, member) { BSG_FIELD_BYTES, offsetof(struct rec, member), SIZE_OF(rec, member) }
#define NUM(rec, member) { BSG_FIELD_NUM, offsetof(struct rec, member), SIZE_OF(rec, member) }
#define BOOL(rec, member) { BSG_FIELD_BOOL, offsetof(struct rec, member), SIZE_OF(rec, member) }
#define STATE(rec, member) { BSG_FIELD_STATE, offsetof(struct rec, member), SIZE_OF(rec, member) }
#define RECORD(rec, fields) { sizeof(struct rec), fields, sizeof(fields) / sizeof((fields)[0]) }

static const struct bsg_field person[] = {
	TEXT(bsg_person_rec, id), TEXT(bsg_person_rec, name), TEXT(bsg_person_rec, unit), TEXT(bsg_person_rec, lang),
	STATE(bsg_person_rec, state), NUM(bsg_person_rec, created), NUM(bsg_person_rec, left),
};
static const struct bsg_field badge[] = {
	TEXT(bsg_badge_rec, number), TEXT(bsg_badge_rec, person), NUM(bsg_badge_rec, since),
};
static const struct bsg_field invitation[] = {
	TEXT(bsg_invitation_rec, person), TEXT(bsg_invitation_rec, kind), NUM(bsg_invitation_rec, created),
	NUM(bsg_invitation_rec, expires), NUM(bsg_invitation_rec, consumed), TEXT(bsg_invitation_rec, device),
	BYTES(bsg_invitation_rec, key_sha256),
};
static const struct bsg_field session[] = {
	TEXT(bsg_session_rec, person), TEXT(bsg_session_rec, name), TEXT(bsg_session_rec, lang), STATE(bsg_session_rec, state),
	NUM(bsg_session_rec, created), NUM(bsg_session_rec, expires), NUM(bsg_session_rec, ended),
};
static const struct bsg_field device[] = {
	TEXT(bsg_device_rec, id), TEXT(bsg_device_rec, person), TEXT(bsg_device_rec, unit), TEXT(bsg_device_rec, kind),
	TEXT(bsg_device_rec, class_name), STATE(bsg_device_rec, state), BOOL(bsg_device_rec, carried),
	NUM(bsg_device_rec, enrolled), NUM(bsg_device_rec, ended), NUM(bsg_device_rec, release_at),
	TEXT(bsg_device_rec, release_reason), NUM(bsg_device_rec, conflict_at), NUM(bsg_device_rec, presence.seq),
	TEXT(bsg_device_rec, presence.place), TEXT(bsg_device_rec, presence.gate),
	STATE(bsg_device_rec, presence.direction), NUM(bsg_device_rec, presence.at), NUM(bsg_device_rec, change),
	NUM(bsg_device_rec, certificate_expires), NUM(bsg_device_rec, serial), NUM(bsg_device_rec, orders_expire),
	NUM(bsg_device_rec, orders_policy),
};
static const struct bsg_field certificate[] = {
	TEXT(bsg_certificate_rec, device), TEXT(bsg_certificate_rec, person), STATE(bsg_certificate_rec, device_state),
	NUM(bsg_certificate_rec, created), NUM(bsg_certificate_rec, expires), NUM(bsg_certificate_rec, revoked),
};
static const struct bsg_field policy[] = {
	NUM(bsg_policy_rec, version), STATE(bsg_policy_rec, state), TEXT(bsg_policy_rec, author),
	BYTES(bsg_policy_rec, digest), NUM(bsg_policy_rec, created), NUM(bsg_policy_rec, activated),
	NUM(bsg_policy_rec, n_people), NUM(bsg_policy_rec, approvals_needed), NUM(bsg_policy_rec, n_approvals),
	NUM(bsg_policy_rec, base),
};
static const struct bsg_field exemption[] = {
	TEXT(bsg_exemption_rec, id), TEXT(bsg_exemption_rec, person), TEXT(bsg_exemption_rec, unit),
	TEXT(bsg_exemption_rec, device), NUM(bsg_exemption_rec, functions), NUM(bsg_exemption_rec, from),
	NUM(bsg_exemption_rec, until), TEXT(bsg_exemption_rec, reason), TEXT(bsg_exemption_rec, author),
	NUM(bsg_exemption_rec, created), TEXT(bsg_exemption_rec, approver), NUM(bsg_exemption_rec, approved),
	NUM(bsg_exemption_rec, ended), TEXT(bsg_exemption_rec, ended_by),
};
static const struct bsg_field exempt[] = {
	NUM(bsg_exempt_rec, functions), NUM(bsg_exempt_rec, from), NUM(bsg_exempt_rec, until),
};
static const struct bsg_field approval[] = {
	TEXT(bsg_approval_rec, approver), NUM(bsg_approval_rec, at),
};
static const struct bsg_field place_secret[] = {
	BYTES(bsg_place_secret_rec, key), BYTES(bsg_place_secret_rec, day_root), NUM(bsg_place_secret_rec, created),
};
static const struct bsg_field orders[] = {
	NUM(bsg_orders_rec, serial), NUM(bsg_orders_rec, expires), NUM(bsg_orders_rec, change), NUM(bsg_orders_rec, policy),
	BYTES(bsg_orders_rec, digest), NUM(bsg_orders_rec, issued), NUM(bsg_orders_rec, due), BYTES(bsg_orders_rec, content),
};
static const struct bsg_field due[] = {
	TEXT(bsg_due_rec, device), STATE(bsg_due_rec, state),
};
static const struct bsg_field crossing[] = {
	TEXT(bsg_crossing_rec, id), TEXT(bsg_crossing_rec, person), TEXT(bsg_crossing_rec, device),
	TEXT(bsg_crossing_rec, place), TEXT(bsg_crossing_rec, gate), STATE(bsg_crossing_rec, direction),
	NUM(bsg_crossing_rec, at), NUM(bsg_crossing_rec, received), TEXT(bsg_crossing_rec, by),
	NUM(bsg_crossing_rec, n_devices), BOOL(bsg_crossing_rec, applied),
};
static const struct bsg_field move[] = {
	TEXT(bsg_move_rec, device), BOOL(bsg_move_rec, applied), NUM(bsg_move_rec, seq),
};
static const struct bsg_field present[] = {
	TEXT(bsg_present_rec, device), TEXT(bsg_present_rec, person), NUM(bsg_present_rec, presence.seq),
	TEXT(bsg_present_rec, presence.place), TEXT(bsg_present_rec, presence.gate),
	STATE(bsg_present_rec, presence.direction), NUM(bsg_present_rec, presence.at),
};
static const struct bsg_field report[] = {
	TEXT(bsg_report_rec, device), BYTES(bsg_report_rec, id), TEXT(bsg_report_rec, kind), NUM(bsg_report_rec, sequence),
	NUM(bsg_report_rec, at), NUM(bsg_report_rec, received),
};
static const struct bsg_field gate_credential[] = {
	TEXT(bsg_gate_credential_rec, place), TEXT(bsg_gate_credential_rec, gate),
	BYTES(bsg_gate_credential_rec, key_sha256), NUM(bsg_gate_credential_rec, issued),
	NUM(bsg_gate_credential_rec, expires), TEXT(bsg_gate_credential_rec, by),
};
static const struct bsg_field turnstile[] = {
	TEXT(bsg_turnstile_rec, id), TEXT(bsg_turnstile_rec, place), TEXT(bsg_turnstile_rec, gate),
	TEXT(bsg_turnstile_rec, address), NUM(bsg_turnstile_rec, created),
};
static const struct bsg_field admin[] = {
	TEXT(bsg_admin_rec, name), TEXT(bsg_admin_rec, role), TEXT(bsg_admin_rec, unit), NUM(bsg_admin_rec, created),
};
static const struct bsg_field token[] = {
	TEXT(bsg_token_rec, id), TEXT(bsg_token_rec, admin), TEXT(bsg_token_rec, role), TEXT(bsg_token_rec, unit),
	NUM(bsg_token_rec, created), NUM(bsg_token_rec, expires), NUM(bsg_token_rec, revoked),
};
static const struct bsg_field apple[] = {
	TEXT(bsg_apple_rec, device), TEXT(bsg_apple_rec, person), TEXT(bsg_apple_rec, unit), TEXT(bsg_apple_rec, kind),
	STATE(bsg_apple_rec, device_state), STATE(bsg_apple_rec, state), TEXT(bsg_apple_rec, udid),
	BOOL(bsg_apple_rec, supervised), NUM(bsg_apple_rec, os_version), TEXT(bsg_apple_rec, model),
	TEXT(bsg_apple_rec, product), NUM(bsg_apple_rec, authenticated), NUM(bsg_apple_rec, ended),
	TEXT(bsg_apple_rec, topic), NUM(bsg_apple_rec, token_len), NUM(bsg_apple_rec, token_at), NUM(bsg_apple_rec, version),
	NUM(bsg_apple_rec, next), NUM(bsg_apple_rec, desired), BYTES(bsg_apple_rec, content),
	NUM(bsg_apple_rec, desired_until), NUM(bsg_apple_rec, desired_seq), NUM(bsg_apple_rec, desired_at),
	NUM(bsg_apple_rec, crossing_at), STATE(bsg_apple_rec, command), TEXT(bsg_apple_rec, uuid),
	NUM(bsg_apple_rec, offered_at), NUM(bsg_apple_rec, offered_seq), NUM(bsg_apple_rec, not_now_at), NUM(bsg_apple_rec, acknowledged_seq),
	NUM(bsg_apple_rec, acknowledged_at), NUM(bsg_apple_rec, verified), NUM(bsg_apple_rec, verified_until),
	NUM(bsg_apple_rec, verified_seq), NUM(bsg_apple_rec, verified_at), TEXT(bsg_apple_rec, last_error),
	NUM(bsg_apple_rec, error_at), NUM(bsg_apple_rec, n_errors), NUM(bsg_apple_rec, push_at),
	NUM(bsg_apple_rec, push_failures), NUM(bsg_apple_rec, settings_done), NUM(bsg_apple_rec, certificate_expires), NUM(bsg_apple_rec, certificate_revoked),
};
static const struct bsg_field apple_due[] = {
	TEXT(bsg_apple_due_rec, device), NUM(bsg_apple_due_rec, next),
};
static const struct bsg_field apple_push[] = {
	TEXT(bsg_apple_push_rec, device), NUM(bsg_apple_push_rec, seq), BYTES(bsg_apple_push_rec, token),
	NUM(bsg_apple_push_rec, token_len), TEXT(bsg_apple_push_rec, push_magic), TEXT(bsg_apple_push_rec, topic),
	NUM(bsg_apple_push_rec, desired), NUM(bsg_apple_push_rec, desired_until), NUM(bsg_apple_push_rec, desired_at),
	NUM(bsg_apple_push_rec, failures), NUM(bsg_apple_push_rec, push_at),
};
static const struct bsg_field audit[] = {
	NUM(bsg_audit_rec, seq), NUM(bsg_audit_rec, at), TEXT(bsg_audit_rec, who), TEXT(bsg_audit_rec, action),
	TEXT(bsg_audit_rec, subject), TEXT(bsg_audit_rec, reason), TEXT(bsg_audit_rec, detail), BYTES(bsg_audit_rec, hash),
};
static const struct bsg_field counts[] = {
	NUM(bsg_counts_rec, people), NUM(bsg_counts_rec, devices), NUM(bsg_counts_rec, present),
	NUM(bsg_counts_rec, policies_proposed), NUM(bsg_counts_rec, orders_due),
};

static const struct bsg_record records[BSG_QUERY_COUNT] = {
	[BSG_QUERY_PERSON] = RECORD(bsg_person_rec, person),
	[BSG_QUERY_PERSON_BY_BADGE] = RECORD(bsg_person_rec, person),
	[BSG_QUERY_PEOPLE] = RECORD(bsg_person_rec, person),
	[BSG_QUERY_PEOPLE_UNIT] = RECORD(bsg_person_rec, person),
	[BSG_QUERY_BADGES] = RECORD(bsg_badge_rec, badge),
	[BSG_QUERY_INVITATION] = RECORD(bsg_invitation_rec, invitation),
	[BSG_QUERY_DEVICE] = RECORD(bsg_device_rec, device),
	[BSG_QUERY_DEVICES] = RECORD(bsg_device_rec, device),
	[BSG_QUERY_DEVICES_BADGE] = RECORD(bsg_device_rec, device),
	[BSG_QUERY_DEVICES_PERSON] = RECORD(bsg_device_rec, device),
	[BSG_QUERY_CERTIFICATE] = RECORD(bsg_certificate_rec, certificate),
	[BSG_QUERY_POLICY] = RECORD(bsg_policy_rec, policy),
	[BSG_QUERY_POLICY_ACTIVE] = RECORD(bsg_policy_rec, policy),
	[BSG_QUERY_POLICIES] = RECORD(bsg_policy_rec, policy),
	[BSG_QUERY_APPROVALS] = RECORD(bsg_approval_rec, approval),
	[BSG_QUERY_EXEMPTION] = RECORD(bsg_exemption_rec, exemption),
	[BSG_QUERY_EXEMPTIONS] = RECORD(bsg_exemption_rec, exemption),
	[BSG_QUERY_EXEMPTIONS_PERSON] = RECORD(bsg_exemption_rec, exemption),
	[BSG_QUERY_EXEMPT] = RECORD(bsg_exempt_rec, exempt),
	[BSG_QUERY_EXEMPT_AT_ALL] = RECORD(bsg_exempt_rec, exempt),
	[BSG_QUERY_PLACE_SECRET] = RECORD(bsg_place_secret_rec, place_secret),
	[BSG_QUERY_ORDERS] = RECORD(bsg_orders_rec, orders),
	[BSG_QUERY_ORDERS_HEAD] = RECORD(bsg_orders_rec, orders),
	[BSG_QUERY_DUE_CHANGED] = RECORD(bsg_due_rec, due),
	[BSG_QUERY_DUE] = RECORD(bsg_due_rec, due),
	[BSG_QUERY_DUE_AHEAD] = RECORD(bsg_due_rec, due),
	[BSG_QUERY_DUE_POLICY] = RECORD(bsg_due_rec, due),
	[BSG_QUERY_CROSSING] = RECORD(bsg_crossing_rec, crossing),
	[BSG_QUERY_MOVES] = RECORD(bsg_move_rec, move),
	[BSG_QUERY_CROSSINGS] = RECORD(bsg_crossing_rec, crossing),
	[BSG_QUERY_CROSSINGS_PERSON] = RECORD(bsg_crossing_rec, crossing),
	[BSG_QUERY_PRESENT] = RECORD(bsg_present_rec, present),
	[BSG_QUERY_REPORT_LATEST] = RECORD(bsg_report_rec, report),
	[BSG_QUERY_REPORTS] = RECORD(bsg_report_rec, report),
	[BSG_QUERY_GATE_CREDENTIALS] = RECORD(bsg_gate_credential_rec, gate_credential),
	[BSG_QUERY_GATE_CREDENTIALS_PLACE] = RECORD(bsg_gate_credential_rec, gate_credential),
	[BSG_QUERY_TURNSTILE_BY_TOKEN] = RECORD(bsg_turnstile_rec, turnstile),
	[BSG_QUERY_TURNSTILE] = RECORD(bsg_turnstile_rec, turnstile),
	[BSG_QUERY_TURNSTILES] = RECORD(bsg_turnstile_rec, turnstile),
	[BSG_QUERY_ADMIN] = RECORD(bsg_admin_rec, admin),
	[BSG_QUERY_ADMINS] = RECORD(bsg_admin_rec, admin),
	[BSG_QUERY_TOKEN] = RECORD(bsg_token_rec, token),
	[BSG_QUERY_TOKENS] = RECORD(bsg_token_rec, token),
	[BSG_QUERY_TOKENS_ADMIN] = RECORD(bsg_token_rec, token),
	[BSG_QUERY_APPLE] = RECORD(bsg_apple_rec, apple),
	[BSG_QUERY_APPLE_CERTIFICATE] = RECORD(bsg_apple_rec, apple),
	[BSG_QUERY_APPLES] = RECORD(bsg_apple_rec, apple),
	[BSG_QUERY_APPLE_DUE] = RECORD(bsg_apple_due_rec, apple_due),
	[BSG_QUERY_APPLE_PUSHES] = RECORD(bsg_apple_push_rec, apple_push),
	[BSG_QUERY_SESSION] = RECORD(bsg_session_rec, session),
	[BSG_QUERY_AUDIT] = RECORD(bsg_audit_rec, audit),
	[BSG_QUERY_NOT_BACK] = RECORD(bsg_audit_rec, audit),
	[BSG_QUERY_COUNTS] = RECORD(bsg_counts_rec, counts),
};

const struct bsg_record *bsg_query_record(enum bsg_query_kind kind)
{
	return &records[kind];
}
