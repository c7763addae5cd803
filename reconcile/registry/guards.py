"""What a database does to keep the roles of a registry: the functions and triggers, as PostgreSQL reads them.

Each guard runs with the rights of the registry's owner and asks `session_user`, which nobody but a superuser
can change: who is logged in, whatever name they type. A change counts only beside the entry of the audit log
that speaks of it, made by the same login in the same transaction; the entry itself takes the role.
"""

from __future__ import annotations

from typing import Final

from reconcile.registry import kiosk

# Every function: @schema@ is where the tables are, and the temporary schema is looked at last.
_HEAD: Final = """
CREATE OR REPLACE FUNCTION {name} LANGUAGE {language} SECURITY {rights}
SET search_path = @schema@, pg_temp AS $guard$
{body}
$guard$
"""

_ASKING: Final = {
    "reconcile_holds(wanted text[], batch_id text, place text) RETURNS boolean": """
    WITH latest AS (
        SELECT DISTINCT ON (g.role, g.college) g.role, g.college, g.word FROM grants g
        WHERE g.login = session_user ORDER BY g.role, g.college, g.id DESC
    ), held AS (
        SELECT l.college FROM latest l WHERE l.word = 'granted' AND l.role = ANY (wanted)
    )
    SELECT EXISTS (SELECT FROM held) AND (
        EXISTS (SELECT FROM held WHERE college = 'district')
        OR ((place IS NULL OR place IN (SELECT college FROM held)) AND NOT EXISTS (
            SELECT FROM requests r
            WHERE r.batch = batch_id AND r.mis_code NOT IN (SELECT college FROM held)
        ))
    )
    """,
    "reconcile_logged(step text, about text) RETURNS boolean": """
    SELECT EXISTS (
        SELECT FROM audit a WHERE a.what = step AND a.subject = about
        AND a.detail::json ->> 'login' = session_user AND a.xmin = pg_current_xact_id()::xid
    )
    """,
    "reconcile_approved(batch_id text) RETURNS boolean": """
    SELECT EXISTS (
        SELECT FROM batches b JOIN approvals a ON a.batch = b.id AND a.sequence >= b.sequence
        WHERE b.id = batch_id AND a.rows_hash = b.rows_hash AND a.suite_hash = b.suite_hash
    )
    """,
    "reconcile_bare(login text) RETURNS text": """
    SELECT btrim(translate(
        regexp_replace(btrim(lower(normalize(login, NFKC))), '^.*[\\\\/]|@.*$', '', 'g'), @look@, @letter@
    ), ' .')
    """,
    "reconcile_entry(a audit) RETURNS text": """
    SELECT encode(sha256(convert_to('[' || to_json(a.previous) || ',' || a.seq || ',' || to_json(a.at) || ','
        || to_json(a.what) || ',' || to_json(a.who) || ',' || to_json(a.subject) || ',' || to_json(a.detail)
        || ']', 'UTF8')), 'hex')
    """,
}

_REFUSE: Final = "RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = "

# Name of a guard -> what it does. A guard raises, or lets the row or the statement pass.
_GUARDS: Final = {
    "reconcile_guard_audit": """
    DECLARE
        before record;
        needed text[];
    BEGIN
        SELECT a.seq, a.entry INTO before FROM audit a ORDER BY a.seq DESC LIMIT 1;
        IF NEW.seq <> before.seq + 1 OR NEW.previous <> before.entry
                OR NEW.entry <> reconcile_entry(NEW) THEN
            @refuse@ 'the entry does not go on with the chain';
        END IF;
        IF NEW.detail::json ->> 'login' IS DISTINCT FROM session_user THEN
            @refuse@ 'the entry names another login';
        END IF;
        SELECT n.roles INTO needed FROM (VALUES @needed@) AS n (what, roles) WHERE n.what = NEW.what;
        IF NOT FOUND THEN
            needed := @any@;
        END IF;
        IF needed <> '{}' AND NOT reconcile_holds(
            needed, coalesce(NEW.detail::json ->> 'batch', NEW.subject), NEW.detail::json ->> 'college'
        ) THEN
            @refuse@ 'the login lacks the role for ' || NEW.what;
        END IF;
        RETURN NEW;
    END
    """,
    "reconcile_guard_batches": """
    DECLARE
        bound boolean;
    BEGIN
        IF TG_OP = 'DELETE' THEN
            IF OLD.state <> 'draft' OR EXISTS (SELECT FROM audit a WHERE a.subject = OLD.id) THEN
                @refuse@ 'a batch that was logged stays';
            END IF;
            RETURN OLD;
        END IF;
        IF TG_OP = 'INSERT' THEN
            IF NEW.state <> 'draft' OR NOT reconcile_holds(ARRAY['requester'], NEW.id, NULL) THEN
                @refuse@ 'a batch begins as the draft of a requester';
            END IF;
            RETURN NEW;
        END IF;
        bound := (NEW.id, NEW.content_hash, NEW.issuer, NEW.proposer, NEW.proposed_at, NEW.valid_until,
            NEW.rows_hash, NEW.suite_hash, NEW.mints, NEW.recoveries)
            IS DISTINCT FROM (OLD.id, OLD.content_hash, OLD.issuer, OLD.proposer, OLD.proposed_at,
            OLD.valid_until, OLD.rows_hash, OLD.suite_hash, OLD.mints, OLD.recoveries);
        IF (bound OR NEW.state = OLD.state) AND (OLD.state NOT IN ('draft', 'checked')
                OR NEW.state NOT IN ('draft', 'checked', 'submitted')
                OR NOT reconcile_holds(ARRAY['requester'], OLD.id, NULL)) THEN
            @refuse@ 'a batch that was submitted stays as it is';
        END IF;
        IF NEW.state <> OLD.state AND ((OLD.state, NEW.state) NOT IN (VALUES
            ('draft', 'checked'), ('draft', 'submitted'), ('checked', 'submitted'), ('submitted', 'approved'),
            ('submitted', 'rejected'), ('draft', 'withdrawn'), ('checked', 'withdrawn'),
            ('submitted', 'withdrawn'), ('approved', 'withdrawn'), ('checked', 'draft'),
            ('approved', 'draft'), ('approved', 'minted'), ('approved', 'handed_over'),
            ('minted', 'delivered'), ('handed_over', 'delivered'), ('delivered', 'loaded'))
                OR NOT reconcile_logged(
                    CASE NEW.state WHEN 'draft' THEN 'returned' ELSE NEW.state END, NEW.id)
                OR (NEW.state IN ('approved', 'minted', 'handed_over')
                    AND NOT reconcile_approved(NEW.id))) THEN
            @refuse@ 'the batch takes no such step';
        END IF;
        RETURN NEW;
    END
    """,
    "reconcile_guard_requests": """
    BEGIN
        IF EXISTS (
            SELECT FROM (SELECT DISTINCT batch FROM changed) c JOIN batches b ON b.id = c.batch
            WHERE b.state NOT IN ('draft', 'checked') OR NOT reconcile_holds(ARRAY['requester'], b.id, NULL)
        ) THEN
            @refuse@ 'the rows of a batch that was submitted stay';
        END IF;
        RETURN NULL;
    END
    """,
    "reconcile_guard_approvals": """
    BEGIN
        IF NOT reconcile_logged('approved', NEW.batch)
                OR NOT reconcile_holds(ARRAY['approver'], NEW.batch, NULL) THEN
            @refuse@ 'an approval takes the role approver';
        END IF;
        IF EXISTS (
            SELECT FROM audit a WHERE a.subject = NEW.batch AND a.what IN ('drafted', 'checked', 'submitted')
            AND reconcile_bare(a.detail::json ->> 'login') = reconcile_bare(session_user)
        ) THEN
            @refuse@ 'the batch was proposed from the same login';
        END IF;
        IF NOT EXISTS (
            SELECT FROM batches b WHERE b.id = NEW.batch AND b.state = 'submitted'
            AND b.rows_hash = NEW.rows_hash AND b.suite_hash = NEW.suite_hash
        ) THEN
            @refuse@ 'the approval is not of the batch that was submitted';
        END IF;
        RETURN NEW;
    END
    """,
    "reconcile_guard_numbers": """
    BEGIN
        IF EXISTS (
            SELECT FROM (SELECT DISTINCT batch FROM changed) c WHERE NOT reconcile_approved(c.batch)
            OR NOT reconcile_holds(ARRAY['requester', 'approver'], c.batch, NULL)
        ) OR EXISTS (
            SELECT FROM changed c
            JOIN batches b ON b.id = c.batch
            LEFT JOIN requests r ON (r.batch, r.mis_code, r.sis_id) = (c.batch, c.mis_code, c.sis_id)
            CROSS JOIN LATERAL (
                SELECT count(*) AS allotted, count(*) FILTER (WHERE c.ordinal < a.next) AS passed
                FROM allotments a WHERE c.ordinal BETWEEN a.first AND a.last
            ) AS a
            WHERE c.state <> 'issued' OR r.batch IS NULL OR CASE
                WHEN c.kind = 'mint' AND b.issuer <> 'openccc' THEN r.kind = 'recover' OR a.passed = 0
                    OR b.state <> 'approved' OR EXISTS (SELECT FROM seen s WHERE s.ordinal = c.ordinal)
                WHEN c.kind = 'mint' THEN a.allotted > 0
                    OR b.state NOT IN ('handed_over', 'delivered', 'loaded')
                WHEN r.kind = 'recover' AND b.state = 'approved' THEN r.cccid IS DISTINCT FROM c.cccid
                WHEN b.issuer = 'openccc' AND b.state IN ('handed_over', 'delivered', 'loaded') THEN false
                ELSE NOT EXISTS (
                    SELECT FROM voids v WHERE v.replacement = c.cccid
                    AND (v.mis_code, v.sis_id) = (c.mis_code, c.sis_id)
                )
            END
        ) THEN
            @refuse@ 'a number is given for a row of an approved batch, from a range, past the counter';
        END IF;
        RETURN NULL;
    END
    """,
    "reconcile_guard_lives": """
    BEGIN
        IF EXISTS (
            SELECT FROM changed c JOIN former f ON f.id = c.id JOIN batches b ON b.id = c.batch
            WHERE c.state <> f.state AND CASE
                WHEN f.state = 'voided' THEN true
                WHEN c.state = 'voided' THEN NOT EXISTS (
                    SELECT FROM voids v WHERE v.ordinal = c.ordinal
                    AND (v.mis_code, v.sis_id) = (c.mis_code, c.sis_id)
                )
                WHEN b.state = 'delivered' AND c.state = 'loaded'
                    THEN NOT reconcile_logged('compared', c.batch)
                ELSE c.state NOT IN ('delivered', 'loaded') OR b.state <> c.state
            END
        ) THEN
            @refuse@ 'a number goes where its batch goes, and stays void';
        END IF;
        RETURN NULL;
    END
    """,
    "reconcile_guard_counter": """
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NOT reconcile_holds(ARRAY['administrator'], NULL, NULL) OR NEW.next <> NEW.first THEN
                @refuse@ 'a range is entered by an administrator';
            END IF;
        ELSIF NEW.next < OLD.next OR (NEW.id, NEW.first, NEW.last, NEW.authority, NEW.at)
                IS DISTINCT FROM (OLD.id, OLD.first, OLD.last, OLD.authority, OLD.at)
                OR NOT reconcile_holds(ARRAY['requester', 'approver'], NULL, NULL) THEN
            @refuse@ 'the counter goes on, and never back';
        END IF;
        RETURN NEW;
    END
    """,
    "reconcile_guard_entry": """
    BEGIN
        IF EXISTS (
            SELECT FROM changed c WHERE NOT EXISTS (
                SELECT FROM audit a WHERE a.seq = c.audit AND a.what = coalesce(TG_ARGV[0], a.what)
                AND a.xmin = pg_current_xact_id()::xid
            )
        ) THEN
            @refuse@ 'each row belongs to an entry of the log, made with it';
        END IF;
        RETURN NULL;
    END
    """,
    "reconcile_guard_voids": """
    BEGIN
        IF NOT reconcile_holds(ARRAY['approver'], NULL, NULL) AND EXISTS (
            SELECT FROM changed c WHERE NOT EXISTS (
                SELECT FROM requests r JOIN batches b ON b.id = r.batch
                WHERE (r.mis_code, r.sis_id, r.cccid) = (c.mis_code, c.sis_id, c.cccid)
                AND r.kind = 'replace' AND b.state IN ('approved', 'handed_over', 'delivered', 'loaded')
            )
        ) THEN
            @refuse@ 'a number is voided at the login of an approver';
        END IF;
        RETURN NULL;
    END
    """,
    "reconcile_guard_grants": """
    DECLARE
        one record;
        held boolean;
    BEGIN
        FOR one IN SELECT * FROM changed LOOP
            IF NOT EXISTS (
                SELECT FROM audit a WHERE a.seq = one.audit AND (one.word, one.role, one.college) =
                (a.detail::json ->> 'word', a.detail::json ->> 'role', a.detail::json ->> 'college')
            ) THEN
                @refuse@ 'the log speaks of another role';
            END IF;
            IF one.word = 'granted' AND (one.login IS NULL OR
                    reconcile_bare(one.login) = reconcile_bare(session_user)) THEN
                @refuse@ 'nobody grants themselves a role, and a role needs a login';
            END IF;
            IF one.word = 'granted' AND EXISTS (
                SELECT FROM grants g WHERE g.login = one.login AND (g.role = 'kiosk') <> (one.role = 'kiosk')
            ) THEN
                @refuse@ 'the login of a kiosk is nobody''s';
            END IF;
            CONTINUE WHEN one.login IS NULL;
            IF NOT EXISTS (SELECT FROM pg_roles p WHERE p.rolname = one.login) THEN
                CONTINUE WHEN one.word = 'withdrawn';
                RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = 'the database has no such login';
            END IF;
            SELECT bool_or(l.word = 'granted') INTO held FROM (
                SELECT DISTINCT ON (g.college) g.word FROM grants g
                WHERE g.login = one.login AND g.role = one.role ORDER BY g.college, g.id DESC
            ) AS l;
            IF held THEN
                EXECUTE format('GRANT %I TO %I', @prefix@ || one.role, one.login);
            ELSE
                EXECUTE format('REVOKE %I FROM %I', @prefix@ || one.role, one.login);
            END IF;
        END LOOP;
        RETURN NULL;
    END
    """,
    "reconcile_guard_key": """
    BEGIN
        IF OLD.ssn_key IS NOT NULL AND NEW.ssn_key IS DISTINCT FROM OLD.ssn_key
                AND NOT reconcile_holds(ARRAY['administrator'], NULL, NULL) THEN
            @refuse@ 'the key is changed by an administrator';
        END IF;
        RETURN NEW;
    END
    """,
}

# Guards that ask who makes the change: at a login of staff, or the functions of a kiosk, as the owner.
_AT_HAND: Final = {
    "reconcile_guard_files": """
    DECLARE
        same record;
        now text := to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS');
    BEGIN
        IF current_user = (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = TG_RELID) THEN
            NULL;
        ELSIF TG_TABLE_NAME = 'accounts' AND TG_OP = 'INSERT' THEN
            IF NEW.state <> 'held' OR num_nonnulls(NEW.password, NEW.claimed_at, NEW.accepted_terms,
                    NEW.accepted_terms_timestamp, NEW.email_verified, NEW.email_verified_timestamp) > 0
                    OR NOT EXISTS (
                        SELECT FROM cccids c
                        WHERE (c.mis_code, c.sis_id, c.cccid, c.batch, c.kind)
                        = (NEW.mis_code, NEW.sis_id, NEW.cccid, NEW.batch, 'mint')
                    ) THEN
                @refuse@ 'an account is opened for a number that was minted, and held';
            END IF;
        ELSIF TG_TABLE_NAME = 'accounts' THEN
            same := NEW;
            same.email := OLD.email;
            same.failures := OLD.failures;
            same.locks := OLD.locks;
            same.locked_until := OLD.locked_until;
            IF same IS DISTINCT FROM OLD OR (NEW.email IS DISTINCT FROM OLD.email AND (
                    NEW.email IS NOT NULL OR NOT EXISTS (
                        SELECT FROM cccids c WHERE c.cccid = OLD.cccid AND c.state = 'voided')))
                    OR (OLD.state <> 'held' AND (NEW.failures, NEW.locks, NEW.locked_until)
                        IS DISTINCT FROM (OLD.failures, OLD.locks, OLD.locked_until)) THEN
                @refuse@ 'what an account holds is changed by its student';
            END IF;
        ELSIF TG_OP = 'DELETE' THEN
            IF OLD.state = 'valid' AND OLD.expires >= now THEN
                @refuse@ 'a secret that works is not removed';
            END IF;
            RETURN OLD;
        ELSIF TG_OP = 'INSERT' THEN
            IF NEW.state <> 'valid' OR NOT EXISTS (
                SELECT FROM accounts a WHERE a.cccid = NEW.cccid AND a.state = 'held'
            ) THEN
                @refuse@ 'a secret is made for an account that nobody took over';
            END IF;
        ELSIF (NEW.id, NEW.cccid, NEW.made_at, NEW.made_by, NEW.expires)
                IS DISTINCT FROM (OLD.id, OLD.cccid, OLD.made_at, OLD.made_by, OLD.expires)
                OR (NEW.state, NEW.hash) IS DISTINCT FROM (OLD.state, OLD.hash)
                AND (OLD.state, NEW.state, NEW.hash) IS DISTINCT FROM ('valid', 'replaced', NULL) THEN
            @refuse@ 'a secret ends when it is replaced, or used by its student';
        END IF;
        RETURN coalesce(NEW, OLD);
    END
    """,
}


def functions(
    schema: str, prefix: str, needed: dict[str, tuple[str, ...]], roles: tuple[str, ...], /
) -> list[str]:
    """Write the guards for a schema.

    Args:
        schema: where the tables are, quoted.
        prefix: what the names of the group roles begin with.
        needed: event of the log -> the roles one of which it takes.
        roles: all roles.
    """
    values = ", ".join(f"('{what}', {_array(one)})" for what, one in needed.items())
    words = {
        "@refuse@": _REFUSE, "@schema@": schema, "@needed@": values, "@any@": _array(roles),
        "@prefix@": "'" + prefix.replace("'", "''") + "'",
    }  # fmt: skip
    made = [(name, "sql", "DEFINER", body) for name, body in _ASKING.items()]
    for rights, bodies in (("DEFINER", _GUARDS), ("INVOKER", _AT_HAND)):
        made += [(f"{name}() RETURNS trigger", "plpgsql", rights, body) for name, body in bodies.items()]
    for name, (language, body) in (kiosk.WITHIN | kiosk.CALLED).items():
        made.append((name, language, "DEFINER", body))
    texts = [_HEAD.format(name=n, language=said, rights=r, body=body) for n, said, r, body in made]
    for word, meant in (kiosk.WORDS | words).items():
        texts = [text.replace(word, meant) for text in texts]
    return [text.strip() for text in texts]


def _array(words: tuple[str, ...]) -> str:
    return "ARRAY[" + ", ".join(f"'{word}'" for word in words) + "]::text[]"
