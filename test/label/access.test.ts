import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { Routes } from "#smilec/label/routes.js";
import { startServer } from "#smilec/label/server.js";
import { pressedCard, pullCard } from "../support/captures.js";
import { errorOf } from "../support/environment.js";
import type { HostBot } from "../support/host-bot.js";
import { LabelRig, send, stroke } from "../support/label-rig.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(240_000);
const makeFolder = temporaryFolders();
const PRESSES = 4;

let bot: HostBot;
let card = "";
beforeAll(async () => {
  ({ bot, card } = await pressedCard(PRESSES));
});
afterAll(() => bot.dispose());

let dir = "";
let rig: LabelRig;
beforeEach(async () => {
  dir = join(makeFolder("label-"), "captures");
  await pullCard(card, dir, Date.UTC(2026, 0, 1));
  rig = await LabelRig.start(dir);
});
afterEach(() => rig.close());

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
    const other = await LabelRig.start(dir);
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
    expect(rig.catalogue.labels.lastEvent()).toBe(0);
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
