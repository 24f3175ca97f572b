import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import sharp from "sharp";
import { Catalogue } from "#smilec/captures/catalogue/catalogue.js";
import { crc32 } from "#smilec/captures/crc32.js";
import type { ChangeMessage, PressView, Queue } from "#smilec/label/protocol.js";
import { Routes } from "#smilec/label/routes.js";
import { type LabelServer, startServer } from "#smilec/label/server.js";
import { Studio } from "#smilec/label/studio.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";
import { pressedCard, pullCard } from "../support/captures.js";
import { errorOf } from "../support/environment.js";
import type { HostBot } from "../support/host-bot.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(240_000);
const makeFolder = temporaryFolders();
const PRESSES = 10;
const context = { reporter: silentReporter, signal: new AbortController().signal };

let bot: HostBot;
let card = "";
beforeAll(async () => {
  ({ bot, card } = await pressedCard(PRESSES));
});
afterAll(() => bot.dispose());

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  json<T>(): T;
}

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A request with exactly these headers, as no browser would send it. */
function send(port: number, path: string, { method = "GET", headers = {}, body }: Sent = {}): Promise<Reply> {
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
class Rig {
  private constructor(
    readonly catalogue: Catalogue,
    readonly studio: Studio,
    readonly server: LabelServer,
  ) {}

  static async start(dir: string, pass: 1 | 2 = 1): Promise<Rig> {
    const catalogue = Catalogue.open(dir);
    const config = { name: "test-bot", labels: ["neutral", "smile"], positive: "smile" };
    const scales = new Map([["0123456789abcdef", 0.05]]);
    const studio = new Studio({ catalogue, config, pass, scales, now: () => 1234 });
    await studio.sweep();
    await studio.measure(context);
    return new Rig(catalogue, studio, await startServer(studio, new Routes(studio, catalogue), 0));
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

let dir = "";
let rig: Rig;
beforeEach(async () => {
  dir = join(makeFolder("label-"), "captures");
  await pullCard(card, dir, Date.UTC(2026, 0, 1));
  rig = await Rig.start(dir);
});
afterEach(() => rig.close());

let strokes = 0;
const stroke = (captures: readonly number[], label: string, more = {}) => ({
  stroke: `stroke-${String(strokes++).padStart(8, "0")}`,
  captures,
  label,
  ...more,
});
const idsOf = ({ captures }: PressView) => captures.map(({ id }) => id);

describe("access to the label studio", () => {
  it("needs the token: once in the address, then as a cookie, or as a header", async () => {
    const { port, url } = rig.server;
    expect((await send(port, "/studio")).status).toBe(403);
    expect((await send(port, "/?token=wrong")).status).toBe(403);
    expect((await send(port, `/queue?token=${rig.token}`)).status).toBe(403);
    const page = await send(port, url.slice(url.indexOf("/?")));
    expect(page.status).toBe(200);
    const cookie = String(page.headers["set-cookie"]);
    expect(cookie).toBe(`smilec-label-${port}=${rig.token}; HttpOnly; SameSite=Strict; Path=/`);
    expect((await send(port, "/studio", { headers: { Cookie: `a=b; ${cookie.split(";")[0]}` } })).status).toBe(200);
    expect(
      (await send(port, "/studio", { headers: { Cookie: `smilec-label-${port}=${rig.token.slice(1)}` } })).status,
    ).toBe(403);
    expect((await rig.get("/studio")).status).toBe(200);
  });

  it("has a token of 256 bits that is new for every start", async () => {
    expect(Buffer.from(rig.token, "base64url")).toHaveLength(32);
    const other = await Rig.start(dir);
    expect(other.token).not.toBe(rig.token);
    await other.close();
  });

  it("is refused under another name (DNS rebinding)", async () => {
    const { port } = rig.server;
    for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1", `127.0.0.1:${port + 1}`])
      expect((await rig.get("/studio", { Host: host })).status).toBe(421);
    expect((await rig.get("/studio", { Host: `localhost:${port}` })).status).toBe(200);
  });

  it("is refused to other pages, even with the cookie", async () => {
    const { port } = rig.server;
    const body = stroke([1], "smile");
    for (const Origin of ["http://evil.example", `http://127.0.0.1:${port + 1}`, "null"])
      expect((await rig.post("/judge", body, { Origin })).status).toBe(403);
    for (const site of ["cross-site", "same-site"])
      expect((await rig.get("/frame/1", { "Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors" })).status).toBe(403);
    expect((await rig.post("/judge", body, { "Content-Type": "text/plain" })).status).toBe(415);
    expect(rig.catalogue.count({ judged: true })).toBe(0);
    expect((await rig.post("/judge", body, { Origin: `http://127.0.0.1:${port}` })).status).toBe(200);
  });

  it("answers nothing to other origins, and lets pages load nothing from elsewhere", async () => {
    for (const path of ["/", "/studio", "/frame/1", "/nothing"]) {
      const { headers } = await rig.get(path);
      expect(headers["access-control-allow-origin"]).toBeUndefined();
      expect(headers["content-security-policy"]).toMatch(
        /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';/,
      );
      expect(headers["content-security-policy"]).not.toContain("unsafe");
      expect(headers["cross-origin-resource-policy"]).toBe("same-origin");
      expect(headers["cache-control"]).toBe("no-store");
    }
    const page = (await rig.get("/")).body.toString();
    expect(page.match(/(?:src|href)="(?!\/|#)[^"]*"/g)).toBeNull();
  });

  it("listens on this machine only", async () => {
    const { networkInterfaces } = await import("node:os");
    const others = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter(({ internal, family }) => !internal && family === "IPv4");
    for (const { address } of others) {
      const refused = await errorOf(
        fetch(`http://${address}:${rig.server.port}/`, { signal: AbortSignal.timeout(2000) }),
      );
      expect(refused).toBeDefined();
    }
    expect(rig.server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\//);
  });

  it("says which port is taken", async () => {
    const other = createServer();
    const port = await new Promise<number>((resolve) =>
      other.listen(0, "127.0.0.1", () => resolve((other.address() as { port: number }).port)),
    );
    const error = await errorOf(startServer(rig.studio, new Routes(rig.studio, rig.catalogue), port));
    other.close();
    expect(error).toMatchObject({ exitCode: 4, message: `port ${port} is taken`, where: "--port" });
  });
});

describe("bad requests", () => {
  it("are answered with what is wrong, and change nothing", async () => {
    const wrong: [string, unknown, number][] = [
      ["/judge", { stroke: "x", captures: [1], label: "smile" }, 400],
      ["/judge", stroke([], "smile"), 400],
      [
        "/judge",
        stroke(
          Array.from({ length: 65 }, (_, i) => i + 1),
          "smile",
        ),
        400,
      ],
      ["/judge", stroke([1], "smile", { more: 1 }), 400],
      ["/judge", stroke([1], "grin"), 409],
      ["/judge", stroke([999], "smile"), 409],
      ["/judge", stroke([1], "smile", { box: { x: 0, y: 0, width: 200, height: 200 } }), 409],
      ["/judge", stroke([1], "smile", { box: { x: 0, y: 0, width: 50, height: 40 } }), 409],
      ["/judge", stroke([1], "smile", { box: { x: 0, y: 0, width: 4, height: 4 } }), 409],
      ["/judge", stroke([1], "smile", { box: { x: -1, y: 0, width: 40, height: 40 } }), 400],
      ["/consent", { captures: [1], consent: "maybe" }, 400],
      ["/undo", {}, 400],
      ["/nothing", {}, 404],
    ];
    for (const [path, body, status] of wrong) {
      const reply = await rig.post(path, body);
      expect([path, body, reply.status]).toEqual([path, body, status]);
      expect(reply.json<{ message: string }>().message).not.toBe("");
    }
    expect(rig.catalogue.lastEvent()).toBe(0);
    const { token } = rig;
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    expect((await send(rig.server.port, "/judge", { method: "POST", headers, body: "{" })).status).toBe(400);
    expect((await send(rig.server.port, "/judge", { method: "PUT", headers, body: "{}" })).status).toBe(405);
    for (const path of ["/frame/0", "/frame/99999999", "/metadata/77"]) expect((await rig.get(path)).status).toBe(409);
    for (const path of ["/queue?filter=x", "/presses?numbers=a", "/input/1?box=1,2", "/input/1?box=0,0,9999,9999"])
      expect((await rig.get(path)).status).toBe(400);
    for (const path of ["/frame/../package.json", "/page/../../package.json", "/%2e%2e/package.json"])
      expect((await rig.get(path)).status).toBe(404);
  });

  it("with endless bodies are cut off", async () => {
    const reply = await rig
      .post("/judge", { captures: "x".repeat(100_000) })
      .catch((error: NodeJS.ErrnoException) => error);
    if ("status" in reply) expect(reply.status).toBe(413);
    else expect(["ECONNRESET", "EPIPE"]).toContain(reply.code);
    expect((await rig.get("/studio")).status).toBe(200);
  });
});

describe("pictures", () => {
  it("are the frame and the int8 input that the device logged, bit for bit", async () => {
    for (const { id, metadata, path } of rig.catalogue.captures()) {
      const frame = await sharp((await rig.get(`/frame/${id}`)).body)
        .extractChannel(0)
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect([frame.info.width, frame.info.height, frame.info.channels]).toEqual([160, 120, 1]);
      expect(frame.data.equals(readFileSync(join(dir, path)).subarray(1024, 1024 + 160 * 120))).toBe(true);
      const input = await sharp((await rig.get(`/input/${id}`)).body)
        .extractChannel(0)
        .raw()
        .toBuffer();
      expect(crc32(Int8Array.from(input, (grey) => grey - 128))).toBe(metadata.inputCrc);
    }
  });

  it("show what another box would make of the input", async () => {
    const [whole, part] = await Promise.all([rig.get("/input/1"), rig.get("/input/1?box=10,10,60,60")]);
    expect(part.headers["content-type"]).toBe("image/png");
    expect(part.body.equals(whole.body)).toBe(false);
  });

  it("that are missing or damaged are told as that, and can still be labelled", async () => {
    const [first, second] = [...rig.catalogue.captures()];
    rmSync(join(dir, first.path));
    const bytes = readFileSync(join(dir, second.path));
    bytes[5000] ^= 1;
    writeFileSync(join(dir, second.path), bytes);
    const missing = await rig.get(`/frame/${first.id}`);
    expect([missing.status, missing.json<{ message: string }>().message]).toEqual([
      422,
      `${first.path}: the file is missing`,
    ]);
    expect((await rig.get(`/input/${second.id}`)).json<{ message: string }>().message).toMatch(
      /damaged: its CRC is wrong$/,
    );
    expect((await rig.post("/judge", stroke([first.id, second.id], "no-face"))).status).toBe(200);
    await rig.close();
    rig = await Rig.start(dir);
    expect(await rig.queue("filter=all")).toHaveLength(PRESSES);
  });

  it("never come from outside of the captures' folder, whatever a damaged catalogue says", async () => {
    const secret = join(dir, "..", "secret.pgm");
    writeFileSync(secret, readFileSync(join(dir, rig.catalogue.capture(1)!.path)));
    await rig.close();
    const { openDatabase } = await import("#smilec/captures/catalogue/database.js");
    const database = openDatabase(join(dir, "catalogue.sqlite"));
    database.exec("UPDATE capture SET path = '../secret.pgm' WHERE id = 1");
    database.close();
    rig = await Rig.start(dir);
    expect((await rig.get("/frame/1")).status).toBe(422);
    expect((await rig.post("/delete", { captures: [1] })).status).not.toBe(200);
    expect(existsSync(secret)).toBe(true);
  });
});

describe("labelling", () => {
  it("gives a press its label in one stroke, on the disk when it is answered", async () => {
    const [number] = await rig.queue();
    const ids = idsOf(await rig.press(number));
    expect(ids).toHaveLength(2);
    expect((await rig.post("/judge", stroke(ids, "smile"))).status).toBe(200);
    const other = Catalogue.open(dir);
    expect(ids.map((id) => other.capture(id)?.judgements[0])).toMatchObject([
      { label: "smile", atMs: 1234 },
      { label: "smile" },
    ]);
    other.close();
    expect(await rig.queue()).toHaveLength(PRESSES - 1);
    expect(await rig.queue("filter=judged")).toEqual([number]);
  });

  it("lets one picture of a press differ, and takes strokes back one by one", async () => {
    const [number] = await rig.queue();
    const ids = idsOf(await rig.press(number));
    const [all, one] = [stroke(ids, "smile"), stroke(ids.slice(0, 1), "unsure")];
    await rig.post("/judge", all);
    await rig.post("/judge", one);
    const labels = async () => (await rig.press(number)).captures.map(({ label }) => label);
    expect(await labels()).toEqual(["unsure", "smile"]);
    expect(await rig.queue("filter=unsure")).toEqual([number]);
    await rig.post("/undo", { stroke: one.stroke });
    expect(await labels()).toEqual(["smile", "smile"]);
    await rig.post("/undo", { stroke: all.stroke });
    await rig.post("/undo", { stroke: all.stroke });
    expect(await labels()).toEqual([undefined, undefined]);
  });

  it("counts a stroke that is sent again once", async () => {
    const sent = stroke([1, 2], "smile");
    await rig.post("/judge", sent);
    const events = rig.catalogue.lastEvent();
    expect((await rig.post("/judge", sent)).status).toBe(200);
    expect(rig.catalogue.lastEvent()).toBe(events);
  });

  it("keeps a corrected box with later labels, until it is put back", async () => {
    const box = { x: 10, y: 20, width: 64, height: 64 };
    const [view] = (await rig.press(1)).captures;
    await rig.post("/judge", stroke([view.id], "smile", { box }));
    await rig.post("/judge", stroke([view.id], "neutral"));
    expect((await rig.press(1)).captures[0]).toMatchObject({ label: "neutral", box, boxCorrected: true });
    await rig.post("/judge", stroke([view.id], "neutral", { box: null }));
    expect((await rig.press(1)).captures[0]).toMatchObject({ box: view.box, boxCorrected: false });
  });

  it("shows labels of an older configuration as new work", async () => {
    rig.catalogue.judge(1, { pass: 1, label: "grin", box: undefined, atMs: 1 });
    rig.catalogue.judge(2, { pass: 1, label: "smile", box: undefined, atMs: 1 });
    await rig.close();
    rig = await Rig.start(dir);
    expect((await rig.press(1)).captures.map(({ label }) => label)).toEqual(["grin", "smile"]);
    expect(await rig.queue()).toHaveLength(PRESSES);
  });

  it("keeps consent, and removes pictures for good", async () => {
    const ids = idsOf(await rig.press(1));
    const paths = ids.map((id) => join(dir, rig.catalogue.capture(id)!.path));
    await rig.post("/consent", { captures: ids, consent: "refused" });
    expect(await rig.queue("filter=refused")).toEqual([1]);
    expect((await rig.post("/delete", { captures: ids })).status).toBe(200);
    expect(paths.filter((path) => existsSync(path))).toEqual([]);
    expect(rig.catalogue.capture(ids[0])).toMatchObject({ state: "deleted", consent: "refused" });
    expect(await rig.queue("filter=all")).toHaveLength(PRESSES - 1);
    const late = await rig.post("/judge", stroke(ids, "smile"));
    expect([late.status, late.json<{ message: string }>().message]).toEqual([
      409,
      expect.stringContaining("was deleted"),
    ]);
    await pullCard(card, dir, undefined);
    expect(paths.length).toBe(2);
  });

  it("finishes at the next start what a crash between the mark and the removal left", async () => {
    rig.catalogue.markDeleted(1);
    const path = join(dir, rig.catalogue.capture(1)!.path);
    expect(existsSync(path)).toBe(true);
    await rig.close();
    rig = await Rig.start(dir);
    expect(existsSync(path)).toBe(false);
  });

  it("shows scores, times, lights and what the bot noted", async () => {
    const capture = rig.catalogue.capture(1)!;
    const { metadata: m } = capture;
    const view = await rig.press(1);
    expect(view).toMatchObject({
      device: capture.key.device,
      taken: "2026-01-01T01:00:00.000Z",
      takenErrorMs: 60_000,
      smile: m.smile,
      scored: true,
    });
    expect(view.margin).toBe(m.sum / 2);
    expect(view.probability).toBeCloseTo(1 / (1 + Math.exp((-m.sum / 2) * 0.05)), 12);
    expect((await rig.get("/metadata/1")).json()).toEqual(m);
    const dark = await rig.queue("light=dark&order=time");
    // Every fifth picture was taken in a sixth of the light.
    const fifth = (await rig.queue("order=time")).filter((_, i) => i % 5 === 4);
    expect(dark).toEqual(expect.arrayContaining(fifth));
  });

  it("finds what the person says otherwise than the bot", async () => {
    const view = await rig.press(1);
    await rig.post("/judge", stroke(idsOf(view), view.smile ? "smile" : "neutral"));
    expect(await rig.queue("filter=mistaken")).toEqual([]);
    await rig.post("/judge", stroke(idsOf(view), view.smile ? "neutral" : "smile"));
    expect(await rig.queue("filter=mistaken")).toEqual([1]);
  });

  it("orders by time, or by information, and the same every time", async () => {
    const byTime = await rig.queue("order=time");
    expect(byTime).toEqual([...byTime].sort((a, b) => a - b));
    const informative = await rig.queue();
    expect([...informative].sort((a, b) => a - b)).toEqual(byTime);
    expect(informative).not.toEqual(byTime);
    await rig.close();
    rig = await Rig.start(dir);
    expect(await rig.queue()).toEqual(informative);
  });
});

describe("the second look", () => {
  it("does not know the first one's labels, and settles what differs", async () => {
    const numbers = (await rig.queue("order=time")).slice(0, 3);
    const ids = await Promise.all(numbers.map(async (number) => idsOf(await rig.press(number))));
    for (const one of ids) await rig.post("/judge", stroke(one, "smile"));
    await rig.close();
    rig = await Rig.start(dir, 2);
    expect(await rig.queue("order=time")).toEqual(numbers);
    const text = JSON.stringify([await rig.press(numbers[0]), await rig.press(numbers[0], "&reveal=1")]);
    expect(text).not.toContain('"label"');
    await rig.post("/judge", stroke(ids[0], "smile"));
    await rig.post("/judge", stroke(ids[1], "neutral"));
    expect(await rig.queue("order=time")).toEqual([numbers[2]]);
    expect(await rig.queue("filter=disagreement")).toEqual([numbers[1]]);
    expect((await rig.press(numbers[1])).captures[0].looks).toBeUndefined();
    const revealed = await rig.press(numbers[1], "&reveal=1");
    expect(revealed.captures[0].looks).toEqual({ first: "smile", second: "neutral" });
    await rig.post("/judge", stroke(ids[1], "unsure", { settle: true }));
    expect(await rig.queue("filter=disagreement")).toEqual([]);
    expect(rig.catalogue.capture(ids[1][0])).toMatchObject({
      judgements: [{ label: "smile" }, { label: "neutral" }],
      resolution: { label: "unsure" },
    });
  });
});

describe("several at work", () => {
  /** Events of the live line until one of a kind has come. */
  async function nextEvent(kind: string, cause: () => Promise<unknown> | unknown): Promise<unknown> {
    const headers = { Authorization: `Bearer ${rig.token}` };
    const response = await fetch(`http://127.0.0.1:${rig.server.port}/events`, { headers });
    let text = "";
    for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
      if (text === "") await cause();
      text += Buffer.from(part).toString();
      const found = new RegExp(`event: ${kind}\ndata: (.*)\n`).exec(text);
      if (found === null) continue;
      return JSON.parse(found[1]);
    }
    throw new Error("the line ended");
  }

  it("see each other's strokes at once", async () => {
    const message = (await nextEvent("change", () => rig.post("/judge", stroke([1], "smile")))) as ChangeMessage;
    expect(message).toEqual({ presses: [1], progress: { presses: PRESSES, done: 0, disagreements: 0 } });
  });

  it("see what another process says, and captures it pulls", async () => {
    const other = Catalogue.open(dir);
    other.judge(2, { pass: 1, label: "smile", box: undefined, atMs: 1 });
    other.setConsent(5, "given");
    const message = (await nextEvent("change", () => rig.studio.refresh(context))) as ChangeMessage;
    expect([...message.presses].sort()).toEqual([1, 5]);
    expect((await rig.press(1)).captures[1].label).toBe("smile");
    const metadata = { ...other.capture(1)!.metadata, sequence: 500, press: 77 };
    const pull = other.beginPull("folder", "x", 1);
    other.add({ ...other.capture(1)!, metadata, path: "new.pgm" }, pull);
    other.close();
    await nextEvent("captures", () => rig.studio.refresh(context));
    expect(await rig.queue("filter=all")).toHaveLength(PRESSES + 1);
  });
});
