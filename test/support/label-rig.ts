/** A label studio with its server, and requests to it as no browser would send them. */
import { request } from "node:http";
import { Catalogue } from "#smilec/captures/catalogue/catalogue.js";
import type { PressView, Queue } from "#smilec/label/protocol.js";
import { Routes } from "#smilec/label/routes.js";
import { type LabelServer, startServer } from "#smilec/label/server.js";
import { Studio } from "#smilec/label/studio.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";

export const context = { reporter: silentReporter, signal: new AbortController().signal };

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  json<T>(): T;
}

export interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A request with exactly these headers, as no browser would send it. */
export function send(port: number, path: string, { method = "GET", headers = {}, body }: Sent = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", port, path, method, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => {
        const whole = Buffer.concat(parts);
        const json = <T>() => JSON.parse(whole.toString()) as T;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: whole, json });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** A studio with its server on a catalogue. */
export class LabelRig {
  private constructor(
    readonly catalogue: Catalogue,
    readonly studio: Studio,
    readonly server: LabelServer,
  ) {}

  static async start(dir: string, pass: 1 | 2 = 1): Promise<LabelRig> {
    const catalogue = Catalogue.open(dir);
    const config = { name: "test-bot", labels: ["neutral", "smile"], positive: "smile" };
    const scales = new Map([["0123456789abcdef", 0.05]]);
    const studio = new Studio({ catalogue, config, pass, scales, now: () => 1234 });
    await studio.sweep();
    await studio.measure(context);
    return new LabelRig(catalogue, studio, await startServer(studio, new Routes(studio, catalogue), 0));
  }

  get token(): string {
    return new URL(this.server.url).searchParams.get("token") ?? "";
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Reply> {
    return send(this.server.port, path, { headers: { Authorization: `Bearer ${this.token}`, ...headers } });
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    const all = { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json", ...headers };
    return send(this.server.port, path, { method: "POST", headers: all, body: JSON.stringify(body) });
  }

  async queue(query = ""): Promise<number[]> {
    return [...(await this.get(`/queue?${query}`)).json<Queue>().presses];
  }

  async press(number: number, reveal = ""): Promise<PressView> {
    return (await this.get(`/presses?numbers=${number}${reveal}`)).json<PressView[]>()[0];
  }

  async close(): Promise<void> {
    await this.server.close();
    this.catalogue.close();
  }
}

let strokes = 0;
/** A stroke that was never sent. */
export const stroke = (captures: readonly number[], label: string, more = {}) => ({
  stroke: `stroke-${String(strokes++).padStart(8, "0")}`,
  captures,
  label,
  ...more,
});

export const idsOf = ({ captures }: PressView) => captures.map(({ id }) => id);
