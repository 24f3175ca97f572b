/** The studio's web server: loopback only, behind a token, with a live line to every open page. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { EnvironmentError, SmilecError, UserError } from "../errors.js";
import { Access, SECURITY_HEADERS, TOKEN_PARAMETER } from "./access.js";
import { type Asset, loadAssets } from "./assets.js";
import { type Answer, BadRequest, type Routes } from "./routes.js";
import type { ServerError } from "./protocol.js";
import type { Studio } from "./studio.js";

const HOST = "127.0.0.1";
/** Where the page is when nobody says: the same address again lets the browser find labels that it could not deliver. */
const USUAL_PORT = 7645;
/** Largest body of a request, bytes. */
const MAX_BODY = 64 * 1024;
/** So that a line that broke unnoticed is found, milliseconds. */
const HEARTBEAT_MS = 15_000;
/** How long requests under way get at the end, milliseconds. */
const LAST_ANSWERS_MS = 1000;

export interface LabelServer {
  /** With the token. */
  readonly url: string;
  readonly port: number;
  /** Tells every page, and ends when no request is under way any more. */
  close(): Promise<void>;
}

/** Serves the studio. `port` undefined: the usual one, or any free one. Throws EnvironmentError when a given port is taken. */
export async function startServer(studio: Studio, routes: Routes, port: number | undefined): Promise<LabelServer> {
  const handler = new Handler(studio, routes, await loadAssets());
  const server = createServer((request, response) => void handler.handle(request, response));
  handler.access.port = await listenSomewhere(server, port);
  const { access } = handler;
  return {
    url: `http://${HOST}:${access.port}/?${TOKEN_PARAMETER}=${access.token}`,
    port: access.port,
    close: async () => {
      handler.endLines();
      const late = setTimeout(() => server.closeAllConnections(), LAST_ANSWERS_MS);
      await new Promise<void>((resolve) => server.close(() => resolve()));
      clearTimeout(late);
    },
  };
}

async function listenSomewhere(server: Server, port: number | undefined): Promise<number> {
  try {
    return await listen(server, port ?? USUAL_PORT);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (port === undefined && code === "EADDRINUSE") return await listen(server, 0);
    if (code !== "EADDRINUSE" && code !== "EACCES") throw error;
    throw new EnvironmentError(code === "EACCES" ? `port ${port} is not for everybody` : `port ${port} is taken`, {
      where: "--port",
      remedy: "Choose another one, or leave it out.",
      cause: error,
    });
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, HOST, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

class Handler {
  readonly access = new Access();
  private readonly lines = new Set<ServerResponse>();

  constructor(
    studio: Studio,
    private readonly routes: Routes,
    private readonly assets: ReadonlyMap<string, Asset>,
  ) {
    studio.on("change", (presses) => this.tell("change", { presses, progress: studio.progress() }));
    studio.on("captures", () => this.tell("captures", null));
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.answer(request, response);
    } catch (error) {
      if (response.headersSent) response.destroy();
      else sendError(response, error);
    }
  }

  endLines(): void {
    this.tell("end", null);
    for (const line of this.lines) line.end();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", `http://${HOST}`);
    const refusal = this.access.refuse(request, url);
    if (refusal !== undefined) throw new BadRequest(refusal.message, refusal.status);
    if (request.method === "POST")
      return sendFound(response, await this.routes.post(url.pathname, await readJson(request)));
    if (request.method !== "GET") throw new BadRequest("only GET and POST are understood", 405);
    if (url.pathname === "/events") return this.openLine(response);
    const asset = this.assets.get(url.pathname);
    if (asset !== undefined) return send(response, { status: 200, ...asset }, { "Set-Cookie": this.access.cookie });
    sendFound(response, await this.routes.get(url));
  }

  /** Server-sent events: what changed, so that all pages show the same. */
  private openLine(response: ServerResponse): void {
    response.writeHead(200, { ...SECURITY_HEADERS, "Content-Type": "text/event-stream" });
    response.write("retry: 500\n\nevent: ready\ndata: null\n\n");
    this.lines.add(response);
    const heartbeat = setInterval(() => response.write(": \n\n"), HEARTBEAT_MS);
    response.on("close", () => {
      clearInterval(heartbeat);
      this.lines.delete(response);
    });
  }

  private tell(event: string, data: unknown): void {
    for (const line of this.lines) line.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }
}

function send(response: ServerResponse, { status, type, body }: Answer, headers: Record<string, string> = {}): void {
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    ...headers,
    "Content-Type": type,
    "Content-Length": Buffer.byteLength(body),
  });
  response.end(body);
}

function sendFound(response: ServerResponse, answer: Answer | undefined): void {
  if (answer === undefined) throw new BadRequest("there is no such thing here", 404);
  send(response, answer);
}

function sendError(response: ServerResponse, error: unknown): void {
  const [status, body] = described(error);
  send(
    response,
    { status, type: "application/json", body: JSON.stringify(body) },
    status === 413 ? { Connection: "close" } : {},
  );
}

/** 4xx: asking again will not help; 5xx: it may. */
function described(error: unknown): [status: number, body: ServerError] {
  if (error instanceof BadRequest) return [error.status, { message: error.message }];
  if (error instanceof SmilecError) {
    const message = error.where === undefined ? error.message : `${error.where}: ${error.message}`;
    const remedy = error.remedy === undefined ? {} : { remedy: error.remedy };
    return [error instanceof UserError ? 409 : 503, { message, ...remedy }];
  }
  return [500, { message: `internal error: ${error instanceof Error ? error.message : String(error)}` }];
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  // Another page's form cannot send this type without asking first, and it is never answered.
  if (request.headers["content-type"] !== "application/json")
    throw new BadRequest("the body must be application/json", 415);
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MAX_BODY) throw new BadRequest("the body is too large", 413);
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString("utf8"));
  } catch {
    throw new BadRequest("the body is not JSON");
  }
}
