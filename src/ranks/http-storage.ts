import { messageOf } from "../data/data-error";
import { urlOf } from "../data/source-http";
import type { RunStorage } from "../train/storage";

/**
 * A run in the folder of the terminal that serves the page, below `url` ("/run/"). The files of a checkpoint are sent one
 * by one and become visible together with the last request, the one that names them.
 */
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
    throw new Error(`run "${this.place}": cannot ${what}: ${(await response.text()).trim() || response.status}`);
  }

  async write(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#ask("PUT", urlOf(this.url, path), `write ${path}`, bytes);
  }

  async commit(folder: string, files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): Promise<void> {
    const target = `${urlOf(this.url, folder)}/`;
    for (const [name, bytes] of files) {
      await this.#ask("PUT", `${urlOf(target, name)}?hold`, `write ${folder}/${name}`, bytes);
    }
    await this.#ask("PUT", target, `write ${folder}`, JSON.stringify([...files.keys()]));
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
