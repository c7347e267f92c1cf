-- SPDX-License-Identifier: Apache-2.0
-- Apple devices: Settings before the profile, and what the phone said it has set. Rules A90, A124 (docs/spec/apple.md).

-- Numbers of commands are their order in a conversation: 0 none, 1 remove, 2 settings, 3 install, 4 verify, 5 verify by list.
UPDATE apple_device SET command = command + 1 WHERE command > 1;

ALTER TABLE apple_device ADD COLUMN settings_done INTEGER NOT NULL DEFAULT 0;	-- for the desired state

-- An error is kept until the phone is as desired.
UPDATE apple_device SET last_error = '', error_at = 0 WHERE n_errors = 0 AND error_at > 0;
