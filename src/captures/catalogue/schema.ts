/**
 * The tables of a catalogue, as the steps that made them: step n turns version n into version n + 1 (PRAGMA user_version). A step that was released is
 * never changed; a new one is added.
 */

/** Written by sqlite as application_id, so that `file` and smilec know whose database it is: "smil". */
export const APPLICATION_ID = 0x736d696c;

export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE pull (
    id          INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL CHECK (kind IN ('folder', 'image', 'serial')),
    origin      TEXT NOT NULL,
    started_ms  INTEGER NOT NULL,
    finished_ms INTEGER
  ) STRICT;

  CREATE TABLE capture (
    id            INTEGER PRIMARY KEY,
    device        TEXT NOT NULL,
    epoch         TEXT NOT NULL,
    sequence      INTEGER NOT NULL,
    segment       INTEGER NOT NULL,
    slot          INTEGER NOT NULL,
    boot          INTEGER NOT NULL,
    press         INTEGER NOT NULL,
    burst_index   INTEGER NOT NULL,
    uptime_ms     INTEGER NOT NULL,
    model         TEXT NOT NULL,
    config        TEXT NOT NULL,
    engine        TEXT NOT NULL,
    sum           INTEGER NOT NULL,
    threshold     INTEGER NOT NULL,
    smile         INTEGER NOT NULL,
    width         INTEGER NOT NULL,
    height        INTEGER NOT NULL,
    metadata      TEXT NOT NULL,
    payload_crc   TEXT NOT NULL,
    payload_bytes INTEGER NOT NULL,
    path          TEXT NOT NULL UNIQUE,
    pull          INTEGER NOT NULL REFERENCES pull (id),
    recovered     INTEGER NOT NULL DEFAULT 0,
    taken_ms      INTEGER,
    taken_error_ms INTEGER,
    state         TEXT NOT NULL DEFAULT 'kept' CHECK (state IN ('kept', 'deleted')),
    consent       TEXT NOT NULL DEFAULT 'unknown' CHECK (consent IN ('unknown', 'given', 'refused')),
    UNIQUE (device, epoch, sequence)
  ) STRICT;
  CREATE INDEX capture_press ON capture (device, epoch, boot, press);

  -- What was seen of each segment at the last pull, to recognise one that has not changed.
  CREATE TABLE segment (
    device     TEXT NOT NULL,
    epoch      TEXT NOT NULL,
    segment    INTEGER NOT NULL,
    slots      INTEGER NOT NULL,
    slots_read INTEGER NOT NULL,
    mark       TEXT NOT NULL,
    pull       INTEGER NOT NULL REFERENCES pull (id),
    PRIMARY KEY (device, epoch, segment)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE quarantine (
    id      INTEGER PRIMARY KEY,
    pull    INTEGER NOT NULL REFERENCES pull (id),
    file    TEXT NOT NULL,
    slot    INTEGER,
    offset  INTEGER NOT NULL,
    reason  TEXT NOT NULL,
    message TEXT NOT NULL,
    path    TEXT,
    UNIQUE (file, offset, reason, message)
  ) STRICT;

  -- Append-only: taking a judgement back is an event too. Pass 3 settles what the first two looks disagree about. A stroke is one act of a person, sent again
  -- until it is acknowledged; it counts once.
  CREATE TABLE label_event (
    id        INTEGER PRIMARY KEY,
    capture   INTEGER NOT NULL REFERENCES capture (id),
    pass      INTEGER NOT NULL CHECK (pass IN (1, 2, 3)),
    judgement TEXT,
    box       TEXT,
    stroke    TEXT,
    undoes    INTEGER UNIQUE REFERENCES label_event (id),
    at_ms     INTEGER NOT NULL,
    CHECK ((undoes IS NULL) = (judgement IS NOT NULL)),
    UNIQUE (stroke, capture)
  ) STRICT;
  CREATE INDEX label_event_capture ON label_event (capture, pass);

  -- What a picture looks like, measured once (src/label/measure.ts); may be emptied at any time.
  CREATE TABLE look (
    capture  INTEGER PRIMARY KEY REFERENCES capture (id),
    revision INTEGER NOT NULL,
    measures TEXT NOT NULL,
    -- base64: the binding does not give bytes back
    sketch   TEXT NOT NULL
  ) STRICT;
  `,
];
