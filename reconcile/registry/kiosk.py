"""What a database does for a kiosk, the login where students take accounts over, which may nothing else.

A kiosk reads no table. It calls four functions, which run as the owner and take the steps of a student by
themselves: they compare, count, lock, change and write the log. What a student typed is shown to be right by
the outcome of Argon2 that only it gives, over a salt that the first function tells; kept of that outcome is a
hash, so that nobody who reads the tables could show it. The times are the database's own. An attempt that
a client takes back would leave no trace: a sequence, which nothing takes back, counts them, and shuts the
functions when there are many.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import sqlalchemy as sa

from reconcile.registry.connect import LOCK_KEY
from reconcile.registry.people import LOOKS, machine
from reconcile.registry.tables import accounts, credentials, reclaims

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconcile.registry.store import Registry

TURNS: Final = "reconcile_turns"
TAKEN_BACK: Final = 100  # attempts that a client may take back before nobody comes in
_FORM: Final = r"^\$argon2id\$v=19\$m=[0-9]+,t=[0-9]+,p=[0-9]+\$[^$]+\$sha256:[0-9a-f]{64}$"


def _row(table: sa.Table) -> str:
    """Write SQL that gives the rows of one account as the toolkit hashes them, in their order."""
    cells = (f"""coalesce(to_json(t."{column.name}")::text, 'null')""" for column in table.columns)
    texts = " || ',' || ".join((f"""'["{table.name}"'""", *cells))
    keys = ", ".join(f't."{column.name}"' for column in table.primary_key.columns)
    return (
        f"SELECT string_agg({texts} || ']', ',' ORDER BY {keys}) AS part FROM {table.name} t "
        "WHERE t.cccid = about"
    )


# Functions that others call, of which nobody has the right: name -> (language, body).
WITHIN: Final = {
    "reconcile_iso(moment timestamptz) RETURNS text": ("sql", """
    SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS') || '+00:00'
    """),
    "reconcile_sha256(spelled text) RETURNS text": ("sql", """
    SELECT encode(sha256(convert_to(spelled, 'UTF8')), 'hex')
    """),
    "reconcile_account(typed text) RETURNS accounts": ("sql", """
    SELECT a FROM accounts a WHERE a.cccid = upper(btrim(typed)) AND EXISTS (
        SELECT FROM cccids c WHERE c.state <> 'voided'
        AND (c.mis_code, c.sis_id, c.cccid) = (a.mis_code, a.sis_id, a.cccid)
    )
    """),
    "reconcile_locked(a accounts) RETURNS boolean": ("sql", """
    SELECT coalesce(a.locked_until > reconcile_iso(clock_timestamp()), false)
    """),
    "reconcile_fits(kept text, shown text) RETURNS boolean": ("sql", """
    SELECT coalesce(CASE
        WHEN position('$sha256:' IN kept) > 0
            THEN split_part(kept, '$sha256:', 2) = encode(sha256(decode(shown, 'hex')), 'hex')
        ELSE regexp_replace(kept, '^.*\\$', '') = rtrim(encode(decode(shown, 'hex'), 'base64'), '=')
    END, false)
    """),
    "reconcile_mailbox(address text) RETURNS text": ("sql", """
    SELECT split_part(split_part(address, '@', 1), '+', 1) || '@' || split_part(address, '@', 2)
    """),
    "reconcile_in_use(address text, own text) RETURNS boolean": ("sql", """
    SELECT EXISTS (
        SELECT FROM accounts a WHERE a.cccid <> own AND (a.email = address OR reconcile_mailbox(a.email) IN (
            reconcile_mailbox(address), reconcile_mailbox(translate(address, @look@, @letter@))
        ))
    )
    """),
    "reconcile_file(about text) RETURNS text": ("sql", """
    SELECT reconcile_sha256('[' || string_agg(part, ',' ORDER BY place) || ']') FROM (
        SELECT 1 AS place, a.part FROM (@accounts@) AS a
        UNION ALL SELECT 2, c.part FROM (@credentials@) AS c
        UNION ALL SELECT 3, r.part FROM (@reclaims@) AS r
    ) AS parts WHERE part IS NOT NULL
    """),
    "reconcile_enter() RETURNS void": ("plpgsql", """
    BEGIN
        PERFORM pg_advisory_xact_lock(@lock@);
        IF nextval('@turns@') - (SELECT count(*) FROM audit a WHERE a.detail LIKE '%"turn":%')
                > @taken_back@ THEN  -- this one is not in the log yet
            RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = 'too many attempts were taken back';
        END IF;
    END
    """),
    "reconcile_seal(step text, about text, told text, fields text[], at_hand text[]) RETURNS void":
    ("plpgsql", """
    DECLARE
        before record;
        made audit;
        hashed text := reconcile_file(about);
    BEGIN
        SELECT a.seq, a.entry INTO before FROM audit a ORDER BY a.seq DESC LIMIT 1;
        made.seq := before.seq + 1;
        made.at := reconcile_iso(clock_timestamp());
        made.what := step;
        made.who := 'student';
        made.subject := coalesce(about, 'unknown');
        SELECT '{' || string_agg(to_json(name)::text || ':' || value, ',' ORDER BY name COLLATE "C") || '}'
        INTO made.detail FROM (VALUES
            ('accounts', CASE WHEN about IS NOT NULL THEN '1' END),
            ('fields', '[' || (SELECT string_agg(to_json(f)::text, ',') FROM unnest(fields) f) || ']'),
            ('login', to_json(session_user::text)::text),
            ('machine', '{"host":' || to_json(left(at_hand[1], 200)) || ',"user":'
                || to_json(left(at_hand[2], 200)) || '}'),
            ('sealed', to_json(reconcile_sha256('[["' || about || '","' || hashed || '"]]'))::text),
            ('turn', currval('@turns@')::text),
            ('why', to_json(told)::text)
        ) AS detail (name, value) WHERE value IS NOT NULL;
        made.previous := before.entry;
        made.entry := '';
        made.entry := reconcile_entry(made);
        INSERT INTO audit SELECT made.*;
        IF about IS NOT NULL THEN
            INSERT INTO account_log (audit, cccid, hash) VALUES (made.seq, about, hashed);
        END IF;
    END
    """),
    "reconcile_refuse(a accounts, step text, told text, counts boolean, at_hand text[]) RETURNS text":
    ("plpgsql", """
    DECLARE
        last boolean := a.failures + 1 >= 5;
    BEGIN
        IF reconcile_locked(a) THEN
            PERFORM reconcile_seal(step, a.cccid, 'locked', NULL, at_hand);
            RETURN told;
        END IF;
        IF a.cccid IS NOT NULL AND counts THEN
            UPDATE accounts SET failures = CASE WHEN last THEN 0 ELSE a.failures + 1 END,
                locks = a.locks + last::int,
                locked_until = CASE WHEN last THEN reconcile_iso(
                    clock_timestamp() + interval '15 minutes' * 2 ^ least(a.locks, 7)
                ) ELSE a.locked_until END
            WHERE cccid = a.cccid;
        END IF;
        PERFORM reconcile_seal(step, a.cccid, told, NULL, at_hand);
        RETURN told;
    END
    """),
}  # fmt: skip

# Functions that a kiosk may call. What was typed wrong and what is not there give one answer.
CALLED: Final = {
    "reconcile_heads(number text, OUT secret text, OUT code text, OUT password text)": ("sql", """
    SELECT max(head) FILTER (WHERE kind = 'secret'), max(head) FILTER (WHERE kind = 'code'),
        max(head) FILTER (WHERE kind = 'password')
    FROM (SELECT k.kind, coalesce(regexp_replace(
        CASE k.kind
            WHEN 'password' THEN (SELECT a.password FROM reconcile_account(number) a)
            WHEN 'code' THEN (SELECT r.code FROM reclaims r WHERE r.cccid = upper(btrim(number)))
            ELSE (SELECT c.hash FROM credentials c WHERE c.cccid = upper(btrim(number)) AND c.state = 'valid')
        END, '\\$[^$]*$', ''), k.cost || rtrim(encode(substr(sha256(convert_to(
            (SELECT entry FROM audit WHERE seq = 1) || k.kind || upper(btrim(number)), 'UTF8'
        )), 1, 16), 'base64'), '=')) AS head
        FROM (VALUES ('secret', @secrets@), ('code', @secrets@), ('password', @passwords@)) AS k (kind, cost)
    ) AS heads
    """),
    "reconcile_begin(number text, shown text, address text, code text, elsewhere boolean, at_hand text[], "
    "OUT said text, OUT until text)": ("plpgsql", """
    DECLARE
        a accounts;
        kept record;
    BEGIN
        PERFORM reconcile_enter();
        a := reconcile_account(number);
        SELECT c.hash, c.expires INTO kept FROM credentials c WHERE c.cccid = a.cccid AND c.state = 'valid';
        IF a.state IS DISTINCT FROM 'held' OR NOT reconcile_fits(kept.hash, shown) OR reconcile_locked(a) THEN
            said := reconcile_refuse(
                a, 'reclaim_refused', 'no match', coalesce(a.state = 'held', false), at_hand);
            RETURN;
        END IF;
        until := kept.expires;
        said := CASE
            WHEN kept.expires <= reconcile_iso(clock_timestamp()) THEN 'expired'
            WHEN address = a.email OR (position('+' IN a.email) > 0
                AND reconcile_mailbox(address) = reconcile_mailbox(a.email)) THEN 'address of staff'
            WHEN elsewhere OR reconcile_in_use(address, a.cccid) THEN 'address in use'
            ELSE 'begun' END;
        IF said <> 'begun' THEN
            PERFORM reconcile_refuse(a, 'reclaim_refused', said, false, at_hand);
            RETURN;
        END IF;
        IF code !~ @form@ OR address !~ '^[^@[:space:]]+@[^@[:space:]]+$' OR length(address) > 254 THEN
            RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'the address or the hash is none';
        END IF;
        until := reconcile_iso(clock_timestamp() + interval '15 minutes');
        DELETE FROM reclaims WHERE cccid = a.cccid;
        INSERT INTO reclaims VALUES (a.cccid, address, code, until, 0);
        PERFORM reconcile_seal('reclaim_started', a.cccid, NULL, NULL, at_hand);
    END
    """),
    "reconcile_confirm(number text, shown text, code text, chosen text, same boolean, at_hand text[]) "
    "RETURNS text": ("plpgsql", """
    DECLARE
        a accounts;
        kept text;
        waits reclaims;
        moment text := reconcile_iso(clock_timestamp());
    BEGIN
        PERFORM reconcile_enter();
        a := reconcile_account(number);
        SELECT * INTO waits FROM reclaims r WHERE r.cccid = a.cccid;
        SELECT c.hash INTO kept FROM credentials c WHERE c.cccid = a.cccid AND c.state = 'valid';
        IF waits.cccid IS NULL OR a.state <> 'held' OR NOT reconcile_fits(waits.code, code)
                OR NOT reconcile_fits(kept, shown) OR reconcile_locked(a) THEN
            IF waits.cccid IS NOT NULL AND NOT reconcile_locked(a) THEN
                UPDATE reclaims SET tries = tries + 1 WHERE cccid = a.cccid;
                DELETE FROM reclaims WHERE cccid = a.cccid AND tries >= 5;
            END IF;
            RETURN reconcile_refuse(a, 'confirm_refused', 'no match', waits.cccid IS NOT NULL, at_hand);
        END IF;
        IF waits.expires <= moment THEN
            DELETE FROM reclaims WHERE cccid = a.cccid;
            RETURN reconcile_refuse(a, 'confirm_refused', 'expired', false, at_hand);
        END IF;
        IF same THEN
            RETURN reconcile_refuse(a, 'confirm_refused', 'password is the secret', false, at_hand);
        END IF;
        IF reconcile_in_use(waits.email, a.cccid) THEN
            RETURN reconcile_refuse(a, 'confirm_refused', 'address in use', false, at_hand);
        END IF;
        IF chosen !~ @form@ THEN
            RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'the hash is none';
        END IF;
        UPDATE accounts SET state = 'claimed', claimed_at = moment, email = waits.email, password = chosen,
            failures = 0, locks = 0, locked_until = NULL, accepted_terms = 'true',
            accepted_terms_timestamp = moment, email_verified = 'true', email_verified_timestamp = moment
        WHERE cccid = a.cccid;
        UPDATE credentials SET state = 'used', hash = NULL WHERE cccid = a.cccid AND state = 'valid';
        DELETE FROM reclaims WHERE cccid = a.cccid;
        PERFORM reconcile_seal('claimed', a.cccid, NULL, NULL, at_hand);
        RETURN 'claimed';
    END
    """),
    "reconcile_edit(number text, shown text, changes jsonb, at_hand text[], OUT said text, OUT fields text[])"
    : ("plpgsql", """
    DECLARE
        a accounts;
        made accounts;
    BEGIN
        PERFORM reconcile_enter();
        a := reconcile_account(number);
        IF a.state IS DISTINCT FROM 'claimed' OR NOT reconcile_fits(a.password, shown)
                OR reconcile_locked(a) THEN
            said := reconcile_refuse(
                a, 'edit_refused', 'no match', coalesce(a.state = 'claimed', false), at_hand);
            RETURN;
        END IF;
        made := jsonb_populate_record(a, (
            SELECT coalesce(jsonb_object_agg(c.key, c.value), '{}') FROM jsonb_each(changes) c
            WHERE c.key IN ('first_name', 'middle_name', 'last_name', 'suffix', 'birthdate')
        ));
        SELECT array_agg(n.key ORDER BY n.key COLLATE "C") INTO fields FROM jsonb_each(to_jsonb(made)) n
        WHERE n.value IS DISTINCT FROM to_jsonb(a) -> n.key;
        said := CASE
            WHEN 'birthdate' = ANY (fields) AND fields && '{first_name,middle_name,last_name}'
                THEN 'name and birthdate'
            WHEN 'birthdate' = ANY (fields) AND (made.birthdate IS NULL
                OR made.birthdate::date::text <> made.birthdate OR made.birthdate::date < '1901-01-01'
                OR made.birthdate::date >= (clock_timestamp() AT TIME ZONE 'UTC')::date) THEN 'birthdate'
            WHEN 'last_name' = ANY (fields) AND made.last_name IS NULL OR length(made.suffix) > 3
                OR greatest(length(made.first_name), length(made.middle_name), length(made.last_name)) > 50
                THEN 'value' END;
        IF said IS NOT NULL THEN
            PERFORM reconcile_refuse(a, 'edit_refused', said, false, at_hand);
            RETURN;
        END IF;
        said := 'edited';
        IF fields IS NOT NULL THEN
            UPDATE accounts SET first_name = made.first_name, middle_name = made.middle_name,
                last_name = made.last_name, suffix = made.suffix, birthdate = made.birthdate,
                failures = 0, locks = 0, locked_until = NULL WHERE cccid = a.cccid;
            PERFORM reconcile_seal('edited', a.cccid, NULL, fields, at_hand);
        END IF;
    END
    """),
}  # fmt: skip
WORDS: Final = {
    **{f"@{table.name}@": _row(table) for table in (accounts, credentials, reclaims)},
    "@look@": f"'{''.join(LOOKS)}'", "@letter@": f"'{''.join(LOOKS.values())}'",
    "@form@": f"'{_FORM}'", "@turns@": TURNS, "@taken_back@": str(TAKEN_BACK), "@lock@": str(LOCK_KEY),
    "@secrets@": "'$argon2id$v=19$m=19456,t=2,p=1$'", "@passwords@": "'$argon2id$v=19$m=65536,t=3,p=4$'",
}  # fmt: skip


class Heads(NamedTuple):
    """How the hashes of an account begin: Argon2's parameters and salt; of a number that nobody has, some."""

    secret: str
    code: str
    password: str


class Kiosk:
    """The database's functions, inside a writing transaction; each gives the word that the log keeps."""

    def __init__(self, connection: sa.Connection, /) -> None:
        """Wrap the connection that holds the transaction."""
        self._connection = connection

    def begin(
        self, number: str, shown: str, address: str, code: str, /, *, elsewhere: bool
    ) -> tuple[str, datetime | None]:
        """Begin a reclaim: "begun", and until when the code is valid, or why not."""
        said, until = self._call("reconcile_begin", number, shown, address, code, elsewhere, _here())
        return said, datetime.fromisoformat(until) if until else None

    def confirm(self, number: str, shown: str, code: str, chosen: str, /, *, same: bool) -> str:
        """End a reclaim: "claimed", or why not."""
        return str(self._call("reconcile_confirm", number, shown, code, chosen, same, _here())[0])

    def edit(
        self, number: str, shown: str, changes: Mapping[str, str | None], /
    ) -> tuple[str, tuple[str, ...]]:
        """Edit an account: "edited" and the fields, or why not."""
        said, fields = self._call("reconcile_edit", number, shown, json.dumps(changes), _here())
        return said, tuple(fields or ())

    def _call(self, function: str, /, *values: object) -> Any:  # noqa: ANN401 - a row
        driver: Any = self._connection.connection.driver_connection
        marks = ", ".join("%s::jsonb" if function == "reconcile_edit" and n == 2 else "%s"  # noqa: PLR2004
                          for n in range(len(values)))  # fmt: skip
        with driver.cursor() as cursor:
            return cursor.execute(f"SELECT * FROM {function}({marks})", values).fetchone()


def heads(registry: Registry, number: str, /) -> Heads | None:
    """Say how the hashes of an account begin; None where no database takes a student's steps by itself."""

    def work(connection: sa.Connection) -> Heads | None:
        if connection.dialect.name != "postgresql":
            return None
        may = sa.text(
            "SELECT coalesce(has_function_privilege(to_regprocedure('reconcile_heads(text)'), 'EXECUTE'), "
            "false)"
        )
        if not connection.execute(may).scalar():
            return None
        found = sa.text("SELECT secret, code, password FROM reconcile_heads(:number)")
        return Heads._make(connection.execute(found, {"number": number}).one())

    return registry.inspect(work)


def reads_nothing(connection: sa.Connection, /) -> bool:
    """Say whether the login is a kiosk's, which may not even look at the log."""
    if connection.dialect.name != "postgresql":
        return False
    may = sa.text("SELECT NOT has_column_privilege('audit', 'seq', 'SELECT')")
    return bool(connection.execute(may).scalar())


def _here() -> list[str]:
    here = machine()
    return [here["host"], here["user"]]
