import type { RunStorage } from "../../src/train/storage";

/** A run's files in memory, for comparing them byte for byte. */
export class MemoryStorage implements RunStorage {
  readonly place = "memory";
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();

  async write(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.files.set(path, bytes.slice());
  }

  async commit(
    folder: string,
    files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
    beside: ReadonlyMap<string, Uint8Array<ArrayBuffer>> = new Map(),
  ): Promise<void> {
    await this.remove(folder);
    for (const [path, bytes] of beside) this.files.set(path, bytes.slice());
    for (const [name, bytes] of files) this.files.set(`${folder}/${name}`, bytes.slice());
  }

  async read(path: string): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = this.files.get(path);
    if (!bytes) throw new Error(`memory: no file ${path}`);
    return bytes;
  }

  async list(): Promise<readonly string[]> {
    return [...this.files.keys()].sort();
  }

  async remove(folder: string): Promise<void> {
    this.files.delete(folder);
    for (const path of [...this.files.keys()]) if (path.startsWith(`${folder}/`)) this.files.delete(path);
  }

  text(path: string): string {
    return new TextDecoder().decode(this.files.get(path));
  }
}
