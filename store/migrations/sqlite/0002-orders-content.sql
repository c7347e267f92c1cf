-- SPDX-License-Identifier: Apache-2.0
-- What a device's newest orders say, as a digest, and when: another policy may come to the same, and then they stay.
ALTER TABLE device ADD COLUMN orders_issued INTEGER NOT NULL DEFAULT 0;
ALTER TABLE device ADD COLUMN orders_content BLOB NOT NULL DEFAULT x'';
