/** A folder that the page's own server shows to it: `path` is a file, `folder/` its listing as a JSON array of names. */
import { DataError, messageOf } from "./data-error";
import { type FileSource, missingFile, pathParts } from "./source";

/** A path below `url`, each part escaped. Throws DataError when it would leave the tree. */
export function urlOf(url: string, path: string): string {
  return url + pathParts(path).map(encodeURIComponent).join("/");
}

/**
 * The tree below `url`, which ends in "/". Nothing is kept or asked for ahead. A 404 means that a file or folder does not
 * exist; any other failure is a DataError naming path and status.
 */
export function httpSource(name: string, url: string): FileSource {
  const ask = async (target: string, path: string, method = "GET"): Promise<Response | undefined> => {
    let response: Response;
    try {
      response = await fetch(target, { method, cache: "no-store" });
    } catch (error) {
      throw new DataError(
        `${name}: "${path}" could not be fetched (${messageOf(error)}); is the server still running?`,
      );
    }
    if (response.status === 404) return undefined;
    if (response.ok) return response;
    throw new DataError(`${name}: "${path}" could not be read (${(await response.text()).trim() || response.status})`);
  };
  return {
    name,
    list: async (folder) => {
      const target = folder === "" ? url : `${urlOf(url, folder)}/`;
      const names: unknown = await (await ask(target, folder))?.json();
      return (names as string[] | undefined) ?? [];
    },
    has: async (path) => (await ask(urlOf(url, path), path, "HEAD")) !== undefined,
    read: async (path) => {
      const response = await ask(urlOf(url, path), path);
      if (response === undefined) throw missingFile(name, path);
      return new Uint8Array(await response.arrayBuffer());
    },
  };
}
