/** Chromium without a window, driven through its DevTools protocol over two pipes: no socket, no library. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { run } from "#smilec/process/run.js";

const CANDIDATES = [process.env.CHROMIUM, "chromium", "chromium-browser", "google-chrome"];
const FLAGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--hide-scrollbars",
  "--remote-debugging-pipe",
];

export const NO_BROWSER = "no Chromium was found; install it or set CHROMIUM to its path";

/** The command of a Chromium that starts; undefined where there is none. */
export async function findBrowser(): Promise<string | undefined> {
  for (const candidate of CANDIDATES) {
    if (candidate === undefined || candidate === "") continue;
    if ((await run(candidate, ["--version"], { timeoutMs: 20_000 })).exitCode === 0) return candidate;
  }
  return undefined;
}

type Message = {
  id?: number;
  method?: string;
  params?: Record<string, unknown>;
  result?: unknown;
  error?: { message: string };
  sessionId?: string;
};

interface Call {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly method: string;
}

export class Browser {
  private next = 1;
  private rest = "";
  private readonly calls = new Map<number, Call>();
  private readonly listeners = new Set<(message: Message) => void>();

  private constructor(
    private readonly child: ChildProcess,
    private readonly profile: string,
  ) {
    const output = child.stdio[4] as Readable;
    output.setEncoding("utf8");
    output.on("data", (text: string) => this.read(text));
    child.on("exit", () => {
      for (const { reject } of this.calls.values()) reject(new Error("Chromium ended"));
    });
  }

  static start(command: string): Browser {
    const profile = mkdtempSync(join(tmpdir(), "smilec-chromium-"));
    const stdio = ["ignore", "ignore", "ignore", "pipe", "pipe"] as const;
    return new Browser(spawn(command, [...FLAGS, `--user-data-dir=${profile}`], { stdio: [...stdio] }), profile);
  }

  /** A tab of this size. */
  async open(width: number, height: number, phone = false): Promise<Page> {
    const { targetId } = (await this.send("Target.createTarget", { url: "about:blank" })) as { targetId: string };
    const { sessionId } = (await this.send("Target.attachToTarget", { targetId, flatten: true })) as {
      sessionId: string;
    };
    const page = new Page(this, sessionId, targetId);
    this.listeners.add((message) => {
      if (message.sessionId === sessionId) page.notice(message.method ?? "", message.params ?? {});
    });
    for (const domain of ["Page", "Runtime", "Network", "Log", "Accessibility"]) await page.send(`${domain}.enable`);
    await page.resize(width, height, phone);
    return page;
  }

  send(method: string, params: Record<string, unknown> = {}, sessionId?: string): Promise<unknown> {
    const id = this.next++;
    const message = { id, method, params, ...(sessionId === undefined ? {} : { sessionId }) };
    (this.child.stdio[3] as Writable).write(`${JSON.stringify(message)}\0`);
    return new Promise((resolve, reject) => this.calls.set(id, { resolve, reject, method }));
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.send("Browser.close").catch(() => undefined);
    const killer = setTimeout(() => this.child.kill("SIGKILL"), 5000);
    await ended;
    clearTimeout(killer);
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }

  private read(text: string): void {
    const parts = (this.rest + text).split("\0");
    this.rest = parts.pop() ?? "";
    for (const part of parts) {
      const message = JSON.parse(part) as Message;
      const call = message.id === undefined ? undefined : this.calls.get(message.id);
      if (call === undefined) for (const listener of this.listeners) listener(message);
      else if (message.error === undefined) call.resolve(message.result);
      else call.reject(new Error(`${call.method}: ${message.error.message}`));
      if (message.id !== undefined) this.calls.delete(message.id);
    }
  }
}

/** Keys that are no characters, as the protocol wants them. */
const KEY_CODES: Readonly<Record<string, number>> = {
  Enter: 13,
  Escape: 27,
  Tab: 9,
  Backspace: 8,
  Delete: 46,
  ArrowLeft: 37,
  ArrowUp: 38,
  ArrowRight: 39,
  ArrowDown: 40,
};

export class Page {
  /** Errors and warnings of the console, uncaught exceptions, failed loads. */
  readonly complaints: string[] = [];
  /** Addresses that were asked for. */
  readonly requests: string[] = [];

  constructor(
    private readonly browser: Browser,
    private readonly session: string,
    private readonly target: string,
  ) {}

  notice(method: string, params: Record<string, unknown>): void {
    if (method === "Runtime.exceptionThrown") this.complaints.push(JSON.stringify(params.exceptionDetails));
    if (method === "Runtime.consoleAPICalled" && ["error", "warning", "assert"].includes(String(params.type)))
      this.complaints.push(JSON.stringify(params.args));
    if (method === "Log.entryAdded") this.complaints.push((params.entry as { text: string }).text);
    if (method === "Network.requestWillBeSent") this.requests.push((params.request as { url: string }).url);
  }

  send(method: string, params: Record<string, unknown> = {}): Promise<unknown> {
    return this.browser.send(method, params, this.session);
  }

  async resize(width: number, height: number, phone = false): Promise<void> {
    await this.send("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: phone ? 2 : 1,
      mobile: phone,
    });
    await this.send("Emulation.setTouchEmulationEnabled", { enabled: phone });
  }

  /** Media features such as prefers-color-scheme. */
  async emulate(features: Readonly<Record<string, string>>): Promise<void> {
    const list = Object.entries(features).map(([name, value]) => ({ name, value }));
    await this.send("Emulation.setEmulatedMedia", { features: list });
  }

  async goto(url: string): Promise<void> {
    await this.send("Page.navigate", { url });
  }

  /** The value of an expression in the page; a promise is awaited. */
  async evaluate<T>(expression: string): Promise<T> {
    const answer = await this.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    const { result, exceptionDetails } = answer as {
      result: { value: T };
      exceptionDetails?: { text: string; exception?: { description?: string } };
    };
    if (exceptionDetails !== undefined)
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Waits until an expression is true in the page. */
  async until(expression: string, timeoutMs = 20_000): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (!(await this.evaluate<boolean>(`Boolean(${expression})`).catch(() => false))) {
      if (Date.now() > end)
        throw new Error(`not so after ${timeoutMs} ms: ${expression}\n${this.complaints.join("\n")}`);
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  }

  text(selector: string): Promise<string> {
    return this.evaluate(`document.querySelector(${JSON.stringify(selector)}).textContent`);
  }

  /** Presses a key as a keyboard does: a character, or a name of KEY_CODES. */
  async key(key: string, shift = false): Promise<void> {
    const isCharacter = key.length === 1;
    const code = /^\d$/.test(key) ? `Digit${key}` : isCharacter ? `Key${key.toUpperCase()}` : key;
    const virtual = KEY_CODES[key] ?? key.toUpperCase().charCodeAt(0);
    const base = { key, code, windowsVirtualKeyCode: virtual, modifiers: shift ? 8 : 0 };
    const text = key === "Enter" ? "\r" : isCharacter ? key : undefined;
    const down = text === undefined ? { type: "rawKeyDown" } : { type: "keyDown", text };
    await this.send("Input.dispatchKeyEvent", { ...base, ...down });
    await this.send("Input.dispatchKeyEvent", { ...base, type: "keyUp" });
  }

  async mouse(type: "mousePressed" | "mouseMoved" | "mouseReleased", x: number, y: number): Promise<void> {
    await this.send("Input.dispatchMouseEvent", {
      type,
      x,
      y,
      button: "left",
      buttons: type === "mouseReleased" ? 0 : 1,
      clickCount: 1,
    });
  }

  /** Clicks the middle of an element. */
  async click(selector: string): Promise<void> {
    const { x, y } = await this.middle(selector);
    await this.mouse("mousePressed", x, y);
    await this.mouse("mouseReleased", x, y);
  }

  /** Drags a finger. */
  async swipe(from: { x: number; y: number }, to: { x: number; y: number }): Promise<void> {
    await this.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [from] });
    for (let i = 1; i <= 4; i++) {
      const point = { x: from.x + ((to.x - from.x) * i) / 4, y: from.y + ((to.y - from.y) * i) / 4 };
      await this.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: [point] });
    }
    await this.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  }

  /** Where the middle of an element is, once it has been drawn there. */
  middle(selector: string): Promise<{ x: number; y: number }> {
    return this.evaluate(`(async () => {
      const found = document.querySelector(${JSON.stringify(selector)});
      found.scrollIntoView({ block: "nearest" });
      for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
      const { x, y, width, height } = found.getBoundingClientRect();
      return { x: x + width / 2, y: y + height / 2 };
    })()`);
  }

  /** A PNG of what is seen. */
  async screenshot(): Promise<Buffer> {
    const { data } = (await this.send("Page.captureScreenshot", { format: "png" })) as { data: string };
    return Buffer.from(data, "base64");
  }

  async close(): Promise<void> {
    await this.browser.send("Target.closeTarget", { targetId: this.target });
  }
}
