-- SPDX-License-Identifier: Apache-2.0
-- The owner's page: one-time codes and sessions. Rules V90-V95 (docs/spec/server.md).

-- A person has one code at a time; a new one takes the place of the old. It is short, so wrong tries are counted here, and with the badge
-- alone; the link is long, there is nothing to guess.
CREATE TABLE owner_code (
	person TEXT NOT NULL PRIMARY KEY REFERENCES person,
	code BLOB NOT NULL CHECK (length(code) = 32),
	link BLOB NOT NULL UNIQUE CHECK (length(link) = 32),
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	used INTEGER NOT NULL DEFAULT 0,
	n_wrong INTEGER NOT NULL DEFAULT 0,
	closed_until INTEGER NOT NULL DEFAULT 0	-- no try before counts
) STRICT, WITHOUT ROWID;

CREATE TABLE owner_session (
	token BLOB NOT NULL PRIMARY KEY CHECK (length(token) = 32),
	person TEXT NOT NULL REFERENCES person,
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	ended INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX owner_session_person ON owner_session (person);
