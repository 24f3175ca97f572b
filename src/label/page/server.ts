/** How the page speaks with its server. */
import type { ChangeMessage, PressView, Queue, ServerError, StudioInfo } from "../protocol.js";

/** What the server said no to. `final`: asking again will not help. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }

  /** The server was started anew and does not know this page. */
  get locked(): boolean {
    return this.status === 403 || this.status === 421;
  }

  get final(): boolean {
    return this.status >= 400 && this.status < 500 && !this.locked;
  }
}

const TIMEOUT_MS = 10_000;

async function request(path: string, options: RequestInit = {}): Promise<unknown> {
  const response = await fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS), ...options });
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return body;
  const { message, remedy } = (body ?? { message: `the server answered ${response.status}` }) as ServerError;
  throw new Refused(remedy === undefined ? message : `${message}. ${remedy}`, response.status);
}

/** Resolves when the server has it on its disk. */
export async function post(path: string, body: unknown): Promise<void> {
  await request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

export const getStudio = async (): Promise<StudioInfo> => (await request("/studio")) as StudioInfo;

export const getQueue = async (query: Readonly<Record<string, string>>): Promise<Queue> =>
  (await request(`/queue?${new URLSearchParams(query)}`, { signal: null })) as Queue;

export async function getPresses(numbers: readonly number[], reveal: boolean): Promise<PressView[]> {
  return (await request(`/presses?numbers=${numbers.join()}${reveal ? "&reveal=1" : ""}`)) as PressView[];
}

export const getMetadata = async (capture: number): Promise<Record<string, unknown>> =>
  (await request(`/metadata/${capture}`)) as Record<string, unknown>;

/** Why a picture cannot be shown, and whether that will stay so. */
export async function pictureProblem(url: string): Promise<{ readonly text: string; readonly stays: boolean }> {
  try {
    await request(url);
    return { text: "the picture did not come", stays: false };
  } catch (error) {
    if (error instanceof Refused) return { text: error.message, stays: error.final };
    return { text: "no connection to smilec", stays: false };
  }
}

export interface LineListener {
  change(message: ChangeMessage): void;
  captures(): void;
  /** The line is up (again): what was missed must be read anew. */
  ready(): void;
  lost(): void;
}

/** Follows what other pages and processes do; the browser connects again by itself, and where it gives up, we do. */
export function follow(listener: LineListener): void {
  const line = new EventSource("/events");
  line.addEventListener("ready", () => listener.ready());
  line.addEventListener("change", (event) => listener.change(JSON.parse(event.data) as ChangeMessage));
  line.addEventListener("captures", () => listener.captures());
  line.addEventListener("error", () => {
    listener.lost();
    if (line.readyState !== EventSource.CLOSED) return;
    setTimeout(() => follow(listener), 2000);
  });
}
