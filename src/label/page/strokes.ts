/** Labels on their way: named, kept until they are saved, remembered for taking back. */
import type { Box } from "../../data/types.js";
import type { CaptureView, PressView, Stroke, StudioInfo } from "../protocol.js";
import type { Desk } from "./desk.js";
import { type Act, History } from "./history.js";
import { type Delivery, type Letter, Outbox } from "./outbox.js";
import type { Status } from "./status.js";

export class Strokes {
  private readonly outbox: Outbox;
  private readonly history: History;

  /** @param changed called when something was sent, or arrived */
  constructor(
    info: StudioInfo,
    private readonly desk: Desk,
    private readonly status: Status,
    private readonly changed: () => void,
  ) {
    // Labels of another project or look are not for this server.
    const name = `smilec-label/${info.catalogue}/${info.pass}`;
    this.history = new History(name);
    this.outbox = new Outbox(name, {
      changed: (letter, delivery, reason) => this.delivered(letter, delivery, reason),
      troubled: (reason) => this.status.trouble(reason, this.outbox.unsaved),
    });
  }

  get unsaved(): number {
    return this.outbox.unsaved;
  }

  /** Takes up what an earlier page could not deliver. */
  resume(): void {
    this.outbox.resume();
  }

  /** `box` undefined: as it was. */
  send(press: PressView, captures: readonly CaptureView[], label: string, box: Box | undefined): void {
    const ids = captures.map(({ id }) => id);
    const stroke: Stroke = {
      stroke: strokeName(),
      captures: ids,
      label,
      ...(box === undefined ? {} : { box }),
      ...(this.desk.reveals ? { settle: true } : {}),
    };
    this.desk.sent(ids, stroke.stroke, label);
    this.history.push({ stroke: stroke.stroke, press: press.press, captures: ids });
    this.outbox.add({ path: "/judge", body: { ...stroke }, captures: ids });
  }

  /** Takes the last stroke back; undefined when there is none. */
  undo(): Act | undefined {
    const act = this.history.pop();
    if (act === undefined) return undefined;
    this.desk.arrived(act.captures, act.stroke, undefined);
    this.outbox.add({ path: "/undo", body: { stroke: act.stroke }, captures: act.captures });
    return act;
  }

  consent(captures: readonly number[], consent: CaptureView["consent"]): void {
    this.outbox.add({ path: "/consent", body: { captures, consent }, captures });
  }

  private delivered({ path, body, captures }: Letter, delivery: Delivery, reason?: string): void {
    if (path === "/judge") {
      const { stroke, label } = body as { stroke?: string; label?: string };
      if (delivery === "waiting") this.desk.sent(captures, String(stroke), String(label));
      else this.desk.arrived(captures, String(stroke), delivery === "saved" ? label : undefined);
    }
    if (delivery === "refused") this.status.say(`Not saved: ${reason}`);
    if (delivery !== "waiting" && path !== "/judge") void this.desk.refetch(this.desk.pressesOf(captures));
    this.changed();
  }
}

/** A name that no other act has. (`crypto.randomUUID` is not everywhere where the page is.) */
function strokeName(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
