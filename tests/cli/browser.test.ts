import { afterEach, describe, expect, it, vi } from "vitest";
import { chromiumFlags, findBrowser } from "../../src/cli/browser";
import { requestNodeGpu } from "../../src/cli/dawn";

afterEach(() => vi.unstubAllEnvs());

describe("findBrowser", () => {
  it.each([
    ["chromium", "HANDLOOM_BROWSER"],
    ["firefox", "HANDLOOM_FIREFOX"],
  ] as const)("takes the path that is named for %s", async (kind, variable) => {
    vi.stubEnv(variable, process.execPath);
    expect(await findBrowser(kind)).toBe(process.execPath);
  });

  it("refuses a named path that is not there, rather than to take another browser", async () => {
    vi.stubEnv("HANDLOOM_BROWSER", "/nowhere/chrome");
    await expect(findBrowser("chromium")).rejects.toThrow(
      'HANDLOOM_BROWSER names "/nowhere/chrome", which is not there',
    );
  });
});

describe("chromiumFlags", () => {
  it("asks for SwiftShader on the CPU only", () => {
    const flag = "--use-webgpu-adapter=swiftshader";
    expect(chromiumFlags({ software: true, headless: true })).toContain(flag);
    expect(chromiumFlags({ software: false, headless: true })).not.toContain(flag);
  });

  it("keeps the browser from talking to anyone but the page", () => {
    const flags = chromiumFlags({ software: false, headless: false });
    expect(flags).toEqual(expect.arrayContaining(["--disable-background-networking", "--disable-component-update"]));
  });
});

it("gives Node an adapter that computes", async () => {
  const gpu = await requestNodeGpu();
  const device = await (await gpu.requestAdapter())!.requestDevice();
  const source = device.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST });
  const target = device.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  device.queue.writeBuffer(source, 0, new Float32Array([42]));
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(source, 0, target, 0, 4);
  device.queue.submit([encoder.finish()]);
  await target.mapAsync(GPUMapMode.READ);
  expect(new Float32Array(target.getMappedRange())[0]).toBe(42);
  device.destroy();
});
