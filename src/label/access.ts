/**
 * Who may speak to the studio: the browser that was given the address with the token, on this machine. Other pages open in the same browser may not, whatever
 * they can make it send: the Host header must be ours (DNS rebinding), the origin too (other ports are the same site to a cookie), and nothing is allowed to others.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

export const TOKEN_PARAMETER = "token";
const HOSTS = ["127.0.0.1", "localhost"];

/** Headers of every answer. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join("; "),
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  // Pictures of people: nothing stays in the browser's cache.
  "Cache-Control": "no-store",
};

export type Refusal = { readonly status: 403 | 421; readonly message: string };

export class Access {
  readonly token = randomBytes(32).toString("base64url");
  private readonly digest = digestOf(this.token);

  /** Set when the server knows it. */
  port = 0;

  /** Cookies are shared by all ports of a host: each studio has its own. */
  get cookie(): string {
    return `smilec-label-${this.port}=${this.token}; HttpOnly; SameSite=Strict; Path=/`;
  }

  /** Why a request is refused; undefined: it may pass. */
  refuse(request: IncomingMessage, url: URL): Refusal | undefined {
    const { host, origin } = request.headers;
    const hosts = HOSTS.map((name) => `${name}:${this.port}`);
    if (host === undefined || !hosts.includes(host))
      return { status: 421, message: "this is not the label studio's address" };
    if (origin !== undefined && origin !== `http://${host}`)
      return { status: 403, message: "this page may not do that" };
    const site = request.headers["sec-fetch-site"];
    // A link in a terminal or a mail may open the page; nothing else comes from elsewhere.
    const isOpening = request.headers["sec-fetch-mode"] === "navigate" && request.method === "GET";
    if (site !== undefined && site !== "same-origin" && site !== "none" && !isOpening)
      return { status: 403, message: "this page may not do that" };
    if (this.tokens(request, url).some((token) => timingSafeEqual(digestOf(token), this.digest))) return undefined;
    return { status: 403, message: "open the address that smilec label printed" };
  }

  private tokens({ headers }: IncomingMessage, url: URL): string[] {
    const name = `smilec-label-${this.port}`;
    const cookies = (headers.cookie ?? "").split(";").map((pair) => pair.trim().split("="));
    const given = cookies.flatMap(([key, value]) => (key === name && value !== undefined ? [value] : []));
    const bearer = /^Bearer (\S+)$/.exec(headers.authorization ?? "")?.[1];
    if (bearer !== undefined) given.push(bearer);
    const parameter = url.pathname === "/" ? url.searchParams.get(TOKEN_PARAMETER) : null;
    if (parameter !== null) given.push(parameter);
    return given;
  }
}

/** Equal lengths for the comparison, whatever is sent. */
function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
