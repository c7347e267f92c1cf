-- SPDX-License-Identifier: Apache-2.0
-- A phone's row is found from its certificate by a number, not by the device's id and an index of ids. Rule A96 (docs/spec/apple.md).

-- The num of the device's first certificate, also in those that came later: the number of the device.
ALTER TABLE certificate ADD COLUMN device_num INTEGER NOT NULL DEFAULT 0;
UPDATE certificate SET device_num = (SELECT min(c.num) FROM certificate c WHERE c.device = certificate.device);

CREATE TABLE phone (
	num INTEGER PRIMARY KEY,		-- the device's
	device TEXT NOT NULL UNIQUE REFERENCES device,
	kind TEXT NOT NULL,			-- the device's, which never changes
	state INTEGER NOT NULL,			-- 0 none (ended), 1 authenticated, 2 usable
	udid TEXT NOT NULL,			-- or EnrollmentID
	supervised INTEGER NOT NULL,
	os_version INTEGER NOT NULL,
	model TEXT NOT NULL,
	product TEXT NOT NULL,
	authenticated INTEGER NOT NULL,
	ended INTEGER NOT NULL DEFAULT 0,

	topic TEXT NOT NULL DEFAULT '',
	token BLOB NOT NULL DEFAULT x'',	-- x'': none, or Apple said that it is dead
	push_magic TEXT NOT NULL DEFAULT '',
	token_at INTEGER NOT NULL DEFAULT 0,

	version INTEGER NOT NULL DEFAULT 1,	-- grows with everything that a step depends on
	core_state BLOB NOT NULL DEFAULT x'',	-- as core encodes it; x'': none yet
	next INTEGER NOT NULL DEFAULT 0,	-- to be stepped then; 0: not by time

	desired INTEGER NOT NULL DEFAULT 0,	-- functions
	content BLOB NOT NULL DEFAULT x'',
	desired_until INTEGER NOT NULL DEFAULT 0,	-- end of the lease on the phone
	desired_seq INTEGER NOT NULL DEFAULT 0,
	desired_at INTEGER NOT NULL DEFAULT 0,
	crossing_at INTEGER NOT NULL DEFAULT 0,

	command INTEGER NOT NULL DEFAULT 0,	-- 0 none, 1 remove, 2 settings, 3 install, 4 verify, 5 verify by list
	uuid TEXT NOT NULL DEFAULT '',
	offered_at INTEGER NOT NULL DEFAULT 0,
	offered_seq INTEGER NOT NULL DEFAULT 0,	-- the last desired state for which the phone was told to change something
	not_now_at INTEGER NOT NULL DEFAULT 0,
	acknowledged_seq INTEGER NOT NULL DEFAULT 0,
	acknowledged_at INTEGER NOT NULL DEFAULT 0,
	settings_done INTEGER NOT NULL DEFAULT 0,	-- for the desired state

	verified INTEGER NOT NULL DEFAULT 0,	-- functions that are restricted for certain, up to verified_until
	verified_until INTEGER NOT NULL DEFAULT 0,
	verified_seq INTEGER NOT NULL DEFAULT 0,
	verified_at INTEGER NOT NULL DEFAULT 0,

	last_error TEXT NOT NULL DEFAULT '',
	error_at INTEGER NOT NULL DEFAULT 0,
	n_errors INTEGER NOT NULL DEFAULT 0,	-- since it was last verified

	push_at INTEGER NOT NULL DEFAULT 0,	-- a push is due then; 0: none
	push_failures INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO phone (num, device, kind, state, udid, supervised, os_version, model, product, authenticated, ended, topic, token, push_magic,
	token_at, version, core_state, next, desired, content, desired_until, desired_seq, desired_at, crossing_at, command, uuid, offered_at,
	offered_seq, not_now_at, acknowledged_seq, acknowledged_at, settings_done, verified, verified_until, verified_seq, verified_at,
	last_error, error_at, n_errors, push_at, push_failures)
SELECT (SELECT c.device_num FROM certificate c WHERE c.device = a.device LIMIT 1) AS num, a.device, a.kind, a.state, a.udid, a.supervised,
	a.os_version, a.model, a.product, a.authenticated, a.ended, a.topic, a.token, a.push_magic, a.token_at, a.version, a.core_state, a.next,
	a.desired, a.content, a.desired_until, a.desired_seq, a.desired_at, a.crossing_at, a.command, a.uuid, a.offered_at, a.offered_seq,
	a.not_now_at, a.acknowledged_seq, a.acknowledged_at, a.settings_done, a.verified, a.verified_until, a.verified_seq, a.verified_at,
	a.last_error, a.error_at, a.n_errors, a.push_at, a.push_failures
FROM apple_device a ORDER BY num;
DROP TABLE apple_device;
ALTER TABLE phone RENAME TO apple_device;
CREATE UNIQUE INDEX apple_udid ON apple_device (udid) WHERE state > 0;
CREATE INDEX apple_next ON apple_device (next, device) WHERE next > 0;
CREATE INDEX apple_push ON apple_device (push_at, device) WHERE push_at > 0;
