-- SPDX-License-Identifier: Apache-2.0
-- Each request of a phone begins with its certificate: what is looked up then is narrow, the bytes are apart. Rule A96 (docs/spec/apple.md).

CREATE TABLE certificate_der (
	num INTEGER PRIMARY KEY,
	der BLOB NOT NULL
) STRICT;

CREATE TABLE narrow (
	sha256 BLOB NOT NULL PRIMARY KEY CHECK (length(sha256) = 32),
	device TEXT NOT NULL REFERENCES device,
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	revoked INTEGER NOT NULL DEFAULT 0,
	num INTEGER NOT NULL REFERENCES certificate_der
) STRICT, WITHOUT ROWID;

INSERT INTO certificate_der (num, der) SELECT rowid, der FROM certificate ORDER BY rowid;
INSERT INTO narrow SELECT sha256, device, created, expires, revoked, rowid FROM certificate ORDER BY sha256;
DROP TABLE certificate;
ALTER TABLE narrow RENAME TO certificate;
CREATE INDEX certificate_device ON certificate (device, revoked, expires);

-- The device's, which never changes: so that a phone's request need not look at the device as well.
ALTER TABLE apple_device ADD COLUMN kind TEXT NOT NULL DEFAULT '';
UPDATE apple_device SET kind = (SELECT d.kind FROM device d WHERE d.id = apple_device.device);
