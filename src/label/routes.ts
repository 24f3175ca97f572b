/** What the page can ask for and do. Inputs are checked here; what they mean is the studio's. */
import { z } from "zod";
import type { Catalogue } from "../captures/catalogue/catalogue.js";
import { framePng, inputPng, PictureProblem, readFrame } from "./picture.js";
import { LIGHTS, QUEUE_FILTERS, QUEUE_ORDERS } from "./protocol.js";
import type { Studio } from "./studio.js";

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
}

/** A request that is not understood; the message says why. */
export class BadRequest extends Error {
  constructor(
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

/** Most captures of one stroke, most presses of one view: a burst has at most 8. */
const MANY = 64;

const id = z.int().min(1);
const captures = z.array(id).min(1).max(MANY);
const stroke = z.string().regex(/^[\w-]{8,64}$/);
const side = z.int().min(0).max(4096);
const box = z.strictObject({ x: side, y: side, width: side, height: side });
const strokeSchema = z.strictObject({
  stroke,
  captures,
  label: z.string().min(1).max(64),
  box: box.nullable().exactOptional(),
  settle: z.boolean().exactOptional(),
});
const undoSchema = z.strictObject({ stroke });
const consentSchema = z.strictObject({ captures, consent: z.enum(["given", "refused", "unknown"]) });
const deleteSchema = z.strictObject({ captures });
const queueSchema = z.object({
  filter: z.enum(QUEUE_FILTERS).default("new"),
  light: z.enum(["any", ...LIGHTS]).default("any"),
  order: z.enum(QUEUE_ORDERS).default("informative"),
});
const numbers = z
  .string()
  .regex(/^\d{1,15}(,\d{1,15}){0,63}$/)
  .transform((text) => text.split(",").map(Number));
const pressesSchema = z.object({ numbers, reveal: z.literal("1").optional() });
const boxText = z
  .string()
  .regex(/^\d{1,4}(,\d{1,4}){3}$/)
  .transform((text) => text.split(",").map(Number));

function json(value: unknown): Answer {
  return { status: 200, type: "application/json", body: JSON.stringify(value) };
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new BadRequest(result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "));
}

export class Routes {
  constructor(
    private readonly studio: Studio,
    private readonly catalogue: Catalogue,
  ) {}

  async get({ pathname, searchParams }: URL): Promise<Answer | undefined> {
    const query = Object.fromEntries(searchParams);
    const [, area, name] = /^\/(frame|input|metadata)\/(\d{1,15})$/.exec(pathname) ?? [];
    if (area === "metadata") return json(this.studio.metadata(Number(name)));
    if (area !== undefined) return await this.picture(area, Number(name), query);
    switch (pathname) {
      case "/studio":
        return json(this.studio.info);
      case "/queue":
        return json(await this.studio.queue(parse(queueSchema, query)));
      case "/presses": {
        const { numbers, reveal } = parse(pressesSchema, query);
        return json(this.studio.presses(numbers, reveal !== undefined));
      }
    }
    return undefined;
  }

  /** Everything that changes something; it is on the disk when this returns. */
  async post(pathname: string, body: unknown): Promise<Answer | undefined> {
    switch (pathname) {
      case "/judge":
        this.studio.judge(parse(strokeSchema, body));
        return json({});
      case "/undo":
        this.studio.undo(parse(undoSchema, body).stroke);
        return json({});
      case "/consent": {
        const request = parse(consentSchema, body);
        this.studio.setConsent(request.captures, request.consent);
        return json({});
      }
      case "/delete":
        await this.studio.delete(parse(deleteSchema, body).captures);
        return json({});
    }
    return undefined;
  }

  private async picture(area: string, number: number, query: Record<string, string>): Promise<Answer> {
    const item = this.studio.item(number);
    try {
      const frame = await readFrame(this.catalogue.dir, item);
      if (area === "frame") return { status: 200, type: "image/png", body: await framePng(frame) };
      const drawn = query.box === undefined ? item.locatorBox : boxOf(parse(boxText, query.box));
      if (
        drawn.x + drawn.width > frame.width ||
        drawn.y + drawn.height > frame.height ||
        drawn.width * drawn.height === 0
      )
        throw new BadRequest("the box is not inside the frame");
      return { status: 200, type: "image/png", body: await inputPng(frame, drawn, item.preprocess) };
    } catch (error) {
      if (error instanceof PictureProblem) throw new BadRequest(`${item.path}: ${error.message}`, 422);
      throw error;
    }
  }
}

function boxOf([x, y, width, height]: number[]) {
  return { x, y, width, height };
}
