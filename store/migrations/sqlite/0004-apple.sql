-- SPDX-License-Identifier: Apache-2.0
-- Apple devices: one row for each MDM enrolment, made by Authenticate. Rules A80-A99 (docs/spec/apple.md).

-- With a rowid: a row holds up to 1 KiB of the decision's state, and a key whose leaves are such rows makes a deep tree.
-- There is no queue of commands: the row holds what the phone should restrict and the one command that is out for it.
CREATE TABLE apple_device (
	device TEXT NOT NULL PRIMARY KEY REFERENCES device,
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

	command INTEGER NOT NULL DEFAULT 0,	-- 0 none, 1 remove, 2 install, 3 verify, 4 verify by list
	uuid TEXT NOT NULL DEFAULT '',
	offered_at INTEGER NOT NULL DEFAULT 0,
	offered_seq INTEGER NOT NULL DEFAULT 0,	-- the last desired state for which the phone was told to change something
	not_now_at INTEGER NOT NULL DEFAULT 0,
	acknowledged_seq INTEGER NOT NULL DEFAULT 0,
	acknowledged_at INTEGER NOT NULL DEFAULT 0,

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
CREATE UNIQUE INDEX apple_udid ON apple_device (udid) WHERE state > 0;
CREATE INDEX apple_next ON apple_device (next, device) WHERE next > 0;
CREATE INDEX apple_push ON apple_device (push_at, device) WHERE push_at > 0;
