/** Strokes that can be taken back, kept for as long as the tab is open. */

export interface Act {
  readonly stroke: string;
  readonly press: number;
  readonly captures: readonly number[];
}

const KEPT = 200;

export class History {
  private acts: Act[];

  constructor(private readonly name: string) {
    this.acts = read(name);
  }

  push(act: Act): void {
    this.acts = [...this.acts, act].slice(-KEPT);
    this.write();
  }

  pop(): Act | undefined {
    const act = this.acts.pop();
    this.write();
    return act;
  }

  private write(): void {
    try {
      sessionStorage.setItem(this.name, JSON.stringify(this.acts));
    } catch {
      // The browser keeps nothing: acts live as long as the page.
    }
  }
}

function read(name: string): Act[] {
  try {
    return JSON.parse(sessionStorage.getItem(name) ?? "[]") as Act[];
  } catch {
    return [];
  }
}
