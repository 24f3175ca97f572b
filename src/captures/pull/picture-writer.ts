/** Writes pictures in a thread of its own, and says when all of them are safe from a power cut. */
import { Worker } from "node:worker_threads";
import { asEnvironmentError } from "../../errors.js";
import { CopyRing } from "./copy-ring.js";
import type { FromWriter, Picture, ToWriter } from "./picture-writer-thread.js";
import { SHARED_BYTES, SharedPieces } from "./shared-pieces.js";

/** Bytes handed over at once: a message wakes the other thread, which costs more than opening a file. */
const GROUP_BYTES = 1 << 20;

/** Makes everything that was written to a folder's file system durable; false where the system has nothing for that. */
export type SyncFolder = (folder: string) => Promise<boolean>;

/** One call for thousands of files: syncfs(2) through coreutils' `sync`. Elsewhere each file is synced by itself. */
export const syncFileSystem: SyncFolder = async (folder) => {
  if (process.platform !== "linux") return false;
  // Loading it takes as long as writing a thousand pictures, which goes on meanwhile.
  const { run } = await import("../../process/run.js");
  return (await run("sync", ["-f", folder])).exitCode === 0;
};

/** Pictures that are handed over together, and what is free again when they are written. */
interface Group {
  /** In which all of them lie. */
  readonly memory: Uint8Array;
  readonly pictures: Picture[];
  bytes: number;
  /** Bytes of the ring. */
  taken: number;
  /** Blocks of the shared pieces, one for each picture that lies in one. */
  readonly blocks: number[];
}

const emptyGroup = (memory: Uint8Array): Group => ({ memory, pictures: [], bytes: 0, taken: 0, blocks: [] });

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class PictureWriter {
  private readonly worker = new Worker(new URL("./picture-writer-thread.js", import.meta.url));
  private readonly memory = new Uint8Array(new SharedArrayBuffer(SHARED_BYTES));
  /** What lies in it when it is handed to {@link write} is not copied. */
  readonly pieces = new SharedPieces(this.memory, () => this.handOver());
  /** Made when something has to be copied. */
  private ring: CopyRing | undefined;
  private group = emptyGroup(this.memory);
  /** Groups that are not written yet, in their order. */
  private readonly handedOver: Group[] = [];
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
   * Hands over a file, `path` below the folder of all, in a folder that is there; its bytes are copied, or lie in {@link pieces}. One of that name that is
   * there is replaced. Rejects with the error of this or an earlier file. Undefined: there is nothing to wait for.
   */
  write(path: string, bytes: Uint8Array): Promise<void> | undefined {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const block = this.pieces.hold(bytes);
    if (block === undefined) return this.copy(path, bytes) ? undefined : this.copyLater(path, bytes);
    const group = this.groupIn(this.memory);
    group.blocks.push(block);
    this.add(group, path, bytes.byteOffset, bytes.length);
    return undefined;
  }

  /** False when there is no room for it yet. */
  private copy(path: string, bytes: Uint8Array): boolean {
    this.ring ??= new CopyRing();
    const copied = this.ring.put(bytes);
    if (copied === undefined) return false;
    const group = this.groupIn(this.ring.memory);
    group.taken += copied.taken;
    this.add(group, path, copied.start, bytes.length);
    return true;
  }

  private async copyLater(path: string, bytes: Uint8Array): Promise<void> {
    this.handOver();
    do {
      await new Promise<void>((resolve, reject) => {
        if (this.failure !== undefined) return reject(this.failure);
        this.room = { resolve, reject };
      });
    } while (!this.copy(path, bytes));
  }

  /** The group that pictures in this memory go into. */
  private groupIn(memory: Uint8Array): Group {
    if (this.group.memory !== memory) {
      this.handOver();
      this.group = emptyGroup(memory);
    }
    return this.group;
  }

  private add(group: Group, path: string, start: number, length: number): void {
    group.pictures.push({ path: `${this.folder}/${path}`, start, length });
    group.bytes += length;
    if (group.bytes >= GROUP_BYTES) this.handOver();
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
    const { group } = this;
    if (group.pictures.length === 0) return;
    this.group = emptyGroup(group.memory);
    this.handedOver.push(group);
    this.post({ kind: "write", memory: group.memory, pictures: group.pictures });
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
      const { taken, blocks } = this.handedOver.shift() as Group;
      this.ring?.free(taken);
      for (const block of blocks) this.pieces.release(block);
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
    this.pieces.fail(this.failure);
    this.room = undefined;
    this.answer = undefined;
  }
}
