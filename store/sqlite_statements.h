/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer's statements: STATEMENT(name, sql), included where a list of them is wanted.
 *
 * None may scan a table: tests/contract/test_store_plans.c asks SQLite how it would run each.
 */
STATEMENT(BEGIN, "BEGIN IMMEDIATE")
STATEMENT(COMMIT, "COMMIT")
STATEMENT(SAVEPOINT, "SAVEPOINT batch")
STATEMENT(RELEASE, "RELEASE batch")
STATEMENT(UNDO, "ROLLBACK TO batch")

STATEMENT(PERSON_ADD, "INSERT INTO person (id, name, unit, lang, created) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING")
STATEMENT(PERSON_SAME, "SELECT 1, 0, 0, 0 FROM person WHERE id = ?1 AND name = ?2 AND unit = ?3 AND lang = ?4 AND left_at = 0")
STATEMENT(PERSON_STATE, "SELECT left_at, 0, 0, 0 FROM person WHERE id = ?1")
STATEMENT(PERSON_LEAVE, "UPDATE person SET left_at = ?2 WHERE id = ?1 AND left_at = 0")
STATEMENT(PERSON_BADGES_END, "DELETE FROM badge WHERE person = ?1")
STATEMENT(PERSON_INVITATIONS_END, "DELETE FROM invitation WHERE person = ?1 AND consumed = 0")
STATEMENT(PERSON_DEVICES_END,
	"UPDATE device SET state = 0, carried = 0, ended = iif(ended = 0, ?2, ended), change = change + 1 "
	"WHERE person = ?1 AND state <> 0")
STATEMENT(PERSON_EXEMPTIONS_END, "UPDATE exemption SET ended = ?2 WHERE person = ?1 AND ended = 0 AND until_at > ?2")
STATEMENT(BADGE_ADD, "INSERT INTO badge (number, person, since) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")
STATEMENT(BADGE_PERSON, "SELECT 0, 0, 0, 0, person, '', '', '' FROM badge WHERE number = ?1")
STATEMENT(BADGE_REMOVE, "DELETE FROM badge WHERE number = ?1 AND person = ?2")
STATEMENT(INVITATION_ADD, "INSERT INTO invitation (token, person, kind, created, expires) VALUES (?1, ?2, ?3, ?4, ?5)")
STATEMENT(INVITATION, "SELECT expires, consumed, person, kind, device, key FROM invitation WHERE token = ?1")
STATEMENT(INVITATION_CONSUME, "UPDATE invitation SET consumed = ?2, device = ?3, key = ?4, certificate = ?5 WHERE token = ?1")
STATEMENT(DEVICES_ACTIVE, "SELECT count(*), 0, 0, 0 FROM device WHERE person = ?1 AND state = 2")
STATEMENT(DEVICES_CARRIED, "SELECT count(*), 0, 0, 0 FROM device WHERE person = ?1 AND carried = 1")
STATEMENT(DEVICE_ADD,
	"INSERT INTO device (id, person, kind, class, state, carried, enrolled) VALUES (?1, ?2, ?3, ?4, 2, ?5, ?6)")
STATEMENT(DEVICE, "SELECT state, carried, release_at, change, person, '', '', '' FROM device WHERE id = ?1")
STATEMENT(DEVICE_STATE,
	"UPDATE device SET state = ?2, carried = 0, ended = iif(ended = 0, ?3, ended), change = change + 1 WHERE id = ?1")
STATEMENT(DEVICE_EXEMPTIONS_END,
	"UPDATE exemption SET ended = ?3 WHERE person = ?1 AND device = ?2 AND ended = 0 AND until_at > ?3")
STATEMENT(DEVICE_CARRIED, "UPDATE device SET carried = ?2 WHERE id = ?1")
STATEMENT(DEVICE_RELEASE,
	"UPDATE device SET release_at = ?2, release_reason = ?3, change = change + 1 WHERE id = ?1")
STATEMENT(DEVICE_CONFLICT, "UPDATE device SET conflict_at = max(conflict_at, ?2) WHERE id = ?1")
STATEMENT(CERTIFICATE_DER_ADD, "INSERT INTO certificate_der (der) VALUES (?1)")
STATEMENT(CERTIFICATE_ADD,
	"INSERT INTO certificate (sha256, device, created, expires, num, device_num) VALUES (?1, ?2, ?3, ?4, last_insert_rowid(), "
	"coalesce((SELECT device_num FROM certificate WHERE device = ?2 LIMIT 1), last_insert_rowid()))")
STATEMENT(CERTIFICATE_DEVICE, "SELECT revoked, 0, 0, 0, device, '', '', '' FROM certificate WHERE sha256 = ?1")
STATEMENT(CERTIFICATE_REVOKE, "UPDATE certificate SET revoked = ?2 WHERE sha256 = ?1")

STATEMENT(POLICY_PROPOSE,
	"INSERT INTO policy (version, state, author, digest, created, n_people, approvals_needed, base) "
	"VALUES ((SELECT coalesce(max(version), 0) + 1 FROM policy), 1, ?1, ?2, ?3, ?4, ?5, ?6)")
STATEMENT(POLICY_IN_FORCE, "SELECT coalesce((SELECT version FROM policy WHERE state = 2), 0), 0, 0, 0")
STATEMENT(POLICY_HISTORY, "SELECT base, activated, 0, 0 FROM policy WHERE version = ?1")
STATEMENT(POLICY_DOCUMENT, "INSERT INTO policy_document (version, document) VALUES (?1, ?2)")
STATEMENT(POLICY,
	"SELECT state, approvals_needed, (SELECT count(*) FROM approval a WHERE a.version = p.version), "
	"coalesce((SELECT version FROM policy WHERE state = 2), 0) FROM policy p WHERE version = ?1")
STATEMENT(APPROVAL_ADD, "INSERT INTO approval (version, approver, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")
STATEMENT(POLICY_SUPERSEDE, "UPDATE policy SET state = 0 WHERE state IN (1, 2) AND version <> ?1")
STATEMENT(POLICY_ACTIVATE, "UPDATE policy SET state = 2, activated = ?2 WHERE version = ?1")
STATEMENT(EXEMPTION_ADD,
	"INSERT INTO exemption (id, person, device, functions, from_at, until_at, reason, author, created) "
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING")
STATEMENT(EXEMPTION_SAME,
	"SELECT 1, 0, 0, 0 FROM exemption WHERE id = ?1 AND person = ?2 AND device = ?3 AND functions = ?4 AND from_at = ?5 "
	"AND until_at = ?6 AND reason = ?7 AND author = ?8")
STATEMENT(EXEMPTION,
	"SELECT approved, ended, until_at, (author = ?2) + 2 * (approver = ?2), person, device, '', '' FROM exemption WHERE id = ?1")
STATEMENT(EXEMPTIONS_IN_FORCE,
	"SELECT (SELECT count(*) FROM exemption x WHERE x.person = ?1 AND x.device = '' AND x.approved > 0 AND x.ended = 0 AND "
	"x.until_at > ?3) + coalesce(max((SELECT count(*) FROM exemption x WHERE x.person = ?1 AND x.device = d.id AND "
	"x.approved > 0 AND x.ended = 0 AND x.until_at > ?3)), 0), 0, 0, 0 "
	"FROM device d WHERE d.person = ?1 AND (?2 = '' OR d.id = ?2) AND d.state = 2")
STATEMENT(EXEMPTION_APPROVE, "UPDATE exemption SET approver = ?2, approved = ?3 WHERE id = ?1")
STATEMENT(EXEMPTION_END, "UPDATE exemption SET ended = ?2, ended_by = ?3 WHERE id = ?1")
STATEMENT(EXEMPTION_DEVICES,
	"UPDATE device SET change = change + 1 WHERE person = ?1 AND (?2 = '' OR id = ?2) AND state = 2")
STATEMENT(PLACE_SECRET_ADD,
	"INSERT INTO place_secret (place, key, day_root, created) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")
/* What most orders change: no index has any of it but the small one of devices whose orders are not made yet. */
STATEMENT(ORDERS_HEAD_NEXT,
	"UPDATE device SET serial = ?3, orders_change = ?4, orders_expire = ?6, orders_digest = ?8, orders_issued = ?9, orders_content = ?10 "
	"WHERE id = ?1 AND serial = ?2 AND change = ?4 AND orders_policy = ?5 AND due > 0 AND due BETWEEN ?11 AND ?7")
STATEMENT(ORDERS_HEAD,
	"UPDATE device SET serial = ?3, orders_change = ?4, orders_policy = ?5, orders_expire = ?6, due = ?7, orders_digest = ?8, "
	"orders_issued = ?9, orders_content = ?10 "
	"WHERE id = ?1 AND serial = ?2 AND change = ?4")
STATEMENT(ORDERS_BYTES, "INSERT INTO orders (device, bytes) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET bytes = excluded.bytes")
STATEMENT(ORDERS_KEEP,
	"UPDATE device SET orders_policy = ?4 WHERE id = ?1 AND serial = ?2 AND change = ?3 AND orders_change = ?3 AND orders_policy < ?4")
STATEMENT(ORDERS_STATE, "SELECT serial, change, 0, 0 FROM device WHERE id = ?1")
STATEMENT(GATE_CREDENTIAL_ADD,
	"INSERT INTO gate_credential (key_sha256, place, gate, issued, expires, by) VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
	"ON CONFLICT DO NOTHING")
STATEMENT(GATE_CREDENTIAL_SAME,
	"SELECT 1, 0, 0, 0 FROM gate_credential WHERE key_sha256 = ?1 AND place = ?2 AND gate = ?3 AND expires = ?4")
STATEMENT(TURNSTILE_ADD, "INSERT INTO turnstile (id, token, place, gate, address, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
STATEMENT(TURNSTILE_REMOVE, "DELETE FROM turnstile WHERE id = ?1")
STATEMENT(ADMIN_ADD, "INSERT INTO admin (name, role, unit, created) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")
STATEMENT(ADMIN_SAME, "SELECT 1, 0, 0, 0 FROM admin WHERE name = ?1 AND role = ?2 AND unit = ?3")
STATEMENT(ADMIN_TOKENS_END, "DELETE FROM token WHERE admin = ?1")
STATEMENT(ADMIN_REMOVE, "DELETE FROM admin WHERE name = ?1")
STATEMENT(TOKEN_ADD, "INSERT INTO token (id, sha256, admin, created, expires) VALUES (?1, ?2, ?3, ?4, ?5)")
STATEMENT(TOKEN, "SELECT revoked, 0, 0, 0 FROM token WHERE id = ?1")
STATEMENT(TOKEN_REVOKE, "UPDATE token SET revoked = ?2 WHERE id = ?1")

STATEMENT(APPLE_CERTIFICATE,
	"SELECT c.revoked, d.state, 0, 0, c.device, d.person, '', '' FROM certificate c CROSS JOIN device d ON d.id = c.device "
	"WHERE c.sha256 = ?1")
STATEMENT(APPLE_OWN,
	"SELECT state = 1 AND udid = ?2 AND supervised = ?3 AND os_version = ?4 AND model = ?5 AND product = ?6 AND "
	"length(core_state) = 0, 0, 0, 0, udid, '', '', '' FROM apple_device WHERE device = ?1")
STATEMENT(APPLE_LIVING,
	"SELECT d.state, 0, 0, 0, a.device, d.person, '', '' FROM apple_device a CROSS JOIN device d ON d.id = a.device "
	"WHERE a.udid = ?1 AND a.state > 0")
STATEMENT(APPLE_INHERIT,
	"UPDATE device AS n SET carried = max(n.carried, o.carried), seq = iif(o.at > n.at, max(o.seq, n.seq + 1), n.seq), "
	"place = iif(o.at > n.at, o.place, n.place), gate = iif(o.at > n.at, o.gate, n.gate), "
	"direction = iif(o.at > n.at, o.direction, n.direction), at = max(o.at, n.at), "
	"release_reason = iif(o.release_at > n.release_at, o.release_reason, n.release_reason), "
	"release_at = max(o.release_at, n.release_at), change = n.change + 1 FROM device AS o WHERE n.id = ?1 AND o.id = ?2")
STATEMENT(APPLE_AUTHENTICATE,
	"INSERT INTO apple_device (num, device, state, udid, supervised, os_version, model, product, authenticated, kind) "
	"VALUES ((SELECT device_num FROM certificate WHERE sha256 = ?8), ?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, "
	"(SELECT kind FROM device WHERE id = ?1)) ON CONFLICT (device) DO UPDATE SET state = 1, supervised = ?3, os_version = ?4, "
	"model = ?5, product = ?6, authenticated = ?7, topic = '', token = x'', push_magic = '', version = version + 1, "
	"core_state = x'', next = 0, desired = 0, content = x'', desired_until = 0, desired_at = 0, crossing_at = 0, command = 0, uuid = '', "
	"offered_at = 0, offered_seq = 0, not_now_at = 0, verified = 0, verified_until = 0, verified_at = 0, last_error = '', error_at = 0, n_errors = 0, push_at = 0, "
	"push_failures = 0, settings_done = 0")
STATEMENT(APPLE_END,
	"UPDATE apple_device SET state = 0, ended = ?2, token = x'', push_magic = '', version = version + 1, core_state = x'', "
	"next = 0, desired = 0, content = x'', desired_until = 0, crossing_at = 0, command = 0, uuid = '', offered_at = 0, "
	"not_now_at = 0, verified = 0, verified_until = 0, push_at = 0, push_failures = 0 WHERE device = ?1 AND state > 0")
STATEMENT(APPLE_TOKEN,
	"UPDATE apple_device SET state = 2, token = ?2, push_magic = ?3, topic = ?4, token_at = ?5, version = version + 1, "
	"next = iif(state = 1, ?5, next), push_at = iif(command > 0, ?5, 0), push_failures = 0 WHERE device = ?1 AND state > 0 AND "
	"(state = 1 OR token <> ?2 OR push_magic <> ?3 OR topic <> ?4)")
STATEMENT(APPLE_TOKEN_AGAIN,
	"UPDATE apple_device SET token_at = ?2, push_at = min(push_at, ?2), push_failures = 0 "
	"WHERE device = ?1 AND state = 2 AND token_at < ?2")
STATEMENT(APPLE_STEP,
	"UPDATE apple_device SET core_state = ?3, next = ?4, version = version + 1 WHERE device = ?1 AND version = ?2 AND state > 0")
STATEMENT(APPLE_DESIRE,
	"UPDATE apple_device SET core_state = ?3, next = ?4, version = version + 1, desired = ?5, content = ?6, desired_until = ?7, "
	"desired_at = ?8, crossing_at = ?9, desired_seq = desired_seq + 1, command = ?10, uuid = ?11, settings_done = 0, offered_at = 0, not_now_at = 0, "
	"acknowledged_seq = iif(?10 = 0, desired_seq + 1, acknowledged_seq), verified_seq = iif(?10 = 0, desired_seq + 1, verified_seq), "
	"verified_until = iif(verified_at > ?13, min(verified_until, ?8), verified_until), "
	"push_at = iif(?12 AND token <> x'', ?8, 0), push_failures = 0 WHERE device = ?1 AND version = ?2 AND state > 0 AND "
	"(?10 > 0 OR (offered_seq <= verified_seq AND n_errors = 0 AND verified = ?5 AND "
	"(?5 = 0 OR (?7 <= verified_until AND verified_at <= ?13))))")
STATEMENT(APPLE_VERSION, "SELECT state, version = ?2, 0, 0 FROM apple_device WHERE device = ?1")
STATEMENT(APPLE_OFFER,
	"UPDATE apple_device SET offered_at = ?2, offered_seq = iif(command < 4, desired_seq, offered_seq), version = version + 1, "
	"verified = iif(command < 4, verified & desired, verified), verified_until = "
	"iif(command < 4, min(verified_until, desired_until), verified_until) "
	"WHERE device = ?1 AND state = 2 AND command > 0 AND offered_at = 0")
STATEMENT(APPLE_ACKNOWLEDGED,
	"UPDATE apple_device SET command = ?4, uuid = ?5, offered_at = ?3, not_now_at = 0, settings_done = iif(command = 2, ?6, settings_done), "
	"acknowledged_seq = iif(command = 2, acknowledged_seq, desired_seq), acknowledged_at = iif(command = 2, acknowledged_at, ?3), "
	"version = version + 1 WHERE device = ?1 AND uuid = ?2 AND state = 2 AND iif(command = 2, ?4 = 3, command IN (1, 3) AND ?4 > 3)")
STATEMENT(APPLE_VERIFIED,
	"UPDATE apple_device SET command = 0, uuid = '', offered_at = 0, not_now_at = 0, verified = ?4, verified_until = desired_until, "
	"verified_seq = desired_seq, verified_at = ?3, n_errors = iif(?4 = desired, 0, n_errors + 1), push_at = 0, push_failures = 0, "
	"last_error = iif(?4 = desired, '', last_error), error_at = iif(?4 = desired, 0, error_at), "
	"version = version + 1 WHERE device = ?1 AND uuid = ?2 AND state = 2 AND command IN (4, 5)")
STATEMENT(APPLE_ERROR,
	"UPDATE apple_device SET command = ?4, uuid = ?5, offered_at = iif(?4 = 0, 0, ?3), not_now_at = 0, last_error = ?7, error_at = ?3, "
	"n_errors = n_errors + 1, push_at = iif(?4 = 0, 0, push_at), settings_done = iif(command = 2, ?6, settings_done), version = version + 1 "
	"WHERE device = ?1 AND uuid = ?2 AND state = 2 AND command > 0 AND (?4 = 0 OR ?4 > command)")
STATEMENT(APPLE_NOT_NOW,
	"UPDATE apple_device SET not_now_at = ?3 WHERE device = ?1 AND uuid = ?2 AND state = 2 AND command > 0 AND not_now_at = 0")
STATEMENT(APPLE_OUT, "SELECT state, command, uuid, desired_seq, desired, desired_until, content FROM apple_device WHERE device = ?1")
STATEMENT(APPLE_WAKE, "UPDATE apple_device SET next = ?2 WHERE device = ?1 AND (next = 0 OR next > ?2)")
STATEMENT(APPLE_PUSHED,
	"UPDATE apple_device SET push_at = ?4, push_failures = iif(?5, 0, push_failures + 1) "
	"WHERE device = ?1 AND desired_seq = ?2 AND token = ?3 AND push_at > 0")
STATEMENT(APPLE_UNREGISTERED,
	"UPDATE apple_device SET token = x'', push_at = 0, push_failures = push_failures + 1 WHERE device = ?1 AND token = ?2")

STATEMENT(CODE_ADD,
	"INSERT INTO owner_code (person, code, link, created, expires) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (person) DO UPDATE SET "
	"code = ?2, link = ?3, created = ?4, expires = ?5, used = 0, n_wrong = 0, closed_until = 0")
STATEMENT(CODE_BY_BADGE,
	"SELECT c.expires, c.used, c.n_wrong, c.closed_until, c.person, c.code FROM badge b CROSS JOIN owner_code c ON c.person = b.person "
	"WHERE b.number = ?1")
STATEMENT(CODE_BY_LINK, "SELECT expires, used, n_wrong, 0, person, code FROM owner_code WHERE link = ?1")
STATEMENT(CODE_WRONG, "UPDATE owner_code SET n_wrong = ?2, closed_until = ?3 WHERE person = ?1")
STATEMENT(CODE_USED, "UPDATE owner_code SET used = ?2 WHERE person = ?1")
STATEMENT(CODE_END, "DELETE FROM owner_code WHERE person = ?1")
STATEMENT(CODES_SET_BACK,
	"UPDATE owner_code SET created = min(created, ?1), expires = min(expires, ?1 + expires - created), closed_until = min(closed_until, ?3) "
	"WHERE created > ?2 OR closed_until > ?3")
STATEMENT(SESSIONS_SET_BACK, "UPDATE owner_session SET expires = ?1 + expires - created, created = ?1 WHERE created > ?2")
STATEMENT(SESSION_ADD, "INSERT INTO owner_session (token, person, created, expires) VALUES (?1, ?2, ?3, ?4)")
STATEMENT(SESSIONS_FORGET, "DELETE FROM owner_session WHERE person = ?1 AND (ended > 0 OR expires <= ?2)")
STATEMENT(SESSIONS_END, "UPDATE owner_session SET ended = ?2 WHERE person = ?1 AND ended = 0")
STATEMENT(SESSION_END, "UPDATE owner_session SET ended = ?2 WHERE token = ?1 AND ended = 0")

STATEMENT(CROSSING, "SELECT direction, at, n_devices, applied, subject, place, gate, person FROM crossing WHERE id = ?1")
STATEMENT(CROSSING_ADD,
	"INSERT INTO crossing (id, subject, person, device, place, gate, direction, at, received, by, n_devices, applied) "
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")
STATEMENT(CROSSING_MOVES, "SELECT device, applied, seq FROM crossing_move WHERE crossing = ?1 ORDER BY device")
STATEMENT(CROSSING_DEVICES,
	"SELECT state, carried, seq, at, id, person, '', '' FROM device "
	"WHERE person = ?1 AND (carried = 1 OR (?2 = 2 AND direction = 1)) AND state = 2 ORDER BY id LIMIT 8")
STATEMENT(CROSSING_DEVICE, "SELECT state, carried, seq, at, id, person, '', '' FROM device WHERE id = ?1")
STATEMENT(MOVE_ADD, "INSERT INTO crossing_move (crossing, device, applied, seq) VALUES (?1, ?2, ?3, ?4)")
STATEMENT(DEVICE_MOVE,
	"UPDATE device SET seq = ?2, place = ?3, gate = ?4, direction = ?5, at = ?6, change = change + 1 WHERE id = ?1")
STATEMENT(INSTANCE, "SELECT sequence, instance FROM instance WHERE device = ?1")
STATEMENT(INSTANCE_ADD, "INSERT INTO instance (device, instance, sequence) VALUES (?1, ?2, ?3)")
STATEMENT(INSTANCE_NEXT, "UPDATE instance SET sequence = ?2 WHERE device = ?1")
STATEMENT(REPORT_ADD,
	"INSERT INTO report (device, id, kind, sequence, at, received, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) "
	"ON CONFLICT DO NOTHING")
STATEMENT(REPORT_KNOWN, "SELECT 1, 0, 0, 0 FROM report WHERE device = ?1 AND id = ?2")
STATEMENT(REPORT_LATEST,
	"INSERT INTO report_latest (device, kind, report) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET report = excluded.report")
STATEMENT(AUDIT_HEAD, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
STATEMENT(AUDIT_ADD,
	"INSERT INTO audit (seq, at, who, action, subject, reason, detail, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
STATEMENT(FORGET_MOVES,
	"DELETE FROM crossing_move WHERE crossing IN (SELECT id FROM crossing WHERE at < ?1 ORDER BY at, id LIMIT ?2)")
STATEMENT(FORGET_CROSSINGS, "DELETE FROM crossing WHERE id IN (SELECT id FROM crossing WHERE at < ?1 ORDER BY at, id LIMIT ?2)")
STATEMENT(FORGET_REPORTS,
	"DELETE FROM report WHERE seq IN (SELECT seq FROM report r WHERE received < ?1 AND NOT EXISTS "
	"(SELECT 1 FROM report_latest l WHERE l.device = r.device AND l.kind = r.kind AND l.report = r.seq) LIMIT ?2)")
STATEMENT(PROBE, "UPDATE probe SET n = n + 1 WHERE id = 1")
