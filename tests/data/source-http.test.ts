import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { folderSource } from "../../src/cli/folder-source";
import { FolderStorage } from "../../src/cli/folder-storage";
import { temporaryFolder } from "../../src/cli/host";
import { serve } from "../../src/cli/serve";
import { httpSource } from "../../src/data/source-http";
import { HttpStorage } from "../../src/ranks/http-storage";
import { StorageFull } from "../../src/train/storage";

const temporary = temporaryFolder("source-http-test");
const data = join(temporary.path, "HO3D_v3");
mkdirSync(join(data, "train/SYA 0 #1/rgb"), { recursive: true });
mkdirSync(join(temporary.path, "web"));
writeFileSync(join(temporary.path, "web/index.html"), "<!doctype html>");
writeFileSync(join(temporary.path, "secret.txt"), "secret");
writeFileSync(join(data, "train.txt"), "SYA 0 #1/0000\n");
writeFileSync(join(data, "train/SYA 0 #1/rgb/0000.png"), Uint8Array.of(1, 2, 3));
const run = new FolderStorage(join(temporary.path, "run"));
const server = await serve(join(temporary.path, "web"), 0, { read: { data: await folderSource(data) }, run });
const source = httpSource("HO3D_v3", `${server.url}/data/`);
const storage = new HttpStorage(`${server.url}/run/`, "runs/a");

afterAll(() => {
  server.close();
  temporary.remove();
});

/** Status code of a request whose path and headers are sent as they are. */
function rawStatus(head: string, headers = `Host: localhost:${new URL(server.url).port}\r\n`): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(server.url).port), "localhost");
    let text = "";
    socket.on("data", (piece) => (text += piece.toString()));
    socket.on("end", () => resolve(Number(text.split(" ")[1])));
    socket.on("error", reject);
    socket.write(`${head} HTTP/1.1\r\n${headers}Connection: close\r\nContent-Length: 0\r\n\r\n`);
  });
}

describe("httpSource", () => {
  it("reads, lists and finds what the folder holds, odd names included", async () => {
    expect(await source.list("")).toEqual(["train.txt", "train/"]);
    expect(await source.list("train")).toEqual(["SYA 0 #1/"]);
    expect(await source.list("train/SYA 0 #1/rgb")).toEqual(["0000.png"]);
    expect(await source.list("evaluation")).toEqual([]);
    expect(await source.read("train/SYA 0 #1/rgb/0000.png")).toEqual(Uint8Array.of(1, 2, 3));
    expect(await source.has("train.txt")).toBe(true);
    expect(await source.has("evaluation.txt")).toBe(false);
  });

  it("names the file that does not exist", async () => {
    await expect(source.read("evaluation.txt")).rejects.toThrow('HO3D_v3: file "evaluation.txt" does not exist');
  });

  it("stays inside the folder", async () => {
    await expect(source.read("../secret.txt")).rejects.toThrow('has the part ".."');
    for (const path of [
      "/data/../secret.txt",
      "/data/%2e%2e/secret.txt",
      "/data/..%2fsecret.txt",
      "/data/%00",
      "/data/%ff",
    ]) {
      expect(await rawStatus(`GET ${path}`), path).toBe(400);
    }
    expect(await rawStatus("GET /data/train.txt")).toBe(200);
  });

  it("is read only, and only for the page that is served", async () => {
    expect(await rawStatus("PUT /data/train.txt")).toBe(405);
    expect(await rawStatus("DELETE /data/train.txt")).toBe(405);
    expect(await rawStatus("GET /data/train.txt", "Host: evil.example\r\n")).toBe(403);
    expect(await rawStatus("PUT /run/x", `Host: localhost\r\nOrigin: http://evil.example\r\n`)).toBe(403);
    expect(await run.list()).toEqual([]);
  });
});

describe("HttpStorage", () => {
  const bytes = (...values: number[]) => Uint8Array.from(values) as Uint8Array<ArrayBuffer>;

  it("keeps files, and checkpoints as a whole", async () => {
    await storage.write("log.txt", bytes(1));
    await storage.write("log.txt", bytes(1, 2));
    const files = new Map([
      ["model.safetensors", bytes(3, 4, 5)],
      ["state.json", bytes()],
    ]);
    await storage.commit("checkpoints/step-000001", files);
    const paths = ["checkpoints/step-000001/model.safetensors", "checkpoints/step-000001/state.json", "log.txt"];
    expect(await storage.list()).toEqual(paths);
    expect(await run.list()).toEqual(paths);
    expect(await storage.read("log.txt")).toEqual(bytes(1, 2));
    expect(await storage.read(paths[0])).toEqual(bytes(3, 4, 5));
    const beside = new Map([["checkpoints/last.json", bytes(7)]]);
    await storage.commit("checkpoints/step-000001", new Map([["state.json", bytes(9)]]), beside);
    expect(await storage.list()).toEqual(["checkpoints/last.json", paths[1], "log.txt"]);
    expect(await storage.read("checkpoints/last.json")).toEqual(bytes(7));
    await storage.remove("checkpoints");
    expect(await storage.list()).toEqual(["log.txt"]);
  });

  it("shows nothing of a checkpoint whose files did not all come", async () => {
    const target = `${server.url}/run/checkpoints/step-000002/`;
    const head = '{"files":[["model.safetensors",1],["state.json",2]],"beside":[]}';
    const answer = await fetch(target, { method: "PUT", body: `${head}\nm` });
    expect([answer.status, await answer.text()]).toEqual([
      400,
      '"checkpoints/step-000002": 66 bytes came, expected 68; nothing was written',
    ]);
    const outside = await fetch(target, { method: "PUT", body: '{"files":[["../../x",0]],"beside":[]}\n' });
    expect([outside.status, await outside.text()]).toEqual([400, expect.stringContaining('has the part ".."')]);
    expect((await fetch(target, { method: "PUT", body: "no head" })).status).toBe(400);
    expect(await storage.list()).toEqual(["log.txt"]);
  });

  it("passes on that the terminal's disk is full", async () => {
    class Full extends FolderStorage {
      override async commit(folder: string): Promise<void> {
        throw new StorageFull(`the disk has no room for ${folder}`);
      }
    }
    const full = await serve(join(temporary.path, "web"), 0, { run: new Full(join(temporary.path, "full")) });
    const failed = new HttpStorage(`${full.url}/run/`, "runs/b").commit("checkpoints/step-000001", new Map());
    const message = "the disk has no room for checkpoints/step-000001";
    await expect(failed).rejects.toMatchObject({ name: "StorageFull", message });
    full.close();
  });

  it("says which run and file a failure is about", async () => {
    await expect(storage.read("metrics.jsonl")).rejects.toThrow('run "runs/a": cannot read metrics.jsonl: not found');
    await expect(storage.remove("")).rejects.toThrow("a run is not deleted from its page");
    await expect(storage.write("../x", bytes(1))).rejects.toThrow('has the part ".."');
  });
});
