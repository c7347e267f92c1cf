-- SPDX-License-Identifier: Apache-2.0
-- Exemptions, and the version in force that each policy was checked against.

-- 0: none was in force; -1: not known, from before this column. What waits and may have been checked against an older version than
-- the one in force is superseded: nobody can say that it still means what its author saw.
ALTER TABLE policy ADD COLUMN base INTEGER NOT NULL DEFAULT -1;
UPDATE policy SET base = coalesce((SELECT iif(a.activated < policy.created, a.version, -1) FROM policy a WHERE a.state = 2), 0)
	WHERE state = 1;
UPDATE policy SET state = 0 WHERE state = 1 AND base = -1;

-- person: whom it concerns, also when it is for one device of theirs; device '': all their devices.
CREATE TABLE exemption (
	id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 32),
	person TEXT NOT NULL REFERENCES person,
	device TEXT NOT NULL,
	functions INTEGER NOT NULL,
	from_at INTEGER NOT NULL,
	until_at INTEGER NOT NULL,
	reason TEXT NOT NULL,
	author TEXT NOT NULL,
	created INTEGER NOT NULL,
	approver TEXT NOT NULL DEFAULT '',
	approved INTEGER NOT NULL DEFAULT 0,
	ended INTEGER NOT NULL DEFAULT 0,
	ended_by TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX exemption_created ON exemption (created, id);
CREATE INDEX exemption_person ON exemption (person, created, id);
-- What orders need, on each making of them.
CREATE INDEX exemption_in_force ON exemption (person, device, until_at) WHERE approved > 0 AND ended = 0;
