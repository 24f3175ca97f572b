/** Opens and migrates the SQLite file of a catalogue; every failure of SQLite becomes an error a user can act on. */
import { existsSync } from "node:fs";
import { types } from "node:util";
import Database from "libsql";
import { EnvironmentError, SmilecError, UserError } from "../../errors.js";
import { APPLICATION_ID, MIGRATIONS } from "./schema.js";

export type { Database };

/** How long a writer waits for another one, milliseconds. */
const BUSY_MS = 10_000;

const FOREIGN = "Move the file away; pull the captures again from the card.";
const PROBLEMS: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  SQLITE_FULL: ["the disk is full", "Free some space and run the command again; what was finished is kept."],
  SQLITE_READONLY: ["the catalogue cannot be written", "Change the permissions of the file and its folder."],
  SQLITE_PERM: ["the catalogue cannot be read", "Change the permissions of the file and its folder."],
  SQLITE_CANTOPEN: ["the catalogue cannot be opened", "Check that its folder exists and can be written."],
  SQLITE_BUSY: ["another smilec is writing to the catalogue", "Wait until it has finished and run the command again."],
  SQLITE_LOCKED: [
    "another smilec is writing to the catalogue",
    "Wait until it has finished and run the command again.",
  ],
  SQLITE_IOERR: ["the catalogue cannot be read or written", "Check the disk."],
};

/** Turns an error of SQLite into one for the user; others are returned as they are. */
function asCatalogueError(error: unknown, path: string): unknown {
  // The binding has errors that are no native ones, and native ones that are no Error of this realm.
  if (error instanceof SmilecError || !(error instanceof Error || types.isNativeError(error))) return error;
  // An open that fails has no code, only SQLite's number in its text.
  const code = /^ConnectionFailed\(.*: 14"\)$/s.test(error.message)
    ? "SQLITE_CANTOPEN"
    : (error as { code?: unknown }).code;
  if (typeof code !== "string" || !code.startsWith("SQLITE_")) return error;
  if (code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT"))
    return new UserError("the catalogue is damaged", {
      where: path,
      detail: error.message,
      remedy: FOREIGN,
      cause: error,
    });
  const known = Object.entries(PROBLEMS).find(([prefix]) => code.startsWith(prefix));
  if (known === undefined) return error;
  const [message, remedy] = known[1];
  return new EnvironmentError(message, { where: path, remedy, cause: error });
}

/** Runs `action`; SQLite's errors leave it as UserError or EnvironmentError. */
export function guarded<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw asCatalogueError(error, path);
  }
}

/** Runs `action` as one transaction. Not the binding's own: where SQLite has rolled back already (disk full), that one's error hides the cause. */
export function transaction<T>(database: Database.Database, action: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = action();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    try {
      database.exec("ROLLBACK");
    } catch {
      // Rolled back already.
    }
    throw error;
  }
}

function pragma(database: Database.Database, name: string): unknown {
  return (database.prepare(`PRAGMA ${name}`).get() as Record<string, unknown> | undefined)?.[name];
}

/** Brings an open database to the newest version, each step whole or not at all. */
function migrate(database: Database.Database, path: string, migrations: readonly string[]): void {
  const present = Number(pragma(database, "user_version"));
  const owner = Number(pragma(database, "application_id"));
  const tables = Number((database.prepare("SELECT count(*) AS n FROM sqlite_master").get() as { n: number }).n);
  if (owner !== APPLICATION_ID && tables > 0)
    throw new UserError("this SQLite file is not a catalogue of captures", { where: path, remedy: FOREIGN });
  if (present > migrations.length)
    throw new UserError(
      `the catalogue was written by a newer smilec (version ${present}, this one knows ${migrations.length})`,
      {
        where: path,
        remedy: "Install that smilec.",
      },
    );
  for (let version = present; version < migrations.length; version++) {
    const step = () =>
      database.exec(
        `${migrations[version]}; PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version + 1};`,
      );
    transaction(database, step);
  }
}

export interface OpenOptions {
  /** Throw UserError when there is none, instead of making one. */
  readonly mustExist?: boolean;
  readonly migrations?: readonly string[];
}

/**
 * Opens (and makes, and brings up to date) the catalogue at `path`. Commits are durable when they return (WAL, synchronous FULL). Several processes
 * may have it open.
 * Throws UserError for a damaged, foreign or newer file and EnvironmentError where the machine is in the way.
 */
export function openDatabase(
  path: string,
  { mustExist = false, migrations = MIGRATIONS }: OpenOptions = {},
): Database.Database {
  if (mustExist && !existsSync(path))
    throw new UserError("there are no captures yet", {
      where: path,
      remedy: "Pull some: smilec pull-captures.",
    });
  return guarded(path, () => {
    const database = new Database(path, { timeout: BUSY_MS });
    try {
      database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
      migrate(database, path, migrations);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}
