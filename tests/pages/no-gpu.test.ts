import { describe, expect, it } from "vitest";
import { gpuAdvice } from "../../src/pages/no-gpu";

const LINUX = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)";

describe("advice where there is no WebGPU", () => {
  it("is that of the browser, its version and its system", () => {
    const chrome = gpuAdvice(`${LINUX} Chrome/140.0.0.0 Safari/537.36`);
    expect(chrome.browser).toBe("Chrome");
    expect(chrome.steps.join(" ")).toMatch(/chrome:\/\/flags.*Vulkan.*vulkaninfo.*swiftshader/);
    expect(chrome.steps.join(" ")).not.toContain("update");
    const edge = gpuAdvice("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/110.0.0.0 Safari/537.36 Edg/110.0.0.0");
    expect([edge.browser, edge.steps[0]]).toEqual(["Edge", "This is Edge 110: update it to 113 or later."]);
    expect(edge.steps.join(" ")).not.toContain("vulkaninfo");
    const firefox = gpuAdvice("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0");
    expect([firefox.browser, firefox.steps[0]]).toEqual(["Firefox", "This is Firefox 128: update it to 141 or later."]);
    expect(firefox.steps[1]).toContain("dom.webgpu.enabled");
    const safari = gpuAdvice(
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.4 Safari/605.1.15",
    );
    expect([safari.browser, safari.steps.length]).toEqual(["Safari", 2]);
    expect(gpuAdvice("Lynx/2.9").browser).toBe("this browser");
  });
});
