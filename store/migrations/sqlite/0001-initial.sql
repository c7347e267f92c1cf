-- SPDX-License-Identifier: Apache-2.0
-- Texts are never NULL: '' is none; times are Unix seconds, 0 is never. States as in store/records.h.

CREATE TABLE person (
	id TEXT NOT NULL PRIMARY KEY,
	name TEXT NOT NULL,
	unit TEXT NOT NULL,
	lang TEXT NOT NULL,
	created INTEGER NOT NULL,
	left_at INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX person_unit ON person (unit, id);

CREATE TABLE badge (
	number TEXT NOT NULL PRIMARY KEY,
	person TEXT NOT NULL REFERENCES person,
	since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX badge_person ON badge (person, number);

-- One row holds all that a device's orders depend on (presence, release, state) and the head of its newest
-- orders, so that a crossing is one update and a check-in one look-up. The signed bytes are apart: they are large.
CREATE TABLE device (
	id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 32),
	person TEXT NOT NULL REFERENCES person,
	kind TEXT NOT NULL,
	class TEXT NOT NULL,
	state INTEGER NOT NULL,
	carried INTEGER NOT NULL,
	enrolled INTEGER NOT NULL,
	ended INTEGER NOT NULL DEFAULT 0,
	release_at INTEGER NOT NULL DEFAULT 0,
	release_reason TEXT NOT NULL DEFAULT '',
	conflict_at INTEGER NOT NULL DEFAULT 0,
	change INTEGER NOT NULL DEFAULT 1,
	seq INTEGER NOT NULL DEFAULT 0,
	place TEXT NOT NULL DEFAULT '',
	gate TEXT NOT NULL DEFAULT '',
	direction INTEGER NOT NULL DEFAULT 0,
	at INTEGER NOT NULL DEFAULT 0,
	serial INTEGER NOT NULL DEFAULT 0,
	orders_change INTEGER NOT NULL DEFAULT 0,
	orders_policy INTEGER NOT NULL DEFAULT 0,
	orders_expire INTEGER NOT NULL DEFAULT 0,
	orders_digest BLOB NOT NULL DEFAULT x'',
	due INTEGER NOT NULL DEFAULT 0	-- its orders are to be made anew from then on; 0: something changed
) STRICT, WITHOUT ROWID;
CREATE INDEX device_person ON device (person, id);
CREATE INDEX device_due ON device (due, id);
CREATE INDEX device_policy ON device (orders_policy, id) WHERE state = 2;
CREATE INDEX device_in ON device (place, id) WHERE direction = 1 AND state = 2;

CREATE TABLE orders (
	device TEXT NOT NULL PRIMARY KEY REFERENCES device,
	bytes BLOB NOT NULL
) STRICT;

CREATE TABLE certificate (
	sha256 BLOB NOT NULL PRIMARY KEY CHECK (length(sha256) = 32),
	device TEXT NOT NULL REFERENCES device,
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	revoked INTEGER NOT NULL DEFAULT 0,
	der BLOB NOT NULL
) STRICT;
CREATE INDEX certificate_device ON certificate (device, revoked, expires);

CREATE TABLE invitation (
	token BLOB NOT NULL PRIMARY KEY CHECK (length(token) = 32),
	person TEXT NOT NULL REFERENCES person,
	kind TEXT NOT NULL,
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	consumed INTEGER NOT NULL DEFAULT 0,
	device TEXT NOT NULL DEFAULT '',
	key BLOB NOT NULL DEFAULT x'',
	certificate BLOB NOT NULL DEFAULT x''	-- its SHA-256
) STRICT, WITHOUT ROWID;
CREATE INDEX invitation_person ON invitation (person, consumed);

CREATE TABLE policy (
	version INTEGER PRIMARY KEY,
	state INTEGER NOT NULL,
	author TEXT NOT NULL,
	digest BLOB NOT NULL CHECK (length(digest) = 32),
	created INTEGER NOT NULL,
	activated INTEGER NOT NULL DEFAULT 0,
	n_people INTEGER NOT NULL,
	approvals_needed INTEGER NOT NULL
) STRICT;
CREATE INDEX policy_state ON policy (state, version);
CREATE UNIQUE INDEX policy_active ON policy (state) WHERE state = 2;

CREATE TABLE policy_document (
	version INTEGER PRIMARY KEY REFERENCES policy,
	document BLOB NOT NULL
) STRICT;

CREATE TABLE approval (
	version INTEGER NOT NULL REFERENCES policy,
	approver TEXT NOT NULL,
	at INTEGER NOT NULL,
	PRIMARY KEY (version, approver)
) STRICT, WITHOUT ROWID;

CREATE TABLE place_secret (
	place TEXT NOT NULL PRIMARY KEY,
	key BLOB NOT NULL,
	day_root BLOB NOT NULL,
	created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE crossing (
	id TEXT NOT NULL PRIMARY KEY,
	subject TEXT NOT NULL,		-- badge:NUMBER, person:ID or device:ID, as it was asked
	person TEXT NOT NULL,
	device TEXT NOT NULL,
	place TEXT NOT NULL,
	gate TEXT NOT NULL,
	direction INTEGER NOT NULL,
	at INTEGER NOT NULL,
	received INTEGER NOT NULL,
	by TEXT NOT NULL,
	n_devices INTEGER NOT NULL,
	applied INTEGER NOT NULL
) STRICT;
CREATE INDEX crossing_at ON crossing (at, id);
CREATE INDEX crossing_person ON crossing (person, at, id);

CREATE TABLE crossing_move (
	crossing TEXT NOT NULL,
	device TEXT NOT NULL,
	applied INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	PRIMARY KEY (crossing, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE instance (
	device TEXT NOT NULL PRIMARY KEY REFERENCES device,
	instance BLOB NOT NULL,
	sequence INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- In the order of arrival, so that bodies are appended. No reference to device: instance has it.
CREATE TABLE report (
	seq INTEGER PRIMARY KEY,
	device TEXT NOT NULL,
	id BLOB NOT NULL CHECK (length(id) = 16),
	kind TEXT NOT NULL,
	sequence INTEGER NOT NULL,
	at INTEGER NOT NULL,
	received INTEGER NOT NULL,
	body BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX report_id ON report (device, id);
CREATE INDEX report_received ON report (received);

CREATE TABLE report_latest (
	device TEXT NOT NULL,
	kind TEXT NOT NULL,
	report INTEGER NOT NULL,
	PRIMARY KEY (device, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE gate_credential (
	num INTEGER PRIMARY KEY,
	key_sha256 BLOB NOT NULL UNIQUE CHECK (length(key_sha256) = 32),
	place TEXT NOT NULL,
	gate TEXT NOT NULL,
	issued INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	by TEXT NOT NULL
) STRICT;
CREATE INDEX gate_credential_place ON gate_credential (place, num);

CREATE TABLE turnstile (
	id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 32),
	token BLOB NOT NULL UNIQUE CHECK (length(token) = 32),
	place TEXT NOT NULL,
	gate TEXT NOT NULL,
	address TEXT NOT NULL,
	created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE admin (
	name TEXT NOT NULL PRIMARY KEY,
	role TEXT NOT NULL,
	unit TEXT NOT NULL,
	created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
	id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 32),
	sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
	admin TEXT NOT NULL REFERENCES admin,
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	revoked INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX token_admin ON token (admin, id);

CREATE TABLE audit (
	seq INTEGER PRIMARY KEY,
	at INTEGER NOT NULL,
	who TEXT NOT NULL,
	action TEXT NOT NULL,
	subject TEXT NOT NULL,
	reason TEXT NOT NULL,
	detail TEXT NOT NULL,
	hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;

-- Written by readiness checks after a failed commit: does the disk take something again?
CREATE TABLE probe (id INTEGER PRIMARY KEY CHECK (id = 1), n INTEGER NOT NULL) STRICT;
INSERT INTO probe VALUES (1, 0);
