/** Writes pictures in a thread of its own, and says when all of them are safe from a power cut. */
import { Worker } from "node:worker_threads";
import { asEnvironmentError } from "../../errors.js";
import { run } from "../../process/run.js";
import type { FromWriter, Picture, ToWriter } from "./picture-writer-thread.js";

/** Pictures handed over at once: a message costs about as much as opening a file. */
const GROUP = 16;
/** Bytes handed over and not written yet, beyond which {@link PictureWriter.write} waits. */
const MAX_WAITING_BYTES = 16 << 20;

/** Makes everything that was written to a folder's file system durable; false where the system has nothing for that. */
export type SyncFolder = (folder: string) => Promise<boolean>;

/** One call for thousands of files: syncfs(2) through coreutils' `sync`. Elsewhere each file is synced by itself. */
export const syncFileSystem: SyncFolder = async (folder) => {
  if (process.platform !== "linux") return false;
  return (await run("sync", ["-f", folder])).exitCode === 0;
};

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class PictureWriter {
  private readonly worker = new Worker(new URL("./picture-writer-thread.js", import.meta.url));
  private group: Picture[] = [];
  private waitingBytes = 0;
  private room: Waiting | undefined;
  private answer: Waiting | undefined;
  private failure: unknown;

  constructor(
    /** Folder all paths are below; on the file system that is synced. */
    private readonly folder: string,
    private readonly sync: SyncFolder = syncFileSystem,
  ) {
    this.worker.on("message", (message: FromWriter) => this.receive(message));
    this.worker.on("error", (error) => this.fail(error));
    this.worker.on("exit", (code) => this.fail(new Error(`the writing thread ended with code ${code}`)));
  }

  /**
   * Hands over a file of `bytes`, which must lie in a SharedArrayBuffer and stay as they are; its folder is there. One of that name that is there is replaced.
   * Rejects with the error of this or an earlier file.
   */
  async write(path: string, bytes: Uint8Array): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.group.push({ path, bytes });
    this.waitingBytes += bytes.length;
    if (this.group.length >= GROUP || this.waitingBytes > MAX_WAITING_BYTES) this.handOver();
    if (this.waitingBytes > MAX_WAITING_BYTES)
      await new Promise<void>((resolve, reject) => {
        this.room = { resolve, reject };
      });
  }

  /** Resolves when all files handed over so far are durable; others may be handed over meanwhile. Not to be called again before it has. */
  async durable(): Promise<void> {
    this.handOver();
    await this.ask({ kind: "mark" });
    if (!(await this.sync(this.folder))) await this.ask({ kind: "sync" });
  }

  async close(): Promise<void> {
    this.worker.removeAllListeners();
    await this.worker.terminate();
  }

  private handOver(): void {
    if (this.group.length > 0) this.post({ kind: "write", pictures: this.group });
    this.group = [];
  }

  private ask(message: ToWriter): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.failure !== undefined) return reject(this.failure);
      this.answer = { resolve, reject };
      this.post(message);
    });
  }

  private post(message: ToWriter): void {
    this.worker.postMessage(message);
  }

  private receive(message: FromWriter): void {
    if (message.kind === "failed") {
      const { text, code, path } = message;
      this.fail(asEnvironmentError(Object.assign(new Error(text), { code }), path));
    } else if (message.kind === "written") {
      this.waitingBytes -= message.bytes;
      if (this.waitingBytes > MAX_WAITING_BYTES) return;
      this.room?.resolve();
      this.room = undefined;
    } else {
      this.answer?.resolve();
      this.answer = undefined;
    }
  }

  private fail(error: unknown): void {
    this.failure ??= error;
    this.room?.reject(this.failure);
    this.answer?.reject(this.failure);
    this.room = undefined;
    this.answer = undefined;
  }
}
