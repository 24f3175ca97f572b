/** The statements of an open catalogue, prepared once; every failure is an error for the user (database.ts). */
import { type Database, guarded, transaction } from "./database.js";
import type { Row } from "./rows.js";

export type Value = string | number | null;

/** Values are handed to the binding as one array: it would make another one of single values. */
export class Statements {
  private readonly prepared = new Map<string, Database.Statement>();

  constructor(
    private readonly path: string,
    private readonly database: Database.Database,
  ) {}

  run(sql: string, ...values: Value[]): Database.RunResult {
    return guarded(this.path, () => this.prepare(sql).run(values));
  }

  get(sql: string, ...values: Value[]): Row | undefined {
    return guarded(this.path, () => this.prepare(sql).get(values)) as Row | undefined;
  }

  all(sql: string, ...values: Value[]): Row[] {
    return guarded(this.path, () => this.prepare(sql).all(values)) as Row[];
  }

  /** Rows as they are asked for; nothing must be written meanwhile. */
  *iterate(sql: string, ...values: Value[]): Generator<Row, void, undefined> {
    // Not a prepared one: two of them may be under way.
    for (const row of guarded(this.path, () => this.database.prepare(sql).iterate(values))) yield row as Row;
  }

  /** Runs `action` as one transaction: all of its writes are durable when it returns, or none when it throws. */
  transaction<T>(action: () => T): T {
    return guarded(this.path, () => transaction(this.database, action));
  }

  close(): void {
    this.database.close();
  }

  /** Preparing takes longer than running. */
  private prepare(sql: string): Database.Statement {
    const known = this.prepared.get(sql);
    if (known !== undefined) return known;
    const statement = this.database.prepare(sql);
    this.prepared.set(sql, statement);
    return statement;
  }
}
