-- The time for which a schedule was due whose row could not be read: it is off the calendar (due) until the
-- program starts again, so that it holds up no other.
ALTER TABLE policies ADD COLUMN set_aside BIGINT;

CREATE INDEX policies_set_aside ON policies (tenant) WHERE set_aside IS NOT NULL;
