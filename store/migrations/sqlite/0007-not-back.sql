-- SPDX-License-Identifier: Apache-2.0
-- What owners said of phones that stayed restricted, for the helpdesk. Rule V98 (docs/spec/server.md).

CREATE INDEX audit_not_back ON audit (subject, seq) WHERE action = 'not-back';
