-- SPDX-License-Identifier: Apache-2.0
-- Whose orders are to be made anew as something changed is said by the two numbers alone, and a small index has them: a crossing no longer
-- moves its device through the large one of times (device_due), nor do the orders after it.

CREATE INDEX device_changed ON device (id) WHERE change <> orders_change;
