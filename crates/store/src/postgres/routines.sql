-- What a commit does, as one statement: PostgreSQL keeps all of it or nothing, and the client waits for
-- one answer. Installed by every version that finds another text here; it holds no data.
--
-- Guards raise CH001 with their name, and CH002 when another process has taken over. The rows of an
-- argument have the columns of their table, in its order.

DO $$
DECLARE
    old regprocedure;
BEGIN
    FOR old IN
        SELECT oid FROM pg_proc WHERE proname IN ('apply_batch', 'change_ended', 'discard_submissions')
            AND pronamespace = current_schema()::regnamespace
    LOOP
        EXECUTE 'DROP FUNCTION ' || old;
    END LOOP;
END
$$;

DROP TYPE IF EXISTS progress_change;
CREATE TYPE progress_change AS (
    account bigint,
    key bigint,
    expected_version bigint,
    version bigint,
    due_at bigint,
    connector bigint,
    submitted_at bigint,
    final_at bigint,
    flags bigint,
    events integer,
    state smallint,
    reason smallint,
    charge smallint,
    attempts smallint,
    open boolean
);

-- `least_…` is what must be there before.
DROP TYPE IF EXISTS lot_change;
CREATE TYPE lot_change AS (
    lot bigint,
    available_delta bigint,
    held_delta bigint,
    least_available bigint,
    least_held bigint
);

DROP TYPE IF EXISTS outbox_change;
CREATE TYPE outbox_change AS (
    key bigint,
    next_at bigint,
    tries integer
);

-- Returns how many parked receipts it removed.
CREATE FUNCTION apply_batch(
    p_epoch bigint,
    p_lease_ms bigint,
    p_journal journal,
    p_data_keys data_key[],
    p_submissions submission[],
    p_staged bigint[],
    p_idempotency idempotency[],
    p_unstaged bigint[],
    p_discarded bigint[],
    p_messages message[],
    p_progress progress[],
    p_shares message_lot[],
    p_bodies body[],
    p_attempts attempt[],
    p_parts attempt_part[],
    p_with_late_parts boolean,
    p_receipt_map receipt_map[],
    p_receipts receipt[],
    p_parked parked_receipt[],
    p_unparked bigint[],
    p_changes progress_change[],
    p_lots lot[],
    p_lot_changes lot_change[],
    p_postings posting[],
    p_inbound inbound[],
    p_outbox outbox[],
    p_told bigint[],
    p_moot bigint[],
    p_retries outbox_change[],
    p_usage usage_day[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    done bigint;
    more bigint;
    unparked bigint := 0;
BEGIN
    -- The row stays locked until the commit: whoever takes over waits for it, and then knows what
    -- this process has written.
    UPDATE lease SET expires_at = (extract(epoch FROM clock_timestamp()) * 1000)::bigint + p_lease_ms
    WHERE name = 'writer' AND epoch = p_epoch;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lease' USING ERRCODE = 'CH002';
    END IF;
    INSERT INTO journal SELECT p_journal.*;
    IF cardinality(p_data_keys) > 0 THEN
        INSERT INTO data_key SELECT * FROM unnest(p_data_keys);
    END IF;
    IF cardinality(p_submissions) > 0 THEN
        INSERT INTO submission SELECT * FROM unnest(p_submissions);
    END IF;
    IF cardinality(p_staged) > 0 THEN
        INSERT INTO staged SELECT * FROM unnest(p_staged);
    END IF;
    IF cardinality(p_idempotency) > 0 THEN
        INSERT INTO idempotency AS i SELECT * FROM unnest(p_idempotency)
        ON CONFLICT (account, key_hash) DO UPDATE SET fingerprint = excluded.fingerprint,
            submission = excluded.submission, expires_at = excluded.expires_at
        WHERE i.expires_at <= p_journal.at;
        GET DIAGNOSTICS done = ROW_COUNT;
        IF done <> cardinality(p_idempotency) THEN
            RAISE EXCEPTION 'idempotency key' USING ERRCODE = 'CH001';
        END IF;
    END IF;
    IF cardinality(p_unstaged) > 0 THEN
        DELETE FROM staged WHERE submission = ANY (p_unstaged);
        GET DIAGNOSTICS done = ROW_COUNT;
        IF done <> cardinality(p_unstaged) THEN
            RAISE EXCEPTION 'staged submission' USING ERRCODE = 'CH001';
        END IF;
        INSERT INTO usage_day AS u (account, day, messages, parts, amount_micros, state, country, unit)
        SELECT m.account, m.accepted_at - mod(m.accepted_at, 86400000), count(*), sum(m.parts),
               sum(p.price_micros), counted.state, m.country, m.price_unit
        FROM submission s
        JOIN message m ON m.account = s.account AND m.key >= s.key
            AND m.key < (((s.key >> 21) + 3600000) << 21) AND m.submission = s.key
        JOIN progress p ON p.account = m.account AND p.key = m.key
        CROSS JOIN LATERAL (VALUES (0::smallint, true), (p.state, NOT p.open)) AS counted (state, counts)
        WHERE s.key = ANY (p_unstaged) AND counted.counts
        GROUP BY 1, 2, 6, 7, 8
        ON CONFLICT (account, day, country, unit, state) DO UPDATE SET
            messages = u.messages + excluded.messages, parts = u.parts + excluded.parts,
            amount_micros = u.amount_micros + excluded.amount_micros;
    END IF;
    IF cardinality(p_discarded) > 0 THEN
        DELETE FROM staged WHERE submission = ANY (p_discarded);
        GET DIAGNOSTICS done = ROW_COUNT;
        IF done <> cardinality(p_discarded) THEN
            RAISE EXCEPTION 'staged submission' USING ERRCODE = 'CH001';
        END IF;
        PERFORM discard_submissions(p_discarded);
    END IF;
    IF cardinality(p_messages) > 0 THEN
        INSERT INTO message SELECT * FROM unnest(p_messages);
        INSERT INTO progress SELECT * FROM unnest(p_progress);
        INSERT INTO body SELECT * FROM unnest(p_bodies);
    END IF;
    IF cardinality(p_shares) > 0 THEN
        INSERT INTO message_lot SELECT * FROM unnest(p_shares);
    END IF;
    IF cardinality(p_attempts) > 0 THEN
        INSERT INTO attempt SELECT * FROM unnest(p_attempts);
    END IF;
    IF cardinality(p_parts) > 0 AND p_with_late_parts THEN
        INSERT INTO attempt_part
        SELECT n.account, n.message, n.status, n.written_at, n.answered_at,
               n.answer + coalesce((SELECT max(o.answer) + 1 FROM attempt_part o WHERE o.account = n.account
                   AND o.message = n.message AND o.attempt = n.attempt AND o.part = n.part), 0),
               n.attempt, n.part, n.verdict, n.carrier_id
        FROM unnest(p_parts) n;
    ELSIF cardinality(p_parts) > 0 THEN
        INSERT INTO attempt_part SELECT * FROM unnest(p_parts);
    END IF;
    IF cardinality(p_receipt_map) > 0 THEN
        INSERT INTO receipt_map SELECT * FROM unnest(p_receipt_map);
    END IF;
    IF cardinality(p_receipts) > 0 THEN
        INSERT INTO receipt SELECT * FROM unnest(p_receipts);
    END IF;
    IF cardinality(p_parked) > 0 THEN
        INSERT INTO parked_receipt SELECT * FROM unnest(p_parked);
    END IF;
    IF cardinality(p_unparked) > 0 THEN
        DELETE FROM parked_receipt WHERE key = ANY (p_unparked);
        GET DIAGNOSTICS unparked = ROW_COUNT;
    END IF;
    IF cardinality(p_changes) > 0 THEN
        -- `open` is compared with something of the change that is always true. Asked for by itself, with statistics of a
        -- quiet moment, it would make the planner look for each change among all open messages: a thousand times the
        -- work.
        WITH moved AS (
            UPDATE progress p SET version = c.version, due_at = c.due_at, connector = c.connector,
                submitted_at = c.submitted_at, final_at = c.final_at, flags = c.flags, events = c.events,
                state = c.state, reason = c.reason, charge = c.charge, attempts = c.attempts, open = c.open
            FROM unnest(p_changes) c
            WHERE p.account = c.account AND p.key = c.key AND p.version = c.expected_version AND p.open = (c.key IS NOT NULL)
            RETURNING p.account, p.key, p.state, p.open, p.price_micros
        ), counted AS (
            INSERT INTO usage_day AS u (account, day, messages, parts, amount_micros, state, country, unit)
            SELECT m.account, m.accepted_at - mod(m.accepted_at, 86400000), count(*), sum(m.parts),
                   sum(e.price_micros), e.state, m.country, m.price_unit
            FROM moved e JOIN message m ON m.account = e.account AND m.key = e.key
            WHERE NOT e.open AND NOT EXISTS (SELECT 1 FROM staged g WHERE g.submission = m.submission)
            GROUP BY 1, 2, 6, 7, 8
            ON CONFLICT (account, day, country, unit, state) DO UPDATE SET
                messages = u.messages + excluded.messages, parts = u.parts + excluded.parts,
                amount_micros = u.amount_micros + excluded.amount_micros
        )
        SELECT count(*) INTO done FROM moved;
        IF done <> cardinality(p_changes) THEN
            more := change_ended(p_changes);
            IF done + more <> cardinality(p_changes) THEN
                RAISE EXCEPTION 'message version' USING ERRCODE = 'CH001';
            END IF;
        END IF;
    END IF;
    IF cardinality(p_lots) > 0 THEN
        INSERT INTO lot SELECT * FROM unnest(p_lots);
    END IF;
    IF cardinality(p_lot_changes) > 0 THEN
        UPDATE lot l SET available_micros = l.available_micros + c.available_delta,
            held_micros = l.held_micros + c.held_delta
        FROM unnest(p_lot_changes) c
        WHERE l.id = c.lot AND l.available_micros >= c.least_available AND l.held_micros >= c.least_held;
        GET DIAGNOSTICS done = ROW_COUNT;
        IF done <> cardinality(p_lot_changes) THEN
            RAISE EXCEPTION 'lot floor' USING ERRCODE = 'CH001';
        END IF;
    END IF;
    IF cardinality(p_postings) > 0 THEN
        INSERT INTO posting SELECT * FROM unnest(p_postings);
    END IF;
    IF cardinality(p_inbound) > 0 THEN
        INSERT INTO inbound SELECT * FROM unnest(p_inbound);
    END IF;
    IF cardinality(p_outbox) > 0 THEN
        INSERT INTO outbox SELECT * FROM unnest(p_outbox);
    END IF;
    IF cardinality(p_told) > 0 THEN
        UPDATE outbox SET told_at = p_journal.at, next_at = NULL WHERE key = ANY (p_told) AND told_at IS NULL;
    END IF;
    -- There was nothing to tell.
    IF cardinality(p_moot) > 0 THEN
        UPDATE outbox SET told_at = p_journal.at, next_at = p_journal.at
        WHERE key = ANY (p_moot) AND told_at IS NULL;
    END IF;
    IF cardinality(p_retries) > 0 THEN
        UPDATE outbox o SET tries = r.tries, next_at = r.next_at FROM unnest(p_retries) r
        WHERE o.key = r.key AND o.told_at IS NULL;
    END IF;
    IF cardinality(p_usage) > 0 THEN
        INSERT INTO usage_day AS u SELECT * FROM unnest(p_usage)
        ON CONFLICT (account, day, country, unit, state) DO UPDATE SET
            messages = u.messages + excluded.messages, parts = u.parts + excluded.parts,
            amount_micros = u.amount_micros + excluded.amount_micros;
    END IF;
    RETURN unparked;
END
$$;

-- Changes of messages that had ended: a late receipt improves an end. Their counts move from the state
-- that they leave to the one that they reach. Returns how many there were.
CREATE FUNCTION change_ended(p_changes progress_change[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    done bigint;
BEGIN
    WITH old AS (
        SELECT c.*, p.state AS old_state, p.price_micros, m.accepted_at, m.parts, m.country, m.price_unit,
               NOT EXISTS (SELECT 1 FROM staged g WHERE g.submission = m.submission) AS is_seen
        FROM unnest(p_changes) c
        JOIN progress p ON p.account = c.account AND p.key = c.key AND p.version = c.expected_version
        JOIN message m ON m.account = c.account AND m.key = c.key
        WHERE NOT p.open
    ), moved AS (
        UPDATE progress p SET version = c.version, due_at = c.due_at, connector = c.connector,
            submitted_at = c.submitted_at, final_at = c.final_at, flags = c.flags, events = c.events,
            state = c.state, reason = c.reason, charge = c.charge, attempts = c.attempts, open = c.open
        FROM old c
        WHERE p.account = c.account AND p.key = c.key
        RETURNING p.key
    ), counted AS (
        INSERT INTO usage_day AS u (account, day, messages, parts, amount_micros, state, country, unit)
        SELECT o.account, o.accepted_at - mod(o.accepted_at, 86400000), sum(d.sign), sum(d.sign * o.parts),
               sum(d.sign * o.price_micros), d.state, o.country, o.price_unit
        FROM old o
        CROSS JOIN LATERAL (VALUES (-1, o.old_state, true), (1, o.state, NOT o.open)) AS d (sign, state, counts)
        WHERE o.is_seen AND d.counts AND o.state <> o.old_state
        GROUP BY 1, 2, 6, 7, 8
        ON CONFLICT (account, day, country, unit, state) DO UPDATE SET
            messages = u.messages + excluded.messages, parts = u.parts + excluded.parts,
            amount_micros = u.amount_micros + excluded.amount_micros
    )
    SELECT count(*) INTO done FROM moved;
    RETURN done;
END
$$;

-- Removes staged submissions with everything that belongs to them. Look-ups of carrier ids that name
-- their messages stay: they lead to nothing, and keys are not used again.
CREATE FUNCTION discard_submissions(p_submissions bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    gone RECORD;
BEGIN
    FOR gone IN
        SELECT s.account, s.key AS submission, array_agg(m.key) AS keys
        FROM submission s
        LEFT JOIN message m ON m.account = s.account AND m.key >= s.key
            AND m.key < (((s.key >> 21) + 3600000) << 21) AND m.submission = s.key
        WHERE s.key = ANY (p_submissions)
        GROUP BY s.account, s.key
    LOOP
        DELETE FROM message WHERE account = gone.account AND key = ANY (gone.keys);
        DELETE FROM progress WHERE account = gone.account AND key = ANY (gone.keys);
        DELETE FROM message_lot WHERE account = gone.account AND message = ANY (gone.keys);
        DELETE FROM body WHERE account = gone.account AND message = ANY (gone.keys);
        DELETE FROM attempt WHERE account = gone.account AND message = ANY (gone.keys);
        DELETE FROM attempt_part WHERE account = gone.account AND message = ANY (gone.keys);
        DELETE FROM receipt WHERE account = gone.account AND message = ANY (gone.keys);
        DELETE FROM submission WHERE account = gone.account AND key = gone.submission;
    END LOOP;
END
$$;
