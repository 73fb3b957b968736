-- Instants are microseconds since 1970 in UTC; documents are JSON text.

CREATE TABLE groups (
    tenant        TEXT    NOT NULL,
    id            TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    cooldown      BIGINT  NOT NULL,
    min_entities  BIGINT  NOT NULL,
    max_entities  BIGINT  NOT NULL,
    desired       BIGINT  NOT NULL,
    touched       BIGINT,
    paused        BOOLEAN NOT NULL DEFAULT FALSE,
    suspended     BOOLEAN NOT NULL DEFAULT FALSE,
    deleting      BOOLEAN NOT NULL DEFAULT FALSE,
    status        TEXT    NOT NULL,
    errors        TEXT    NOT NULL,
    active        BIGINT  NOT NULL,
    -- Where convergence is: see Progress.
    wanted        BIGINT  NOT NULL,
    due           BIGINT,
    retries       BIGINT  NOT NULL DEFAULT 0,
    failures      BIGINT  NOT NULL DEFAULT 0,
    created       BIGINT  NOT NULL,
    metadata      TEXT    NOT NULL,
    servers       TEXT    NOT NULL,
    known         TEXT    NOT NULL,
    launch        TEXT    NOT NULL,
    PRIMARY KEY (tenant, id)
);

-- What is due is found without looking at what is not.
CREATE INDEX groups_due ON groups (due) WHERE due IS NOT NULL;
-- Counting a tenant's groups, as every creation does, reads this alone.
CREATE INDEX groups_counted ON groups (tenant) WHERE NOT deleting;
CREATE INDEX groups_deleting ON groups (tenant) WHERE deleting;

CREATE TABLE policies (
    tenant    TEXT   NOT NULL,
    group_id  TEXT   NOT NULL,
    id        TEXT   NOT NULL,
    document  TEXT   NOT NULL,
    touched   BIGINT,
    due       BIGINT,
    PRIMARY KEY (tenant, group_id, id)
);

CREATE INDEX policies_due ON policies (due) WHERE due IS NOT NULL;

CREATE TABLE webhooks (
    tenant      TEXT NOT NULL,
    group_id    TEXT NOT NULL,
    policy_id   TEXT NOT NULL,
    id          TEXT NOT NULL,
    name        TEXT NOT NULL,
    metadata    TEXT NOT NULL,
    -- A capability is found by its SHA-256 and kept sealed, so that this table alone lets nobody
    -- execute anything.
    capability_hash   TEXT NOT NULL UNIQUE,
    capability_sealed TEXT NOT NULL,
    PRIMARY KEY (tenant, group_id, policy_id, id)
);

CREATE TABLE history (
    id        INTEGER PRIMARY KEY,
    tenant    TEXT   NOT NULL,
    group_id  TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    document  TEXT   NOT NULL
);

CREATE INDEX history_of_group ON history (tenant, group_id, id);
CREATE INDEX history_by_age ON history (at);
