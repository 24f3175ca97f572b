/**
 * What a person said and the server has not acknowledged: kept in the browser, sent in order, again and again until the server has it on its disk. A stroke carries
 * its own name, so one that arrives twice counts once.
 */
import { post, Refused } from "./server.js";

export interface Letter {
  readonly path: "/judge" | "/undo" | "/consent";
  readonly body: Readonly<Record<string, unknown>>;
  /** What it is about. */
  readonly captures: readonly number[];
}

export type Delivery = "waiting" | "saved" | "refused";

export interface OutboxListener {
  /** A letter came in, arrived, or will never. */
  changed(letter: Letter, delivery: Delivery, reason?: string): void;
  /** Why nothing goes out; undefined: it does. */
  troubled(reason: "offline" | "locked" | undefined): void;
}

/** Waits between attempts, milliseconds. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 4000;

interface Stored {
  readonly key: string;
  readonly letter: Letter;
}

export class Outbox {
  private readonly waiting: Stored[] = [];
  private sending = false;
  private count = 0;

  /** @param name of the project and the look: letters of others stay where they are */
  constructor(
    private readonly name: string,
    private readonly listener: OutboxListener,
  ) {}

  get unsaved(): number {
    return this.waiting.length;
  }

  /** Takes up what an earlier page could not deliver. */
  resume(): void {
    for (const key of storedKeys(this.name)) {
      const letter = JSON.parse(localStorage.getItem(key) ?? "null") as Letter | null;
      if (letter === null) continue;
      this.waiting.push({ key, letter });
      this.listener.changed(letter, "waiting");
    }
    void this.deliver();
  }

  add(letter: Letter): void {
    const key = `${this.name}/${String(Date.now()).padStart(15, "0")}-${String(this.count++).padStart(6, "0")}`;
    this.waiting.push({ key, letter });
    try {
      localStorage.setItem(key, JSON.stringify(letter));
    } catch {
      // The browser keeps nothing: the letter lives as long as the page.
    }
    this.listener.changed(letter, "waiting");
    void this.deliver();
  }

  private async deliver(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    let wait = FIRST_WAIT_MS;
    while (this.waiting.length > 0) {
      const trouble = await this.send(this.waiting[0]);
      this.listener.troubled(trouble);
      if (trouble === undefined) {
        wait = FIRST_WAIT_MS;
        continue;
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = Math.min(LONGEST_WAIT_MS, 2 * wait);
    }
    this.sending = false;
  }

  private async send(stored: Stored): Promise<"offline" | "locked" | undefined> {
    try {
      await post(stored.letter.path, stored.letter.body);
      this.settle(stored, "saved");
      return undefined;
    } catch (error) {
      if (!(error instanceof Refused) || (!error.final && !error.locked)) return "offline";
      if (error.locked) return "locked";
      this.settle(stored, "refused", error.message);
      return undefined;
    }
  }

  private settle(stored: Stored, delivery: Delivery, reason?: string): void {
    this.waiting.shift();
    try {
      localStorage.removeItem(stored.key);
    } catch {
      // As above.
    }
    this.listener.changed(stored.letter, delivery, reason);
  }
}

function storedKeys(name: string): string[] {
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(`${name}/`))
      .sort();
  } catch {
    return [];
  }
}
