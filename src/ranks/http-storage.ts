import { messageOf } from "../data/data-error";
import { urlOf } from "../data/source-http";
import { type RunStorage, StorageFull } from "../train/storage";

type Files = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** The first line of a commit's request: names and bytes of the folder's files, then of those beside it; their contents follow in this order. */
export interface CommitHead {
  readonly files: readonly (readonly [name: string, sizeBytes: number])[];
  readonly beside: readonly (readonly [path: string, sizeBytes: number])[];
}

/** The answer's status when there is no room. */
export const FULL_STATUS = 507;

/** A run in the folder of the terminal that serves the page, below `url` ("/run/"). A checkpoint is one request. */
export class HttpStorage implements RunStorage {
  constructor(
    private readonly url: string,
    readonly place: string,
  ) {}

  async #ask(method: string, target: string, what: string, body?: BodyInit): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(target, { method, body, cache: "no-store" });
    } catch (error) {
      throw new Error(`run "${this.place}": cannot ${what}: the terminal does not answer (${messageOf(error)})`);
    }
    if (response.ok) return response;
    const reason = (await response.text()).trim() || response.status;
    if (response.status === FULL_STATUS) throw new StorageFull(`${reason}`);
    throw new Error(`run "${this.place}": cannot ${what}: ${reason}`);
  }

  async write(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#ask("PUT", urlOf(this.url, path), `write ${path}`, bytes);
  }

  async commit(folder: string, files: Files, beside: Files = new Map()): Promise<void> {
    const lengths = (of: Files): [string, number][] => [...of].map(([name, bytes]) => [name, bytes.byteLength]);
    const head = JSON.stringify({ files: lengths(files), beside: lengths(beside) } satisfies CommitHead);
    const body = new Blob([`${head}\n`, ...files.values(), ...beside.values()]);
    await this.#ask("PUT", `${urlOf(this.url, folder)}/`, `write ${folder}`, body);
  }

  async read(path: string): Promise<Uint8Array<ArrayBuffer>> {
    const response = await this.#ask("GET", urlOf(this.url, path), `read ${path}`);
    return new Uint8Array(await response.arrayBuffer());
  }

  async list(): Promise<readonly string[]> {
    return (await this.#ask("GET", this.url, "list its files")).json();
  }

  async remove(folder: string): Promise<void> {
    await this.#ask("DELETE", urlOf(this.url, folder), `remove ${folder}`);
  }
}
