import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../src/cli/host";
import { parsePageMessage, saveArtefact } from "../../src/cli/run-in-browser";
import { headersFor, resolveFile, serve } from "../../src/cli/serve";

const temporary = temporaryFolder("serve-test");
const folder = join(temporary.path, "web");
mkdirSync(join(folder, "assets"), { recursive: true });
writeFileSync(join(folder, "index.html"), "<!doctype html>");
writeFileSync(join(folder, "assets/main.js"), "export {};");
writeFileSync(join(temporary.path, "secret.txt"), "secret");
const server = await serve(folder, 0);

afterAll(() => {
  server.close();
  temporary.remove();
});

/** Status line of a request whose path is sent as it is; fetch would normalise it. */
function rawRequest(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(server.url).port), "localhost");
    let text = "";
    socket.on("data", (data) => (text += data.toString()));
    socket.on("end", () => resolve(text.split("\r\n", 1)[0]));
    socket.on("error", reject);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  });
}

describe("serve", () => {
  it("serves the page isolated, under a policy without eval, and not to be cached", async () => {
    const response = await fetch(`${server.url}/?x=1`);
    expect(await response.text()).toBe("<!doctype html>");
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
    });
    expect(response.headers.get("content-security-policy")).not.toContain("unsafe-eval");
  });

  it("gives modules their type, and eval to oracle workers only", async () => {
    expect((await fetch(`${server.url}/assets/main.js`)).headers.get("content-type")).toMatch("text/javascript");
    expect(headersFor("/assets/oracle-worker-x1.js")["content-security-policy"]).toContain("'unsafe-eval'");
    expect(headersFor("/assets/main.js")["content-security-policy"]).not.toContain("'unsafe-eval'");
  });

  it.each(["/none.js", "/assets", "/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/%00", "/%zz"])(
    "answers 404 to %s",
    async (path) => {
      expect(await rawRequest(path)).toBe("HTTP/1.1 404 Not Found");
    },
  );

  it("keeps to its folder", () => {
    expect(resolveFile(folder, "/index.html")).toBe(join(folder, "index.html"));
    expect(resolveFile(folder, "/../web/../secret.txt")).toBeUndefined();
  });

  it("refuses other methods", async () => {
    expect((await fetch(server.url, { method: "POST" })).status).toBe(405);
  });

  it("takes the next port when one is taken", async () => {
    const port = Number(new URL(server.url).port);
    const second = await serve(folder, port);
    expect(second.url).not.toBe(server.url);
    second.close();
  });
});

describe("messages of a page", () => {
  it.each([
    { type: "log", line: "x" },
    { type: "progress", step: 1, steps: 2, loss: 0.5 },
    { type: "metrics", mpjpe: 1 },
    { type: "file", name: "a", base64: "" },
    { type: "done", ok: true, message: "x" },
  ])("takes $type as object and as JSON", (message) => {
    expect(parsePageMessage(message)).toEqual(message);
    expect(parsePageMessage(JSON.stringify(message))).toEqual(message);
  });

  it.each([null, 1, {}, { type: "x" }, { type: "log" }, { type: "done", ok: "yes", message: "" }])(
    "refuses %j",
    (value) => {
      expect(() => parsePageMessage(value)).toThrow("which is no known message");
    },
  );

  it("saves a file in pieces, and none outside the run's folder", () => {
    const out = join(temporary.path, "run");
    const name = "checkpoints/a.bin";
    const path = saveArtefact(out, { type: "file", name, base64: btoa("ab"), more: true });
    expect(path).toBe(join(out, name));
    expect(readdirSync(dirname(path))).toEqual(["a.bin.part"]);
    // A page that was closed in the middle begins anew.
    saveArtefact(out, { type: "file", name, base64: btoa("de"), more: true });
    saveArtefact(out, { type: "file", name, base64: btoa("f"), append: true, more: false });
    expect(readdirSync(dirname(path))).toEqual(["a.bin"]);
    expect(readFileSync(path, "utf8")).toBe("def");
    saveArtefact(out, { type: "file", name, base64: btoa("new"), append: false });
    expect(readFileSync(path, "utf8")).toBe("new");
    for (const name of ["../x", "a/../../x", ""]) {
      expect(() => saveArtefact(out, { type: "file", name, base64: "" })).toThrow("lies outside");
    }
  });
});
