/** The thread of {@link PictureWriter}. */
import { closeSync, constants, fsyncSync, openSync, unlinkSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { type MessagePort, parentPort } from "node:worker_threads";

export interface Picture {
  readonly path: string;
  /** Where its bytes are in the group's memory, which both threads see. */
  readonly start: number;
  readonly length: number;
}

/** `write` is answered by `written`. `mark`: what was written until now belongs to the next `sync`; both are answered by `done`. */
export type ToWriter =
  | { readonly kind: "write"; readonly memory: Uint8Array; readonly pictures: readonly Picture[] }
  | { readonly kind: "mark" }
  | { readonly kind: "sync" };

export type FromWriter =
  | { readonly kind: "written" }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly text: string; readonly code: string | undefined; readonly path: string };

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

let written: string[] = [];
let marked: string[] = [];

function create(path: string): number {
  try {
    return openSync(path, NEW_FILE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    // Left by a pull that was killed, or a link: neither is written through.
    unlinkSync(path);
    return openSync(path, NEW_FILE);
  }
}

function writePicture({ path, start, length }: Picture, memory: Uint8Array): void {
  const file = create(path);
  try {
    for (let done = 0; done < length; ) done += writeSync(file, memory, start + done, length - done);
  } finally {
    closeSync(file);
  }
  written.push(path);
}

function syncOne(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Every file, and the folders up to the captures' own (device, epoch, segment). */
function syncMarked(): void {
  const folders = new Set<string>();
  for (const path of marked) {
    syncOne(path);
    for (let folder = dirname(path), up = 0; up < 4; folder = dirname(folder), up++) folders.add(folder);
  }
  for (const folder of folders) syncOne(folder);
}

function handle(port: MessagePort, message: ToWriter): void {
  let path = "";
  try {
    if (message.kind === "write") {
      for (const picture of message.pictures) {
        path = picture.path;
        writePicture(picture, message.memory);
      }
      port.postMessage({ kind: "written" } satisfies FromWriter);
      return;
    }
    if (message.kind === "mark") [marked, written] = [written, []];
    else syncMarked();
    port.postMessage({ kind: "done" } satisfies FromWriter);
  } catch (error) {
    const { message: text, code } = error as NodeJS.ErrnoException;
    port.postMessage({ kind: "failed", text, code, path } satisfies FromWriter);
  }
}

const port = parentPort;
port?.on("message", (message: ToWriter) => handle(port, message));
