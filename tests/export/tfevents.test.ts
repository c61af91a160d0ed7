import { describe, expect, it } from "vitest";
import { crc32c, eventFileHeader, eventFileName, scalarEvent, TfEvents } from "../../src/export/tfevents";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("tfevents", () => {
  // Made by an independent Python implementation (bitwise CRC); the header's first 13 bytes are those of every real file.
  it("the header, byte for byte", () => {
    expect(hex(eventFileHeader(1700000000.25))).toBe(
      "1800000000000000a37f4b220900001040fc54d9411a0d627261696e2e4576656e743a32338d2fe9",
    );
  });

  it("two scalars of step 300, byte for byte", () => {
    expect(hex(scalarEvent(300, 1700000001.5, { "Train/loss_2d": 0.125, "Val/mpjpe": 102.152 }))).toBe(
      "36000000000000004f578cef0900006040fc54d94110ac022a280a140a0d547261696e2f6c6f73735f3264150000003e0a100a0956616c2f6d706a706515d34dcc4234b961b4",
    );
  });

  it("a growing file is the header and its records, each time whole", () => {
    const events = new TfEvents("events.out.tfevents.1", 5);
    expect(events.bytes()).toEqual(eventFileHeader(5));
    events.scalar("a", 1, 2, 6);
    events.bytes();
    events.scalar("b", 3, 4, 7);
    const expected = [eventFileHeader(5), scalarEvent(2, 6, { a: 1 }), scalarEvent(4, 7, { b: 3 })];
    expect(hex(events.bytes())).toBe(expected.map(hex).join(""));
  });

  it("CRC-32C of the standard's check string", () => {
    expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
  });

  it("long tags, large steps, and refused ones", () => {
    const tag = "x".repeat(200);
    const bytes = scalarEvent(2 ** 40, 0, { [tag]: 1 });
    expect(new DataView(bytes.buffer).getBigUint64(0, true)).toBe(BigInt(bytes.length - 16));
    expect(new TextDecoder().decode(bytes)).toContain(tag);
    expect(() => scalarEvent(-1, 0, {})).toThrow("tfevents: step is -1");
    expect(eventFileName(1700000000.9)).toBe("events.out.tfevents.1700000000.handloom");
  });
});
